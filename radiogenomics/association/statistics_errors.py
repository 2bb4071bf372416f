"""Why a statistic cannot be computed from what it was given."""

from collections.abc import Sequence

from radiogenomics.errors import AssociationError, listing


class NotAProbabilityError(AssociationError):
    """A p-value lies outside 0 to 1."""

    reason = "not_a_probability"

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        super().__init__(
            f"p-values from {low:g} to {high:g}",
            hint="give p-values between 0 and 1, missing ones as NaN; −log10 p has to be converted first",
        )


class NullShareError(AssociationError):
    """The share of true null hypotheses is estimated as zero, so q-values would all be zero."""

    reason = "null_share_zero"

    def __init__(self, tests: int) -> None:
        self.tests = tests
        super().__init__(
            f"no p-value of {tests} is large enough to estimate the share of true null hypotheses",
            hint="use Benjamini–Hochberg, which needs no such estimate",
        )


class ShapeMismatchError(AssociationError):
    """Two arrays that belong together have different lengths."""

    reason = "shape_mismatch"

    def __init__(self, **shapes: Sequence[int]) -> None:
        self.shapes = {name: tuple(shape) for name, shape in shapes.items()}
        super().__init__(
            "arrays do not fit: " + ", ".join(f"{name} {shape}" for name, shape in self.shapes.items()),
            hint="rows are patients in one order; see the shapes in the description of the function",
        )


class TooFewRowsError(AssociationError):
    """Too few complete rows for the statistic."""

    reason = "too_few_rows"

    def __init__(self, found: int, needed: int, what: str) -> None:
        self.found, self.needed, self.what = found, needed, what
        super().__init__(
            f"{what}: {found} complete row(s), at least {needed} needed",
            hint="leave out the columns with most missing values",
        )


class ConstantColumnError(AssociationError):
    """A column does not vary, so it has no correlation with anything."""

    reason = "constant_column"

    def __init__(self, columns: Sequence[object], what: str) -> None:
        self.columns, self.what = tuple(columns), what
        super().__init__(
            f"{what}: {len(columns)} column(s) do not vary: {listing(self.columns)}",
            hint="leave these columns out first",
        )


class TooFewOrdersError(AssociationError):
    """Patients can be exchanged in fewer ways than permutations are asked for."""

    reason = "too_few_orders"

    def __init__(self, patients: int, orders: float, wanted: int, feature: int, marker: int) -> None:
        self.patients, self.orders, self.wanted, self.feature, self.marker = patients, orders, wanted, feature, marker
        super().__init__(
            f"the {patients} patients of feature {feature} and marker {marker} can be exchanged in {orders:.0f} way(s),"
            f" fewer than the {wanted} permutations asked for",
            hint="patients move only inside their group and among those with the same missing features:"
            " use larger groups, or leave out the features with scattered missing values",
        )


class NothingToTestError(AssociationError):
    """No pair of the family can be tested."""

    reason = "nothing_to_test"

    def __init__(self, pairs: int) -> None:
        self.pairs = pairs
        super().__init__(
            f"none of {pairs} pair(s) of feature and marker has variation left after the covariates",
            hint="check the features, the markers and the covariates",
        )


class SparseBatchError(AssociationError):
    """A batch has too few values of some features to know its mean and variance."""

    reason = "sparse_batch"

    def __init__(self, batch: str, needed: int, features: Sequence[int], rows: int) -> None:
        self.batch, self.needed, self.features, self.rows = batch, needed, tuple(features), rows
        super().__init__(
            f"batch {batch!r} of {rows} row(s) has fewer than {needed} value(s) of {len(self.features)} feature(s),"
            f" columns {listing(self.features, 6)}",
            hint="merge the batch with one of the same scanner, leave it out, or leave out the features",
        )


class ConstantInBatchError(AssociationError):
    """Features have no variance in a batch, so it cannot be brought to that of the others."""

    reason = "constant_in_batch"

    def __init__(self, batch: str, features: Sequence[int]) -> None:
        self.batch, self.features = batch, tuple(features)
        super().__init__(
            f"{len(self.features)} feature(s) do not vary within batch {batch!r}: columns {listing(self.features, 6)}",
            hint="leave these features out, or adjust means only",
        )


class ConfoundedDesignError(AssociationError):
    """Batches and covariates cannot be told apart."""

    reason = "confounded_design"

    def __init__(self, columns: int, rank: int) -> None:
        self.columns, self.rank = columns, rank
        super().__init__(
            f"batches and covariates have {columns} columns of rank {rank}: some covariate is a combination of others"
            " or of the batches",
            hint="remove the covariate; what only one batch has cannot be kept while the batch is removed",
        )


class UnknownBatchError(AssociationError):
    """A batch that nothing was learnt about."""

    reason = "unknown_batch"

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        self.unknown, self.known = tuple(unknown), tuple(known)
        super().__init__(
            f"batch {listing(self.unknown)} is not among those fitted: {listing(self.known)}",
            hint="fit with rows of every batch that is to be transformed",
        )


class NotConvergedError(AssociationError):
    """An iteration did not settle."""

    reason = "not_converged"

    def __init__(self, what: str, iterations: int) -> None:
        self.what, self.iterations = what, iterations
        super().__init__(
            f"{what} did not settle in {iterations} iterations",
            hint="look for features of extreme scale or with few values in a batch",
        )


class OutOfRangeError(AssociationError):
    """A number lies where the question has no answer."""

    reason = "out_of_range"

    def __init__(self, name: str, value: float, allowed: str) -> None:
        self.name, self.value, self.allowed = name, value, allowed
        super().__init__(f"{name} is {value:g}", hint=f"give {allowed}")


class SmallPoolError(AssociationError):
    """More genes of a kind are asked for than there are."""

    reason = "small_pool"

    def __init__(self, stratum: int, wanted: int, available: int) -> None:
        self.stratum, self.wanted, self.available = stratum, wanted, available
        super().__init__(
            f"{wanted} genes of stratum {stratum} wanted, {available} available",
            hint="use wider strata of carrier counts or list each gene of a set once",
        )
