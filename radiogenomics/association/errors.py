"""Why an association study cannot be set up."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from radiogenomics.errors import AssociationError, listing


class NoVolumeFeatureError(AssociationError):
    """The feature that the volume covariate is made of is not in the features table."""

    reason = "no_volume_feature"

    def __init__(self, wanted: str, analysis: str, near: Sequence[str]) -> None:
        self.wanted, self.analysis = wanted, analysis
        super().__init__(
            f"analysis {analysis!r}: no feature {wanted!r} to take the volume from;"
            f" features of shape or volume present: {listing(near, 5)}",
            hint="extract the family `shape`, or set `association.volume_feature` to a feature that measures volume"
            " (one of a finished table is called NAME_FEATURE), or to null for no adjustment",
        )


class NoLargestRegionError(AssociationError):
    """Which region of a patient counts is decided by volume, and there is none."""

    reason = "no_largest_region"

    def __init__(self, analysis: str, patients: Sequence[str]) -> None:
        self.analysis, self.patients = analysis, tuple(patients)
        super().__init__(
            f"analysis {analysis!r}: {len(patients)} patient(s) have several regions, and no feature says which is the"
            " largest",
            hint="set `association.volume_feature`, or keep one region of a patient in each role",
        )


class NoCopiesError(AssociationError):
    """No changed copy of an image has features."""

    reason = "no_copies"

    def __init__(self, kind: str, parts: Sequence[Path]) -> None:
        self.kind, self.parts = kind, tuple(parts)
        super().__init__(
            f"no copy of the kind {kind!r} in {len(parts)} table(s) of copies",
            hint="the failures tables of radiomics say why none could be made; or switch off what needs them:"
            " `radiomics.perturbations.copies`, `association.controls`",
        )


class NoStabilityError(AssociationError):
    """Features are to be stable, and no table says which are."""

    reason = "no_stability"

    def __init__(self, minimum: float) -> None:
        self.minimum = minimum
        super().__init__(
            f"association.min_icc_low is {minimum:g}, and no stability table was given",
            hint="make one with `radiogenomics association stability` and hand it over with --stability, or set"
            " `min_icc_low` to null",
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


class MixedMarkerError(AssociationError):
    """A marker is carried or not in some patients, and a number in others."""

    reason = "mixed_marker"

    def __init__(self, path: Path, markers: Sequence[str]) -> None:
        self.path, self.markers = path, tuple(markers)
        super().__init__(
            f"{path.name}: {listing(markers)} has states in some rows and numbers without a state in others",
            hint="give every row of a marker a state, or none of them",
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


class NoGroupError(AssociationError):
    """The covariate that patients are to be grouped by is not there, or is a number."""

    reason = "no_group"

    def __init__(self, key: str, name: str, categories: Sequence[str]) -> None:
        self.key, self.name, self.categories = key, name, tuple(categories)
        super().__init__(
            f"association.{key}: no category {name!r} among the covariates; categories: {listing(categories)}",
            hint="name a column of the covariates table that holds no numbers",
        )


class FewTablesError(AssociationError):
    """Sites cannot be pooled because there is only one."""

    reason = "few_tables"

    def __init__(self, found: int) -> None:
        self.found = found
        super().__init__(f"{found} results table(s) to pool", hint="give the results tables of two sites or more")


class ResultsDifferError(AssociationError):
    """Results of sites that do not estimate the same, so their mean has no meaning."""

    reason = "results_differ"

    def __init__(self, what: str, found: Mapping[str, Sequence[str]]) -> None:
        self.what, self.found = what, {name: tuple(values) for name, values in found.items()}
        super().__init__(
            f"results tables differ in {what}: "
            + "; ".join(f"{name}: {', '.join(values) or 'none'}" for name, values in self.found.items()),
            hint="run `radiogenomics association test` at each site with the same section association",
        )


class NoStandardErrorError(AssociationError):
    """Estimates without a standard error have no weight."""

    reason = "no_standard_error"

    def __init__(self, effect: str) -> None:
        self.effect = effect
        super().__init__(
            f"results of {effect!r} have no standard errors, so sites cannot be weighed",
            hint="set association.model to linear, logistic or ordinal",
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


class NoGeneSetError(AssociationError):
    """Random gene sets are asked for, and no tested marker is a gene set."""

    reason = "no_gene_set"

    def __init__(self, files: Sequence[str], sets: Sequence[str]) -> None:
        self.files, self.sets = tuple(files), tuple(sets)
        super().__init__(
            f"no tested marker is a set of {listing(files)}, which name {listing(sets, 4)}",
            hint="test a class of genomics.classes that the pathways are recorded in, and give the files of"
            " genomics.markers.pathways",
        )


class UnknownMaskError(AssociationError):
    """No genotypes of a burden mask whose sets are to be tested."""

    reason = "no_mask"

    def __init__(self, wanted: Sequence[str], present: Sequence[str]) -> None:
        self.wanted, self.present = tuple(wanted), tuple(present)
        super().__init__(
            f"no genotypes of the mask {listing(wanted)}; the table of sets holds {listing(present)}",
            hint="name masks of `genomics.markers.masks` in `association.sets.masks`, the same for `genomics sets`",
        )


class ScatteredGeneError(AssociationError):
    """Rows of one gene stand in several places of the table of sets."""

    reason = "scattered_gene"

    def __init__(self, path: Path, genes: Sequence[str]) -> None:
        self.path, self.genes = path, tuple(genes)
        super().__init__(
            f"{path.name}: rows of {listing(genes)} do not stand together",
            hint="sort the table by gene; `radiogenomics genomics sets` writes it so",
        )


class NoSetMarkerError(AssociationError):
    """Nothing says in whom the gene of a set was assayed."""

    reason = "no_set_marker"

    def __init__(self, path: Path, markers: Sequence[str]) -> None:
        self.path, self.markers = path, tuple(markers)
        super().__init__(
            f"{path.name}: no marker {listing(markers)}, so it is not known in whom the gene was assayed",
            hint="make alterations and sets from the same variants, with the same masks in `genomics.markers.masks`",
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


class NobodyRelatedError(AssociationError):
    """A matrix of kinship of other people."""

    reason = "nobody_related"

    def __init__(self, path: Path, patients: Sequence[str], found: Sequence[str]) -> None:
        self.path, self.patients, self.found = path, tuple(patients), tuple(found)
        super().__init__(
            f"{path.name}: fewer than two of the patients are in it; patients: {listing(patients)}; in the file:"
            f" {listing(found)}",
            hint="name rows and columns as `patient_id` of the patients sheet, not as samples",
        )


class NotACovarianceError(AssociationError):
    """A matrix of kinship with negative eigenvalues."""

    reason = "not_a_covariance"

    def __init__(self, path: Path, share: float, bound: float) -> None:
        self.path, self.share, self.bound = path, share, bound
        super().__init__(
            f"{path.name}: its smallest eigenvalue is {share:.3g} times its largest, below {bound:g}: no covariance",
            hint="take a genomic relationship matrix (plink2 --make-rel square), or that of a pedigree; KING-robust"
            " kinship of several populations is none",
        )
