"""Principal components of common, pruned sites: fitted on some samples, the others projected."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from radiogenomics.genomics.quality.genotypes import ratio

Floats = npt.NDArray[np.float64]
# The last digits of sums of floats depend on the number of threads; they are cut off.
DECIMALS = 9
# Sites that are standardised at a time.
_CHUNK = 1024


@dataclass(frozen=True)
class Components:
    """Components in the order of their eigenvalues, the largest first.

    Attributes
    ----------
    coordinates : (n_samples, n_components) float64
        Elements of the eigenvectors, which have length 1 over the fitted samples; NaN for a sample without a genotype.
    eigenvalues : (n_components,) float64
        Of the relationship matrix.
    n_sites : int
        Sites that vary among the fitted samples.
    """

    coordinates: Floats
    eigenvalues: Floats
    n_sites: int


def components(sites: npt.NDArray[np.int8], fitted: npt.NDArray[np.bool_], n_components: int) -> Components:
    """Eigenvectors of the relationship matrix of the fitted samples, as ``plink2 --pca`` has them.

    The matrix is the mean over sites of z zᵀ, z = (copies - 2p) / sqrt(2pq) with p of the fitted samples, over the
    sites called in both samples of a pair (Yang 2011). A sample is projected by its mean of z times the weights
    of the sites; projections are closer to the origin than fitted samples would be, the more so the fewer the sites.
    Each component points to where the coordinate of largest size is positive.

    Parameters
    ----------
    sites : (n_sites, n_samples) int8
        Copies of ALT, -1 where missing; may lie on disk.
    fitted : (n_samples,) bool
        Samples that the components are computed of; those without a genotype must not be among them.

    Returns
    -------
    Components
        With fewer components than asked for if there are not as many positive eigenvalues.
    """
    n = int(fitted.sum())
    products, shared = np.zeros((n, n)), np.zeros((n, n))
    n_sites = 0
    for z, called in _standardised(sites, fitted):
        z, present = z[:, fitted], called[:, fitted].astype(np.float32)
        products += z.T @ z
        shared += present.T @ present
        n_sites += len(z)
    wanted = min(n_components, n)
    if not n_sites or not wanted:
        return Components(np.full((len(fitted), 0), np.nan), np.empty(0), n_sites)
    matrix = ratio(products, shared, 0)
    values, vectors = eigh(matrix, subset_by_index=[n - wanted, n - 1])
    positive = values[::-1] > n * np.finfo(np.float64).eps * values[-1]
    values, vectors = values[::-1][positive], vectors[:, ::-1][:, positive]
    vectors *= _signs(vectors)
    coordinates = np.full((len(fitted), len(values)), np.nan)
    coordinates[fitted] = vectors
    coordinates[~fitted] = _projected(sites, fitted, vectors, values)
    return Components(np.round(coordinates, DECIMALS), np.round(values, DECIMALS), n_sites)


def _projected(sites: npt.NDArray[np.int8], fitted: npt.NDArray[np.bool_], vectors: Floats, values: Floats) -> Floats:
    """(n_others, n_components): the fitted samples' own coordinates come out of the same formula."""
    total = np.zeros((int((~fitted).sum()), len(values)))
    n_called = np.zeros(len(total))
    if not len(total):
        return total
    for z, called in _standardised(sites, fitted):
        total += z[:, ~fitted].T @ (z[:, fitted] @ vectors)
        n_called += called[:, ~fitted].sum(axis=0)
    scale = n_called[:, None] * values
    return ratio(total, scale)


def _standardised(
    sites: npt.NDArray[np.int8], fitted: npt.NDArray[np.bool_]
) -> Iterator[tuple[Floats, npt.NDArray[np.bool_]]]:
    """Z of some sites that vary among the fitted samples, 0 where missing, and what is called: (n_sites, n_samples)."""
    for start in range(0, len(sites), _CHUNK):
        copies = np.asarray(sites[start : start + _CHUNK])
        called = copies >= 0
        of_fitted = called & fitted
        n = of_fitted.sum(axis=1)
        mean = ratio((copies * of_fitted).sum(axis=1), n, 0)
        scale = np.sqrt(mean * (1 - mean / 2))
        varies = scale > 0
        z = (copies[varies] - mean[varies, None]) / scale[varies, None]
        yield np.where(called[varies], z, 0.0), called[varies]


def _signs(vectors: Floats) -> Floats:
    largest = np.abs(vectors).argmax(axis=0)
    signs: Floats = np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return signs
