"""Why an association study cannot be set up."""

from collections.abc import Sequence
from pathlib import Path

from radiogenomics.errors import AssociationError, listing


class NoVolumeFeatureError(AssociationError):
    """The feature that the volume covariate is made of is not in the features table."""

    reason = "no_volume_feature"

    def __init__(self, wanted: str, analysis: str, near: Sequence[str]) -> None:
        self.wanted, self.analysis = wanted, analysis
        super().__init__(
            f"analysis {analysis!r}: no feature {wanted!r} to take the volume from;"
            f" shape features present: {listing(near, 5)}",
            hint="extract the family `shape`, or set `association.volume_feature` to a feature that measures volume",
        )


class VolumeNotPositiveError(AssociationError):
    """A volume has no logarithm."""

    reason = "volume_not_positive"

    def __init__(self, feature: str, patients: Sequence[str]) -> None:
        self.feature, self.patients = feature, tuple(patients)
        super().__init__(
            f"{feature} is not positive in {len(patients)} patient(s): {listing(patients)}",
            hint="set `association.volume_feature` to a feature that measures volume",
        )


class UnknownClassError(AssociationError):
    """No marker of a class that is to be tested."""

    reason = "no_marker_of_class"

    def __init__(self, wanted: Sequence[str], present: Sequence[str]) -> None:
        self.wanted, self.present = tuple(wanted), tuple(present)
        super().__init__(
            f"no marker of class {listing(wanted)}; the alterations table holds {listing(present)}",
            hint="set `association.classes` to classes that `genomics.classes` records",
        )


class NoPatientColumnError(AssociationError):
    """The covariates table does not say which patient a row is about."""

    reason = "no_patient_column"

    def __init__(self, path: Path, present: Sequence[str]) -> None:
        self.path = path
        super().__init__(
            f"{path.name}: no column 'patient_id'; found {listing(present)}",
            hint="name the column of patients patient_id",
        )


class NoCommonPatientError(AssociationError):
    """Features and covariates are about different patients."""

    reason = "no_common_patient"

    def __init__(self, path: Path, found: Sequence[str], wanted: Sequence[str]) -> None:
        self.path = path
        super().__init__(
            f"{path.name}: no patient of the covariates table has features: {listing(found)} against {listing(wanted)}",
            hint="use the same identifiers in features, markers and covariates",
        )


class UnknownRandomEffectError(AssociationError):
    """The covariate that the random effect is made of is not in the covariates table."""

    reason = "unknown_random_effect"

    def __init__(self, name: str, present: Sequence[str]) -> None:
        self.name, self.present = name, tuple(present)
        super().__init__(
            f"no covariate {name!r} to take the random effect from; covariates present: {listing(present)}",
            hint="add the column to the covariates, or set `association.random_effect` to one of them",
        )


class UnusableRandomEffectError(AssociationError):
    """A covariate of which the levels tell no variance."""

    reason = "unusable_random_effect"

    def __init__(self, name: str, levels: int, patients: int) -> None:
        self.name, self.levels, self.patients = name, levels, patients
        super().__init__(
            f"random effect {name!r} has {levels} level(s) in {patients} patient(s); at least two levels, and one of"
            " several patients, are needed",
            hint="take a category such as the site, or another `association.model`",
        )
