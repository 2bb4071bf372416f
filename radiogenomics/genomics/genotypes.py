"""The genotypes of some samples as a small VCF with a complete header.

Real files use contigs and fields that their header does not declare (the 1000 Genomes release does), which bcftools
refuses when it takes samples out. Everything that is not needed is left behind here, and what is wrong with a line is
said with its number.
"""

import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from radiogenomics.genomics.errors import UnreadableVcfError

FIXED_COLUMNS = 9
GZIP_MAGIC = b"\x1f\x8b"
BCF_MAGIC = b"BCF"
SEQUENCE = re.compile(r"[ACGTNacgtn]+|\*")
OTHER = "<OTHER>"


def is_bcf(path: Path) -> bool:
    """Whether a file is BCF, compressed or not."""
    with path.open("rb") as raw:
        start = raw.read(2)
    with _opened(path, start) as stream:
        try:
            return stream.read(3) == BCF_MAGIC
        except (EOFError, OSError, zlib.error):
            return False


@dataclass
class Counts:
    """What was read: records kept, records left out by FILTER, and missing or half-missing calls of each sample."""

    records: int
    filtered: int
    elsewhere: int
    missing: list[int]
    uncalled: list[int]


def write_genotypes(
    vcf: Path,
    samples: Sequence[str],
    contigs: Mapping[str, int],
    wanted: Collection[str],
    target: Path,
    *,
    pass_only: bool,
) -> Counts:
    """Write position, alleles and GT of the wanted samples on the wanted contigs.

    An allele that is not a sequence (symbolic, breakend, IUPAC code) is written as ``<OTHER>``: nobody carries it here,
    and calls of the record's other alleles stay. A record without GT has missing genotypes; one without an
    alternate allele is left out, since nobody carries anything there.

    Parameters
    ----------
    vcf : Path
        VCF, plain, gzipped or bgzipped.
    samples : sequence of str
        Samples to keep, in this order; they must be in the file.
    contigs : mapping
        Contig → length of the reference, written into the header.
    wanted : collection of str
        Contigs that carry genes; records elsewhere have no consequence and are left out.
    target : Path
        Plain VCF to write.
    pass_only : bool
        Leave out records whose FILTER is neither PASS nor empty.

    Raises
    ------
    UnreadableVcfError
    """
    columns: list[int] = []
    counts = Counts(0, 0, 0, [0] * len(samples), [0] * len(samples))
    n_columns = 0
    with target.open("w", encoding="utf-8") as out:
        for number, line in _lines(vcf):
            if line.startswith("##") or not line.strip():
                continue
            cells = line.rstrip("\r\n").split("\t")
            if line.startswith("#CHROM"):
                n_columns, columns = len(cells), [_column(vcf, cells, sample) for sample in samples]
                out.write(header(contigs, samples))
                continue
            if len(cells) != n_columns:
                found = f"{len(cells)} columns, the header has {n_columns}" if n_columns else "before the #CHROM line"
                raise UnreadableVcfError(vcf, f"line {number}: {found}")
            if cells[4] == ".":
                continue
            if cells[0] not in wanted:
                counts.elsewhere += 1
            elif pass_only and cells[6] not in ("PASS", "."):
                counts.filtered += 1
            else:
                calls = _calls(cells, columns)
                _count(counts, calls)
                out.write("\t".join([cells[0], cells[1], ".", *_alleles(cells), ".", ".", ".", "GT", *calls]) + "\n")
    if not n_columns:
        raise UnreadableVcfError(vcf, "no #CHROM line")
    return counts


def _column(vcf: Path, header: Sequence[str], sample: str) -> int:
    names = header[FIXED_COLUMNS:]
    if names.count(sample) > 1:
        raise UnreadableVcfError(vcf, f"sample {sample!r} stands {names.count(sample)} times in the header")
    return FIXED_COLUMNS + names.index(sample)


def _alleles(cells: Sequence[str]) -> tuple[str, str]:
    """REF and ALT in upper case, alleles that are no sequence as a symbol."""
    ref = cells[3].upper()
    alts = [alt.upper() if SEQUENCE.fullmatch(alt) and alt.upper() != ref else OTHER for alt in cells[4].split(",")]
    return ref, ",".join(alts)


def _calls(cells: Sequence[str], columns: Sequence[int]) -> list[str]:
    keys = cells[8].split(":")
    if "GT" not in keys:
        return ["."] * len(columns)
    place = keys.index("GT")
    values = (cells[column].split(":") for column in columns)
    return [value[place] if place < len(value) and value[place] else "." for value in values]


def _count(counts: Counts, calls: Sequence[str]) -> None:
    counts.records += 1
    for index, call in enumerate(calls):
        if "." in call:
            counts.missing[index] += 1
            counts.uncalled[index] += not any(character.isdigit() for character in call)


def _lines(vcf: Path) -> Iterator[tuple[int, str]]:
    with vcf.open("rb") as raw:
        start = raw.read(2)
    number = 0
    try:
        with _opened(vcf, start) as stream, io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
            for number, line in enumerate(text, 1):
                yield number, line
    except (EOFError, OSError, zlib.error) as error:
        raise UnreadableVcfError(vcf, f"after line {number}: {error}") from error


@contextmanager
def _opened(path: Path, start: bytes) -> Iterator[IO[bytes]]:
    with gzip.open(path) if start == GZIP_MAGIC else path.open("rb") as stream:
        yield stream  # type: ignore[misc]


def header(contigs: Mapping[str, int], samples: Sequence[str]) -> str:
    """Header of a VCF with genotypes."""
    lines = ["##fileformat=VCFv4.3", '##ALT=<ID=OTHER,Description="not a sequence">']
    lines += [f"##contig=<ID={name},length={length}>" for name, length in contigs.items()]
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    return "\n".join([*lines, "\t".join([*fixed, *samples])]) + "\n"
