"""One record of a VCF: what is wrong with its position, alleles and genotypes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Self

from radiogenomics.genomics.remarks import Remarks

# A sequence, as far as bcftools takes it; other IUPAC codes name several bases.
SEQUENCE = re.compile(r"[ACGTNacgtn]+")
CODES = re.compile(r"[ACGTNRYSWKMBDHVacgtnryswkmbdhv]+")
# VCF 4.3, sections 1.6.1 and 5.4: <ID>, a breakend with bases on one side, a single breakend.
SYMBOL = re.compile(
    r"<[^<>,\s]+>|[A-Za-z.]+([\[\]])[^\s,\[\]]+\1|([\[\]])[^\s,\[\]]+\2[A-Za-z.]+|\.[A-Za-z]+|[A-Za-z]+\."
)
GENOTYPE = re.compile(r"[/|]?(?:\.|\d+)(?:[/|](?:\.|\d+))*")
FILTER = re.compile(r"[^\s;]+(?:;[^\s;]+)*")
_COLONS = methodcaller("count", ":")
STAR = "*"
OTHER = "<OTHER>"


@dataclass(frozen=True)
class Site:
    """Where the genotypes of one record stand; its text is the ID of the records that are made of it."""

    line: int
    offset: int
    n: int

    def __str__(self) -> str:
        return f"{self.line}:{self.offset}:{self.n}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the ID of a record."""
        line, offset, n = text.split(":")
        return cls(int(line), int(offset), int(n))


def alleles(number: int, ref: str, alt: str, remarks: Remarks) -> tuple[str, list[str]] | None:
    """REF and ALTs in upper case, alleles that are no sequence as ``<OTHER>``; None where the record cannot be used."""
    if not SEQUENCE.fullmatch(ref):
        coded = CODES.fullmatch(ref) is not None
        if not remarks.add("ref_code" if coded else "ref_allele", number, f"REF {ref!r}"):
            return None
    ref = ref.upper()
    alts = [_alt(number, ref, text, remarks) for text in alt.split(",")]
    sequences = [text for text in alts if text and text != OTHER]
    if len(sequences) > len(set(sequences)):
        remarks.add("alt_repeated", number, f"ALT {alt!r}")
    return None if None in alts else (ref, [text for text in alts if text])


def _alt(number: int, ref: str, text: str, remarks: Remarks) -> str | None:
    if SEQUENCE.fullmatch(text):
        if text.upper() != ref:
            return text.upper()
        kind = "alt_is_ref"
    elif text == STAR:
        remarks.add("alt_star", number, "ALT '*'")
        return STAR
    elif SYMBOL.fullmatch(text):
        kind = "alt_symbol"
    else:
        kind = "alt_code" if CODES.fullmatch(text) else "alt_allele"
    return OTHER if remarks.add(kind, number, f"ALT {text!r}") else None


class Genotypes:
    """Reads the genotypes of the wanted columns; what a text of GT is worth is looked up once for each text."""

    def __init__(self, columns: Sequence[int], remarks: Remarks) -> None:
        self.columns, self.remarks = tuple(columns), remarks
        self._verdicts: dict[tuple[str, int], tuple[str, ...]] = {}

    def calls(self, number: int, cells: Sequence[str], n_alleles: int) -> list[str] | None:
        """GT of each wanted sample; None where one of them cannot be used."""
        if not self.columns:
            return []
        keys = cells[8].split(":")
        if "GT" not in keys:
            self.remarks.add("no_gt", number, f"FORMAT {cells[8]!r}")
            return ["."] * len(self.columns)
        if keys.count("GT") > 1 and not self.remarks.add("format", number, f"FORMAT {cells[8]!r}"):
            return None
        wanted = [cells[column] for column in self.columns]
        # Usually every sample has every field; if so the total says so, at a fifth of the time.
        if "\t".join(wanted).count(":") != len(wanted) * (len(keys) - 1) and max(map(_COLONS, wanted)) >= len(keys):
            self.remarks.add("extra_fields", number, f"more than the {len(keys)} fields of {cells[8]!r}")
        if keys[0] == "GT":
            calls = [cell.partition(":")[0] or "." for cell in wanted]
        else:
            self.remarks.add("gt_not_first", number, f"FORMAT {cells[8]!r}")
            place = keys.index("GT")
            parts = [cell.split(":") for cell in wanted]
            calls = [part[place] if place < len(part) and part[place] else "." for part in parts]
        return calls if self._usable(number, calls, n_alleles) else None

    def _usable(self, number: int, calls: Sequence[str], n_alleles: int) -> bool:
        usable = True
        for call in sorted(set(calls)):
            key = (call, n_alleles)
            if key not in self._verdicts:
                self._verdicts[key] = verdict(call, n_alleles)
            for kind in self._verdicts[key]:
                usable &= self.remarks.add(kind, number, f"GT {call!r}", calls.count(call))
        return usable


def verdict(call: str, n_alleles: int) -> tuple[str, ...]:
    """Kinds of oddity of one genotype of a record with ``n_alleles`` alleles, REF among them."""
    if not GENOTYPE.fullmatch(call):
        return ("genotype",)
    parts = allele_numbers(call)
    called = [part for part in parts if part >= 0]
    if called and max(called) >= n_alleles:
        return ("allele_number",)
    kinds = ["half_call"] if called and len(called) < len(parts) else []
    if called and len(parts) != 2:
        kinds.append("haploid" if len(parts) == 1 else "polyploid")
    return tuple(kinds)


def allele_numbers(call: str) -> tuple[int, ...]:
    """The alleles of a genotype that ``verdict`` takes, -1 where missing."""
    return tuple(-1 if part == "." else int(part) for part in re.split(r"[/|]", call.lstrip("/|")))
