"""Copies of an image and its region, changed so that features are extracted from them as from the original.

A copy lies on the grid of its image, so that resampling, scaling and filters see the same voxels around it. What is
drawn depends on the seed, the patient, the role, the image, the region, the kind and the number of the copy alone: the
same on any number of cores and in any batch.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from radiogenomics.config.perturbations import Copies, Perturbations
from radiogenomics.imaging.decoys import random_place, shuffle_voxels, tissue
from radiogenomics.imaging.geometry import Grid, triple
from radiogenomics.imaging.perturb import Perturbation, perturb
from radiogenomics.radiomics.images import Image
from radiogenomics.radiomics.region import BoolArray
from radiogenomics.tables import COPY_KINDS

PERTURBED, SHUFFLED, ELSEWHERE = COPY_KINDS
# Image and region of one copy.
Copy = tuple[Image, BoolArray]
Maker = Callable[[np.random.Generator], Copy]


def counts(wanted: Copies) -> dict[str, int]:
    """Number of copies of each kind that is asked for."""
    numbers = (wanted.perturbations.copies, wanted.shuffled_voxels, wanted.random_regions)
    return {kind: number for kind, number in zip(COPY_KINDS, numbers, strict=True) if number}


def maker(kind: str, image: Image, region: BoolArray, options: Perturbations) -> Maker:
    """What makes a copy of one kind from a stream of random numbers.

    Parameters
    ----------
    kind
        One of ``COPY_KINDS``.
    image
    region : (z, y, x) bool
        Its mask, which is not empty.
    options
        Strengths of the perturbations.

    Raises
    ------
    FlatImageError, NotFiniteImageError
        The image has no tissue to look for random places in.
    """
    if kind == PERTURBED:
        return partial(_perturbed, image, region, options)
    if kind == SHUFFLED:
        return partial(_shuffled, image, region)
    return partial(_elsewhere, image, region, tissue(image.array))


def stream(seed: int, keys: Sequence[str], kind: str, number: int) -> np.random.Generator:
    """The random numbers of one copy; ``keys`` name its region in the study."""
    name = "\0".join([str(seed), *keys, kind, str(number)])
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def draw(options: Perturbations, random: np.random.Generator) -> Perturbation:
    """One perturbation: strengths uniform from their largest to either side.

    The same numbers are drawn whatever is switched off, so that one kind does not change the draws of another.
    """
    turn, growth, *shift = random.uniform(-1, 1, 5).tolist()
    return Perturbation(
        rotation_degrees=options.rotation_degrees * turn,
        translation_voxels=triple([options.translation_voxels * step for step in shift]),
        noise=options.noise,
        growth=options.volume_change * growth,
        contour=options.contour,
    )


def _perturbed(image: Image, region: BoolArray, options: Perturbations, random: np.random.Generator) -> Copy:
    """Perturbed as far around the region as ``imaging.perturb`` goes; beyond, the image stays as it is."""
    grid = _grid(image)
    values, mask, place = perturb(image.array, region, grid, draw(options, random), int(random.integers(2**63)))
    start = np.rint(grid.to_index(place.origin_mm)).astype(int)
    window = tuple(slice(first, first + length) for first, length in zip(start, mask.shape, strict=True))
    array, moved = image.array.astype(np.float32), np.zeros_like(region)
    array[window], moved[window] = values, mask
    return replace(image, array=array), moved


def _shuffled(image: Image, region: BoolArray, random: np.random.Generator) -> Copy:
    return replace(image, array=shuffle_voxels(image.array, region, random)), region


def _elsewhere(image: Image, region: BoolArray, foreground: BoolArray, random: np.random.Generator) -> Copy:
    return image, random_place(region, foreground, random)


def _grid(image: Image) -> Grid:
    """Geometry of an image, axes in the order of its array."""
    steps = image.matrix[:3, :3] / image.spacing_mm[::-1]
    slices, rows, columns = (triple(steps[:, axis]) for axis in (2, 1, 0))
    n_slices, n_rows, n_columns = image.array.shape
    return Grid((n_slices, n_rows, n_columns), triple(image.matrix[:3, 3]), image.spacing_mm, (slices, rows, columns))
