"""The self-test reproduces the consensus values of the digital phantom, and says so when it does not."""

import math
from dataclasses import replace

import pytest

from radiogenomics import tables
from radiogenomics.radiomics import selftest
from radiogenomics.radiomics.errors import SelftestError
from tests.conformity.consensus import AGGREGATIONS, FEATURES, table
from tests.unit.radiomics.matrices.labels import PHANTOM

# Features of the digital phantom that have a consensus value (arXiv:1612.07003 and Zwanenburg et al. 2020).
VALUES = 482


def test_every_value_of_the_digital_phantom_is_met(tmp_path):
    selftest.selftest(output=tmp_path / "selftest.tsv")
    frame = tables.SELFTEST.read(tmp_path / "selftest.tsv")
    assert len(frame) == VALUES
    assert frame["agrees"].all()
    assert not frame.duplicated(["family", "name", "aggregation"]).any()


def test_its_values_are_those_of_the_published_table():
    ours = {
        (check.family, check.name, check.aggregation): (check.expected, check.tolerance) for check in selftest.checks()
    }
    compared = 0
    for row in table("digital_phantom"):
        suffix, aggregation = AGGREGATIONS.get(row["aggregation"], ("", None))
        family, name = FEATURES[row["tag"].removesuffix(suffix)]
        places = [aggregation] if aggregation else [key[2] for key in ours if key[:2] == (family, name)]
        published = float(row["value"]), float(row["tolerance"])
        assert places
        assert all(ours[family, name, place] == published for place in places), row["tag"]
        compared += len(places)
    assert compared == VALUES


def test_its_phantom_is_that_of_the_manual():
    image, region = selftest.phantom()
    assert image.array.shape == region.shape == (4, 4, 5)
    assert (image.array[region] == PHANTOM[region]).all()
    assert ((PHANTOM > 0) == region).all()
    assert region.sum() == 74
    assert image.spacing_mm == (2.0, 2.0, 2.0)


CONTRAST = ("glcm", "Contrast", "3d_merged")


@pytest.mark.parametrize("value", [6.0, math.nan, math.inf])
def test_a_value_that_is_missed_is_named(monkeypatch, tmp_path, value):
    right = selftest.features_of

    def wrong(image, region, settings, volume, mask):
        for feature in right(image, region, settings, volume, mask):
            hit = (feature.name, settings.aggregation) == ("original_glcm_Contrast", "3d_merged")
            yield replace(feature, value=value) if hit else feature

    monkeypatch.setattr(selftest, "features_of", wrong)
    message = rf"^1 value\(s\) .*, the first glcm Contrast \(3d_merged\): {value:g} in place of 5\.12$"
    with pytest.raises(SelftestError, match=message) as caught:
        selftest.selftest(output=tmp_path / "selftest.tsv")
    assert [(check.family, check.name, check.aggregation) for check in caught.value.missed] == [CONTRAST]
    assert tables.SELFTEST.read(tmp_path / "selftest.tsv")["agrees"].sum() == VALUES - 1


def test_the_tolerance_is_that_of_the_consensus_to_three_digits():
    check = selftest.Check(*CONTRAST, expected=5.32, tolerance=0.1, found=5.32)
    assert all(replace(check, found=found).agrees for found in (5.22, 5.42, 5.4249, 5.2151))
    assert not any(replace(check, found=found).agrees for found in (5.2, 5.21, 5.43, 5.4251, -5.32))
