"""Enrichment of gene sets in single samples (ssGSEA), Barbie et al. 2009, Nature 462:108."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.genomics.markers.rows import FloatArray

# Weight of the ranks, as Barbie et al. chose it.
ALPHA = 0.25


def ssgsea(values: FloatArray, sets: Sequence[NDArray[np.intp]], alpha: float = ALPHA) -> FloatArray:
    r"""Score of each set in each sample, (n_sets, n_samples); not normalised.

    Genes are walked through from the highest to the lowest. The score is the sum, over all steps, of the share of the
    set's weight that was met less the share of the other genes that was met; a gene weighs its rank, of which the
    lowest is 1, to the power ``alpha``. A gene of rank r is met in r of the n steps, so the sum over the steps is

    .. math:: \frac{\sum_S r^{1 + \alpha}}{\sum_S r^\alpha} - \frac{\sum_{\bar S} r}{n - |S|}

    Genes of equal values have their mean rank, so that their order in the file does not matter. Where values are
    missing, the sample has fewer genes.

    Parameters
    ----------
    values : (n_genes, n_samples)
        Expression, of any unit that orders genes; may be missing.
    sets : sequence of arrays
        Rows of the genes of each set.

    Returns
    -------
    FloatArray
        Missing where no gene of the set, or no other gene, has a value.
    """
    ranks = pd.DataFrame(values).rank(method="average", na_option="keep").to_numpy(float)
    n, total = (~np.isnan(ranks)).sum(axis=0), np.nansum(ranks, axis=0)
    scores = np.full((len(sets), values.shape[1]), np.nan)
    for row, members in enumerate(sets):
        own = ranks[members]
        met, weight = np.nansum(own ** (1 + alpha), axis=0), np.nansum(own**alpha, axis=0)
        others = n - (~np.isnan(own)).sum(axis=0)
        known = (weight > 0) & (others > 0)
        scores[row, known] = (met / np.where(known, weight, 1))[known]
        scores[row, known] -= ((total - np.nansum(own, axis=0)) / np.where(known, others, 1))[known]
    return scores
