"""What each sample carries: genotypes of normalised records joined with the consequence per gene."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from radiogenomics.genomics.remarks import Remarks

Policy = Literal["longest_cds", "worst"]
# From the value of an INFO field of one allele and the line of the variant file to consequences.
Parse = Callable[[str | None, int], Iterable[Consequence]]


@dataclass
class Carried:
    """What the samples of one file carry, and what is not known of them.

    ``columns`` are those of the variants table, ``missing`` those of the missing table; ``n_alternate`` counts
    alternate alleles by sample.
    """

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {column.name: [] for column in tables.VARIANTS.columns}
    )
    missing: dict[str, list[Any]] = field(
        default_factory=lambda: {column.name: [] for column in tables.MISSING.columns}
    )
    n_alternate: dict[str, int] = field(default_factory=dict)
    transcripts: set[str] = field(default_factory=set)


def parse_called(text: str | None, _: int) -> Iterable[Consequence]:
    """Consequences that bcftools csq has just called."""
    return parse_bcsq(text) if text else ()


def read_carried(
    bcf: Path,
    patients: Mapping[str, str],
    genes: Genes,
    policy: Policy,
    remarks: Remarks,
    tag: str = "BCSQ",
    parse: Parse = parse_called,
) -> Carried:
    """Read the carriers of every exonic or splice-site allele.

    Half calls count the alleles that were called; ``*`` and alleles that are no sequence are carried by nobody, and a
    haploid call has one allele.

    Parameters
    ----------
    bcf : Path
        Biallelic records, ID the line of the variant file, as ``normalise.normalised`` writes.
    patients : mapping
        Sample name → patient.
    genes : Genes
        For the choice of transcript.
    policy : {"longest_cds", "worst"}
        Transcript that stands for a gene without a canonical one.
    remarks : Remarks
        Receives alleles that another record has stated already.
    tag, parse
        INFO field with the consequences, and what reads it.
    """
    carried = Carried()
    try:
        reader = cyvcf2.VCF(str(bcf))
        names = list(reader.samples)
        n_alternate = np.zeros(len(names), np.int64)
        seen: dict[tuple[str, str], int] = {}
        place: tuple[str, int] = ("", 0)
        for record in reader:
            # bcftools norm copies the case of the reference, which is lower where repeats are masked.
            ref, allele, line = record.REF.upper(), (record.ALT[0] if record.ALT else ".").upper(), int(record.ID)
            if allele.startswith(("*", "<", ".")):
                continue
            if place != (record.CHROM, record.POS):
                place, seen = (record.CHROM, record.POS), {}
            first = seen.setdefault((ref, allele), line)
            if first != line:
                text = f"{record.CHROM}-{record.POS}-{ref}-{allele} stands in line {first} already"
                remarks.add("duplicate", line, text)
            genotypes = record.genotype.array()
            copies, ploidy = allele_counts(genotypes)
            carriers = np.flatnonzero(copies)
            doubtful = np.flatnonzero((genotypes[:, :-1] == -1).any(axis=1) & (copies == 0))
            text = record.INFO.get(tag)
            if not len(carriers) and (not len(doubtful) or text in (None, ".")):
                continue
            n_alternate += copies > 0
            found = list(parse(text, line))
            carried.transcripts.update(consequence.transcript for consequence in found if consequence.transcript)
            for consequence, choice in chosen(found, genes, policy):
                stated = (record.CHROM, record.POS, ref, allele)
                _append_missing(carried.missing, stated, consequence, [patients[names[index]] for index in doubtful])
                _append(carried.columns, line, stated, consequence, choice, len(carriers))
                carried.columns["patient_id"].extend(patients[names[index]] for index in carriers)
                carried.columns["sample_id"].extend(names[index] for index in carriers)
                carried.columns["alt_copies"].extend(copies[carriers].tolist())
                carried.columns["ploidy"].extend(ploidy[carriers].tolist())
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


def chosen(consequences: Iterable[Consequence], genes: Genes, policy: Policy) -> Iterator[tuple[Consequence, str]]:
    """The exonic consequence that stands for each gene that the allele hits, and why that transcript was chosen."""
    per_gene: dict[str, list[tuple[Consequence, str]]] = {}
    for (gene, transcript), consequence in merge(consequences).items():
        choice = genes.represents(transcript)
        if policy == "worst" and not genes.decided(transcript):
            choice = "worst"
        if choice:
            per_gene.setdefault(gene, []).append((consequence, choice))
    for candidates in per_gene.values():
        worst = min(candidates, key=lambda candidate: (candidate[0].rank, candidate[0].transcript))
        if worst[0].exonic:
            yield worst


def variants_frame(parts: Iterable[Mapping[str, Sequence[Any]]]) -> pd.DataFrame:
    """The variants table; a record that the file holds twice counts once, with the larger number of copies."""
    frames = [pd.DataFrame(part) for part in parts]
    frame = pd.concat(frames, ignore_index=True) if frames else tables.VARIANTS.frame([])
    key = list(tables.VARIANTS.key)
    frame = frame.sort_values([*key, "alt_copies"], kind="stable").drop_duplicates(key, keep="last")
    frame = frame.sort_values(["patient_id", "chromosome", "position", "ref", "alt", "gene"], kind="stable")
    return tables.VARIANTS.conform(frame, tables.VARIANTS.name)


def missing_frame(parts: Iterable[Mapping[str, Sequence[Any]]]) -> pd.DataFrame:
    """The missing table; a record that the file holds twice counts once."""
    frames = [pd.DataFrame(part) for part in parts]
    frame = pd.concat(frames, ignore_index=True) if frames else tables.MISSING.frame([])
    key = list(tables.MISSING.key)
    return tables.MISSING.conform(frame.drop_duplicates(key).sort_values(key, kind="stable"), tables.MISSING.name)


def _append_missing(
    columns: dict[str, list[Any]],
    allele: tuple[str, int, str, str],
    consequence: Consequence,
    patients: Sequence[str],
) -> None:
    kind = classify(consequence.terms)
    if kind != "other":  # no marker counts these
        columns["patient_id"].extend(patients)
        columns["variant"].extend(["-".join(map(str, allele))] * len(patients))
        columns["gene"].extend([consequence.gene] * len(patients))
        columns["consequence_class"].extend([kind] * len(patients))


def _append(
    columns: dict[str, list[Any]],
    line: int,
    allele: tuple[str, int, str, str],
    consequence: Consequence,
    choice: str,
    n: int,
) -> None:
    chromosome, position, ref, alt = allele
    constant = {
        "line": line,
        "variant": f"{chromosome}-{position}-{ref}-{alt}",
        "chromosome": chromosome,
        "position": position,
        "ref": ref,
        "alt": alt,
        "gene": consequence.gene,
        "transcript": consequence.transcript,
        "transcript_choice": choice,
        "consequence": "&".join(consequence.terms),
        "amino_acid_change": consequence.amino_acid_change,
        "consequence_class": classify(consequence.terms),
        "loftee": consequence.loftee,
    }
    for name, value in constant.items():
        columns[name].extend([value] * n)
