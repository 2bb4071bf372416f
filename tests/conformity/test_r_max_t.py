"""Step-down max-T over every arrangement of two groups against R: multtest::mt.maxT."""

from itertools import islice, permutations

import numpy as np

from radiogenomics.association import exchange, permutation
from tests.conformity.r_oracle import run_r

SCRIPT = """
f <- multtest::mt.maxT(x, as.integer(label[1, ]), test = "t.equalvar", side = "abs", B = 0)
out$adjusted <- f$adjp[order(f$index)]
"""


def chunks(n):
    every = permutations(range(n))
    while part := list(islice(every, 64)):
        yield np.array(part)


def test_step_down_values_equal_complete_enumeration(tmp_path):
    rng = np.random.default_rng(6)
    label = np.array([0, 0, 0, 0, 1, 1, 1, 1.0])
    x = rng.normal(size=(25, 8)) + rng.normal(size=8)
    x[:4] += 3 * label
    theirs = run_r(SCRIPT, tmp_path, ("multtest",), x=x, label=label)["adjusted"][:, 0]
    y, g, design = x.T, label[:, None], np.ones((8, 1))
    stratum = np.zeros(8, int)
    blocks = list(exchange.blocks(y, g, design, np.ones((25, 1), bool), stratum, 40_320))
    ours = permutation.against_orders(blocks, (25, 1), chunks(8), steps=25, movable=1.0).step_down[:, 0]
    # Ours counts the observed arrangement once more: (1 + count) / (1 + 8!).
    np.testing.assert_allclose((ours * 40_321 - 1) / 40_320, theirs, rtol=1e-9)
