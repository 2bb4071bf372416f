"""Expression of genes from a matrix, and enrichment of gene sets: markers that are numbers."""

import logging
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pyarrow import ArrowException

from radiogenomics.config.markers import Expression
from radiogenomics.errors import MissingFileError, listing
from radiogenomics.gene_sets import read_gmt
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.files import NOTHING, Owners
from radiogenomics.genomics.markers.rows import NO_STATE, Block, BoolArray, FloatArray, note
from radiogenomics.genomics.markers.ssgsea import ssgsea

logger = logging.getLogger(__name__)

HINT = "gene names in the first column, then a column of numbers for each sample, named in the first line"
GENES_AT_A_TIME = 500
UNREADABLE = (ValueError, TypeError, OSError, EOFError, zlib.error, ArrowException)


def expression_blocks(options: Expression, owners: Owners, patients: Sequence[str]) -> Iterator[Block]:
    """Markers ``GENE:expression`` of the named genes, and ``SET:ssgsea``; patients without a sample have no value.

    Raises
    ------
    MissingFileError, MarkersError
        The matrix cannot be used, it has none of the genes, or no set of a file has a score.
    """
    frame = read_expression(options.file, owners)
    place = {patient: number for number, patient in enumerate(patients)}
    columns = [place[patient] for patient in frame.columns]
    present = np.isin(np.arange(len(patients)), columns)

    def spread(values: FloatArray) -> FloatArray:
        found = np.full((len(values), len(patients)), np.nan)
        found[:, columns] = values
        return found

    wanted = named_genes(options.genes)
    require_genes(options.file, wanted, frame.index)
    genes = [gene for gene in wanted if gene in frame.index]
    for start in range(0, len(genes), GENES_AT_A_TIME):
        part = genes[start : start + GENES_AT_A_TIME]
        yield _block("expression", part, spread(frame.loc[part].to_numpy(float)), present, "no value")
    names, scores = enrichment(frame, options)
    if names:
        yield _block("ssgsea", names, spread(scores), present, "genes of the set not known")


def require_genes(path: Path, wanted: Sequence[str], present: Collection[str]) -> None:
    """Name the wanted genes that a matrix lacks in the log.

    Raises
    ------
    MarkersError
        It has none of them.
    """
    absent = [gene for gene in wanted if gene not in present]
    if wanted and len(absent) == len(wanted):
        raise MarkersError(path, f"it has none of the {len(wanted)} genes: {listing(absent, 3)}", HINT)
    if absent:
        logger.warning("%s: no expression of %d genes: %s", path.name, len(absent), listing(absent, 10))


def read_names(path: Path) -> tuple[list[str], set[str]]:
    """Samples and genes of a matrix, without its numbers.

    Raises
    ------
    MissingFileError, MarkersError
    """
    if not path.is_file():
        raise MissingFileError(path, "expression (genomics.markers.expression)")
    try:
        header = _distinct_header(path)
        genes = _columns(path, [0]).iloc[:, 0]
    except UNREADABLE as error:
        raise MarkersError(path, f"not readable: {error}", HINT) from error
    return header[1:], set(genes.fillna("").astype(str).str.strip())


def named_genes(genes: Sequence[str] | Path) -> list[str]:
    """The genes as a list; of a file those of its lines, without comments (#).

    Raises
    ------
    MissingFileError
    """
    if not isinstance(genes, Path):
        return list(genes)
    if not genes.is_file():
        raise MissingFileError(genes, "list of genes (genomics.markers.expression.genes)")
    lines = (line.partition("#")[0].strip() for line in genes.read_text(encoding="utf-8-sig").splitlines())
    return list(dict.fromkeys(filter(None, lines)))


def enrichment(frame: pd.DataFrame, options: Expression) -> tuple[list[str], FloatArray]:
    """Names of the sets that anybody has a score of, and scores (n_sets, n_patients).

    A patient has a score if at least ``min_found`` of the set's genes have a value.

    Raises
    ------
    MissingFileError, MarkersError
    """
    names: list[str] = []
    parts = [np.empty((0, frame.shape[1]))]
    values = frame.to_numpy(float)
    known = ~np.isnan(values)
    for path in options.scores:
        sets = read_gmt(path)
        if twice := sorted(set(names) & set(sets)):
            raise MarkersError(path, f"set {twice[0]!r} stands in another file too", "rename the set")
        rows = [frame.index.get_indexer(pd.Index(genes)) for genes in sets.values()]
        members = [own[own >= 0] for own in rows]
        found = np.array([known[own].sum(axis=0) / len(every) for own, every in zip(members, rows, strict=True)])
        scores = np.where(found >= options.min_found, ssgsea(values, members), np.nan)
        scored = np.array([row.any() for row in np.isfinite(scores)], bool)
        if not scored.any():
            problem = f"no set has {options.min_found:g} of its genes in {options.file.name}"
            raise MarkersError(path, problem, "name genes alike in both files, or lower min_found")
        logger.info("%s: scores of %d of %d sets", path.name, scored.sum(), len(sets))
        names += [name for name, kept in zip(sets, scored, strict=True) if kept]
        parts.append(scores[scored])
    every = np.concatenate(parts)
    if options.normalise and len(names):
        every = _over_range(every, options.file)
    return names, every


def read_expression(path: Path, owners: Owners) -> pd.DataFrame:
    """Expression by gene (rows) and patient (columns), missing where the file states nothing.

    Only the columns of the study's samples are read; others are nobody's.

    Raises
    ------
    MissingFileError, MarkersError
    """
    if not path.is_file():
        raise MissingFileError(path, "expression (genomics.markers.expression)")
    try:
        header = _distinct_header(path)
        owner = owners.of(path, header[1:])
        wanted = [0, *(number for number, name in enumerate(header) if number and name in owner)]
        frame = _columns(path, wanted)
    except UNREADABLE as error:
        raise MarkersError(path, f"not readable: {error}", HINT) from error
    genes = frame.iloc[:, 0].fillna("").astype(str).str.strip()
    if (bad := (genes == "") | genes.duplicated()).any():
        line, gene = int(bad.to_numpy().argmax()) + 2, genes[bad].iloc[0]
        problem = f"line {line}: gene {gene!r} stands twice" if gene else f"line {line}: no gene"
        raise MarkersError(path, problem, "keep one line for each gene, for instance the mean or the highest")
    values = frame.iloc[:, 1:].to_numpy(float)
    if np.isinf(values).any():
        line = int(np.isinf(values).any(axis=1).argmax()) + 2
        raise MarkersError(path, f"line {line}: a value is infinite", "add a constant before the logarithm is taken")
    return pd.DataFrame(values, index=list(genes), columns=[owner[header[number]] for number in wanted[1:]])


def _distinct_header(path: Path) -> list[str]:
    header = _header(path)
    times = Counter(header)
    if repeated := sorted(name for name in header if times[name] > 1):
        raise MarkersError(path, f"column {repeated[0]!r} stands twice", HINT)
    return header


def _header(path: Path) -> list[str]:
    """Names of the columns; a first line that is shorter than the second, as R writes it, is no header."""
    if path.suffix == ".parquet":
        return [str(name).strip() for name in pq.read_schema(path).names]
    top = pd.read_csv(path, sep=_separator(path), header=None, nrows=2, dtype=str, keep_default_na=False)
    if len(top) < 2:
        raise MarkersError(path, "no line of numbers", HINT)
    return [name.strip() for name in top.iloc[0]]


def _columns(path: Path, wanted: Sequence[int]) -> pd.DataFrame:
    """The columns of the given numbers: text, then numbers."""
    if path.suffix == ".parquet":
        names = pq.read_schema(path).names
        table = pq.read_table(path, columns=[names[number] for number in wanted])
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
        return frame
    return pd.read_csv(
        path,
        sep=_separator(path),
        header=None,
        skiprows=1,
        usecols=list(wanted),
        dtype={number: float if number else str for number in wanted},
        keep_default_na=False,
        na_values=[*NOTHING],
    )


def _separator(path: Path) -> str:
    return "," if ".csv" in path.suffixes else "\t"


def _over_range(scores: FloatArray, path: Path) -> FloatArray:
    width = float(np.nanmax(scores) - np.nanmin(scores))
    if width == 0:
        raise MarkersError(path, "all scores are equal, so they cannot be normalised", "set normalise to false")
    found: FloatArray = scores / width
    return found


def _block(kind: str, names: Sequence[str], values: FloatArray, present: BoolArray, reason: str) -> Block:
    notes = np.where(np.isnan(values), np.where(present, note(reason), note("not in the file")), 0)
    states = np.full(values.shape, NO_STATE, np.int8)
    return Block(
        "expression", [(f"{name}:{kind}", name, kind) for name in names], states, notes.astype(np.int8), values=values
    )
