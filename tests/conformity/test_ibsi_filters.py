"""Filters against the reference data of IBSI-2: response maps of phantoms, and features of filtered CT.

A response map conforms when no voxel differs by more than 1 % of the range of the reference map. Features are those of
the lung CT phantom, by slice without interpolation (A), and in space after cubic spline interpolation to 1 mm (B).
"""

import csv
import math
from functools import cache, partial

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage, stats

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.boxes import response_in_box
from radiogenomics.radiomics.engine import features
from radiogenomics.radiomics.filters import gabor, laws, log, mean, riesz, simoncelli, wavelets
from radiogenomics.radiomics.nomenclature import nomenclature
from tests.shared_data import shared_data

PHANTOM_MM = (2.0, 2.0, 2.0)
TOLERANCE = 0.01

LOG = partial(log.response, cutoff_sigmas=4.0, spacing_mm=PHANTOM_MM)
IMPULSE_LAWS = partial(laws.response, kernels="E5L5S5", boundary="zero")
SPACE_LAWS = partial(laws.response, kernels="E3W5R5", boundary="mirror")
SLICE_LAWS = partial(laws.response, kernels="L5S5", boundary="mirror")
MEAN = partial(mean.response, support_voxels=15)

MAPS = {
    "1_a_1": ("checkerboard", partial(MEAN, planar=False, boundary="zero")),
    "1_a_2": ("checkerboard", partial(MEAN, planar=False, boundary="nearest")),
    "1_a_3": ("checkerboard", partial(MEAN, planar=False, boundary="periodic")),
    "1_a_4": ("checkerboard", partial(MEAN, planar=False, boundary="mirror")),
    "1_b_1": ("impulse", partial(MEAN, planar=True, boundary="zero")),
    "2_a": ("impulse", partial(LOG, sigma_mm=3.0, planar=False, boundary="zero")),
    "2_b": ("checkerboard", partial(LOG, sigma_mm=5.0, planar=False, boundary="mirror")),
    "2_c": ("checkerboard", partial(LOG, sigma_mm=5.0, planar=True, boundary="mirror")),
    "3_a_1": ("impulse", partial(IMPULSE_LAWS, pooling=None, energy_distance=None)),
    "3_a_2": ("impulse", partial(IMPULSE_LAWS, pooling="max", energy_distance=None)),
    "3_a_3": ("impulse", partial(IMPULSE_LAWS, pooling="max", energy_distance=7)),
    "3_b_1": ("checkerboard", partial(SPACE_LAWS, pooling=None, energy_distance=None)),
    "3_b_2": ("checkerboard", partial(SPACE_LAWS, pooling="max", energy_distance=None)),
    "3_b_3": ("checkerboard", partial(SPACE_LAWS, pooling="max", energy_distance=7)),
    "3_c_1": ("checkerboard", partial(SLICE_LAWS, pooling=None, energy_distance=None)),
    "3_c_2": ("checkerboard", partial(SLICE_LAWS, pooling="max", energy_distance=None)),
    "3_c_3": ("checkerboard", partial(SLICE_LAWS, pooling="max", energy_distance=7)),
    # Parameters found by search over levels and orders: no other up to level 4 and order 4 comes closer than 50 %.
    # The reference is, to 0.04 %, the mean of the responses on the two frequency grids in use, each 0.9 % away.
    "10_b_1": ("pattern_1", partial(riesz.response_of_simoncelli, level=1, order=(0, 2, 0), planar=False)),
}


def read(*parts):
    return np.asarray(nibabel.load(shared_data("ibsi", "ibsi2", *parts)).dataobj).astype(np.float64).T


@pytest.mark.parametrize("name", MAPS)
def test_response_map_is_within_one_percent_of_the_reference(name):
    phantom, response = MAPS[name]
    expected = read("response_maps", f"{name}-ValidCRM.nii.gz")
    found = response(read("nifti", phantom, "image", f"{phantom}.nii.gz"))
    assert np.abs(found - expected).max() <= TOLERANCE * np.ptp(expected)


# Reference values and tolerances of filters 5 to 9 (Whybra et al., Radiology 2024, as quoted in the tests of MIRP),
# which the table in the shared data leaves out: kurtosis, mean, variance, minimum, maximum.
OTHERS = {
    "5.A": [(2.84, 0.14), (103, 1), (1040, 10), (31.4, 0.5), (354, 5)],
    "5.B": [(4.34, 0.2), (40.2, 0.2), (231, 2), (9.53, 0.11), (175, 3)],
    "6.A": [(7.72, 0.24), (-0.185, 0.025), (427, 11), (-245, 2), (202, 2)],
    "6.B": [(8.98, 0.35), (-0.182, 0.024), (250, 9), (-148, 1), (155, 1)],
    "7.A": [(6.22, 0.16), (0.245, 0.03), (1910, 40), (-349, 7), (352, 4)],
    "7.B": [(5.45, 0.09), (-0.0406, 0.0051), (422, 11), (-203, 3), (201, 4)],
    "8.A": [(8.19, 0.3), (0.248, 0.047), (1550, 50), (-395, 3), (408, 3)],
    "8.B": [(7.64, 0.33), (0.32, 0.059), (1810, 70), (-411, 5), (374, 3)],
    "9.A": [(6.11, 0.21), (2.08, 0.17), (4580, 170), (-535, 1), (470, 6)],
    "9.B": [(5.58, 0.18), (2.68, 0.22), (5490, 220), (-605, 2), (471, 13)],
}
OTHER_TAGS = ("stat_kurt", "stat_mean", "stat_var", "stat_min", "stat_max")
IN_SPACE_MM = (1.0, 1.0, 1.0)
RESEGMENTED_HU = (-1000, 400)


def filter_of(number, planar, spacing_mm):
    """Module, what sets its reach, and the rest of the parameters; filter 1 leaves the image as it is."""
    db3 = {"wavelet": "db3", "pooling": "mean"}
    scale = {"sigma_mm": 5.0, "gamma": 1.5, "orthogonal_planes": not planar, "spacing_mm": spacing_mm}
    turns = {"wavelength_mm": 2.0, "angles": [step * math.pi / 8 for step in range(8)], "pooling": "mean"}
    energy = {"kernels": "L5E5" if planar else "L5E5E5", "pooling": "max", "energy_distance": 7}
    mirror = {"boundary": "mirror"}
    return {
        2: (mean, {"support_voxels": 5, "planar": planar}, mirror),
        3: (log, {"sigma_mm": 1.5, "cutoff_sigmas": 4.0, "spacing_mm": spacing_mm, "planar": planar}, mirror),
        4: (laws, energy, mirror),
        5: (gabor, scale, turns | mirror),
        6: (wavelets, db3 | {"band": "LH" if planar else "LLH", "level": 1}, mirror),
        7: (wavelets, db3 | {"band": "HH" if planar else "HHH", "level": 2}, mirror),
        8: (simoncelli, {}, {"level": 1, "planar": planar}),
        9: (simoncelli, {}, {"level": 2, "planar": planar}),
    }[number]


@cache
def ct_phantom(planar):
    """Image, mask and spacing; in space after interpolation, with the centres of the grids aligned and HU rounded."""
    folder = shared_data("ibsi", "ibsi1_ct_phantom", "nifti")
    read_ = (sitk.ReadImage(str(folder / part)) for part in ("image/phantom.nii.gz", "mask/mask.nii.gz"))
    volume, region = read_
    image, mask = (sitk.GetArrayFromImage(part).astype(np.float64) for part in (volume, region))
    spacing_mm = volume.GetSpacing()[::-1]
    if planar:
        return image, mask > 0, spacing_mm
    axes = []
    for size, step in zip(image.shape, spacing_mm, strict=True):
        samples = math.ceil(size * step)
        axes.append((size - 1) / 2 + (np.arange(samples) - (samples - 1) / 2) / step)
    points = np.meshgrid(*axes, indexing="ij")
    finer = np.round(ndimage.map_coordinates(image, points, order=3, mode="nearest"))
    return finer, ndimage.map_coordinates(mask, points, order=1, mode="nearest") >= 0.5, IN_SPACE_MM


def statistics(values):
    p10, p25, median, p75, p90 = np.percentile(values, [10, 25, 50, 75, 90])
    inner = values[(values >= p10) & (values <= p90)]
    return {
        "stat_mean": values.mean(),
        "stat_var": values.var(),
        "stat_skew": stats.skew(values),
        "stat_kurt": stats.kurtosis(values),
        "stat_median": median,
        "stat_min": values.min(),
        "stat_p10": p10,
        "stat_p90": p90,
        "stat_max": values.max(),
        "stat_iqr": p75 - p25,
        "stat_range": np.ptp(values),
        "stat_mad": np.abs(values - values.mean()).mean(),
        "stat_rmad": np.abs(inner - inner.mean()).mean(),
        "stat_medad": np.abs(values - median).mean(),
        "stat_cov": values.std() / values.mean(),
        "stat_qcod": (p75 - p25) / (p75 + p25),
        "stat_energy": np.sum(values**2),
        "stat_rms": np.sqrt(np.mean(values**2)),
    }


def reference(name):
    if name in OTHERS:
        return dict(zip(OTHER_TAGS, OTHERS[name], strict=True))
    table = shared_data("ibsi", "ibsi2", "ibsi2_reference_feature_values_filters_1-4.csv")
    with table.open() as lines:
        return {
            row["feature_tag"]: (float(row["consensus_value"]), float(row["tolerance"]))
            for row in csv.DictReader(lines, delimiter=";")
            if row["filter_id"] == name
        }


@pytest.mark.parametrize("configuration", "AB")
@pytest.mark.parametrize("number", range(1, 10))
def test_features_of_the_filtered_ct_phantom_are_within_tolerance(number, configuration):
    expected = reference(f"{number}.{configuration}")
    image, mask, spacing_mm = ct_phantom(configuration == "A")
    where = np.argwhere(mask)
    box = tuple(slice(low, high + 1) for low, high in zip(where.min(axis=0), where.max(axis=0), strict=True))
    filtered = image[box]
    if number > 1:
        module, scale, rest = filter_of(number, configuration == "A", spacing_mm)
        filtered = response_in_box(
            partial(module.response, **scale, **rest), image, box=box, reach=module.reach(**scale)
        )
    low, high = RESEGMENTED_HU
    found = statistics(filtered[mask[box] & (image[box] >= low) & (image[box] <= high)])
    off = {tag: (found[tag], value) for tag, value in expected.items() if abs(found[tag] - value[0]) > value[1]}
    assert len(expected) in (5, 18)
    assert not off


# Configurations A and B and filters 1 to 4 in the words of the settings.
BY_CONFIGURATION = {
    "A": {},
    "B": {"resampled_spacing_mm": (1, 1, 1), "interpolation": "cubic", "round_intensities": True},
}
TAGS = {row.ibsi_tag: row.name for row in nomenclature() if row.family == "firstorder"}


def image_types(configuration):
    planar = configuration == "A"
    return {
        "1": {"name": "original"},
        "2": {"name": "mean", "kind": "mean", "support_voxels": 5, "planar": planar},
        "3": {"name": "log", "kind": "log", "sigma_mm": 1.5, "cutoff_sigmas": 4, "planar": planar},
        "4": {
            "name": "laws",
            "kind": "laws",
            "kernels": "L5E5" if planar else "L5E5E5",
            "pooling": "max",
            "energy_distance": 7,
        },
    }


@pytest.mark.parametrize("configuration", BY_CONFIGURATION)
def test_features_of_the_filtered_ct_phantom_are_within_tolerance_from_file_to_feature(configuration):
    types = image_types(configuration)
    options = {
        "resegment_range": RESEGMENTED_HU,
        "bin_width": 25,
        "families": ["firstorder"],
        "image_types": {"filters": [each for each in types.values() if "kind" in each]},
        **BY_CONFIGURATION[configuration],
    }
    folder = shared_data("ibsi", "ibsi1_ct_phantom", "nifti")
    files = folder / "image" / "phantom.nii.gz", folder / "mask" / "mask.nii.gz"
    found = {each.name: each.value for each in features(*files, RadiomicsSettings.model_validate(options))}
    compared, off = 0, {}
    for number, image_type in types.items():
        for tag, (expected, tolerance) in reference(f"{number}.{configuration}").items():
            value = found[f"{image_type['name']}_firstorder_{TAGS[tag]}"]
            compared += 1
            if abs(value - expected) > tolerance:
                off[number, tag] = value, expected
    assert off == {}
    assert compared == 4 * 18
