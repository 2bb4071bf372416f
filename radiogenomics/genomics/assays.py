"""What was assayed in a sample: a BED of a panel or of callable regions, or a list of genes."""

import gzip
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from radiogenomics.cohort.sheet_rows import panel_of
from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.coding import Coding, Regions, bare_contig, coding_regions, merged
from radiogenomics.genomics.errors import AssayError, ContigNamesError, UnknownPanelError
from radiogenomics.genomics.genes import Genes
from radiogenomics.genomics.reading import is_gzip
from radiogenomics.genomics.remarks import Remarks
from radiogenomics.provenance import digests

# Lines of a BED that are no region, and the second column of a line that names the columns.
_NO_REGION = ("track", "browser")
_START = ("start", "chromstart", "chrom_start")


@dataclass
class Assay:
    """One file: regions by bare contig, or genes with their lines, and how its contigs are spelled."""

    path: Path
    identifier: str
    regions: dict[str, Regions] = field(default_factory=dict)
    genes: dict[str, int] = field(default_factory=dict)
    contigs: dict[str, tuple[str, int]] = field(default_factory=dict)


class Assays:
    """The assays of a batch: each file is read once, and compared with the genes if these are needed.

    Parameters
    ----------
    panels : mapping
        Files by the name of the panel.
    genes : callable
        Reads the gene file; called for BED files, and for lists if ``compare``.
    compare : bool
        Whether the gene file is read anyway, so that genes of a list can be looked up in it.
    """

    def __init__(self, panels: Mapping[str, Path], genes: Callable[[], Genes], compare: bool) -> None:
        self._panels, self._genes, self._compare = panels, genes, compare
        self._known: dict[str, str] = {}
        self.rows: dict[str, list[dict[str, object]]] = {}
        self.remarks: list[Remarks] = []

    def identify(self, assayed: str) -> str:
        """Identifier of what column ``assayed`` of the samples sheet names; empty if nothing.

        Raises
        ------
        UnknownPanelError, MissingFileError, AssayError, ContigNamesError
        """
        if assayed and assayed not in self._known:
            assay = read_assay(located(assayed, self._panels))
            if assay.identifier not in self.rows:
                remarks = Remarks(assay.path)
                rows = list(self._shares(assay, remarks))
                self.rows[assay.identifier] = rows
                self.remarks.append(remarks)
            self._known[assayed] = assay.identifier
        return self._known.get(assayed, "")

    @property
    def files(self) -> list[Path]:
        """The files that were read."""
        return [remarks.path for remarks in self.remarks]

    def table(self) -> list[dict[str, object]]:
        """Rows of the assays table."""
        return [row for identifier in sorted(self.rows) for row in self.rows[identifier]]

    @cached_property
    def _read_genes(self) -> Genes:
        return self._genes()

    @cached_property
    def _coding(self) -> Coding:
        return coding_regions(self._read_genes)

    def _shares(self, assay: Assay, remarks: Remarks) -> Iterator[dict[str, object]]:
        """Rows of one assay."""
        named: dict[str, object] = {"assay": assay.identifier, "file": assay.path.name}
        if assay.genes and not self._compare:
            yield from (named | {"gene": gene, "cds_bases": None, "share": 1.0} for gene in sorted(assay.genes))
            return
        if assay.regions:
            self._check_contigs(assay, remarks)
        shares = self._coding.shares(assay.regions)
        if assay.genes:
            shares = {gene: (bases, float(gene in assay.genes)) for gene, (bases, _) in shares.items()}
            self._check_genes(assay, shares, remarks)
        for gene, (bases, share) in sorted(shares.items()):
            if share > 0:
                yield named | {"gene": gene, "cds_bases": bases, "share": share}

    def _check_contigs(self, assay: Assay, remarks: Remarks) -> None:
        carrying = {bare_contig(name) for name in self._read_genes.contigs}
        if not carrying & set(assay.contigs):
            spelled = sorted(name for name, _ in assay.contigs.values())
            raise ContigNamesError(assay.path, spelled, self._read_genes.path, sorted(self._read_genes.contigs))
        for name in assay.contigs.keys() - carrying:
            spelling, line = assay.contigs[name]
            remarks.add("assay_contig", line, f"contig {spelling!r}")

    def _check_genes(self, assay: Assay, known: Mapping[str, object], remarks: Remarks) -> None:
        unknown = [gene for gene in assay.genes if gene not in known]
        if len(unknown) == len(assay.genes):
            problem = f"none of its {len(unknown)} genes is one of {self._read_genes.path.name}: {unknown[0]!r}"
            raise AssayError(assay.path, problem)
        for gene in unknown:
            remarks.add("assay_gene", assay.genes[gene], f"gene {gene!r}")


def located(assayed: str, panels: Mapping[str, Path]) -> Path:
    """File of what column ``assayed`` names.

    Raises
    ------
    UnknownPanelError
    """
    name = panel_of(assayed)
    if name is None:
        return Path(assayed)
    if name not in panels:
        raise UnknownPanelError(name, list(panels))
    return panels[name]


def read_assay(path: Path) -> Assay:
    """Read a BED file or a list of genes, plain or gzipped; three columns or more make it a BED.

    Regions may overlap and come in any order. Lines that begin with ``#``, ``track`` or ``browser`` are skipped, and so
    is a first line that names the columns.

    Raises
    ------
    MissingFileError, AssayError
    """
    if not path.is_file():
        raise MissingFileError(path, "file of what was assayed (column assayed, or genomics.panels)")
    assay = Assay(path, digests([path])[path.name])
    starts: dict[str, list[int]] = defaultdict(list)
    ends: dict[str, list[int]] = defaultdict(list)
    bed: bool | None = None
    for number, cells in _lines(path):
        if bed is None:
            bed = len(cells) >= 3
            if bed and cells[1].lower() in _START:
                continue
        if not bed:
            if len(cells) > 1:
                raise AssayError(path, f"{len(cells)} words, where a list of genes has one", number)
            assay.genes.setdefault(cells[0], number)
            continue
        start, end = _region(path, number, cells)
        contig = bare_contig(cells[0])
        assay.contigs.setdefault(contig, (cells[0], number))
        starts[contig].append(start)
        ends[contig].append(end)
    regions = {contig: merged(starts[contig], ends[contig]) for contig in starts}
    assay.regions = {contig: found for contig, found in regions.items() if len(found.starts)}
    if not assay.genes and not assay.regions:
        raise AssayError(path, "no region and no gene")
    return assay


def _region(path: Path, number: int, cells: list[str]) -> tuple[int, int]:
    if len(cells) < 3:
        raise AssayError(path, f"{len(cells)} column(s), a region has three", number)
    if not all(cell.isascii() and cell.isdigit() for cell in cells[1:3]):
        raise AssayError(path, f"start {cells[1]!r} and end {cells[2]!r} are no whole numbers from 0", number)
    start, end = int(cells[1]), int(cells[2])
    if start > end:
        raise AssayError(path, f"start {start} after end {end}", number)
    return start, end


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Cells of the lines that hold something, by their numbers."""
    number = 0
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig") if is_gzip(path) else path.open(encoding="utf-8-sig") as stream
        ):
            for number, line in enumerate(stream, 1):
                text = line.strip()
                cells = [cell.strip() for cell in text.split("\t")] if "\t" in text else text.split()
                if cells and not text.startswith("#") and cells[0].split()[0] not in _NO_REGION:
                    yield number, cells
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise AssayError(path, f"not readable: {error}", number + 1) from error
