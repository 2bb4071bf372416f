"""Common sites that are not in linkage disequilibrium with each other, kept on disk for the components."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from radiogenomics.genomics.quality.bits import independent, packed

# A site whose squared correlation with one of the last WINDOW kept sites of its chromosome exceeds MAX_R2 is dropped.
MAX_R2 = 0.2
WINDOW = 50
# Rarer sites say little of ancestry and much of errors.
MIN_FREQUENCY = 0.05
_CHUNK = 1024


class Pruner:
    """Sites in their order go in; kept ones are appended to a file, one (n_samples,) row of int8 each.

    The first site of a set in disequilibrium stays. Correlations are those of the genotypes of samples called at both
    sites. Chunks are cut by the sites themselves, so the result does not depend on the blocks that sites come in.
    """

    def __init__(self, path: Path, n_samples: int) -> None:
        self.path, self.n_samples = path, n_samples
        self.n_kept = self.n_linked = 0
        self._stream = path.open("wb")
        self._chromosome: object = None
        self._waiting: list[npt.NDArray[np.int8]] = []
        self._kept = np.empty((0, n_samples), dtype=np.int8)

    def add(self, chromosome: npt.NDArray[np.object_], copies: npt.NDArray[np.int8]) -> None:
        """Take (n_samples, n_sites) genotypes of common sites; sites of a chromosome must follow each other."""
        for name, row in zip(chromosome, copies.T, strict=True):
            if name != self._chromosome or len(self._waiting) == _CHUNK:
                self._prune()
            if name != self._chromosome:
                self._chromosome = name
                self._kept = self._kept[:0]
            self._waiting.append(row)

    def close(self) -> npt.NDArray[np.int8]:
        """The kept sites, (n_sites, n_samples), as they lie in the file."""
        self._prune()
        self._stream.close()
        if not self.n_kept or not self.n_samples:
            return np.empty((0, self.n_samples), dtype=np.int8)
        return np.memmap(self.path, dtype=np.int8, mode="r", shape=(self.n_kept, self.n_samples))

    def _prune(self) -> None:
        if not self._waiting:
            return
        near = np.concatenate([self._kept, np.stack(self._waiting)])
        before = len(self._kept)
        self._waiting.clear()
        planes = (packed(near >= 1), packed(near == 2), packed(near >= 0))
        kept = independent(*planes, before, WINDOW, MAX_R2)
        new = near[before:][kept[before:]]
        self.n_kept += len(new)
        self.n_linked += len(near) - before - len(new)
        self._stream.write(new.tobytes())
        self._kept = near[kept][-WINDOW:]
