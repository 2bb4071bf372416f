"""Copy number of genes: calls of a table, or segments mapped to genes."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics.config.markers import CopyNumber
from radiogenomics.errors import listing
from radiogenomics.genomics.coding import Coding, bare_contig
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.files import Owners, numbers, read_columns, read_text
from radiogenomics.genomics.markers.rows import ALTERED, NOT_ASSAYED, WILD_TYPE, Block, BoolArray, FloatArray, note

CALLS = "a line for each gene (Gene Symbol, then a column for each sample), or columns `sample`, `gene` and `value`"
SEGMENTS = "a SEG file has columns ID, chrom, loc.start, loc.end, num.mark, seg.mean"
_GENE = ("gene", "gene symbol", "gene_symbol", "hugo_symbol")
_NOT_SAMPLES = ("locus id", "locus_id", "cytoband", "gene id", "gene_id", "entrez_gene_id")
_SEG = {
    "sample": ("id", "sample", "sample_id"),
    "contig": ("chrom", "chromosome", "chr"),
    "start": ("loc.start", "start", "start_position"),
    "end": ("loc.end", "end", "end_position"),
    "mean": ("seg.mean", "segment_mean", "seg_mean", "log2"),
}
# DNAcopy and GISTIC count the sex chromosomes on.
_SEX = {"23": "X", "24": "Y"}
GENES_AT_A_TIME = 500


def copy_number_blocks(
    options: CopyNumber, owners: Owners, patients: Sequence[str], coding: Callable[[], Coding], min_covered: float
) -> Iterator[Block]:
    """Markers ``GENE:amplification`` and ``GENE:deletion`` that somebody has, some genes at a time.

    Parameters
    ----------
    coding : callable
        Reads where genes lie; called for segments only.
    min_covered : float
        Share of a gene's span that segments must cover.

    Raises
    ------
    MissingFileError, MarkersError, GenesError
    """
    if options.kind == "calls":
        frame = read_calls(options.file)
    else:
        frame = segment_means(options.file, read_segments(options.file), coding(), min_covered)
    owner = owners.of(options.file, frame.columns)
    frame = frame[list(owner)].rename(columns=owner).sort_index()
    present = np.isin(np.array(patients, object), list(frame.columns))
    matrix = frame.reindex(columns=list(patients)).to_numpy(float)
    for start in range(0, len(frame), GENES_AT_A_TIME):
        values, genes = matrix[start : start + GENES_AT_A_TIME], frame.index[start : start + GENES_AT_A_TIME]
        for kind, events in (
            ("amplification", values >= options.amplification),
            ("deletion", values <= options.deletion),
        ):
            seen = np.flatnonzero(events.any(axis=1))
            if len(seen):
                yield _block(kind, list(genes[seen]), events[seen], values[seen], present)


def _block(kind: str, genes: list[str], events: BoolArray, values: FloatArray, present: BoolArray) -> Block:
    known = ~np.isnan(values)
    states = np.where(events, ALTERED, np.where(known, WILD_TYPE, NOT_ASSAYED)).astype(np.int8)
    notes = np.where(known, 0, np.where(present, note("no value"), note("not in the file"))).astype(np.int8)
    names = [(f"{gene}:{kind}", gene, kind) for gene in genes]
    return Block("copy_number", names, states, notes, values=values)


def read_calls(path: Path) -> pd.DataFrame:
    """Copy number by gene (rows) and sample (columns), missing where the file states nothing.

    Raises
    ------
    MissingFileError, MarkersError
    """
    frame = read_text(path, CALLS)
    if {"sample", "gene", "value"} <= set(frame.columns):
        repeated = frame.duplicated(["sample", "gene"])
        frame = frame.assign(value=numbers(path, frame["value"], CALLS))
        gene = frame["gene"]
    else:
        column = next((name for name in frame.columns if name.lower() in _GENE), None)
        if column is None:
            raise MarkersError(path, f"no column of genes; it has {listing(list(frame.columns))}", CALLS)
        gene, repeated = frame[column], frame.duplicated(column)
        samples = [name for name in frame.columns if name != column and name.lower() not in _NOT_SAMPLES]
    if repeated.any():
        raise MarkersError(
            path, f"line {int(repeated.to_numpy().argmax()) + 2}: {gene[repeated].iloc[0]!r} stands twice", CALLS
        )
    if "sample" in frame.columns:
        return frame.pivot_table(index="gene", columns="sample", values="value", dropna=False)
    return pd.DataFrame({name: numbers(path, frame[name], CALLS).to_numpy() for name in samples}, index=gene.tolist())


def read_segments(path: Path) -> pd.DataFrame:
    """Segments of a SEG file: sample, bare contig, start from 0, end, mean; in order.

    Raises
    ------
    MissingFileError, MarkersError
        Segments of one sample overlap, or a cell is no number.
    """
    present = {name.lower(): name for name in read_text(path, SEGMENTS).columns}
    taken = {key: next((present[name] for name in names if name in present), key) for key, names in _SEG.items()}
    frame = read_columns(path, list(taken.values()), (), SEGMENTS)
    frame.columns = pd.Index(taken)
    line = np.arange(2, 2 + len(frame))
    found = pd.DataFrame({name: numbers(path, frame[name], SEGMENTS) for name in ("start", "end", "mean")})
    bad = found[["start", "end"]].isna().any(axis=1) | (found["start"] < 1) | (found["end"] < found["start"])
    if bad.any():
        raise MarkersError(path, f"line {line[bad][0]}: no segment from 1 on", SEGMENTS)
    bare = {name: _SEX.get(bare_contig(name), bare_contig(name)) for name in frame["contig"].unique()}
    found = found.assign(sample=frame["sample"], contig=frame["contig"].map(bare), start=found["start"] - 1, line=line)
    found = found.dropna(subset="mean").sort_values(["sample", "contig", "start"], kind="stable", ignore_index=True)
    before = found.shift()
    same = (found["sample"] == before["sample"]) & (found["contig"] == before["contig"])
    if (overlap := same & (found["start"] < before["end"])).any():
        raise MarkersError(path, f"line {found['line'][overlap].iloc[0]}: overlaps another segment", SEGMENTS)
    return found


def segment_means(path: Path, segments: pd.DataFrame, coding: Coding, min_covered: float) -> pd.DataFrame:
    """Mean log2 ratio over the span of each gene, from its first coding base to its last, weighted by length.

    Missing where segments cover less than ``min_covered`` of the span. Genes are rows, samples columns.

    Raises
    ------
    MarkersError
        No segment lies on a contig with genes.
    """
    spans = coding.spans()
    if len(segments) and not set(segments["contig"]) & set(spans["contig"]):
        raise MarkersError(path, f"no contig with genes, for instance {segments['contig'].iloc[0]!r}", SEGMENTS)
    samples = list(dict.fromkeys(segments["sample"]))
    means = np.full((len(spans), len(samples)), np.nan)
    rows_of = {str(contig): part.index.to_numpy() for contig, part in spans.groupby("contig")}
    for (sample, contig), part in segments.groupby(["sample", "contig"]):
        rows = rows_of.get(str(contig))
        if rows is not None:
            starts, ends = spans["start"].to_numpy()[rows], spans["end"].to_numpy()[rows]
            covered, area = (
                _integral(part, ends, weight) - _integral(part, starts, weight)
                for weight in (np.ones(len(part)), part["mean"].to_numpy())
            )
            enough = covered >= min_covered * (ends - starts)
            means[rows[enough], samples.index(sample)] = area[enough] / covered[enough]
    return pd.DataFrame(means, index=spans["gene"].tolist(), columns=samples)


def _integral(part: pd.DataFrame, positions: np.ndarray, weights: FloatArray) -> FloatArray:
    """Weighted length of the segments before each position."""
    starts, ends = part["start"].to_numpy(), part["end"].to_numpy()
    before = np.append(0, np.cumsum((ends - starts) * weights))
    place = np.searchsorted(starts, positions, side="right") - 1
    inside = (np.minimum(positions, ends[place]) - starts[place]) * weights[place]
    return np.where(place >= 0, before[place] + inside, 0.0)
