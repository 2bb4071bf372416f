"""What a command of the command line is, and the options that several have."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Option:
    """One option. It is required unless it has a default; ``many`` takes one or more values, ``switch`` none."""

    flag: str
    help: str
    type: Callable[[str], Any] = Path
    default: Any = ...
    many: bool = False
    switch: bool = False

    @property
    def name(self) -> str:
        """Name of the function's parameter."""
        return self.flag.lstrip("-").replace("-", "_")


@dataclass(frozen=True)
class Command:
    """``words`` on the command line call ``target`` (module:function) with the options as keyword arguments."""

    words: str
    target: str
    help: str
    options: tuple[Option, ...]

    def function(self) -> Callable[..., None]:
        """Import and return the function."""
        module, name = self.target.split(":")
        function: Callable[..., None] = getattr(import_module(f"radiogenomics.{module}"), name)
        return function


SETTINGS = Option("--settings", "settings: a YAML file or JSON", str)
FAILURES = Option("--failures", "TSV to write: what could not be processed and why")
CONFIG = Option("--config", "configuration file", default=Path("config/config.yaml"))
TESTED = (
    Option("--features", "features table (Parquet or TSV)"),
    Option("--markers", "alterations table (Parquet or TSV)"),
    Option("--covariates", "patients table (Parquet or TSV)"),
    Option("--settings", "section association of the configuration: a YAML file or JSON", str, "{}"),
)
STABILITY = Option("--stability", "stability table, which association.min_icc_low needs (Parquet)", default=None)
