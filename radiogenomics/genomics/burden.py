"""Command: variants of each patient by class, and tumour mutational burden."""

import logging
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.coding import coding_regions
from radiogenomics.genomics.consequence import MEMBERS
from radiogenomics.genomics.frequencies import common_variants
from radiogenomics.genomics.genes import read_genes
from radiogenomics.genomics.markers.rows import NO_STATE, Block, note
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)

# In order of severity; `other` is neither coding nor a splice site.
CLASSES = ("lof", "missense", "protein_altering", "synonymous")
# Classes in the numerator of the burden.
COUNTED = {"non_silent": MEMBERS["non_silent"], "coding": CLASSES}
# Coding bases of the genes of an assay; None: not known.
Bases = Mapping[str, int] | None


def burden(
    *,
    variants: list[Path],
    samples: list[Path],
    settings: str,
    burden: Path,
    assays: Sequence[Path] = (),
    annotations: Sequence[Path] = (),
    genes: Path | None = None,
) -> None:
    """Write one row for each patient with a sample: carried variants by class, and mutations per megabase.

    The denominator is what was assayed of the coding bases of the genes in ``genes``; where that file does not exist,
    of those that ``assays`` states. Batches are read one by one.

    Raises
    ------
    MissingFileError, GenesError
    """
    options = load_section(Genomics, settings)
    known = genes if genes is not None and genes.is_file() else None
    read = pd.concat([tables.SAMPLES.read(path, ["patient_id", "assay"]) for path in samples]).astype(str)
    assay_of = dict(sorted(zip(read["patient_id"], read["assay"], strict=True)))
    held = assayed_bases(assays, None if known is None else coding_bases(known, options.canonical))
    common = common_variants(annotations, options.resources)
    counts = pd.DataFrame(0, list(assay_of), [*CLASSES, "counted"])
    for path in variants:
        rows = tables.VARIANTS.read(path)[["patient_id", "variant", "gene", "consequence_class"]].astype(str)
        tally(rows[~rows["variant"].isin(common)], counts, assay_of, held, COUNTED[options.tmb])
    used = [*variants, *samples, *annotations, *assays, *([known] if known else [])]
    limits = {name: item.max_frequency for name, item in options.resources.items() if item.max_frequency}
    record = {"tmb": options.tmb} | ({"max_frequency": limits} if limits else {})
    frame = tables.BURDEN.frame(
        _row(patient, dict(row), held.get(assay, {}), options.tmb)
        for (patient, assay), row in zip(assay_of.items(), counts.to_dict("records"), strict=True)
    )
    tables.BURDEN.write(frame, burden, Provenance("genomics", record, digests(used)))
    for reason, n in frame["note"].value_counts(sort=False).items():
        logger.info("%d patients%s", n, f" without mutations per megabase: {reason}" if reason else "")


def coding_bases(genes: Path, canonical: Path | None) -> dict[str, int]:
    """Coding bases of each gene on the transcript that stands for it; of two genes of one name the first."""
    return {gene: bases for gene, (bases, _) in coding_regions(read_genes(genes, canonical)).shares({}).items()}


def assayed_bases(assays: Sequence[Path], bases: Mapping[str, int] | None) -> dict[str, Bases]:
    """Coding bases that each assay holds of each gene; that of the empty name, a whole exome or genome, holds all.

    Bases that the assays table does not state, of lists that were not compared with a gene file, are taken from
    ``bases``, and genes that these do not have are left out.
    """
    found: dict[str, Bases] = {"": bases}
    parts = [tables.ASSAYS.read(path)[["assay", "gene", "cds_bases", "share"]] for path in assays]
    frame = pd.concat([part.astype({"assay": str, "gene": str}) for part in parts]) if parts else pd.DataFrame()
    for assay, part in frame.groupby("assay") if len(frame) else ():
        stated = part.drop_duplicates("gene").set_index("gene")
        if stated["cds_bases"].isna().any() and bases is None:
            found[str(assay)] = None
            continue
        whole = stated["cds_bases"].astype(float)
        whole = whole.fillna(pd.Series(bases or {}, dtype=float)).dropna()
        assayed = (whole * stated["share"].reindex(whole.index)).round().astype(int)
        found[str(assay)] = {str(gene): int(n) for gene, n in assayed.items()}
    return found


def tally(
    rows: pd.DataFrame,
    counts: pd.DataFrame,
    assay_of: Mapping[str, str],
    held: Mapping[str, Bases],
    counted: Collection[str],
) -> None:
    """Add the variants of some patients to ``counts``, in place; each counts once, in its most severe class.

    Parameters
    ----------
    rows : columns patient_id, variant, gene, consequence_class
    counts : patients × (classes, ``counted``)
    """
    rows = rows[rows["consequence_class"].isin(CLASSES) & rows["patient_id"].isin(counts.index)]
    rank = rows["consequence_class"].map(CLASSES.index)
    worst = rows.assign(rank=rank).groupby(["patient_id", "variant"])["rank"].min()
    for number, name in enumerate(CLASSES):
        own = worst[worst == number].groupby(level="patient_id").size()
        counts.loc[own.index, name] += own
    pairs = zip(rows["patient_id"], rows["gene"], strict=True)
    on_assay = [_holds(held, assay_of[patient], gene) for patient, gene in pairs]
    kept = rows[np.array(on_assay, bool) & rows["consequence_class"].isin(counted)]
    own = kept.drop_duplicates(["patient_id", "variant"]).groupby("patient_id").size()
    counts.loc[own.index, "counted"] += own


def burden_block(path: Path, patients: Sequence[str]) -> Block:
    """Marker ``TMB:burden`` of the alterations table.

    Raises
    ------
    MissingFileError
    """
    values = tables.BURDEN.read(path).set_index("patient_id")["tmb"].reindex(list(patients)).to_numpy(float)[None]
    notes = np.where(np.isnan(values), note("no value"), 0).astype(np.int8)
    return Block(
        "burden", [("TMB:burden", "TMB", "burden")], np.full(values.shape, NO_STATE, np.int8), notes, values=values
    )


def _holds(held: Mapping[str, Bases], assay: str, gene: str) -> bool:
    """Whether any coding base of a gene was assayed; a whole exome and unknown bases leave nothing out."""
    bases = held.get(assay, {}) if assay else None
    return bases is None or gene in bases


def _row(patient: str, counts: Mapping[Hashable, int], bases: Bases, counted: str) -> dict[str, object]:
    callable_mb = None if bases is None else sum(bases.values()) / 1e6
    n = counts["counted"]
    reason = "no gene file" if callable_mb is None else "" if callable_mb else "no coding base was assayed"
    return {
        "patient_id": patient,
        **{f"n_{name}": counts[name] for name in CLASSES},
        "counted": counted,
        "n_counted": n,
        "callable_mb": callable_mb,
        "tmb": n / callable_mb if callable_mb else None,
        "note": reason,
    }
