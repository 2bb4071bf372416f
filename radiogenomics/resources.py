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
    """Names of the extraction presets, such as ``ct`` and ``ibsi/A``."""
    folder = root() / "config" / "settings"
    return tuple(sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("**/*.yaml")))


def preset_path(name: str) -> Path:
    """File of one extraction preset."""
    return root() / "config" / "settings" / f"{name}.yaml"
