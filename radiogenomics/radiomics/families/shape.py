"""Shape of a region: mesh, diameters, principal axes, enclosing bodies and where its intensities are (IBSI HCUG).

Values follow the IBSI reference manual (arXiv:1612.07003, section 3.1) or pyradiomics 3. Lengths are in mm.
"""

import math

import numpy as np

from radiogenomics.boxes import bounding_box
from radiogenomics.radiomics.diameters import Spacing, maximum_2d_diameters, maximum_3d_diameter, outermost
from radiogenomics.radiomics.families.shape_density import ellipsoid_densities, enclosing_densities
from radiogenomics.radiomics.families.spatial import spatial_autocorrelation
from radiogenomics.radiomics.mesh import Body, surface
from radiogenomics.radiomics.moments import Moments, moments
from radiogenomics.radiomics.nomenclature import names
from radiogenomics.radiomics.region import BoolArray, Definition, FloatArray, Region, Values

EMPTY_MORPHOLOGY = "empty morphological mask"
EMPTY_INTENSITY = "empty intensity mask"
ONE_VOXEL = "one voxel"
# Only of a mesh with holes, that of pyradiomics.
NO_VOLUME = "the mesh encloses no volume"
NO_SUM = "the intensities add up to 0"

OF_SPREAD = (
    "MajorAxisLength",
    "MinorAxisLength",
    "LeastAxisLength",
    "Elongation",
    "Flatness",
    "VolumeDensityAEE",
    "AreaDensityAEE",
)
OF_INTENSITIES = ("CentreOfMassShift", "IntegratedIntensity", "MoranI", "GearyC")


def shape(region: Region, definition: Definition) -> Values:
    """All shape features of a region.

    They are those of the morphological mask. Centre of mass shift, integrated intensity, Moran's I and Geary's C also
    depend on the intensities of the intensity mask. An axis is four standard deviations of the voxel centres long, over
    N - 1 by ``ibsi`` and over N by ``pyradiomics``.
    """
    wanted = names("shape", definition)
    if not region.morphology.any():
        return dict.fromkeys(wanted, EMPTY_MORPHOLOGY)
    spacing = region.spacing_mm
    mask = np.ascontiguousarray(region.morphology[bounding_box(region.morphology)])
    mesh = surface(mask, spacing, definition)
    corners = outermost(mask)
    centres = moments(region.morphology, spacing)
    values: Values = {
        **_of_mesh(mesh),
        "VoxelVolume": centres.voxels * math.prod(spacing),
        "Maximum3DDiameter": maximum_3d_diameter(corners, spacing),
    }
    if definition == "pyradiomics":
        values |= _of_axes(centres.variances()) | _of_planes(mask, spacing)
    else:
        values |= _of_compactness(mesh) | enclosing_densities(mesh, corners, spacing)
        values |= _of_spread(mesh, centres) | _of_intensities(region, mesh, centres.centre)
    return {name: values[name] for name in wanted}


def _of_mesh(mesh: Body) -> Values:
    volume, area = mesh
    return {
        "MeshVolume": volume,
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume if volume else NO_VOLUME,
        "Sphericity": (36 * math.pi * volume**2) ** (1 / 3) / area,
    }


def _of_compactness(mesh: Body) -> Values:
    """Other powers of the sphericity."""
    volume, area = mesh
    disproportion = area / (36 * math.pi * volume**2) ** (1 / 3)
    return {
        "Compactness1": volume / math.sqrt(math.pi * area**3),
        "Compactness2": 36 * math.pi * volume**2 / area**3,
        "SphericalDisproportion": disproportion,
        "Asphericity": disproportion - 1,
    }


def _of_axes(variances: FloatArray) -> Values:
    """Features of the variances along the principal axes, (3,), descending."""
    major, minor, least = (4 * np.sqrt(variances)).tolist()
    return {
        "MajorAxisLength": major,
        "MinorAxisLength": minor,
        "LeastAxisLength": least,
        "Elongation": minor / major if major else ONE_VOXEL,
        "Flatness": least / major if major else ONE_VOXEL,
    }


def _of_spread(mesh: Body, centres: Moments) -> Values:
    """Features of the unbiased variances along the principal axes."""
    if centres.voxels == 1:
        return dict.fromkeys(OF_SPREAD, ONE_VOXEL)
    variances = centres.variances() * (centres.voxels / (centres.voxels - 1))
    return _of_axes(variances) | ellipsoid_densities(mesh, variances)


def _of_planes(mask: BoolArray, spacing_mm: Spacing) -> Values:
    diameters = maximum_2d_diameters(mask, spacing_mm)
    return {f"Maximum2DDiameter{plane}": mm for plane, mm in zip(("Slice", "Column", "Row"), diameters, strict=True)}


def _of_intensities(region: Region, mesh: Body, centre_mm: FloatArray) -> Values:
    """Features of where the intensities of the intensity mask are; ``centre_mm`` is that of the morphological mask."""
    if not region.intensity.any():
        return dict.fromkeys(OF_INTENSITIES, EMPTY_INTENSITY)
    intensities = region.values()
    values: Values = {"IntegratedIntensity": float(intensities.mean()) * mesh.volume_mm3, "CentreOfMassShift": NO_SUM}
    if total := float(intensities.sum()):
        box = bounding_box(region.intensity)
        weights = np.where(region.intensity[box], region.image[box], 0.0)
        places = [
            spacing * np.arange(side.start, side.stop) for spacing, side in zip(region.spacing_mm, box, strict=True)
        ]
        in_plane = weights.sum(axis=0)
        moment = [
            weights.sum(axis=(1, 2)) @ places[0],
            in_plane.sum(axis=1) @ places[1],
            in_plane.sum(axis=0) @ places[2],
        ]
        values["CentreOfMassShift"] = math.dist(centre_mm, np.array(moment) / total)
    return values | spatial_autocorrelation(region)
