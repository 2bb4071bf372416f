"""Ellipsoids around a region."""

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel
from radiogenomics.radiomics.mesh import Body
from radiogenomics.radiomics.region import FloatArray

IndexArray = npt.NDArray[np.int64]
Axes = tuple[float, float, float]

# The volume of the minimum volume enclosing ellipsoid is at most 1.5 times this too large, relatively.
MVEE_TOLERANCE = 1e-9
MVEE_STEPS = 100_000
# Legendre polynomials in the surface of an ellipsoid, as in the IBSI manual.
LEGENDRE_DEGREE = 20


def ellipsoid(semi_axes: Axes) -> Body:
    """Ellipsoid with three semi-axes in descending order.

    The area is the series of Legendre polynomials P of the IBSI manual (feature RDD2), summed as q = (alpha beta)^n P,
    which stays finite where axes are equal. The consensus values follow from it, yet it nears the area of an ellipsoid
    only near a ball and is 8 % too large for axes of 3:2:1: true are alpha² = 1 - (c / a)² and beta² = 1 - (c / b)².
    """
    a, b, c = semi_axes
    alpha2, beta2 = 1 - (b / a) ** 2, 1 - (c / a) ** 2
    middle, product = (alpha2 + beta2) / 2, alpha2 * beta2
    before, q, total = 0.0, 1.0, 0.0
    for n in range(LEGENDRE_DEGREE + 1):
        total += q / (1 - 4 * n * n)
        before, q = q, ((2 * n + 1) * middle * q - n * product * before) / (n + 1)
    return Body(4 / 3 * np.pi * a * b * c, 4 * np.pi * a * b * total)


def minimum_volume_ellipsoid(points: FloatArray) -> Axes | None:
    """Semi-axes, descending, of the smallest ellipsoid around points that do not lie in one plane.

    Khachiyan's algorithm with steps away from points (Todd and Yildirim, Discrete Applied Mathematics 155, 2007). The
    result encloses all points; None if ``MVEE_TOLERANCE`` is not reached within ``MVEE_STEPS``.
    """
    start = _far_points(points)
    weights = np.zeros(len(points))
    weights[start] = 1 / len(start)
    centre, scale = points.mean(axis=0), np.ptp(points)
    lifted = np.column_stack([(points - centre) / scale, np.ones(len(points))])
    inverse = np.linalg.inv(lifted[start].T @ lifted[start] / len(start))
    if not _balance(lifted, weights, inverse, MVEE_TOLERANCE, MVEE_STEPS):
        return None
    centred = points - weights @ points
    shape = (centred * weights[:, None]).T @ centred
    stretch = np.einsum("pi,ip->p", centred, np.linalg.solve(shape, centred.T)).max()
    c, b, a = np.sqrt(stretch * np.linalg.eigvalsh(shape))
    return float(a), float(b), float(c)


def _far_points(points: FloatArray) -> IndexArray:
    """Up to six points that span the space: the furthest along three directions, each across the former findings."""
    found: list[int] = []
    across = np.eye(3)
    for _ in range(3):
        along = points @ across[0]
        found += [int(along.argmin()), int(along.argmax())]
        spanned = points[found[1::2]] - points[found[::2]]
        across = np.linalg.svd(spanned)[2][len(spanned) :]
    return np.unique(found)


@kernel("b1(f8[:, ::1], f8[::1], f8[:, ::1], f8, i8)")
def _balance(points: FloatArray, weights: FloatArray, inverse: FloatArray, tolerance: float, steps: int) -> bool:
    """Shift weight to the outermost point, or from the innermost that has any, until these lie on the ellipsoid.

    ``points`` (points, 4) have 1 as their last coordinate; ``weights`` and the ``inverse`` of their weighted sum of
    squares are updated. Whether the tolerance is reached.
    """
    dimensions = 4
    count = len(points)
    distance = np.zeros(count)
    for i in range(count):
        for a in range(dimensions):
            for b in range(dimensions):
                distance[i] += points[i, a] * inverse[a, b] * points[i, b]
    image = np.empty(dimensions)
    for _ in range(steps):
        far = near = -1
        for i in range(count):
            if far < 0 or distance[i] > distance[far]:
                far = i
            if weights[i] > 0 and (near < 0 or distance[i] < distance[near]):
                near = i
        outside = distance[far] / dimensions - 1
        inside = 1 - distance[near] / dimensions
        if max(outside, inside) <= tolerance:
            return True
        chosen = far if outside > inside else near
        gap = distance[chosen]
        emptied = -weights[chosen] / (1 - weights[chosen])
        step = max(emptied, (gap / dimensions - 1) / (gap - 1)) if gap > 1 else emptied
        for i in range(count):
            weights[i] *= 1 - step
        weights[chosen] = 0.0 if step == emptied else weights[chosen] + step
        share = step / (1 - step + step * gap)
        for a in range(dimensions):
            image[a] = 0.0
            for b in range(dimensions):
                image[a] += inverse[a, b] * points[chosen, b]
        for a in range(dimensions):
            for b in range(dimensions):
                inverse[a, b] = (inverse[a, b] - share * image[a] * image[b]) / (1 - step)
        for i in range(count):
            product = 0.0
            for a in range(dimensions):
                product += points[i, a] * image[a]
            distance[i] = (distance[i] - share * product * product) / (1 - step)
    return False
