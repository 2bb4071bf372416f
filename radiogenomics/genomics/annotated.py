"""Consequences that a file brings along: CSQ of Ensembl VEP, ANN of SnpEff, BCSQ of bcftools csq.

Which one a field is, is decided by the text that declares it, not by its name: gnomAD calls VEP's field ``vep``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from radiogenomics.errors import listing
from radiogenomics.genomics.consequence import ALIASES, SEVERITY, Consequence, parse_bcsq
from radiogenomics.genomics.errors import AnnotationError
from radiogenomics.genomics.genes import bare
from radiogenomics.genomics.protein import change_from_hgvs, change_from_residues
from radiogenomics.genomics.records import OTHER, SEQUENCE
from radiogenomics.genomics.remarks import Remarks

Source = Literal["vep", "snpeff", "bcftools"]
# Columns that a declaration must name to be recognised.
_COLUMNS: Mapping[Source, frozenset[str]] = {
    "vep": frozenset({"Allele", "Consequence", "Gene", "Feature_type", "Feature"}),
    "snpeff": frozenset({"Allele", "Annotation", "Gene_Name", "Feature_Type", "Feature_ID"}),
    "bcftools": frozenset({"Consequence", "gene", "transcript", "biotype"}),
}
TAG = "CQ"
SEPARATOR = "%%"  # between entries of one allele; VCF takes neither a comma nor a space there
DECLARATION = f'##INFO=<ID={TAG},Number=A,Type=String,Description="Annotation of each allele">'


@dataclass(frozen=True)
class Format:
    """The annotation of one file: name of the field, the program it is of, its columns."""

    tag: str
    source: Source
    columns: tuple[str, ...]


def recognise(vcf: Path, info: Mapping[str, str]) -> Format:
    """The annotation that the declarations of INFO state.

    Raises
    ------
    AnnotationError
        There is none, or more than one.
    """
    found = []
    for tag, description in info.items():
        columns = tuple(name.strip(" '\"") for name in description.partition("Format:")[2].split("|"))
        if not columns[0]:  # SnpEff lists the columns without that word
            columns = tuple(name.strip(" '\"") for name in description.partition(":")[2].split("|"))
        found += [Format(tag, source, columns) for source, wanted in _COLUMNS.items() if wanted <= set(columns)]
    if len(found) == 1:
        return found[0]
    if not found:
        problem = "no annotation of VEP, SnpEff or bcftools csq is declared"
        raise AnnotationError(vcf, problem, "set genomics.consequences to `call`")
    names = ", ".join(f"{item.tag} ({item.source})" for item in found)
    raise AnnotationError(vcf, f"several annotations: {names}", "leave one of them (`bcftools annotate -x INFO/…`)")


@dataclass
class Annotated:
    """Carries the annotation of one file through normalisation, allele by allele, and reads it afterwards."""

    vcf: Path
    format: Format
    remarks: Remarks

    def info(self, number: int, cells: Sequence[str], alts: Sequence[str]) -> str:
        """INFO of a record: the entries of each allele, unread."""
        prefix = f"{self.format.tag}="
        text = next((item for item in cells[7].split(";") if item.startswith(prefix)), prefix)[len(prefix) :]
        if text in ("", ".") or not any(SEQUENCE.fullmatch(alt) for alt in alts):
            return "."
        entries = text.split(",")
        owners = self._owners(cells, alts, entries)
        if owners is None:
            stated = f"{self.format.tag} of {cells[3]}>{cells[4]}: {entries[0][:60]!r}"
            self.remarks.add("annotation_allele", number, stated)
            return "."
        own: list[list[str]] = [[] for _ in alts]
        for entry, owner in zip(entries, owners, strict=True):
            if owner is not None:
                own[owner].append(entry)
        return f"{TAG}=" + ",".join(SEPARATOR.join(part) or "." for part in own)

    def consequences(self, text: str | None, number: int) -> list[Consequence]:
        """The consequences in what ``info`` wrote for one allele.

        Raises
        ------
        AnnotationError
            A term is none of the Sequence Ontology that is known here.
        """
        if not text or text == ".":
            self.remarks.add("not_annotated", number, "no annotation")
            return []
        entries = text.split(SEPARATOR)
        if self.format.source == "bcftools":
            own = [entry for entry in entries if not entry.startswith("@")]
            if len(own) < len(entries):
                self.remarks.add("annotation_elsewhere", number, f"BCSQ {entries[0][:40]!r}")
            return list(parse_bcsq(",".join(own))) if own else []
        return list(self._parsed(entries, number))

    def _owners(self, cells: Sequence[str], alts: Sequence[str], entries: Sequence[str]) -> Sequence[int | None] | None:
        """Number of the allele of each entry; None for all where that is not certain.

        In a record with a symbolic allele an entry that fits no sequence is that allele's, however it is called.
        """
        if self.format.source == "bcftools":
            return [0] * len(entries) if len(alts) == 1 else None
        columns = self.format.columns
        if "ALLELE_NUM" in columns:
            place = columns.index("ALLELE_NUM")
            stated = [entry.split("|")[place] for entry in entries]
            usable = all(name.isdigit() and 1 <= int(name) <= len(alts) for name in stated)
            return [int(name) - 1 for name in stated] if usable else None
        place = columns.index("Allele")
        names = [entry.split("|", place + 1)[place] for entry in entries]
        ways = [{name: index for index, name in enumerate(way)} for way in spellings(cells[3], cells[4].split(","))]
        fits = [[way.get(name) for name in names] for way in ways if len(way) == len(alts)]
        best = min(fits, key=lambda fit: fit.count(None), default=[None])
        return best if None not in best or (OTHER in alts and fits) else None

    def _parsed(self, entries: Sequence[str], number: int) -> Iterator[Consequence]:
        for entry in entries:
            cells = dict(zip(self.format.columns, entry.split("|"), strict=False))
            if self.format.source == "vep":
                names, kind, transcript = cells["Consequence"], cells["Feature_type"], cells["Feature"]
                gene = cells.get("SYMBOL") or cells["Gene"]
                change = change_from_residues(cells.get("Protein_position", ""), cells.get("Amino_acids", ""))
            else:
                names, kind, transcript = cells["Annotation"], cells["Feature_Type"], cells["Feature_ID"]
                gene, change = cells["Gene_Name"], change_from_hgvs(unquote(cells.get("HGVS.p", "")))
            if kind.lower() == "transcript":
                yield Consequence(gene, bare(transcript), self._terms(names, number), change, cells.get("LoF", ""))

    def _terms(self, names: str, number: int) -> tuple[str, ...]:
        terms = tuple(ALIASES.get(name, name) for name in re.split(r"[&+]", names) if name)
        if unknown := [name for name in terms if name not in SEVERITY]:
            raise AnnotationError(
                self.vcf,
                f"line {number}: {listing(unknown, 3)} is no known term of the Sequence Ontology",
                "annotate with a current release of VEP, SnpEff or bcftools; or set genomics.consequences to `call`",
            )
        return terms


def spellings(ref: str, alts: Sequence[str]) -> Iterator[list[str]]:
    """How programs name the alternate alleles of a record in an annotation, most usual first.

    VEP cuts the first base off all alleles if they share it and one differs from REF in length (``*`` does not count),
    and writes ``-`` for nothing; SnpEff repeats ALT; with ``--minimal`` VEP trims each allele by itself.
    """
    sequences = [alt for alt in alts if alt != "*"]
    if any(len(alt) != len(ref) for alt in sequences) and len({text[:1] for text in (ref, *sequences)}) == 1:
        yield [alt if alt == "*" else alt[1:] or "-" for alt in alts]
    yield list(alts)
    yield [_trimmed(ref, alt) for alt in alts]


def _trimmed(ref: str, alt: str) -> str:
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt = ref[1:], alt[1:]
    return alt or "-"
