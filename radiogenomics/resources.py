"""Where the workflow and the presets lie: at the top of a checkout, inside the package once installed as a wheel."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def root() -> Path:
    """Folder that holds ``Snakefile``, ``workflow/``, ``envs/`` and ``config/settings/``."""
    checkout = _PACKAGE.parent
    return checkout if (checkout / "Snakefile").is_file() else _PACKAGE / "_workflow"


@cache
def preset_names() -> tuple[str, ...]:
    """Names of the extraction presets."""
    return tuple(sorted(path.stem for path in (root() / "config" / "settings").glob("*.yaml")))


def preset_path(name: str) -> Path:
    """File of one extraction preset."""
    return root() / "config" / "settings" / f"{name}.yaml"
