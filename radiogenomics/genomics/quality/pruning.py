"""Common sites that are not in linkage disequilibrium with each other, kept on disk for the components."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from radiogenomics.genomics.quality.genotypes import ratio

Floats = npt.NDArray[np.float64]
# A site whose squared correlation with one of the last WINDOW kept sites of its chromosome exceeds MAX_R2 is dropped.
MAX_R2 = 0.2
WINDOW = 50
# Rarer sites say little of ancestry and much of errors.
MIN_FREQUENCY = 0.05
_CHUNK = 128


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
        chunk = np.stack(self._waiting)
        self._waiting.clear()
        near = np.concatenate([self._kept, chunk])
        linked = squared_correlation(chunk, near) > MAX_R2
        offset = len(self._kept)
        kept = list(range(offset))
        for number, row in enumerate(linked, offset):
            if not row[kept[-WINDOW:]].any():
                kept.append(number)
        new = near[kept[offset:]]
        self.n_kept += len(new)
        self.n_linked += len(chunk) - len(new)
        self._stream.write(np.ascontiguousarray(new).tobytes())
        self._kept = near[kept[-WINDOW:]]


def squared_correlation(first: npt.NDArray[np.int8], second: npt.NDArray[np.int8]) -> Floats:
    """Of each of (n, n_samples) sites with each of (m, n_samples), over the samples called at both: (n, m).

    0 where one of the two does not vary. The sums are whole numbers, exact in float32 below 2^24.
    """
    one, one_called, one_squared = _terms(first)
    two, two_called, two_squared = _terms(second)

    def total(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> Floats:
        return (left @ right.T).astype(np.float64)

    n = total(one_called, two_called)
    sum_one, sum_two = total(one, two_called), total(one_called, two)
    covariance = n * total(one, two) - sum_one * sum_two
    variance_one = n * total(one_squared, two_called) - sum_one**2
    variance_two = n * total(one_called, two_squared) - sum_two**2
    scale = variance_one * variance_two
    return ratio(covariance**2, scale, 0)


def _terms(copies: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.float32], ...]:
    called = (copies >= 0).astype(np.float32)
    values = copies * called
    return values, called, values * values
