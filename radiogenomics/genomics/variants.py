"""What each sample carries: genotypes of a normalised, annotated BCF joined with the consequence per gene."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cyvcf2
import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.genomics.consequence import Consequence, classify, merge, parse_bcsq
from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.genes import Genes

Policy = Literal["longest_cds", "worst"]


@dataclass
class Carried:
    """What the samples of one file carry: ``columns`` of the variants table, and alternate alleles by sample."""

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {column.name: [] for column in tables.VARIANTS.columns}
    )
    n_alternate: dict[str, int] = field(default_factory=dict)


def read_carried(bcf: Path, patients: Mapping[str, str], genes: Genes, policy: Policy) -> Carried:
    """Read the carriers of every exonic or splice-site allele.

    Half calls count the alleles that were called; ``*`` and alleles that are no sequence are carried by nobody, and a
    haploid call has one allele.

    Parameters
    ----------
    bcf : Path
        Biallelic records with INFO/BCSQ, as ``normalise.annotated`` writes.
    patients : mapping
        Sample name → patient.
    genes : Genes
        For the choice of transcript.
    policy : {"longest_cds", "worst"}
        Transcript that stands for a gene.
    """
    carried = Carried()
    try:
        reader = cyvcf2.VCF(str(bcf))
        names = list(reader.samples)
        n_alternate = np.zeros(len(names), np.int64)
        for record in reader:
            copies, ploidy = allele_counts(record.genotype.array())
            allele = record.ALT[0] if record.ALT else "."
            if allele.startswith(("*", "<", ".")) or not copies.any():
                continue
            n_alternate += copies > 0
            for consequence in chosen(record.INFO.get("BCSQ"), genes, policy):
                carriers = np.flatnonzero(copies)
                _append(carried.columns, record, allele, consequence, carriers, copies, ploidy, names, patients)
    except (OSError, ValueError) as error:
        raise UnreadableVcfError(bcf, str(error)) from error
    carried.n_alternate = dict(zip(names, n_alternate.tolist(), strict=True))
    return carried


def allele_counts(genotypes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Copies of ALT and the ploidy of each sample.

    Parameters
    ----------
    genotypes : (n_samples, ploidy + 1) int16
        As cyvcf2 gives them: allele numbers, −1 missing, −2 padding of a lower ploidy; the last column is the phase.
    """
    alleles = genotypes[:, :-1]
    return (alleles == 1).sum(axis=1), (alleles != -2).sum(axis=1)


def chosen(bcsq: str | None, genes: Genes, policy: Policy) -> Iterator[Consequence]:
    """The exonic consequence that stands for each gene that the allele hits."""
    if not bcsq:
        return
    per_gene: dict[str, list[Consequence]] = {}
    for (gene, transcript), consequence in merge(parse_bcsq(bcsq)).items():
        if policy == "worst" or transcript in genes.representative:
            per_gene.setdefault(gene, []).append(consequence)
    for candidates in per_gene.values():
        worst = min(candidates, key=lambda candidate: (candidate.rank, candidate.transcript))
        if worst.exonic:
            yield worst


def variants_frame(parts: Iterable[Carried]) -> pd.DataFrame:
    """The variants table; a record that the file holds twice counts once, with the larger number of copies."""
    frames = [pd.DataFrame(part.columns) for part in parts]
    frame = pd.concat(frames, ignore_index=True) if frames else tables.VARIANTS.frame([])
    key = list(tables.VARIANTS.key)
    frame = frame.sort_values([*key, "alt_copies"], kind="stable").drop_duplicates(key, keep="last")
    frame = frame.sort_values(["patient_id", "chromosome", "position", "ref", "alt", "gene"], kind="stable")
    return tables.VARIANTS.conform(frame, tables.VARIANTS.name)


def _append(
    columns: dict[str, list[Any]],
    record: Any,  # noqa: ANN401 - a cyvcf2 record, which has no type
    allele: str,
    consequence: Consequence,
    carriers: np.ndarray,
    copies: np.ndarray,
    ploidy: np.ndarray,
    names: Sequence[str],
    patients: Mapping[str, str],
) -> None:
    n = len(carriers)
    constant = {
        "variant": f"{record.CHROM}-{record.POS}-{record.REF}-{allele}",
        "chromosome": record.CHROM,
        "position": record.POS,
        "ref": record.REF,
        "alt": allele,
        "gene": consequence.gene,
        "transcript": consequence.transcript,
        "consequence": "&".join(consequence.terms),
        "amino_acid_change": consequence.amino_acid_change,
        "consequence_class": classify(consequence.terms),
    }
    for name, value in constant.items():
        columns[name].extend([value] * n)
    columns["patient_id"].extend(patients[names[index]] for index in carriers)
    columns["sample_id"].extend(names[index] for index in carriers)
    columns["alt_copies"].extend(copies[carriers].tolist())
    columns["ploidy"].extend(ploidy[carriers].tolist())
