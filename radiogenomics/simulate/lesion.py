"""The lesion: a volume-preserving deformation of a lobulated ball, filled with a random field.

Positions are LPS mm in the frame of the image. The three planted properties are separate parameters: ``radius_mm`` sets
the volume alone, ``stretch`` and ``lobulation`` the shape at a fixed volume, ``texture_*`` the voxels inside alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.simulate.design import EFFECTS, Patient
from radiogenomics.simulate.seeds import Stream, generator

FloatArray = NDArray[np.float64]

N_LOBES = 5
LOBE_SHARPNESS = 5.0
# The long axis stays within this angle of the axial plane, so that the lesion fits between the first and last slice.
MAX_TILT_RAD = 0.5
# Individual variation is cut at this many standard deviations for the same reason.
MAX_DEVIATION = 2.0
_DIRECTIONS = 4000


@dataclass(frozen=True)
class Lesion:
    """One lesion.

    Attributes
    ----------
    centre_mm : (3,) float64
        Centre, LPS mm.
    radius_mm : float
        Radius of the ball of the same volume.
    axes : (3, 3) float64
        Rows are the lesion's own axes; the first is the long one.
    stretch : float
        Half-axes are ``exp(stretch)``, ``exp(-stretch / 2)`` twice: their product, hence the volume, stays 1.
    lobulation : float
        Height of the bumps as a share of the radius.
    lobes : (N_LOBES, 3) float64
        Unit vectors to the bumps.
    mean_hu, texture_sd_hu, texture_length_mm : float
        Mean, standard deviation and correlation length (sigma of the smoothing kernel) of the field inside.
    """

    centre_mm: FloatArray
    radius_mm: float
    axes: FloatArray
    stretch: float
    lobulation: float
    lobes: FloatArray
    mean_hu: float
    texture_sd_hu: float
    texture_length_mm: float

    @property
    def volume_mm3(self) -> float:
        """Exact volume."""
        return float(4 / 3 * np.pi * self.radius_mm**3)

    def level_mm(self, points: FloatArray) -> FloatArray:
        """Signed distance from the surface, negative inside, to first order.

        Parameters
        ----------
        points : (..., 3) float64
            LPS mm.

        Returns
        -------
        (...) float64
            About mm near the surface; the surface is exactly where it is 0.
        """
        half_axes = np.exp(np.array([self.stretch, -self.stretch / 2, -self.stretch / 2]))
        local = (points - self.centre_mm) @ self.axes.T / half_axes
        distance = np.sqrt((local**2).sum(axis=-1))
        direction = local / np.maximum(distance, 1e-9)[..., None]
        surface = self.radius_mm * self._scale() * self._bumps(direction)
        return np.asarray(distance - surface)

    def _bumps(self, direction: FloatArray) -> FloatArray:
        heights = np.exp(LOBE_SHARPNESS * (direction @ self.lobes.T - 1)).sum(axis=-1)
        return np.asarray(1 + self.lobulation * heights)

    def _scale(self) -> float:
        """Factor that gives the bumpy ball the volume of the smooth one."""
        return float(np.mean(self._bumps(_sphere()) ** 3) ** (-1 / 3))


def draw_lesion(patient: Patient, seed: int) -> Lesion:
    """Lesion of one patient: individual variation, and the effects of the genes that the patient carries."""
    random = generator(seed, Stream.LESION, patient.index)
    deviations = np.clip(random.standard_normal(6), -MAX_DEVIATION, MAX_DEVIATION)
    size, elongation, bumps, amplitude, length, level = deviations.tolist()
    has = patient.carries.__contains__
    offset = random.uniform(-2.5, 2.5, 3)
    return Lesion(
        centre_mm=offset,
        radius_mm=9.5 * np.exp(0.13 * size) * (EFFECTS.radius_factor if has("VOLC1") else 1),
        axes=_axes(random),
        stretch=0.14 + 0.04 * elongation + (EFFECTS.stretch_shift if has("SHPB1") else 0),
        lobulation=0.16 * np.exp(0.2 * bumps) * (EFFECTS.lobulation_factor if has("SHPB1") else 1),
        lobes=_unit(random.standard_normal((N_LOBES, 3))),
        mean_hu=55 + 5 * level,
        texture_sd_hu=52 * np.exp(0.1 * amplitude) * (EFFECTS.texture_sd_factor if has("TEXA1") else 1),
        texture_length_mm=1.5 * np.exp(0.08 * length) * (EFFECTS.texture_length_factor if has("TEXA1") else 1),
    )


def _axes(random: np.random.Generator) -> FloatArray:
    turn, roll = random.uniform(0, 2 * np.pi), random.uniform(0, np.pi)
    tilt = random.uniform(-MAX_TILT_RAD, MAX_TILT_RAD)
    long = np.array([np.cos(turn) * np.cos(tilt), np.sin(turn) * np.cos(tilt), np.sin(tilt)])
    first = np.cross(long, [0.0, 0.0, 1.0])
    first /= np.linalg.norm(first)
    second = np.cross(long, first)
    return np.stack([long, np.cos(roll) * first + np.sin(roll) * second, np.cos(roll) * second - np.sin(roll) * first])


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _sphere() -> FloatArray:
    """Directions spread evenly over the sphere (Fibonacci lattice)."""
    step = np.arange(_DIRECTIONS) + 0.5
    height = 1 - 2 * step / _DIRECTIONS
    turn = np.pi * (1 + 5**0.5) * step
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)
