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
    """Variants and counts of the samples of one file; ``columns`` are those of the variants table."""

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {column.name: [] for column in tables.VARIANTS.columns}
    )
    samples: list[dict[str, object]] = field(default_factory=list)


def read_carried(bcf: Path, patients: Mapping[str, str], genes: Genes, *, pass_only: bool, policy: Policy) -> Carried:
    """Read the carriers of every exonic or splice-site allele.

    Half calls count the alleles that were called; ``*`` and symbolic alleles are not carried by anyone, and a haploid
    call has one allele.

    Parameters
    ----------
    bcf : Path
        Biallelic records with INFO/BCSQ, as ``normalise.annotated`` writes.
    patients : mapping
        Sample name → patient.
    genes : Genes
        For the choice of transcript.
    pass_only : bool
        Leave out records whose FILTER is neither PASS nor empty.
    policy : {"longest_cds", "worst"}
        Transcript that stands for a gene.
    """
    carried = Carried()
    try:
        reader = cyvcf2.VCF(str(bcf))
        names = list(reader.samples)
        n_alternate, n_missing = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
        n_filtered = 0
        for record in reader:
            if pass_only and record.FILTER is not None:
                n_filtered += 1
                continue
            copies, missing, ploidy = allele_counts(record.genotype.array())
            n_missing += missing
            allele = record.ALT[0] if record.ALT else "."
            if allele.startswith(("*", "<", ".")) or not copies.any():
                continue
            n_alternate += copies > 0
            for consequence in chosen(record.INFO.get("BCSQ"), genes, policy):
                _append(
                    carried.columns,
                    record,
                    allele,
                    consequence,
                    np.flatnonzero(copies),
                    copies,
                    ploidy,
                    names,
                    patients,
                )
    except (OSError, ValueError) as error:
        raise UnreadableVcfError(bcf, str(error)) from error
    for index, name in enumerate(names):
        counts = {"n_alternate": int(n_alternate[index]), "n_missing": int(n_missing[index]), "n_filtered": n_filtered}
        carried.samples.append({"patient_id": patients[name], "sample_id": name, **counts})
    return carried


def allele_counts(genotypes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Copies of ALT, whether any allele is missing, and the ploidy of each sample.

    Parameters
    ----------
    genotypes : (n_samples, ploidy + 1) int16
        As cyvcf2 gives them: allele numbers, −1 missing, −2 padding of a lower ploidy; the last column is the phase.
    """
    alleles = genotypes[:, :-1]
    return (alleles == 1).sum(axis=1), (alleles == -1).any(axis=1), (alleles != -2).sum(axis=1)


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
