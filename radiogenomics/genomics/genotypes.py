"""The records of some samples as a small VCF of sites with a complete header, their genotypes put aside.

Real files use contigs and fields that their header does not declare (the 1000 Genomes release does), which bcftools
refuses when it takes samples out. Everything that is not needed is left behind here, and what is wrong with a line is
said with its number.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiogenomics.genomics.calls import Calls, CallsWriter
from radiogenomics.genomics.columns import N_FIXED, Columns, Record
from radiogenomics.genomics.errors import FaultyVariantsError
from radiogenomics.genomics.header import FIXED, FIXED_WITH_GENOTYPES, Header, read_header
from radiogenomics.genomics.reading import byte_lines, require_whole, text_of
from radiogenomics.genomics.records import FILTER, alleles
from radiogenomics.genomics.remarks import Remarks

# From the number of a line, its cells and its alternate alleles to what stands in the INFO of the written record.
Annotate = Callable[[int, Sequence[str], Sequence[str]], str]
# Number of the alternate allele, which bcftools hands on when it splits a record.
NUMBER = "ALLELE"
_NUMBERED = f'##INFO=<ID={NUMBER},Number=A,Type=Integer,Description="Number of the allele in its record">'


def no_annotation(_: int, __: Sequence[str], ___: Sequence[str]) -> str:
    """For records whose consequences are called later."""
    return "."


@dataclass
class Counts:
    """What was read.

    Records kept and records left out by FILTER; by sample, calls that are missing in part or as a whole, those missing
    as a whole, and alternate alleles carried.
    """

    records: int
    filtered: int
    missing: list[int]
    uncalled: list[int]
    alternate: list[int]


@dataclass(frozen=True)
class Wanted:
    """Samples in the order to write, contigs of the reference with their lengths, and those of them with genes."""

    samples: Sequence[str]
    contigs: Mapping[str, int]
    with_genes: Collection[str]
    pass_only: bool


def write_sites(
    vcf: Path,
    wanted: Wanted,
    target: Path,
    remarks: Remarks,
    annotate: Annotate = no_annotation,
    info: str = "",
    stream: Iterator[tuple[int, bytes]] | None = None,
) -> tuple[Calls, Counts]:
    """Write position and alleles of the records on the wanted contigs, and beside them the wanted samples' genotypes.

    ID is a ``calls.Site``: the line of ``vcf`` and the place of the genotypes; INFO numbers the alternate alleles.
    An allele that is not a sequence (symbolic, breakend, IUPAC code) is written as ``<OTHER>``: nobody carries it here,
    and calls of the record's other alleles stay. A record without GT has missing genotypes; one without an
    alternate allele is left out, since nobody carries anything there.

    Parameters
    ----------
    vcf : Path
        VCF, plain, gzipped or bgzipped; its header must name the wanted samples. Of a BCF ``stream`` gives the lines.
    wanted : Wanted
        What to keep.
    target : Path
        Plain VCF to write; the genotypes stand beside it, with the suffix ``.calls``.
    remarks : Remarks
        Receives what is odd. A kind that it refuses raises once the whole file has been read.
    annotate : callable
        Makes INFO of a record from its cells; ``info`` declares it.

    Raises
    ------
    MissingFileError, UnreadableVcfError, FaultyVariantsError
    """
    require_whole(vcf)
    stream = byte_lines(vcf) if stream is None else stream
    header = read_header(vcf, ((number, text_of(line)) for number, line in stream), remarks)
    records = _Records(header, wanted, remarks)
    beside = target.with_suffix(".calls")
    with target.open("w", encoding="utf-8") as out, beside.open("wb") as binary:
        writer = CallsWriter(beside, binary)
        columns = Columns(header, wanted.samples, remarks, writer)
        out.write(header_text(wanted.contigs, [], "\n".join([_NUMBERED, *([info] if info else [])])))
        for number, line in stream:
            record = records.kept(number, line)
            if record is None or (found := records.alleles(number, record.cells)) is None:
                continue
            cells, (ref, alts) = record.cells, found
            pairs = columns.pairs(number, record, alts)
            if pairs is None or not records.in_order(number, cells):
                continue
            records.counts.records += 1
            numbers = "1" if len(alts) == 1 else ",".join(map(str, range(1, 1 + len(alts))))
            more = annotate(number, cells, alts)
            text = f"{NUMBER}={numbers}" if more == "." else f"{NUMBER}={numbers};{more}"
            out.write(f"{cells[0]}\t{cells[1]}\t{writer.write(number, pairs)}\t{ref}\t{','.join(alts)}\t.\t.\t{text}\n")
    if remarks.refused:
        raise FaultyVariantsError(vcf, remarks.refused)
    counts = records.counts
    counts.missing, counts.uncalled, counts.alternate = columns.tally.tolist()
    return writer.calls(), counts


class _Records:
    """Decides record by record what is kept."""

    def __init__(self, header: Header, wanted: Wanted, remarks: Remarks) -> None:
        self.header, self.wanted, self.remarks = header, wanted, remarks
        self.counts = Counts(0, 0, [], [], [])
        self._last: tuple[str, int] = ("", 0)
        self._done: set[str] = set()
        self._malformed: dict[str, bool] = {}

    def kept(self, number: int, line: bytes) -> Record | None:
        """A record that can have a consequence; None for the others, whose columns are counted here."""
        parts = line.rstrip(b"\r\n").split(b"\t", N_FIXED)
        if len(parts) == 1 and not line.strip():
            return None
        cells = text_of(b"\t".join(parts[:N_FIXED])).split("\t")
        record = Record(
            self.remarks.path, self.header.n_columns, cells, parts[N_FIXED] if len(parts) > N_FIXED else b""
        )
        if not record.samples:
            record.require_columns(number)
        if not line.endswith(b"\n"):
            self.remarks.add("no_line_end", number, "the last line does not end; the file may have been cut off")
        if self._left_out(number, record.cells):
            record.require_columns(number)
            return None
        return record

    def _left_out(self, number: int, cells: Sequence[str]) -> bool:
        if cells[4] == ".":
            return True
        if cells[0] not in self.wanted.with_genes:
            kind = "without_genes" if cells[0] in self.wanted.contigs else "not_in_reference"
            self.remarks.add(kind, number, f"contig {cells[0]!r}")
            return True
        if self.wanted.pass_only and not self._passed(number, cells[6]):
            self.counts.filtered += 1
            return True
        return False

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
