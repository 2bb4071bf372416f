"""Command: single-base substitutions of each patient by trinucleotide, the 96 classes of mutational signatures."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.coding import bare_contig
from radiogenomics.genomics.errors import ContigNamesError, ReferenceMismatchError
from radiogenomics.genomics.frequencies import common_variants
from radiogenomics.genomics.reference import indexed_reference
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)

BASES = "ACGT"
SUBSTITUTIONS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
UNKNOWN = "unknown"
# In the order of COSMIC's signatures: by substitution, then by the base before and the base after.
CONTEXTS = (*(f"{before}[{each}]{after}" for each in SUBSTITUTIONS for before in BASES for after in BASES), UNKNOWN)
_PLACE = {name: number for number, name in enumerate(CONTEXTS)}
_COMPLEMENT = str.maketrans(BASES, BASES[::-1])


def spectrum(
    *,
    variants: list[Path],
    samples: list[Path],
    reference: Path,
    settings: str,
    spectrum: Path,
    annotations: Sequence[Path] = (),
) -> None:
    """Write counts of all classes for each patient with a sample, by patient, in the order of COSMIC.

    Batches are read one by one; memory is that of one, and of the counts.

    Raises
    ------
    MissingFileError, UnreadableReferenceError, ContigNamesError, ReferenceMismatchError
    """
    options = load_section(Genomics, settings)
    common = common_variants(annotations, options.resources)
    read = pd.concat([tables.SAMPLES.read(path, ["patient_id"]) for path in samples])
    patients = sorted(read["patient_id"].astype(str))
    row_of = {patient: row for row, patient in enumerate(patients)}
    counts = np.zeros((len(patients), len(CONTEXTS)), np.int64)
    with (
        tempfile.TemporaryDirectory() as scratch,
        pysam.FastaFile(str(indexed_reference(reference, Path(scratch)))) as fasta,
    ):
        for path in variants:
            rows = substitutions(tables.VARIANTS.read(path))
            rows = rows[~rows["variant"].isin(common) & rows["patient_id"].isin(row_of)]
            sites = rows.drop_duplicates("variant")
            places = dict(zip(sites["variant"], contexts(sites, fasta, reference), strict=True))
            np.add.at(counts, (rows["patient_id"].map(row_of), rows["variant"].map(places)), 1)
    frame = pd.DataFrame(
        {"patient_id": np.repeat(patients, len(CONTEXTS)), "context": CONTEXTS * len(patients), "n": counts.ravel()}
    )
    limits = {name: item.max_frequency for name, item in options.resources.items() if item.max_frequency}
    used = digests([*variants, *samples, *annotations, reference])
    record = {"max_frequency": limits} if limits else {}
    tables.SPECTRUM.write(frame, spectrum, Provenance("genomics", record, used))
    text = "%d substitutions of %d patients, %d of them of unknown trinucleotide"
    logger.info(text, counts.sum(), len(patients), counts[:, _PLACE[UNKNOWN]].sum())


def substitutions(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the variants table that replace one base by one other, each patient and variant once."""
    single = rows["ref"].isin(list(BASES)) & rows["alt"].isin(list(BASES)) & (rows["ref"] != rows["alt"])
    kept = rows.loc[single, ["patient_id", "variant", "chromosome", "position", "ref", "alt"]]
    return kept.drop_duplicates(["patient_id", "variant"]).astype({"patient_id": str, "chromosome": str})


def contexts(sites: pd.DataFrame, fasta: pysam.FastaFile, reference: Path) -> NDArray[np.intp]:
    """Place in ``CONTEXTS`` of each site (chromosome, position from 1, ref, alt); contigs may be spelled otherwise.

    Raises
    ------
    ContigNamesError, ReferenceMismatchError
        No contig is one of the reference; REF is not what it holds, for instance since it is of another build.
    """
    spelled = {bare_contig(name): name for name in fasta.references} | {name: name for name in fasta.references}
    contig_of = {name: spelled.get(name) or spelled.get(bare_contig(name)) for name in sites["chromosome"].unique()}
    if contig_of and not any(contig_of.values()):
        raise ContigNamesError(Path("variants"), sorted(contig_of), reference, fasta.references)
    found = np.full(len(sites), _PLACE[UNKNOWN], np.intp)
    columns = (sites[name].tolist() for name in ("chromosome", "position", "ref", "alt"))
    for number, (chromosome, position, ref, alt) in enumerate(zip(*columns, strict=True)):
        if (contig := contig_of[chromosome]) is None:
            continue
        before = fasta.fetch(contig, position - 2, position - 1).upper() if position > 1 else ""
        at, after = fasta.fetch(contig, position - 1, position).upper(), fasta.fetch(contig, position, position + 1)
        if at != ref:
            problem = f"at {chromosome}:{position} the variants have REF {ref}, the reference {at}"
            raise ReferenceMismatchError(Path("variants"), reference, problem)
        found[number] = _PLACE.get(context(before, ref, alt, after.upper()), _PLACE[UNKNOWN])
    return found


def context(before: str, ref: str, alt: str, after: str) -> str:
    """A substitution between its neighbours as COSMIC writes it, on the strand that has a pyrimidine there.

    >>> context("T", "G", "A", "A")
    'T[C>T]A'
    """
    if ref in "AG":
        before, ref, alt, after = (text.translate(_COMPLEMENT) for text in (after, ref, alt, before))
    return f"{before}[{ref}>{alt}]{after}"
