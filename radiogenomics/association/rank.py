"""Rank tests of every feature between the groups of every marker: Mann–Whitney and Kruskal–Wallis.

A pair is ranked on the patients that have both its feature and its marker, so a missing marker changes the ranks of its
features. Where a marker is complete one matrix product of ranks serves all features; where it is not, each feature is
walked once in its order. Results are matrices (n_features, n_markers).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.asymptotic import chi2_tail, normal_tail
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError
from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Codes = NDArray[np.int8]

RANK_REASONS = ("", "fewer than two groups", "no variation left", "no residual degrees of freedom")
FEW_GROUPS, NO_VARIATION, NO_DF = 1, 2, 3
MAX_LEVELS = 127


@dataclass(frozen=True)
class RankTests:
    """One test of all pairs, arrays (n_features, n_markers), NaN where ``flag``, an index of RANK_REASONS, is not 0.

    ``statistic`` is U of the carriers, H or ρ. ``effect`` is, in turn, the probability that a carrier has the larger
    value (0.5 is no effect, a tie counts one half), ε² = H/(n − 1) from 0 to 1, and for ρ that probability again, less
    what the covariates explain: ½ + b/2 with b the slope of the feature's ranks on the marker's, which without
    covariates is the probability itself if the marker has two values. ``deviate`` is the normal deviate or Student's t,
    NaN for H. ``df`` belongs to χ² or t, and is 0 for Mann–Whitney.
    """

    statistic: FloatArray
    effect: FloatArray
    deviate: FloatArray
    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.int32]
    df: NDArray[np.int32]
    flag: Codes


def mann_whitney(features: FloatArray, markers: FloatArray, *, continuity: bool = False) -> RankTests:
    """Two-sided Mann–Whitney test of carriers against others, normal approximation with the correction for ties.

    Parameters
    ----------
    features : (n_patients, n_features) float64
        NaN where missing.
    markers : (n_patients, n_markers) float64
        1 for carriers, 0 for the others, NaN where not assayed.
    continuity : bool
        Move U by one half towards its mean. Off by default: with many ties in small groups it is conservative.

    Raises
    ------
    ShapeMismatchError, OutOfRangeError

    Warnings
    --------
    The approximation is poor below some eight patients in the smaller group.
    """
    sums, counts, ties = _rank_sums(features, markers, 2)
    carriers, others = counts[1], counts[0]
    n = carriers + others
    with np.errstate(divide="ignore", invalid="ignore"):
        u = sums[1] - carriers * (carriers + 1) / 2
        spread = np.sqrt(carriers * others / 12 * ((n + 1) - ties / (n * (n - 1))))
        distance = np.abs(u - carriers * others / 2) - 0.5 * continuity
        # Half a step beyond the mean is no distance at all.
        deviate = np.sign(u - carriers * others / 2) * np.maximum(distance, 0) / spread
        p, neg_log10_p = normal_tail(deviate)
        effect = u / (carriers * others)
    flag = flag_of((FEW_GROUPS, (carriers == 0) | (others == 0)), (NO_VARIATION, ties >= n**3 - n))
    return results(n, np.zeros_like(n), flag, u, effect, deviate, p, neg_log10_p)


def kruskal_wallis(features: FloatArray, groups: FloatArray) -> RankTests:
    """Kruskal–Wallis test of every feature between the groups of every column, with the correction for ties.

    Parameters
    ----------
    features : (n_patients, n_features) float64
        NaN where missing.
    groups : (n_patients, n_markers) float64
        Group of each patient, a whole number from 0 to 126; NaN where unknown. Groups without a patient do not count.

    Raises
    ------
    ShapeMismatchError, OutOfRangeError
    """
    known = groups[~np.isnan(groups)]
    sums, counts, ties = _rank_sums(features, groups, int(min(max(known.max(initial=0), 0), MAX_LEVELS)) + 1)
    n = counts.sum(axis=0)
    df = (counts > 0).sum(axis=0) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.where(counts > 0, (sums - counts * (n + 1) / 2) ** 2 / np.maximum(counts, 1), 0).sum(axis=0)
        h = 12 * between / (n * (n + 1)) / (1 - ties / (n**3 - n))
        effect = h / (n - 1)
    flag = flag_of((FEW_GROUPS, df < 1), (NO_VARIATION, ties >= n**3 - n))
    p, neg_log10_p = chi2_tail(np.where(flag == 0, h, np.nan), np.maximum(df, 1))
    return results(n, df, flag, h, effect, np.full(h.shape, np.nan), p, neg_log10_p)


def _rank_sums(features: FloatArray, groups: FloatArray, levels: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sums of ranks and counts, each (levels, n_features, n_markers), and Σ t³ − t over ties of t values."""
    check_rows(features=features, markers=groups)
    known = groups[~np.isnan(groups)]
    odd = known[(known != np.floor(known)) | (known < 0) | (known >= min(levels, MAX_LEVELS))]
    if odd.size:
        raise OutOfRangeError("group", float(odd[0]), f"whole numbers from 0 to {min(levels, MAX_LEVELS) - 1}, or NaN")
    shape = features.shape[1], groups.shape[1]
    sums, counts, ties = np.zeros((levels, *shape)), np.zeros((levels, *shape)), np.zeros(shape)
    orders = Orders.of(features)
    complete = ~np.isnan(groups).any(axis=0)
    if complete.any():
        ranks = np.nan_to_num(orders.ranks(np.ones(len(features), bool), np.arange(features.shape[1])))
        there = (ranks > 0).astype(float)
        for level in range(levels):
            inside = (groups[:, complete] == level).astype(float)
            sums[level][:, complete], counts[level][:, complete] = ranks @ inside, there @ inside
        ties[:, complete] = orders.ties()[:, None]
    if not complete.all():
        codes = np.nan_to_num(groups[:, ~complete], nan=-1).T.astype(np.int8, order="C")
        parts = np.zeros((2, *shape[:1], len(codes), levels))
        holed = np.zeros((shape[0], len(codes)))
        _walk(orders.order, orders.present, orders.ends, codes, parts[0], parts[1], holed)
        sums[:, :, ~complete], counts[:, :, ~complete] = np.moveaxis(parts, 3, 1)
        ties[:, ~complete] = holed
    return sums, counts, ties


@dataclass(frozen=True)
class Orders:
    """Columns sorted once, to be ranked on any rows.

    ``order`` (n_columns, n_rows) holds rows by rising value, the ``present`` (n_columns,) first of them not NaN, and
    ``ends`` for each place where its run of equal values ends.
    """

    order: IntArray
    present: IntArray
    ends: IntArray

    @classmethod
    def of(cls, values: FloatArray) -> "Orders":
        """Orders of the columns of values (n_rows, n_columns)."""
        order = np.argsort(values, axis=0, kind="stable").T.astype(np.int64, order="C")
        ordered = np.take_along_axis(values.T, order, axis=1)
        last = np.ones(order.shape, bool)
        last[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
        place = np.where(last, np.arange(1, len(values) + 1), len(values))
        ends = np.ascontiguousarray(np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1])
        return cls(order, (~np.isnan(values)).sum(axis=0), ends)

    def ranks(self, rows: BoolArray, columns: IntArray) -> FloatArray:
        """Ranks from 1 of the chosen rows of the chosen columns, ties at their mean: (n_columns chosen, n_rows).

        NaN where a row is not chosen or has no value.
        """
        found = np.full((len(columns), len(rows)), np.nan)
        _rank(self.order, self.present, self.ends, rows, columns, found)
        return found

    def ties(self) -> FloatArray:
        """Σ t³ − t over the runs of t equal values of each column."""
        sizes = np.diff(
            np.where(np.arange(self.ends.shape[1]) < self.present[:, None], self.ends, 0), prepend=0, axis=1
        )
        sizes = np.maximum(sizes, 0).astype(float)
        total: FloatArray = (sizes**3 - sizes).sum(axis=1)
        return total


def check_rows(**arrays: FloatArray) -> None:
    """Refuse what are not matrices of the same rows."""
    if any(values.ndim != 2 for values in arrays.values()) or len({len(values) for values in arrays.values()}) > 1:
        raise ShapeMismatchError(**{name: values.shape for name, values in arrays.items()})


def flag_of(*cases: tuple[int, BoolArray]) -> Codes:
    """The code of the first case that holds, 0 where none does."""
    return np.select([where for _, where in cases], [code for code, _ in cases], 0).astype(np.int8)


def results(n: NDArray[np.generic], df: NDArray[np.generic], flag: Codes, *values: FloatArray) -> RankTests:
    """Statistic, effect, deviate, p and −log10 p of the pairs that have a test."""
    statistic, effect, deviate, p, neg_log10_p = (np.where(flag == 0, one, np.nan) for one in values)
    return RankTests(statistic, effect, deviate, p, neg_log10_p, n.astype(np.int32), df.astype(np.int32), flag)


@kernel("void(int64[:,::1],int64[::1],int64[:,::1],boolean[::1],int64[::1],float64[:,::1])")
def _rank(
    order: IntArray, present: IntArray, ends: IntArray, rows: BoolArray, columns: IntArray, ranks: FloatArray
) -> None:
    """Ranks of the chosen rows in each chosen column."""
    for column, i in enumerate(columns):
        below = 0.0
        k = 0
        while k < present[i]:
            here = 0.0
            for place in range(k, ends[i, k]):
                here += rows[order[i, place]]
            for place in range(k, ends[i, k]):
                if rows[order[i, place]]:
                    ranks[column, order[i, place]] = below + (here + 1) / 2
            below += here
            k = ends[i, k]


@kernel("void(int64[:,::1],int64[::1],int64[:,::1],int8[:,::1],float64[:,:,::1],float64[:,:,::1],float64[:,::1])")
def _walk(
    order: IntArray,
    present: IntArray,
    ends: IntArray,
    codes: Codes,
    sums: FloatArray,
    counts: FloatArray,
    ties: FloatArray,
) -> None:
    """Rank each feature on the patients with a code of the marker, adding ranks and counts to that code."""
    for i in range(order.shape[0]):
        for j in range(codes.shape[0]):
            below = 0.0
            k = 0
            while k < present[i]:
                end = ends[i, k]
                here = 0.0
                for place in range(k, end):
                    here += codes[j, order[i, place]] >= 0
                rank = below + (here + 1) / 2
                for place in range(k, end):
                    code = codes[j, order[i, place]]
                    if code >= 0:
                        sums[i, j, code] += rank
                        counts[i, j, code] += 1
                ties[i, j] += here * here * here - here
                below += here
                k = end
