"""What is odd in a variant file: the kinds that are looked for, and a tally by kind with the first line of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Action = Literal["refused", "left_out", "repaired", "noted"]


@dataclass(frozen=True)
class Kind:
    """A kind of oddity: what is done with the line, or with the file, and what it means."""

    action: Action
    meaning: str


KINDS: Mapping[str, Kind] = {
    "build": Kind("noted", "build of the reference that the lengths of the contigs in the header belong to"),
    "fileformat": Kind("noted", "the first line is not ##fileformat=VCFv4.…"),
    "meta_line": Kind(
        "noted", "header line that is not ##key=value, or a ##contig, ##INFO or ##FORMAT line that does not close"
    ),
    "contig_declaration": Kind("noted", "##contig line without an ID, or with one that no contig may have"),
    "genotype_declaration": Kind("noted", "GT is declared as something else than one string"),
    "no_line_end": Kind("noted", "the last line does not end: the file may have been cut off"),
    "not_in_reference": Kind("left_out", "contig that the reference does not have"),
    "without_genes": Kind("left_out", "contig without genes"),
    "position": Kind("refused", "POS is no whole number"),
    "telomere": Kind("left_out", "POS 0, the place before the first base"),
    "unsorted": Kind("refused", "position before that of the line above, or a contig that comes a second time"),
    "ref_allele": Kind("refused", "REF is missing or no sequence"),
    "ref_code": Kind("left_out", "REF holds IUPAC codes other than N"),
    "alt_allele": Kind("refused", "ALT is no sequence, symbol, breakend or *"),
    "alt_code": Kind("noted", "ALT holds IUPAC codes other than N: carried by nobody"),
    "alt_symbol": Kind("noted", "symbolic allele or breakend: carried by nobody"),
    "alt_star": Kind("noted", "* (overlaps a deletion): carried by nobody"),
    "alt_is_ref": Kind("noted", "ALT equals REF: carried by nobody"),
    "alt_repeated": Kind("noted", "the same ALT stands twice: counts once"),
    "filter": Kind("noted", "FILTER is not well formed: the record has not passed"),
    "format": Kind("refused", "FORMAT holds GT twice"),
    "no_gt": Kind("noted", "record without GT: genotypes are missing"),
    "gt_not_first": Kind("noted", "GT is not the first field of FORMAT"),
    "extra_fields": Kind("noted", "a sample has more fields than FORMAT names"),
    "genotype": Kind("refused", "GT is not made of allele numbers, ., / and |"),
    "allele_number": Kind("refused", "GT names an allele that the record does not have"),
    "half_call": Kind("noted", "genotype with called and missing alleles: the called ones count"),
    "haploid": Kind("noted", "genotype of one allele"),
    "polyploid": Kind("noted", "genotype of more than two alleles"),
    "annotation_allele": Kind("refused", "annotation that belongs to no single allele of the record"),
    "annotation_elsewhere": Kind("noted", "consequence stated at another record of the haplotype (BCSQ @): read there"),
    "not_annotated": Kind("noted", "carried allele without an annotation: has no consequence"),
    "classification": Kind("refused", "Variant_Classification of a MAF that is not known here"),
    "barcode": Kind("refused", "row of a MAF without Tumor_Sample_Barcode"),
    "assay_gene": Kind("noted", "gene of a list of assayed genes that the gene file does not have"),
    "assay_contig": Kind("left_out", "contig of a BED of assayed regions that carries no gene"),
    "duplicate": Kind("noted", "allele of another record once more, as stated or after left-alignment: counts once"),
}


@dataclass
class Remark:
    """One kind in one file: number of lines, the first of them (None: the file as a whole) and what it says."""

    kind: str
    action: Action
    line: int | None
    text: str
    n: int = 1

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        more = f" (and {self.n - 1} more)" if self.n > 1 else ""
        return f"{place}{self.text}{more}"


@dataclass
class Remarks:
    """The tally of one file. ``repairs`` gives the action of kinds that the settings treat otherwise than ``KINDS``."""

    path: Path
    repairs: Mapping[str, Action] = field(default_factory=dict)
    found: dict[str, Remark] = field(default_factory=dict)

    def add(self, kind: str, line: int | None, text: str, n: int = 1) -> bool:
        """Count one more; returns whether the line can be used nevertheless."""
        remark = self.found.get(kind)
        if remark is None:
            action = self.repairs.get(kind, KINDS[kind].action)
            remark = self.found[kind] = Remark(kind, action, line, text, n)
        else:
            remark.n += n
        return remark.action in ("noted", "repaired")

    @property
    def refused(self) -> list[Remark]:
        """What the file is refused for, by line."""
        return sorted(
            (item for item in self.found.values() if item.action == "refused"), key=lambda item: item.line or 0
        )

    def rows(self) -> Iterable[dict[str, object]]:
        """Rows of the remarks table."""
        for kind in KINDS:
            if remark := self.found.get(kind):
                yield {
                    "file": self.path.name,
                    "kind": kind,
                    "action": remark.action,
                    "line": remark.line,
                    "n": remark.n,
                    "example": remark.text,
                }
