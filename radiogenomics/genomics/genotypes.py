"""The genotypes of some samples as a small VCF with a complete header.

Real files use contigs and fields that their header does not declare (the 1000 Genomes release does), which bcftools
refuses when it takes samples out. Everything that is not needed is left behind here, and what is wrong with a line is
said with its number.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiogenomics.genomics.errors import FaultyVariantsError, UnreadableVcfError
from radiogenomics.genomics.header import FIXED, FIXED_WITH_GENOTYPES, Header, read_header
from radiogenomics.genomics.reading import lines, require_whole
from radiogenomics.genomics.records import FILTER, Genotypes, alleles
from radiogenomics.genomics.remarks import Remarks

# From the number of a line, its cells and its alternate alleles to what stands in the INFO of the written record.
Annotate = Callable[[int, Sequence[str], Sequence[str]], str]


def no_annotation(_: int, __: Sequence[str], ___: Sequence[str]) -> str:
    """For records whose consequences are called later."""
    return "."


@dataclass
class Counts:
    """What was read: records kept, records left out by FILTER, and missing or half-missing calls of each sample."""

    records: int
    filtered: int
    missing: list[int]
    uncalled: list[int]


@dataclass(frozen=True)
class Wanted:
    """Samples in the order to write, contigs of the reference with their lengths, and those of them with genes."""

    samples: Sequence[str]
    contigs: Mapping[str, int]
    with_genes: Collection[str]
    pass_only: bool


def write_genotypes(
    vcf: Path, wanted: Wanted, target: Path, remarks: Remarks, annotate: Annotate = no_annotation, info: str = ""
) -> Counts:
    """Write position, alleles and GT of the wanted samples on the wanted contigs; ID is the line of ``vcf``.

    An allele that is not a sequence (symbolic, breakend, IUPAC code) is written as ``<OTHER>``: nobody carries it here,
    and calls of the record's other alleles stay. A record without GT has missing genotypes; one without an
    alternate allele is left out, since nobody carries anything there.

    Parameters
    ----------
    vcf : Path
        VCF, plain, gzipped or bgzipped; its header must name the wanted samples.
    wanted : Wanted
        What to keep.
    target : Path
        Plain VCF to write.
    remarks : Remarks
        Receives what is odd. A kind that it refuses raises once the whole file has been read. Errors name its ``path``:
        that of a BCF if ``vcf`` was made from it.
    annotate : callable
        Makes INFO of a record from its cells; ``info`` declares it.

    Raises
    ------
    MissingFileError, UnreadableVcfError, FaultyVariantsError
    """
    require_whole(vcf)
    stream = lines(vcf)
    header = read_header(remarks.path, stream, remarks)
    columns = [len(FIXED_WITH_GENOTYPES) + header.samples.index(sample) for sample in wanted.samples]
    genotypes = Genotypes(columns, remarks)
    records = _Records(header, wanted, remarks)
    with target.open("w", encoding="utf-8") as out:
        out.write(header_text(wanted.contigs, wanted.samples, info))
        for number, line in stream:
            if (cells := records.cells(number, line)) is None or (found := records.alleles(number, cells)) is None:
                continue
            ref, alts = found
            calls = genotypes.calls(number, cells, 1 + len(alts))
            if calls is None or not records.in_order(number, cells):
                continue
            records.counts.records += 1
            genotypes.count_missing(calls)
            fields = [cells[0], cells[1], str(number), ref, ",".join(alts), ".", ".", annotate(number, cells, alts)]
            out.write("\t".join([*fields, "GT", *calls] if columns else fields) + "\n")
    if remarks.refused:
        raise FaultyVariantsError(remarks.path, remarks.refused)
    records.counts.missing, records.counts.uncalled = genotypes.missing, genotypes.uncalled
    return records.counts


class _Records:
    """Decides record by record what is kept."""

    def __init__(self, header: Header, wanted: Wanted, remarks: Remarks) -> None:
        self.header, self.wanted, self.remarks = header, wanted, remarks
        self.counts = Counts(0, 0, [], [])
        self._last: tuple[str, int] = ("", 0)
        self._done: set[str] = set()
        self._malformed: dict[str, bool] = {}

    def cells(self, number: int, line: str) -> list[str] | None:
        """The cells of a record that can have a consequence; None for the others."""
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) != self.header.n_columns:
            if not line.strip():
                return None
            found = f"{len(cells)} columns, the header has {self.header.n_columns}"
            raise UnreadableVcfError(self.remarks.path, f"line {number}: {found}", number)
        if not line.endswith("\n"):
            self.remarks.add("no_line_end", number, "the last line does not end; the file may have been cut off")
        if cells[4] == ".":
            return None
        if cells[0] not in self.wanted.with_genes:
            kind = "without_genes" if cells[0] in self.wanted.contigs else "not_in_reference"
            self.remarks.add(kind, number, f"contig {cells[0]!r}")
            return None
        if self.wanted.pass_only and not self._passed(number, cells[6]):
            self.counts.filtered += 1
            return None
        return cells

    def alleles(self, number: int, cells: Sequence[str]) -> tuple[str, list[str]] | None:
        """REF and ALTs of a record whose position is one; None for the others."""
        if not (cells[1].isascii() and cells[1].isdigit()):
            self.remarks.add("position", number, f"POS {cells[1]!r}")
            return None
        if int(cells[1]) == 0:
            self.remarks.add("telomere", number, "POS 0")
            return None
        return alleles(number, cells[3], cells[4], self.remarks)

    def in_order(self, number: int, cells: Sequence[str]) -> bool:
        """Whether the record comes after the one before; the next one is compared with it if it is used."""
        contig, position = cells[0], int(cells[1])
        last, before = self._last
        if contig != last:
            self._done.add(last)
            again = contig in self._done
            self._last = (contig, position)
            return not again or self.remarks.add("unsorted", number, f"contig {contig!r} comes a second time")
        self._last = (contig, position)
        return position >= before or self.remarks.add(
            "unsorted", number, f"{contig}:{position} after {contig}:{before}"
        )

    def _passed(self, number: int, text: str) -> bool:
        if text in ("PASS", "."):
            return True
        if text not in self._malformed:
            names = text.split(";")
            doubtful = len(set(names)) < len(names) or bool({".", "0"} & set(names))
            self._malformed[text] = doubtful or not FILTER.fullmatch(text)
        if self._malformed[text]:
            self.remarks.add("filter", number, f"FILTER {text!r}")
        return False


def header_text(contigs: Mapping[str, int], samples: Sequence[str], info: str = "") -> str:
    """Header of a VCF with genotypes; ``info`` is a line that declares an INFO field."""
    text = ["##fileformat=VCFv4.3", '##ALT=<ID=OTHER,Description="not a sequence">', *([info] if info else [])]
    text += [f"##contig=<ID={name},length={length}>" for name, length in contigs.items()]
    text.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    return "\n".join([*text, "\t".join([*(FIXED_WITH_GENOTYPES if samples else FIXED), *samples])]) + "\n"
