"""Single-sample enrichment of gene sets against R: GSVA."""

import numpy as np

from radiogenomics.genomics.markers.ssgsea import ssgsea
from tests.conformity.r_oracle import run_r

SCRIPT = """
score <- function(x, norm) {
    dimnames(x) <- list(paste0("g", seq_len(nrow(x))), paste0("s", seq_len(ncol(x))))
    sets <- apply(members[seq_len(nrow(x)), ] == 1, 2, function(own) rownames(x)[own], simplify = FALSE)
    names(sets) <- paste0("set", seq_along(sets))
    GSVA::gsva(x, sets, method = "ssgsea", ssgsea.norm = norm, verbose = FALSE)
}
invisible(capture.output({
    out$small <- score(small, FALSE); out$large <- score(large, FALSE); out$normalised <- score(large, TRUE)
}))
"""


def test_scores_equal_those_of_gsva_where_no_values_are_equal(tmp_path):
    rng = np.random.default_rng(1)
    small, large = rng.normal(size=(12, 3)), rng.normal(size=(3000, 5))
    members = rng.random((3000, 4)) < [0.1, 0.2, 0.4, 0.8]
    members[:2] = [[True], [False]]
    theirs = run_r(SCRIPT, tmp_path, ("GSVA",), small=small, large=large, members=members.astype(float))
    for name, x in (("small", small), ("large", large)):
        ours = ssgsea(x, [np.flatnonzero(column) for column in members[: len(x)].T])
        np.testing.assert_allclose(ours, theirs[name], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours / np.ptp(ours), theirs["normalised"], rtol=1e-10, atol=1e-12)
