"""Where a table comes from: versions, settings and inputs. Stored in the metadata of each Parquet table.

A record holds no time, host, user or absolute path, so that the same input gives the same bytes.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from radiogenomics import __version__

_PACKAGES: dict[str, tuple[str, ...]] = {
    "pacs": ("pydicom",),
    "imaging": ("numpy", "pydicom", "pylibjpeg", "SimpleITK"),
    "radiomics": ("numpy", "PyWavelets", "pyradiomics-bhklab", "SimpleITK"),
    "genomics": ("cyvcf2", "numba", "numpy", "pysam", "scipy"),
    "cohort": ("pandas",),
    "association": ("numba", "numpy", "pandas", "scipy"),
    "report": ("jinja2",),
}


@dataclass(frozen=True)
class Provenance:
    """One record: the stage, its settings, the digests of its inputs."""

    stage: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The record as plain data."""
        settings = json.dumps(self.settings, sort_keys=True)
        return {
            "radiogenomics": __version__,
            "stage": self.stage,
            "versions": versions(self.stage),
            "settings": self.settings,
            "settings_hash": hashlib.blake2b(settings.encode(), digest_size=16).hexdigest(),
            "inputs": dict(self.inputs),
        }

    def json(self) -> str:
        """The record as canonical JSON."""
        return json.dumps(self.record(), sort_keys=True)

    @staticmethod
    def parse(text: bytes) -> dict[str, Any]:
        """The record back from JSON."""
        data: dict[str, Any] = json.loads(text)
        return data


def versions(stage: str) -> dict[str, str]:
    """Versions of the packages that decide this stage's numbers; ``absent`` where one is not installed."""
    found: dict[str, str] = {}
    for package in _PACKAGES[stage]:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def digests(paths: Sequence[Path]) -> dict[str, str]:
    """BLAKE2b of each file's content, by file name; further files of one name are called ``name (2)`` and so on."""
    found: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for path in dict.fromkeys(paths):
        seen[path.name] += 1
        name = path.name if seen[path.name] == 1 else f"{path.name} ({seen[path.name]})"
        with path.open("rb") as stream:
            found[name] = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    return found
