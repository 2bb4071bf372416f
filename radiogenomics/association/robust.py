"""HC3 standard errors (MacKinnon and White 1985) of all features on one marker after the other."""

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.exact import sandwich
from radiogenomics.association.projection import backward, dot, factor, forward
from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel(
    "void(float64[:,::1],float64[:,::1],int64[::1],int64[::1],float64[:,:,::1],float64[:,::1],float64[:,::1],"
    "int64[::1],float64[:,::1],float64[:,::1],boolean[::1])"
)
def hc3(
    features: FloatArray,
    markers: FloatArray,
    starts: IntArray,
    rows: IntArray,
    lost: FloatArray,
    basis: FloatArray,
    raw: FloatArray,
    chosen: IntArray,
    slope: FloatArray,
    se: FloatArray,
    one_patient: NDArray[np.bool_],
) -> None:
    """Overwrite ``se`` (m, f) of the chosen markers, and say where one patient alone decides the slope.

    ``features`` (n, f) are projected on ``basis`` (r, n); ``markers`` (m, n), ``starts``, ``rows`` and ``lost`` are
    those of the markers' ``Side``, ``raw`` (m, n) their values.
    """
    r, n = basis.shape
    a, inverse, q = np.empty((r, r)), np.empty(r), np.empty(r)
    moved, sums, residual = np.empty((r, features.shape[1])), np.empty(features.shape[1]), np.empty(features.shape[1])
    for j in chosen:
        for k in range(r):
            for m in range(r):
                a[k, m] = (1.0 if k == m else 0.0) - lost[j, k, m]
        factor(a, inverse)
        g, sgg = markers[j], dot(markers[j], markers[j])
        # On the rows of this marker the features are no longer orthogonal to the design.
        moved[:] = 0
        for s in rows[starts[j] : starts[j + 1]]:
            for k in range(r):
                q[k] = basis[k, s]
            forward(a, inverse, q)
            backward(a, inverse, q)
            for k in range(r):
                moved[k] -= q[k] * features[s]
        sums[:] = 0
        for i in range(n):
            if np.isnan(raw[j, i]):
                continue
            for k in range(r):
                q[k] = basis[k, i]
            forward(a, inverse, q)
            free = 1 - dot(q, q)
            weight, bad = sandwich(0.0, 1.0, g[i], free, sgg)
            one_patient[j] = one_patient[j] or bad
            for f in range(features.shape[1]):
                residual[f] = features[i, f] - slope[j, f] * g[i]
            for k in range(r if starts[j] < starts[j + 1] else 0):
                share, part = basis[k, i], moved[k]
                for f in range(features.shape[1]):
                    residual[f] -= share * part[f]
            for f in range(features.shape[1]):
                sums[f] += weight * residual[f] * residual[f]
        se[j] = np.sqrt(sums) / sgg
