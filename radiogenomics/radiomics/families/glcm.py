"""Features of grey level co-occurrence matrices (IBSI reference manual, 3.6)."""

from itertools import pairwise

import numpy as np

from radiogenomics.radiomics.matrices.cells import Cells, Sums, tally
from radiogenomics.radiomics.matrices.layout import IndexArray
from radiogenomics.radiomics.region import Definition, FloatArray

# Up to this many grey levels all eigenvalues are computed, beyond it only the one that is wanted.
MAXIMUM_DENSE_LEVELS = 192


class _Marginal:
    """Distribution of one quantity in each matrix of a stack: values with probabilities, sorted by matrix."""

    def __init__(self, cells: Cells, quantity: IndexArray, total: FloatArray) -> None:
        self.matrix, self.key, number = tally(cells.matrix, quantity, cells.number)
        self.value = self.key.astype(np.float64)
        self.p = number / total[self.matrix]
        self.sums = Sums(self.matrix)

    def mean(self, values: FloatArray) -> FloatArray:
        """Expectation of a function of the quantity, (n_matrices,)."""
        return self.sums(values * self.p)

    def entropy(self) -> FloatArray:
        return -self.sums(self.p * np.log2(self.p))

    def central(self, mean: FloatArray) -> FloatArray:
        """Values less the mean of their matrix."""
        return self.value - mean[self.matrix]


def cooccurrence_features(
    cells: Cells, n_levels: int, definition: Definition, *, one_level: bool
) -> dict[str, FloatArray]:
    """Compute the features of a stack of symmetric co-occurrence matrices.

    Most follow from the distributions of the level, of the sum and of the difference of two levels.

    Parameters
    ----------
    cells : Cells
        Symmetric matrices of counts.
    n_levels : int
        Number of grey levels that differences are normalised by.
    definition : Definition
        Under ``pyradiomics`` a matrix of one grey level counts with a constant where the feature is undefined for it;
        under ``ibsi`` it does not count.
    one_level : bool
        The region has one grey level. Then no constants are taken, as nothing else would stand behind the average.

    Returns
    -------
    dict of (n_matrices,) float64
        Values by name, NaN where a feature is undefined.
    """
    sums = Sums(cells.matrix)
    total = sums(cells.number)
    level = _Marginal(cells, cells.row, total)
    added = _Marginal(cells, cells.row + cells.column, total)
    difference = _Marginal(cells, np.abs(cells.row - cells.column), total)
    p = cells.number / total[cells.matrix]

    mean = level.mean(level.value)
    variance = level.mean(level.central(mean) ** 2)
    spread = added.central(2 * mean)
    tendency = added.mean(spread**2)
    gap, gap_squared = difference.value, difference.value**2
    contrast, gap_mean = difference.mean(gap_squared), difference.mean(gap)
    covariance = (tendency - contrast) / 4
    entropy, joint_entropy = level.entropy(), -sums(p * np.log2(p))
    # In a symmetric matrix HXY1 = HXY2 = 2 HX. Rounding may make the mutual information of independent levels negative.
    information = np.maximum(2 * entropy - joint_entropy, 0)

    flat = np.bincount(level.matrix) == 1
    constants = definition == "pyradiomics" and not one_level

    def unless_flat(values: FloatArray, constant: float) -> FloatArray:
        return np.where(flat, constant if constants else np.nan, values)

    with np.errstate(invalid="ignore", divide="ignore"):
        values = {
            "MaximumProbability": np.maximum.reduceat(p, sums.first),
            "JointAverage": mean,
            "SumSquares": variance,
            "JointEntropy": joint_entropy,
            "DifferenceAverage": gap_mean,
            "DifferenceVariance": difference.mean(difference.central(gap_mean) ** 2),
            "DifferenceEntropy": difference.entropy(),
            "SumAverage": 2 * mean,
            "SumVariance": tendency,
            "SumEntropy": added.entropy(),
            "JointEnergy": sums(p**2),
            "Contrast": contrast,
            "Dissimilarity": gap_mean,
            "Id": difference.mean(1 / (1 + gap)),
            "Idn": difference.mean(1 / (1 + gap / n_levels)),
            "Idm": difference.mean(1 / (1 + gap_squared)),
            "Idmn": difference.mean(1 / (1 + gap_squared / n_levels**2)),
            "InverseVariance": difference.mean(np.where(gap > 0, 1 / gap_squared, 0)),
            "Correlation": unless_flat(covariance / variance, 1),
            "Autocorrelation": covariance + mean**2,
            "ClusterTendency": tendency,
            "ClusterShade": added.mean(spread**3),
            "ClusterProminence": added.mean(spread**4),
            "Imc1": unless_flat(-information / entropy, 0),
            "Imc2": unless_flat(np.sqrt(-np.expm1(-2 * information)), 0),
        }
    if definition == "pyradiomics":
        values["MCC"] = unless_flat(_maximal_correlation(cells, p, level), 0)
    return values


def _maximal_correlation(cells: Cells, p: FloatArray, level: _Marginal) -> FloatArray:
    """Second largest absolute eigenvalue of p(i, j) / sqrt(p(i) p(j)), (n_matrices,).

    Its square is the second largest eigenvalue of Haralick's Q. The largest eigenvalue, 1, has the eigenvector
    sqrt(p(i)) and is taken out, so that the one wanted is the largest.
    """
    present, place = np.unique(level.key, return_inverse=True)
    root = np.zeros((level.sums.first.size, present.size))
    root[level.matrix, place] = np.sqrt(level.p)
    row, column = np.searchsorted(present, cells.row), np.searchsorted(present, cells.column)
    scaled = p / (root[cells.matrix, row] * root[cells.matrix, column])
    if present.size <= MAXIMUM_DENSE_LEVELS:
        stack = -root[:, :, None] * root[:, None, :]
        stack[cells.matrix, row, column] += scaled
        largest: FloatArray = np.abs(np.linalg.eigvalsh(stack)).max(axis=1)
        return largest
    ends = np.searchsorted(cells.matrix, np.arange(len(root) + 1))
    parts = [slice(first, last) for first, last in pairwise(ends)]
    return np.array([_largest_eigenvalue(scaled[a], row[a], column[a], r) for a, r in zip(parts, root, strict=True)])


def _largest_eigenvalue(scaled: FloatArray, row: IndexArray, column: IndexArray, root: FloatArray) -> float:
    """Largest absolute eigenvalue of a sparse symmetric matrix less the outer product of a vector with itself."""
    size = root.size
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import LinearOperator, eigsh

    matrix = csr_matrix((scaled, (row, column)), shape=(size, size))
    operator = LinearOperator((size, size), matvec=lambda v: matrix @ v - root * (root @ v), dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(size)
    return float(abs(eigsh(operator, k=1, which="LM", v0=start, return_eigenvectors=False)[0]))
