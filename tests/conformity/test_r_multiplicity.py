"""Adjusted p-values against R: stats::p.adjust and the package qvalue."""

import numpy as np
import pytest

from radiogenomics.association import multiplicity
from tests.conformity.r_oracle import run_r


def mixture(seed: int, tests: int, share: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    p = rng.random(tests)
    p[: int(tests * share)] **= 6
    return p


@pytest.mark.parametrize(("seed", "tests", "share"), [(1, 5000, 0.3), (2, 400, 0.05), (3, 20_000, 0.7)])
def test_q_values_equal_those_of_the_package_qvalue(seed, tests, share, tmp_path):
    p = mixture(seed, tests, share)
    script = 'f <- qvalue::qvalue(p[1, ], pi0.method = "bootstrap"); out$q <- f$qvalues; out$pi0 <- f$pi0'
    theirs = run_r(script, tmp_path, ("qvalue",), p=p)
    ours = multiplicity.storey(p)
    assert ours.pi0 == pytest.approx(theirs["pi0"][0, 0], abs=1e-14)
    np.testing.assert_allclose(ours.q, theirs["q"][:, 0], rtol=0, atol=1e-14)


def test_adjusted_values_equal_those_of_p_adjust(tmp_path):
    p = np.round(mixture(4, 3000, 0.2), 3)  # rounded, so that there are ties
    script = "\n".join(f'out${name} <- p.adjust(p[1, ], "{name}")' for name in ("BH", "BY", "holm"))
    theirs = run_r(script, tmp_path, p=p)
    ours = {
        "BH": multiplicity.benjamini_hochberg(p),
        "BY": multiplicity.benjamini_yekutieli(p),
        "holm": multiplicity.holm(p),
    }
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name][:, 0], rtol=1e-13, atol=0)
