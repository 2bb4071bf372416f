"""Why batches cannot be harmonised as the settings ask."""

from collections.abc import Mapping, Sequence

from radiogenomics.errors import AssociationError, listing


class SmallBatchError(AssociationError):
    """A batch of so few patients has no mean, or no variance, to harmonise."""

    reason = "small_batch"

    def __init__(self, analysis: str, covariate: str, sizes: Mapping[str, int], needed: int) -> None:
        self.analysis, self.covariate, self.sizes, self.needed = analysis, covariate, dict(sizes), needed
        found = ", ".join(f"{name!r} has {n}" for name, n in self.sizes.items())
        super().__init__(
            f"analysis {analysis!r}: a batch of {covariate!r} needs {needed} patients with features to be harmonised;"
            f" {found}",
            hint="merge the batch with one of the same scanner, leave its patients out, or harmonise means only"
            " (association.harmonise.mean_only)",
        )


class OneBatchError(AssociationError):
    """There is nothing to bring together."""

    reason = "one_batch"

    def __init__(self, analysis: str, covariate: str, found: Sequence[str]) -> None:
        self.analysis, self.covariate, self.found = analysis, covariate, tuple(found)
        super().__init__(
            f"analysis {analysis!r}: patients with features are of {len(found)} batch(es) of {covariate!r}:"
            f" {listing(found)}",
            hint="set association.harmonise.method to none, or name a covariate of two levels or more",
        )


class UnknownReferenceError(AssociationError):
    """The batch that others are to be brought to is not there."""

    reason = "unknown_reference"

    def __init__(self, wanted: str, present: Sequence[str]) -> None:
        self.wanted, self.present = wanted, tuple(present)
        super().__init__(
            f"association.harmonise.reference: no batch {wanted!r}; batches: {listing(present)}",
            hint="name one of these, or null",
        )


class NothingKeptError(AssociationError):
    """A covariate that is to be kept is not in the covariates table."""

    reason = "no_kept_covariate"

    def __init__(self, missing: Sequence[str], present: Sequence[str]) -> None:
        self.missing, self.present = tuple(missing), tuple(present)
        super().__init__(
            f"association.harmonise.keep: no covariate {listing(missing)}; covariates: {listing(present)}",
            hint="name columns of the covariates table",
        )
