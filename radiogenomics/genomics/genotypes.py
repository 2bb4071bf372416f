"""The genotypes of some samples as a small VCF with a complete header.

Real files use contigs and fields that their header does not declare (the 1000 Genomes release does), which bcftools
refuses when it takes samples out. Everything that is not needed is left behind here, and what is wrong with a line is
said with its number.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from radiogenomics.genomics.errors import ReferenceMismatchError, UnreadableVcfError

FIXED_COLUMNS = 9
GZIP_MAGIC = b"\x1f\x8b"
BCF_MAGIC = b"BCF"
FILTERED = "FILTERED"


def is_bcf(path: Path) -> bool:
    """Whether a file is BCF, compressed or not."""
    with path.open("rb") as raw:
        start = raw.read(2)
    with _opened(path, start) as stream:
        try:
            return stream.read(3) == BCF_MAGIC
        except (EOFError, OSError, zlib.error):
            return False


def write_genotypes(
    vcf: Path, samples: Sequence[str], contigs: Mapping[str, int], reference: Path, target: Path
) -> None:
    """Write position, alleles, FILTER and GT of the wanted samples.

    FILTER becomes PASS or FILTERED. A record without GT has missing genotypes; one without an alternate allele is left
    out, since nobody carries anything there.

    Parameters
    ----------
    vcf : Path
        VCF, plain, gzipped or bgzipped.
    samples : sequence of str
        Samples to keep, in this order; they must be in the file.
    contigs : mapping
        Contig → length of the reference, written into the header.
    reference : Path
        Named in the error about a contig that it does not hold.
    target : Path
        Plain VCF to write.

    Raises
    ------
    UnreadableVcfError, ReferenceMismatchError
    """
    columns: list[int] = []
    n_columns = 0
    with target.open("w", encoding="utf-8") as out:
        for number, line in _lines(vcf):
            if line.startswith("##"):
                continue
            cells = line.rstrip("\r\n").split("\t")
            if line.startswith("#CHROM"):
                n_columns, columns = len(cells), [cells.index(sample, FIXED_COLUMNS) for sample in samples]
                out.write(_header(contigs, samples))
                continue
            if len(cells) != n_columns:
                problem = (
                    "before the #CHROM line" if not n_columns else f"{len(cells)} columns, the header has {n_columns}"
                )
                raise UnreadableVcfError(vcf, f"line {number}: {problem}")
            if cells[4] == ".":
                continue
            if cells[0] not in contigs:
                raise ReferenceMismatchError(
                    vcf, reference, f"line {number}: contig {cells[0]} is not in the reference"
                )
            state = "PASS" if cells[6] in ("PASS", ".") else FILTERED
            keys = cells[8].split(":")
            calls = [cells[column].split(":", 1)[0] for column in columns] if keys[0] == "GT" else ["."] * len(columns)
            out.write("\t".join([cells[0], cells[1], ".", cells[3], cells[4], ".", state, ".", "GT", *calls]) + "\n")
    if not n_columns:
        raise UnreadableVcfError(vcf, "no #CHROM line")


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


def _header(contigs: Mapping[str, int], samples: Sequence[str]) -> str:
    lines = ["##fileformat=VCFv4.3", f'##FILTER=<ID={FILTERED},Description="any filter">']
    lines += [f"##contig=<ID={name},length={length}>" for name, length in contigs.items()]
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    return "\n".join([*lines, "\t".join([*fixed, *samples])]) + "\n"
