"""Files of gene sets (GMT), which markers of pathways are made of and which controls draw others like."""

from pathlib import Path

from radiogenomics.errors import MissingFileError, RadiogenomicsError

GMT_HINT = "a GMT file has a set in each line: name, description and genes, separated by tabs"


class GeneSetsError(RadiogenomicsError):
    """A file of gene sets cannot be used."""

    reason = "gene_sets"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path.name}: {problem}", hint=GMT_HINT)


def read_gmt(path: Path) -> dict[str, tuple[str, ...]]:
    """Gene sets of a GMT file (GSEA): genes by the name of the set, each once.

    Raises
    ------
    MissingFileError, GeneSetsError
    """
    if not path.is_file():
        raise MissingFileError(path, "gene sets (genomics.markers)")
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        genes = tuple(dict.fromkeys(cell for cell in cells[2:] if cell))
        if not any(cells):
            continue
        if not cells[0] or not genes:
            raise GeneSetsError(path, f"line {number}: no name or no genes")
        if cells[0] in found:
            raise GeneSetsError(path, f"line {number}: set {cells[0]!r} stands twice")
        found[cells[0]] = genes
    return found
