"""What the report knows: the tables of one results folder and the records of where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.errors import RadiogenomicsError
from radiogenomics.report.audits import Audits, paths
from radiogenomics.report.effects import EFFECTS, Effect, together
from radiogenomics.table import Table, read_provenance

RESULTS = Path("association/results.parquet")
PATIENTS = Path("cohort/patients.parquet")
LEDGER = Path("cohort/ledger.tsv")
FAILURES = Path("cohort/failures.tsv")
FEATURES = Path("radiomics/features.parquet")
SELFTEST = Path("radiomics/selftest.parquet")
SUMMARY = Path("association/summary.tsv")
QUANTILES = Path("association/quantiles.parquet")
ALTERATIONS = Path("genomics/alterations.parquet")
SURVIVAL = Path("association/survival.parquet")
SURVIVAL_CURVES = Path("association/survival_curves.parquet")
# What genomics says of its files and samples, by the end of a file's name; several files of one table are one.
GENOMICS = {
    ".remarks.tsv": tables.REMARKS,
    "joins.tsv": tables.JOINS,
    "sample_quality.parquet": tables.SAMPLE_QUALITY,
    "relatedness.parquet": tables.RELATEDNESS,
    "components.parquet": tables.COMPONENTS,
    "site_counts.tsv": tables.SITE_COUNTS,
}
ACQUISITION = "imaging/acquisition.parquet"
IMAGES_PATTERN = "imaging/*.images.parquet"
SAMPLES_PATTERN = "genomics/*.samples.parquet"
FEATURE_COLUMNS = ("patient_id", "image_type", "family", "feature", "note")


class UnknownThresholdError(RadiogenomicsError):
    """The results table does not say which thresholds it was made with, so the report cannot call a hit."""

    reason: ClassVar[str] = "unknown_threshold"

    def __init__(self, path: Path, missing: Sequence[str]) -> None:
        self.path, self.missing = path, tuple(missing)
        super().__init__(
            f"{path}: the table's record of settings has no {', '.join(missing)}",
            hint="write the table with `radiogenomics association test`; other programs drop the file's metadata",
        )


@dataclass(frozen=True)
class Thresholds:
    """Settings of the association stage that the report states, as its results table records them.

    ``volume_feature`` is None where there is no adjustment for volume, and empty where that is not on record.
    """

    alpha: float
    min_patients: int
    min_carriers: int
    classes: tuple[str, ...] = ()
    volume_feature: str | None = ""
    explained_share: float | None = None
    keep_p_below: float | None = None
    min_icc_low: float | None = None
    model: str = "linear"
    fit_p_below: float = 0.0
    firth_carriers_below: int = 0
    random_effect: str | None = None
    kinship: str | None = None
    reml_p_below: float = 1.0


@dataclass(frozen=True)
class Run:
    """One results folder. An optional table that is absent is None, and the section that needs it says so.

    ``results`` is sorted by analysis, feature, marker and adjustment, its categories too, so that the rows of one pair
    stand together and codes sort as their names do. It holds all pairs, or those of small p where ``thresholds`` has
    ``keep_p_below``; ``summary`` and ``quantiles`` are of all pairs. ``provenance`` has a list of distinct records for
    each stage.
    """

    folder: Path
    results: pd.DataFrame
    thresholds: Thresholds
    provenance: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    summary: pd.DataFrame | None = None
    quantiles: pd.DataFrame | None = None
    patients: pd.DataFrame | None = None
    ledger: pd.DataFrame | None = None
    failures: pd.DataFrame | None = None
    images: pd.DataFrame | None = None
    acquisition: pd.DataFrame | None = None
    features: pd.DataFrame | None = None
    selftest: pd.DataFrame | None = None
    alterations: pd.DataFrame | None = None
    samples: pd.DataFrame | None = None
    remarks: pd.DataFrame | None = None
    joins: pd.DataFrame | None = None
    sample_quality: pd.DataFrame | None = None
    relatedness: pd.DataFrame | None = None
    components: pd.DataFrame | None = None
    site_counts: pd.DataFrame | None = None
    audits: Audits = field(default_factory=Audits)
    survival: pd.DataFrame | None = None
    survival_curves: pd.DataFrame | None = None

    @cached_property
    def analyses(self) -> tuple[str, ...]:
        """Names of the analyses, sorted."""
        return tuple(str(name) for name in self.results["analysis"].cat.categories)

    @cached_property
    def effect(self) -> Effect:
        """What the estimates are, in one where markers are of two kinds; those of least squares if there is no row."""
        found = set(self.results["effect"].astype(str).unique())
        return together([EFFECTS[name] for name in tables.EFFECTS if name in found] or [EFFECTS[tables.EFFECTS[0]]])

    @cached_property
    def without(self) -> frozenset[str]:
        """Sheets that the study does not have, as the cohort stage recorded them."""
        found = [record.get("settings", {}).get("without", ()) for record in self.provenance.get("cohort", ())]
        return frozenset(name for names in found for name in names)

    @cached_property
    def adjustments(self) -> tuple[str, ...]:
        """Adjustments that were made; all if there is no row."""
        source = self.results if self.summary is None else self.summary
        found = set(source["adjustment"].astype(str).unique())
        return tuple(name for name in tables.ADJUSTMENTS if name in found) or tables.ADJUSTMENTS

    @cached_property
    def analysed(self) -> frozenset[str] | None:
        """Identifiers of the patients that are analysed; None if the patients table is absent."""
        if self.patients is None:
            return None
        return frozenset(self.patients.loc[self.patients["included"], "patient_id"])

    def settings(self, stage: str) -> list[Mapping[str, Any]]:
        """The settings that the tables of a stage record."""
        return [dict(record.get("settings", {})) for record in self.provenance.get(stage, ())]

    @cached_property
    def covariates(self) -> tuple[str, ...] | None:
        """Covariates of ``full``: those on record, else the further columns of the patients table, else unknown.

        A record of no covariates is a record.
        """
        for stage in ("association", "cohort"):
            for record in self.provenance.get(stage, ()):
                if (named := record.get("settings", {}).get("covariates")) is not None:
                    return tuple(named)
        if self.patients is None:
            return None
        return tuple(self.patients.columns[len(tables.PATIENTS.columns) :])


def load(
    folder: Path,
    images: Sequence[Path] | None = None,
    samples: Sequence[Path] | None = None,
    genomics: Sequence[Path] | None = None,
    *,
    with_survival: bool = True,
) -> Run:
    """Read a results folder.

    Parameters
    ----------
    folder : Path
        Results folder.
    images, samples : sequence of Path, optional
        Images and samples tables of the batches; those that lie in the folder if not given.
    genomics : sequence of Path, optional
        Tables of ``GENOMICS``; those that lie in the folder if not given.
    with_survival : bool
        Whether tests on outcomes that lie in the folder are of this run.

    Raises
    ------
    MissingFileError
        ``association/results.parquet`` is absent.
    TableError
        A table is not what its specification says.
    UnknownThresholdError
        The results table has no record of its settings.
    """
    results = sort_results(tables.RESULTS.read(folder / RESULTS))
    images = sorted(folder.glob(IMAGES_PATTERN)) if images is None else images
    samples = sorted(folder.glob(SAMPLES_PATTERN)) if samples is None else samples
    genomics = sorted((folder / "genomics").glob("*")) if genomics is None else genomics
    of_genomics = {
        table.name.partition("/")[2]: _together(table, [path for path in genomics if path.name.endswith(end)])
        for end, table in GENOMICS.items()
    }
    sources = {
        "imaging": images,
        "radiomics": [folder / FEATURES],
        "genomics": [*samples, folder / ALTERATIONS],
        "cohort": [folder / PATIENTS],
        "association": [folder / RESULTS],
    }
    if any(path.is_file() for path in paths(folder)):
        sources["audit"] = paths(folder)
    with_survival = with_survival and (folder / SURVIVAL).is_file()
    if with_survival:
        sources["survival"] = [folder / SURVIVAL]
    provenance = {stage: records(files) for stage, files in sources.items()}
    return Run(
        folder=folder,
        results=results,
        thresholds=_thresholds(folder / RESULTS, provenance["association"]),
        provenance=provenance,
        summary=_optional(tables.SUMMARY, folder / SUMMARY),
        quantiles=_optional(tables.QUANTILES, folder / QUANTILES),
        patients=_optional(tables.PATIENTS, folder / PATIENTS),
        ledger=_optional(tables.LEDGER, folder / LEDGER),
        failures=_optional(tables.FAILURES, folder / FAILURES),
        images=_together(tables.IMAGES, images),
        acquisition=_optional(tables.ACQUISITION, folder / ACQUISITION),
        features=_optional(tables.FEATURES, folder / FEATURES, FEATURE_COLUMNS),
        selftest=_optional(tables.SELFTEST, folder / SELFTEST),
        alterations=_optional(tables.ALTERATIONS, folder / ALTERATIONS),
        samples=_together(tables.SAMPLES, samples),
        **of_genomics,
        audits=Audits.read(folder),
        survival=tables.SURVIVAL.read(folder / SURVIVAL) if with_survival else None,
        survival_curves=_optional(tables.SURVIVAL_CURVES, folder / SURVIVAL_CURVES) if with_survival else None,
    )


def sort_results(results: pd.DataFrame) -> pd.DataFrame:
    """Sort categories by name and rows by analysis, feature, marker and adjustment (adjustments in their own order)."""
    sorted_frame = results.copy(deep=False)
    for column in ("analysis", "feature", "marker", "gene", "image_type", "family"):
        used = sorted_frame[column].cat.remove_unused_categories()
        sorted_frame[column] = used.cat.set_categories(sorted(used.cat.categories))
    for column, values in (("adjustment", tables.ADJUSTMENTS), ("flag", tables.NOT_TESTED_REASONS)):
        sorted_frame[column] = sorted_frame[column].cat.set_categories(list(values))
    keys = [sorted_frame[column].cat.codes.to_numpy() for column in ("adjustment", "marker", "feature", "analysis")]
    return sorted_frame.iloc[np.lexsort(keys)].reset_index(drop=True)


def records(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Distinct provenance records of several tables; the inputs of records that differ in nothing else are united."""
    united: dict[tuple[str, str], dict[str, Any]] = {}
    for path in paths:
        record = dict(read_provenance(path)) if path.is_file() else {}
        if not record:
            continue
        key = (str(record.get("settings_hash")), repr(sorted(dict(record.get("versions", {})).items())))
        inputs = dict(record.get("inputs", {}))
        known = united.setdefault(key, {**record, "inputs": {}})["inputs"]
        for name, digest in inputs.items():
            known[_free_name(name, digest, known)] = digest
    return list(united.values())


def _free_name(name: str, digest: str, known: Mapping[str, str]) -> str:
    """The input's name, numbered where another file of that name (of another batch, say) is known already."""
    numbered, n = name, 1
    while known.get(numbered, digest) != digest:
        n += 1
        numbered = f"{name} ({n})"
    return numbered


def _thresholds(path: Path, found: Sequence[Mapping[str, Any]]) -> Thresholds:
    settings = found[0].get("settings", {}) if found else {}
    needed = ("alpha", "min_patients", "min_carriers")
    if missing := [name for name in needed if name not in settings]:
        raise UnknownThresholdError(path, missing)
    return Thresholds(
        alpha=float(settings["alpha"]),
        min_patients=int(settings["min_patients"]),
        min_carriers=int(settings["min_carriers"]),
        classes=tuple(settings.get("classes", ())),
        volume_feature=settings.get("volume_feature", ""),
        explained_share=float(settings["explained_share"]) if "explained_share" in settings else None,
        keep_p_below=settings.get("keep_p_below"),
        min_icc_low=settings.get("min_icc_low"),
        model=str(settings.get("model", "linear")),
        fit_p_below=float(settings.get("fit_p_below", 0)),
        firth_carriers_below=int(settings.get("firth_carriers_below", 0)),
        random_effect=settings.get("random_effect"),
        kinship=settings.get("kinship"),
        reml_p_below=float(settings.get("reml_p_below", 1)),
    )


def _optional(table: Table, path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame | None:
    return table.read(path, list(columns) if columns else None) if path.is_file() else None


def _together(table: Table, paths: Sequence[Path]) -> pd.DataFrame | None:
    """Several tables as one; of rows that batches have of the same file, say, the first stands."""
    if not paths:
        return None
    rows = pd.concat([table.read(path) for path in paths], ignore_index=True)
    return table.conform(rows.drop_duplicates(list(table.key)), table.name)
