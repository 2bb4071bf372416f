"""Grey tone features against their double sums."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from radiogenomics.radiomics.families import ngtdm

ROWS = st.lists(
    st.tuples(st.integers(1, 50), st.integers(1, 9), st.floats(0.01, 30)),
    min_size=2,
    max_size=12,
    unique_by=lambda row: row[0],
)


@pytest.mark.parametrize("block", [1, 5, ngtdm.BLOCK])
@given(rows=ROWS)
def test_values_are_those_of_the_double_sums(rows, block):
    level, n_voxels, difference = map(np.array, zip(*sorted(rows), strict=True))
    i, p, s = level.astype(float), n_voxels / n_voxels.sum(), difference
    apart = i[:, None] - i
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngtdm, "BLOCK", block)
        found = ngtdm.grey_tone_features(level, n_voxels, difference)
    expected = {
        "Coarseness": 1 / (p @ s),
        "Contrast": (p[:, None] * p * apart**2).sum() / (i.size * (i.size - 1)) * s.sum() / n_voxels.sum(),
        "Complexity": (np.abs(apart) * ((p * s)[:, None] + p * s) / (p[:, None] + p)).sum() / n_voxels.sum(),
        "Strength": ((p[:, None] + p) * apart**2).sum() / s.sum(),
    }
    weights = level * n_voxels
    if imbalance := np.abs(weights[:, None] - weights).sum():
        expected["Busyness"] = (p @ s) * n_voxels.sum() / imbalance
    else:
        assert np.isnan(found.pop("Busyness")).all()
    assert {name: value.item() for name, value in found.items()} == pytest.approx(expected, rel=1e-9)
