"""The header of a VCF, read as text: samples, contigs and annotations, with the lines that are odd."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radiogenomics.errors import listing
from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.remarks import Remarks

FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
FIXED_WITH_GENOTYPES = (*FIXED, "FORMAT")
_FILEFORMAT = re.compile(r"##fileformat=VCFv4\.\d+")
_READ = ("contig", "INFO", "FORMAT")
_PAIR = re.compile(r"##[^=\s<>\"]+=(?P<value>.+)")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
# Contig names of VCF 4.3, section 1.4.7: no comma, quote, bracket or space, and neither * nor = in front.
_CONTIG = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")


@dataclass
class Header:
    """What the header of one file states."""

    samples: tuple[str, ...] = ()
    n_columns: int = 0
    contigs: dict[str, int | None] = field(default_factory=dict)
    contig_lines: dict[str, int] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)

    @property
    def lengths(self) -> dict[str, int]:
        """Contigs with a stated length."""
        return {name: length for name, length in self.contigs.items() if length is not None}


def read_header(path: Path, lines: Iterator[tuple[int, str]], remarks: Remarks) -> Header:
    """Read up to the #CHROM line and leave ``lines`` at the first record.

    Raises
    ------
    UnreadableVcfError
        There is no #CHROM line, its fixed columns are others, or a sample is repeated or has no name.
    """
    found = Header()
    number = 0
    for number, line in lines:
        text = line.rstrip("\r\n")
        if number == 1 and not _FILEFORMAT.fullmatch(text):
            remarks.add("fileformat", 1, f"{text[:40]!r} is not ##fileformat=VCFv4.…")
        if text.startswith("##"):
            _meta(found, number, text, remarks)
        elif text.startswith("#CHROM"):
            if not line.endswith("\n"):
                remarks.add("no_line_end", number, "the line of the columns does not end")
            columns = text.split("\t")
            found.n_columns, found.samples = len(columns), _samples(path, number, columns)
            return found
        elif text.strip():
            raise UnreadableVcfError(path, f"line {number}: before the #CHROM line", number)
    raise UnreadableVcfError(path, "no #CHROM line" if number else "the file is empty", number)


def _samples(path: Path, number: int, columns: Sequence[str]) -> tuple[str, ...]:
    fixed = FIXED_WITH_GENOTYPES if len(columns) > len(FIXED) else FIXED
    if tuple(columns[: len(fixed)]) != fixed:
        wrong = next(
            (f"{found!r} in place of {name!r}" for name, found in zip(fixed, columns, strict=False) if name != found),
            f"{len(columns)} columns only",
        )
        raise UnreadableVcfError(path, f"line {number}: {wrong} (columns are separated by tabs)", number)
    samples = tuple(columns[len(fixed) :])
    if len(columns) == len(FIXED_WITH_GENOTYPES):
        raise UnreadableVcfError(path, f"line {number}: FORMAT, but no sample", number)
    if "" in samples:
        raise UnreadableVcfError(path, f"line {number}: sample {samples.index('') + 1} has no name", number)
    if repeated := [name for name, n in Counter(samples).items() if n > 1]:
        n = samples.count(repeated[0])
        more = f", and {listing(repeated[1:], 3)} too" if repeated[1:] else ""
        raise UnreadableVcfError(
            path, f"line {number}: sample {repeated[0]!r} stands {n} times in the header{more}", number
        )
    return samples


def _meta(found: Header, number: int, text: str, remarks: Remarks) -> None:
    pair = _PAIR.fullmatch(text)
    value = pair["value"] if pair else ""
    key = text[2:].partition("=")[0]
    if pair is None or (key in _READ and not _closed(value)):
        remarks.add("meta_line", number, f"not ##key=value: {text[:60]!r}")
    if key == "contig":
        _contig(found, number, value, remarks)
    elif key == "INFO":
        fields = _fields(value)
        found.info[fields.get("ID", "")] = fields.get("Description", "")
    elif key == "FORMAT":
        fields = _fields(value)
        if fields.get("ID") == "GT" and (fields.get("Number"), fields.get("Type")) != ("1", "String"):
            stated = f"Number={fields.get('Number')},Type={fields.get('Type')}"
            remarks.add("genotype_declaration", number, f"GT is declared as {stated}, not Number=1,Type=String")


def _contig(found: Header, number: int, value: str, remarks: Remarks) -> None:
    fields = _fields(value)
    name = fields.get("ID", "")
    bare = all("=" in part for part in _QUOTED.sub("", value).strip("<>").split(","))
    if not _CONTIG.fullmatch(name) or not bare:
        remarks.add("contig_declaration", number, f"no contig name in {value[:60]!r}")
        return
    length = fields.get("length", "")
    found.contigs[name] = int(length) if length.isdigit() else None
    found.contig_lines[name] = number


def _closed(value: str) -> bool:
    """Whether quotes pair up and a structured value ends with the bracket that it begins with."""
    bare = _QUOTED.sub("", value)
    return '"' not in bare and bare.startswith("<") == bare.endswith(">")


def _fields(value: str) -> Mapping[str, str]:
    """``<ID=GT,Description="a, b">`` as a mapping."""
    pairs = re.findall(r'([^,=<>"\s]+)=("(?:\\.|[^"\\])*"|[^,<>]*)', value)
    return {key: text.strip('"') for key, text in reversed(pairs)}
