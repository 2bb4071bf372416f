"""What every audit starts from: the tables and settings of the tests, one analysis after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.association.confounding import levels_of
from radiogenomics.association.copies import read_copies
from radiogenomics.association.design import Features, Markers, designs, rank_normal
from radiogenomics.association.gate import gated, stable
from radiogenomics.association.harmonised import Harmonised, harmonised
from radiogenomics.association.models import scan_of
from radiogenomics.association.random_effects import RandomEffect, random_effect
from radiogenomics.association.reading import read_features, read_markers, read_patients
from radiogenomics.association.scan import Scan
from radiogenomics.config import load_section
from radiogenomics.config.association import Association
from radiogenomics.provenance import Provenance, digests

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Analysis:
    """One role of image."""

    features: Features
    markers: Markers
    covariates: pd.DataFrame
    options: Association
    stability: Path | None = None

    @property
    def name(self) -> str:
        """Name of the analysis."""
        return self.features.analysis

    @cached_property
    def volume(self) -> FloatArray | None:
        """Volume (n_patients,) of each patient; None if the study has none."""
        name = self.options.volume_feature
        return None if name is None else self.features.volume(name)

    @cached_property
    def designs(self) -> Mapping[str, FloatArray]:
        """Design (n_patients, n_columns) of each adjustment, from the least adjusted to ``fullest``.

        What has a random effect in the tests is a fixed effect here.
        """
        return designs(self.volume, self.covariates)

    @property
    def fullest(self) -> str:
        """The adjustment with most columns: full, if the study has a volume or covariates."""
        return list(self.designs)[-1]

    @cached_property
    def carriers(self) -> Markers:
        """The markers that say who carries something; not those that are numbers."""
        if self.markers.numbers is None:
            return self.markers
        kept = ~self.markers.numbers
        return Markers(self.markers.names[kept].reset_index(drop=True), self.markers.values[:, kept])

    @cached_property
    def stable(self) -> BoolArray | None:
        """Features (n_features,) that may be tested; None if all may."""
        return stable(self.features, self.options, self.stability)

    @property
    def kept(self) -> BoolArray:
        """Features (n_features,) that may be tested, all if there is no limit."""
        return np.ones(self.features.values.shape[1], np.bool_) if self.stable is None else self.stable

    @cached_property
    def ranked(self) -> FloatArray:
        """Features (n_patients, n_features) as they are tested."""
        return rank_normal(self.features.values)

    @cached_property
    def random(self) -> RandomEffect:
        """What has a random effect in the tests.

        Raises
        ------
        UnknownRandomEffectError
        MissingFileError, TableError, NotACovarianceError
            Of the file of relatedness.
        """
        return random_effect(self.covariates, self.options)

    @property
    def adjustments(self) -> Mapping[str, FloatArray]:
        """Design (n_patients, n_columns) of each adjustment that is tested; raises what ``random`` does."""
        return self.designs if self.random.covariance is None else designs(self.volume, self.random.fixed)

    def scan(self, values: FloatArray, threads: int, only: str | None = None) -> Scan:
        """The model of the tests on features (n_patients, n_features), which may be others than those of the study.

        ``only`` names the one adjustment that is wanted; features that are not stable enough are not tested.

        Raises
        ------
        NoStabilityError
        As ``random``.
        """
        wanted = {name: design for name, design in self.adjustments.items() if only in (None, name)}
        return gated(scan_of(self.options, values, wanted, threads, self.random.covariance), self.stable)

    def at(self, patients: BoolArray, without: str) -> "Analysis":
        """The analysis of some patients (n_patients,), without a covariate."""
        markers = Markers(self.markers.names, self.markers.values[patients], self.markers.numbers)
        covariates = self.covariates[patients].drop(columns=without)
        return Analysis(self.features.at(patients), markers, covariates, self.options, self.stability)

    @cached_property
    def confounders(self) -> pd.DataFrame:
        """Volume, under the name of its feature, and the covariates, a row a patient."""
        if self.volume is None:
            return self.covariates
        volume = pd.Series(self.volume, index=self.covariates.index, name=self.options.volume_feature)
        return pd.concat([volume, self.covariates], axis=1)

    def groups(self, key: Literal["site", "exchange_within"]) -> pd.Series:
        """Level of each patient in the covariate that a setting names, missing where unknown; one level without it.

        Raises
        ------
        NoGroupError
        """
        name = getattr(self.options, key)
        if name is None:
            return pd.Series("", index=self.covariates.index)
        return levels_of(self.covariates, key, name)

    @cached_property
    def imaged(self) -> BoolArray:
        """Patients (n_patients,) with any feature."""
        present: BoolArray = np.any(np.isfinite(self.features.values), axis=1, keepdims=True)[:, 0]
        return present

    @cached_property
    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Carriers and others (n_markers,) of each of ``carriers`` among patients with any feature."""
        known = self.carriers.values[self.imaged]
        return (known > 0).sum(axis=0), (known == 0).sum(axis=0)

    @cached_property
    def testable(self) -> NDArray[np.intp]:
        """Those of ``carriers`` with as many carriers and others as a test needs."""
        return np.flatnonzero(np.minimum(*self.counts) >= self.options.min_carriers)


@dataclass(frozen=True)
class Inputs:
    """Tables and settings of ``association test``."""

    features: Path
    markers: Path
    covariates: Path
    options: Association
    stability: Path | None = None

    @classmethod
    def read(
        cls, features: Path, markers: Path, covariates: Path, settings: str, stability: Path | None = None
    ) -> "Inputs":
        """Take the paths and read the settings; ``stability`` is the table that ``min_icc_low`` needs."""
        return cls(features, markers, covariates, load_section(Association, settings), stability)

    @cached_property
    def patients(self) -> pd.DataFrame:
        """Covariates of the analysed patients."""
        return read_patients(self.covariates)

    def carriers(self, classes: tuple[str, ...] | None = None) -> Markers:
        """Markers of the classes that are tested, or of others."""
        return read_markers(self.markers, list(self.patients.index), classes or self.options.classes)

    def analyses(self, markers: Markers | None = None) -> Iterator[Analysis]:
        """The analyses, by name, with the markers that are tested or with others."""
        carriers = self.carriers() if markers is None else markers
        for part in self.matrices():
            yield Analysis(part, carriers, self.patients, self.options, self.stability)

    def matrices(self) -> Iterator[Features]:
        """Features of each analysis as they are tested, before ranks: harmonised, if that is asked for."""
        if self.options.harmonise.wanted:
            yield from (found.after for found in self.harmonised())
        else:
            yield from self._measured()

    def harmonised(self) -> Iterator[Harmonised]:
        """Features of each analysis before and after harmonisation."""
        for part in self._measured():
            yield harmonised(part, self.patients, self.options)

    def copied(self, parts: Sequence[Path], analysis: str, kind: str) -> Iterator[Features]:
        """Features of an analysis in one changed copy of the cohort after the other, as they are tested.

        Each is harmonised anew, if that is asked for. A volume that is not positive is taken for missing.

        Raises
        ------
        NoCopiesError
        """
        measured = next(part for part in self._measured() if part.analysis == analysis)
        for copy in read_copies(parts, kind, measured):
            features = copy.with_positive(self.options.volume_feature)
            wanted = self.options.harmonise.wanted
            yield harmonised(features, self.patients, self.options).after if wanted else features

    def _measured(self) -> Iterator[Features]:
        return read_features(self.features, list(self.patients.index), self.options.volume_feature)

    def provenance(self, *further: Path, without: frozenset[str] = frozenset(), **more: object) -> Provenance:
        """Record of the settings but for some keys, of ``more``, and of files, with those that one command reads."""
        record = {**self.options.record(without), "covariates": list(self.patients.columns), **more}
        stability = [self.stability] if self.stability is not None else []
        read = [self.features, self.markers, self.covariates, *stability, *further]
        return Provenance("association", record, digests(read))
