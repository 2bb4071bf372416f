"""Sets of variants as matrices of genotypes, one set at a time, from the tables of the genomics stage."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.errors import NoSetMarkerError, ScatteredGeneError, UnknownMaskError
from radiogenomics.association.reading import marker_frames
from radiogenomics.table import read_provenance

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Name = tuple[str, str]

# Notes of the alterations that say that the genotypes of a gene are not all known.
OUTSIDE = ("not on the assay", "altered outside the assay")


@dataclass(frozen=True)
class VariantSet:
    """Copies of ALT (n_patients, n_variants), NaN where the genotype is missing.

    ``assayed`` (n_patients,) says of whom the gene was assayed; the rows of the others mean nothing.
    """

    gene: str
    mask: str
    copies: FloatArray
    assayed: BoolArray


class SetReader:
    """The sets of some masks, in the order of the file; a row group of genotypes is held at a time.

    Parameters
    ----------
    path : Path
        Table ``genomics/sets``.
    markers : Path
        Table ``genomics/alterations``, which says of whom the gene was assayed.
    patients : sequence of str
        Order of the rows of all matrices.
    masks : sequence of str

    Raises
    ------
    UnknownMaskError
        The table knows nothing of a mask.
    ScatteredGeneError
        Rows of a gene stand in several places.
    NoSetMarkerError
        The alterations do not hold the marker of a set.
    """

    def __init__(self, path: Path, markers: Path, patients: Sequence[str], masks: Sequence[str]) -> None:
        self.path, self.patients, self.masks = path, tuple(patients), tuple(masks)
        self._row_of = {patient: row for row, patient in enumerate(patients)}
        self.names = self._names()
        self._assayed = _assayed(markers, self._row_of, set(self.names))
        if absent := [name for name in self.names if name not in self._assayed]:
            raise NoSetMarkerError(markers, [f"{gene}:{mask}" for gene, mask in absent])

    @property
    def gene_of(self) -> NDArray[np.int64]:
        """Number of the gene of each set, rising."""
        number, _ = pd.factorize(np.array([gene for gene, _ in self.names], dtype=object))
        return number.astype(np.int64)

    def _names(self) -> list[Name]:
        found: dict[Name, None] = {}
        seen: set[str] = set()
        runs: list[str] = []
        for frame in _frames(self.path):
            seen |= set(frame["mask"].astype(str).unique())
            wanted = frame.loc[frame["mask"].isin(self.masks), ["gene", "mask"]].astype(str)
            found |= dict.fromkeys(zip(wanted["gene"], wanted["mask"], strict=True))
            starts = wanted["gene"].ne(wanted["gene"].shift(fill_value=runs[-1] if runs else ""))
            runs += wanted.loc[starts, "gene"].tolist()
        known = seen | set(_recorded(self.path))
        if absent := sorted(set(self.masks) - known):
            raise UnknownMaskError(absent, sorted(known))
        if scattered := sorted(gene for gene, n in Counter(runs).items() if n > 1):
            raise ScatteredGeneError(self.path, scattered)
        return list(found)

    def __iter__(self) -> Iterator[VariantSet]:
        waiting = tables.SET_GENOTYPES.frame([])
        for frame in _frames(self.path):
            rows = pd.concat([waiting, frame[frame["mask"].isin(self.masks)]]).astype({"gene": str, "mask": str})
            if not len(rows):
                continue
            last = rows["gene"].iloc[-1]
            waiting = rows[rows["gene"] == last]
            yield from self._of(rows[rows["gene"] != last])
        yield from self._of(waiting)

    def _of(self, rows: pd.DataFrame) -> Iterator[VariantSet]:
        for (gene, mask), part in rows.groupby(["gene", "mask"], sort=False, observed=True):
            column, variants = pd.factorize(part["variant"].astype(object))
            row = np.array([self._row_of.get(str(patient), -1) for patient in part["patient_id"]], np.intp)
            copies = np.zeros((len(self.patients), len(variants)))
            here = row >= 0
            copies[row[here], column[here]] = part["alt_copies"].to_numpy(float, na_value=np.nan)[here]
            yield VariantSet(str(gene), str(mask), copies, self._assayed[str(gene), str(mask)])


def _frames(path: Path) -> Iterator[pd.DataFrame]:
    """The table, row group by row group."""
    if path.suffix == ".tsv" or not path.is_file():
        yield tables.SET_GENOTYPES.read(path)
        return
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield tables.SET_GENOTYPES.conform(file.read_row_group(group).to_pandas(), str(path))


def _recorded(path: Path) -> Sequence[str]:
    """Masks that the table was made with, whether or not anybody carries a variant of one."""
    if path.suffix == ".tsv":
        return ()
    return tuple(read_provenance(path).get("settings", {}).get("masks", ()))


def _assayed(path: Path, row_of: Mapping[str, int], wanted: set[Name]) -> dict[Name, BoolArray]:
    """Of whom (n_patients,) the gene of each set was assayed; a missing genotype does not say that it was not."""
    found: dict[Name, BoolArray] = {}
    masks = {mask for _, mask in wanted}
    for frame in marker_frames(path):
        rows = frame[frame["consequence_class"].isin(masks) & frame["patient_id"].isin(row_of)]
        text = {name: rows[name].astype(str) for name in ("gene", "consequence_class", "patient_id", "state", "note")}
        known = (text["state"] != "not_assayed") | (text["note"] == "missing genotype")
        known &= ~text["note"].isin(OUTSIDE)
        numbers = text["patient_id"].map(row_of).to_numpy(np.intp)
        codes, keys = pd.factorize(pd.MultiIndex.from_arrays([text["gene"], text["consequence_class"]]))
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
        for (gene, mask), places in zip(keys, parts, strict=False):
            if (gene, mask) in wanted:
                own = found.setdefault((gene, mask), np.zeros(len(row_of), bool))
                own[numbers[places]] = known.to_numpy()[places]
    return found
