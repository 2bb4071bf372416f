"""The table of names against the IBSI's consensus values and pyradiomics' own features."""

import re
from collections import Counter

import pytest
from radiomics import firstorder, glcm, gldm, glrlm, glszm, ngtdm, shape, shape2D

from radiogenomics.config.extraction import FAMILIES, RadiomicsSettings
from radiogenomics.radiomics.errors import UnknownFeatureError
from radiogenomics.radiomics.nomenclature import UNFILTERED, expected_names, names, nomenclature
from tests.conformity.consensus import AGGREGATIONS, table

CLASSES = {
    "shape": shape.RadiomicsShape,
    "firstorder": firstorder.RadiomicsFirstOrder,
    "glcm": glcm.RadiomicsGLCM,
    "glrlm": glrlm.RadiomicsGLRLM,
    "glszm": glszm.RadiomicsGLSZM,
    "gldm": gldm.RadiomicsGLDM,
    "ngtdm": ngtdm.RadiomicsNGTDM,
    "shape2D": shape2D.RadiomicsShape2D,
}


def settings_of(definition="ibsi", **options):
    return RadiomicsSettings.model_validate({"bin_width": 25, "definition": definition, **options})


def of_pyradiomics(family):
    return {name for name, deprecated in CLASSES[family].getFeatureNames().items() if not deprecated}


# Codes that the manual gives to two features: the share at 10 and 90 %, the minimum and the 10th percentile.
SHARED_CODES = {
    "1PR8": ["ih_min", "ih_p10"],
    "BC2M": ["ivh_v10", "ivh_v90"],
    "GBPN": ["ivh_i10", "ivh_i90"],
}


def test_every_code_tag_and_name_stands_once():
    tags = {}
    for row in nomenclature():
        if row.ibsi_code:
            tags.setdefault(row.ibsi_code, []).append(row.ibsi_tag)
    assert {code: own for code, own in tags.items() if len(own) > 1} == SHARED_CODES
    every = [row.ibsi_tag for row in nomenclature() if row.ibsi_tag]
    assert len(set(every)) == len(every)
    assert len({row[:2] for row in nomenclature()}) == len(nomenclature())
    theirs = Counter(row[4:6] for row in nomenclature() if row.pyradiomics_name)
    # Two pairs of IBSI features are one, and pyradiomics has one of each pair.
    assert {name for name, count in theirs.items() if count > 1} == {
        ("glcm", "DifferenceAverage"),
        ("glcm", "ClusterTendency"),
    }


def test_codes_are_four_letters_or_digits_and_have_a_tag():
    for row in nomenclature():
        assert re.fullmatch("([0-9A-Z]{4})?", row.ibsi_code)
        assert bool(row.ibsi_code) == bool(row.ibsi_tag)
        assert row.ibsi_code or row.pyradiomics_name


def test_the_ibsi_has_174_features():
    assert sum(bool(row.ibsi_code) for row in nomenclature()) == 174
    assert len(list(expected_names(settings_of()))) == 174


def test_every_feature_of_the_consensus_has_its_code():
    codes = {row.ibsi_tag: row.ibsi_code for row in nomenclature()}
    rows = [row for row in table("digital_phantom") if row["kind"] == "feature"]
    for row in rows:
        suffix, _ = AGGREGATIONS.get(row["aggregation"], ("", None))
        assert codes[row["tag"].removesuffix(suffix)] == row["ibsi_code"]
    assert len({row["ibsi_code"] for row in rows}) >= 160


@pytest.mark.parametrize("family", CLASSES)
def test_names_of_pyradiomics_are_its_own(family):
    assert set(names(family, "pyradiomics")) == of_pyradiomics(family)


def test_pyradiomics_has_107_features():
    by_default = [family for family in CLASSES if family != "shape2D"]
    assert tuple(CLASSES) == FAMILIES["pyradiomics"]
    assert (
        len(list(expected_names(settings_of("pyradiomics")))) == 107 == sum(map(len, map(of_pyradiomics, by_default)))
    )


@pytest.mark.parametrize("definition", FAMILIES)
def test_full_names_are_image_type_family_and_name(definition):
    settings = settings_of(definition, image_types={"log_sigma_mm": [1, 2.5]})
    found = list(expected_names(settings))
    assert len(set(found)) == len(found)
    for image_type, family, name in found:
        assert name.removeprefix(f"{image_type}_{family}_") in names(family, definition)
        assert image_type == "original" or family not in UNFILTERED
    assert {image_type for image_type, *_ in found} == {"original", "log-sigma-1-0-mm-3D", "log-sigma-2-5-mm-3D"}
    assert tuple(dict.fromkeys(family for _, family, _ in found)) == settings.chosen_families


def test_chosen_features_are_named_alone():
    settings = settings_of(families=["firstorder", "glcm"], features={"glcm": ["Contrast", "Correlation"]})
    found = [name for *_, name in expected_names(settings)]
    assert found[-2:] == ["original_glcm_Contrast", "original_glcm_Correlation"]
    assert len(found) == len(names("firstorder", "ibsi")) + 2


@pytest.mark.parametrize(
    ("definition", "family", "name"),
    [("ibsi", "glcm", "Contarst"), ("ibsi", "firstorder", "Kurtosis"), ("pyradiomics", "firstorder", "ExcessKurtosis")],
)
def test_a_feature_that_does_not_exist_is_refused_with_those_that_do(definition, family, name):
    settings = settings_of(definition, features={family: [name]})
    with pytest.raises(UnknownFeatureError, match=rf"^{family} has no feature '?{name}'?; it has ") as caught:
        list(expected_names(settings))
    assert caught.value.unknown == (name,)
    assert all(known in str(caught.value) for known in names(family, definition)[:3])
