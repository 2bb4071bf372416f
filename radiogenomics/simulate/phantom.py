"""A body with a lesion in it, on the grid of a CT series."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from radiogenomics.simulate.design import Patient
from radiogenomics.simulate.lesion import FloatArray, Lesion, draw_lesion
from radiogenomics.simulate.seeds import Stream, generator

BoolArray = NDArray[np.bool_]
N_PIXELS = 96
# Length of the body that is scanned; the number of slices follows from their distance.
SCAN_MM = 58.0
AIR_HU, FAT_HU, TISSUE_HU, BONE_HU = -1000.0, -100.0, 45.0, 500.0
BODY_HALF_AXES_MM = (39.0, 36.5)
FAT_MM = 4.0
BONE_CENTRE_MM, BONE_RADIUS_MM = (0.0, 28.0), 4.5
# Width of the lesion's margin, over which its voxels go over into the tissue around it.
MARGIN_MM = 0.5
# The fine grain of noise depends on the kernel; this much of it is left after the scanner's blur.
NOISE_GRAIN = 0.6


@dataclass(frozen=True)
class Grid:
    """An axial grid: voxel (k, j, i) is centred at ``origin_mm + (i pixel_mm, j pixel_mm, k slice_mm)``, LPS mm."""

    n_slices: int
    pixel_mm: float
    slice_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return self.n_slices, N_PIXELS, N_PIXELS

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of slices, rows and columns."""
        return self.slice_mm, self.pixel_mm, self.pixel_mm

    @property
    def origin_mm(self) -> tuple[float, float, float]:
        """Centre of voxel (0, 0, 0), as x, y, z; the scanned part is centred at 0."""
        side = -round((N_PIXELS - 1) / 2 * self.pixel_mm, 4)
        return side, side, -round((self.n_slices - 1) / 2 * self.slice_mm, 4)

    def axis_mm(self, axis: int) -> FloatArray:
        """Positions along array axis 0 (z), 1 (y) or 2 (x)."""
        return np.asarray(self.origin_mm[2 - axis] + np.arange(self.shape[axis]) * self.spacing_mm[axis])

    def points_mm(self) -> FloatArray:
        """Centres of all voxels, shape (slices, rows, columns, 3), LPS mm."""
        z, y, x = np.meshgrid(*(self.axis_mm(axis) for axis in range(3)), indexing="ij")
        return np.stack([x, y, z], axis=-1)


@dataclass(frozen=True)
class Phantom:
    """One patient's CT as planted.

    Attributes
    ----------
    hu : (slices, rows, columns) int16
        HU.
    lesion_mask, bone_mask : (slices, rows, columns) bool
        Voxels whose centre lies inside.
    """

    grid: Grid
    lesion: Lesion
    hu: NDArray[np.int16]
    lesion_mask: BoolArray
    bone_mask: BoolArray


def draw_phantom(patient: Patient, seed: int) -> Phantom:
    """CT of one patient; it depends on the seed, the patient's number, genes and site alone."""
    lesion = draw_lesion(patient, seed)
    scanner = patient.scanner
    random = generator(seed, Stream.NOISE, patient.index)
    pixel_mm = float(random.integers(84, 95)) / 100
    grid = Grid(round(SCAN_MM / scanner.slice_mm), pixel_mm, scanner.slice_mm)
    level = lesion.level_mm(grid.points_mm())
    body, bone = _body(grid)
    inside = 1 / (1 + np.exp(np.clip(level / (MARGIN_MM / 4), -50, 50)))
    field = lesion.mean_hu + lesion.texture_sd_hu * smooth_field(random, grid, lesion.texture_length_mm)
    scene = body * (1 - inside) + field * inside
    blurred = ndimage.gaussian_filter(scene, [scanner.blur_mm / mm for mm in grid.spacing_mm], mode="nearest")
    noise = scanner.noise_hu * smooth_field(random, grid, NOISE_GRAIN * scanner.blur_mm)
    hu = np.clip(np.rint(blurred + noise + scanner.offset_hu), -1024, 3071).astype(np.int16)
    return Phantom(grid, lesion, hu, level <= 0, bone)


def smooth_field(random: np.random.Generator, grid: Grid, sigma_mm: float) -> FloatArray:
    """Draw a Gaussian random field of mean 0 and standard deviation 1, smoothed by a Gaussian of ``sigma_mm``."""
    sigmas = [sigma_mm / mm for mm in grid.spacing_mm]
    field = ndimage.gaussian_filter(random.standard_normal(grid.shape), sigmas, mode="wrap")
    return np.asarray((field - field.mean()) / field.std())


def body_outline_mm(n_points: int) -> FloatArray:
    """Trace the skin in every axial plane, shape (n_points, 2), x and y in LPS mm."""
    angle = np.arange(n_points) * 2 * np.pi / n_points
    return np.stack([BODY_HALF_AXES_MM[0] * np.cos(angle), BODY_HALF_AXES_MM[1] * np.sin(angle)], axis=1)


def _body(grid: Grid) -> tuple[FloatArray, BoolArray]:
    """HU of the body without lesion, and the mask of its bone; both (slices, rows, columns)."""
    y, x = np.meshgrid(grid.axis_mm(1), grid.axis_mm(2), indexing="ij")
    plane = np.full(x.shape, AIR_HU)
    for inset, value in ((0.0, FAT_HU), (FAT_MM, TISSUE_HU)):
        a, b = (half - inset for half in BODY_HALF_AXES_MM)
        plane[(x / a) ** 2 + (y / b) ** 2 <= 1] = value
    bone = (x - BONE_CENTRE_MM[0]) ** 2 + (y - BONE_CENTRE_MM[1]) ** 2 <= BONE_RADIUS_MM**2
    plane[bone] = BONE_HU
    return np.broadcast_to(plane, grid.shape).copy(), np.broadcast_to(bone, grid.shape).copy()
