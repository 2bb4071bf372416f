"""The audits that the report knows: those that were made for this run, and the settings that they were made with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from radiogenomics import tables
from radiogenomics.table import Table, read_provenance


@dataclass(frozen=True)
class Audits:
    """Tables of the audits; one that was not made is None.

    ``settings`` are those of the section association, ``perturbations`` those of radiomics.perturbations.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    confounding: pd.DataFrame | None = None
    power: pd.DataFrame | None = None
    tests: pd.DataFrame | None = None
    redundancy: pd.DataFrame | None = None
    permutation: pd.DataFrame | None = None
    controls: pd.DataFrame | None = None
    exceedance: pd.DataFrame | None = None
    meta: pd.DataFrame | None = None
    stability: pd.DataFrame | None = None
    persistence: pd.DataFrame | None = None
    perturbations: Mapping[str, Any] = field(default_factory=dict)
    sites: pd.DataFrame | None = None
    harmonisation: pd.DataFrame | None = None
    harmonised: pd.DataFrame | None = None
    set_results: pd.DataFrame | None = None
    set_summary: pd.DataFrame | None = None
    set_quantiles: pd.DataFrame | None = None

    @classmethod
    def read(cls, folder: Path) -> "Audits":
        """Read what lies in a results folder. A table of an audit that is not asked for any more is left out.

        What was made of copies of other features than the other audits were is left out too.

        Raises
        ------
        TableError
        """
        path = _path(folder, tables.CONFOUNDING)
        settings = dict(read_provenance(path).get("settings", {})) if path.is_file() else {}
        copied = _path(folder, tables.STABILITY)
        record = read_provenance(copied) if copied.is_file() else {}
        current = bool(record) and _agree(record, read_provenance(path) if path.is_file() else {})
        sets = bool(settings.get("sets", {"masks": True}).get("masks"))
        controls = any(settings.get("controls", {"unknown": True}).values())
        pooled = settings.get("site_model", "meta") == "meta"
        batches = settings.get("harmonise", {}).get("method", "none") != "none"
        return cls(
            settings=settings,
            confounding=_read(folder, tables.CONFOUNDING),
            power=_read(folder, tables.POWER),
            tests=_read(folder, tables.EFFECTIVE_TESTS),
            redundancy=_read(folder, tables.REDUNDANCY),
            permutation=_read(folder, tables.PERMUTATION) if settings.get("permutations", 1) else None,
            controls=_read(folder, tables.CONTROLS) if controls else None,
            exceedance=_read(folder, tables.EXCEEDANCE) if controls else None,
            meta=_read(folder, tables.META) if pooled else None,
            sites=_read(folder, tables.SITES) if pooled else None,
            harmonisation=_read(folder, tables.HARMONISATION) if batches else None,
            harmonised=_read(folder, tables.HARMONISED) if batches else None,
            set_results=_read(folder, tables.SET_RESULTS) if sets else None,
            set_summary=_read(folder, tables.SET_SUMMARY) if sets else None,
            set_quantiles=_read(folder, tables.SET_QUANTILES) if sets else None,
            stability=_read(folder, tables.STABILITY) if current else None,
            persistence=_read(folder, tables.PERSISTENCE) if current else None,
            perturbations=record.get("settings", {}).get("perturbations", {}),
        )


def paths(folder: Path) -> list[Path]:
    """Where the tables of the audit that is always made lie."""
    always = (tables.CONFOUNDING, tables.POWER, tables.EFFECTIVE_TESTS, tables.REDUNDANCY)
    return [_path(folder, table) for table in always]


def _agree(record: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two records name no input of one name and other content."""
    inputs, others = record.get("inputs", {}), other.get("inputs", {})
    return all(others.get(name, digest) == digest for name, digest in inputs.items())


def _path(folder: Path, table: Table) -> Path:
    return folder / f"{table.name}.parquet"


def _read(folder: Path, table: Table) -> pd.DataFrame | None:
    path = _path(folder, table)
    if not path.is_file():
        return None
    frame = table.read(path)
    text = {column.name: str for column in table.columns if column.dtype == "category"}
    return frame.astype(text)
