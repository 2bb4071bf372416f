"""Facts of an acquisition, and the images that were acquired unlike the others."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from radiogenomics.imaging.acquisition import ACQUISITION_TAGS, FACTS, OUTLIER_COLUMNS, Acquisition, outliers
from tests.unit.imaging.synthetic import grid as place, save, slice_dataset, stored_values, write_series

HERE = Path("slice.dcm")


def header(**values):
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def code(meaning="", value=""):
    return [header(CodeMeaning=meaning, CodeValue=value)]


def facts(**values):
    return Acquisition.of(HERE, header(**values))


def test_nothing_stated_is_nothing_known():
    assert facts() == Acquisition()
    assert set(Acquisition().record()) <= set(FACTS)


def test_facts_of_a_file_read_with_the_tags_alone(tmp_path):
    write_series(tmp_path)
    read = dcmread(tmp_path / "series_000.dcm", specific_tags=list(ACQUISITION_TAGS))
    assert Acquisition.of(HERE, read) == Acquisition("Maker", "Model 1", "B30f", 9.0, 120.0)


def test_tracer_in_a_file_read_with_the_tags_alone(tmp_path):
    uids = {"series": "1.2", "study": "1.3", "frame": "1.4"}
    dataset = slice_dataset(stored_values()[0], place(), 0, "PT", uids)
    dataset.RadiopharmaceuticalInformationSequence = [
        header(Radiopharmaceutical="FDG", RadiopharmaceuticalCodeSequence=code("Fluorodeoxyglucose F^18^", "C-B1031"))
    ]
    save(dataset, tmp_path / "slice.dcm")
    read = dcmread(tmp_path / "slice.dcm", specific_tags=list(ACQUISITION_TAGS))
    assert Acquisition.of(HERE, read).tracer == "fluorodeoxyglucose f 18"


def test_sequence_of_mr():
    found = facts(
        ScanningSequence="GR",
        SequenceVariant=["SK", "SP"],
        MRAcquisitionType="3D",
        EchoTime=2.98,
        RepetitionTime="2300",
        FlipAngle=9,
        MagneticFieldStrength=3,
        SeriesDescription="T1 Mustermann",
        ProtocolName="T1 Mustermann",
    )
    assert (found.sequence, found.echo_time_ms, found.repetition_time_ms) == ("GR\\SK\\SP 3D", 2.98, 2300.0)
    assert (found.flip_angle_degrees, found.field_strength_t) == (9.0, 3.0)
    assert "Mustermann" not in str(found.record())
    assert facts(MRAcquisitionType="2D").sequence == "2D"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ""),
        ({"ContrastBolusAgent": ""}, ""),
        ({"ContrastBolusAgent": "Unknown"}, ""),
        ({"ContrastBolusAgent": "Ultravist 370 for E. Mustermann"}, "yes"),
        ({"ContrastBolusAgent": "NONE"}, "no"),
        ({"ContrastBolusAgent": "no contrast."}, "no"),
        ({"ContrastBolusAgentSequence": code("Gadobutrol")}, "yes"),
        ({"ContrastBolusAgentSequence": code("", "387410004")}, "yes"),
        ({"ContrastBolusAgentSequence": [Dataset()]}, ""),
        ({"ContrastBolusAgentSequence": []}, ""),
        ({"ContrastBolusUsageSequence": [header(ContrastBolusAgentAdministered="YES")]}, "yes"),
        (
            {
                "ContrastBolusUsageSequence": [header(ContrastBolusAgentAdministered="NO")],
                "ContrastBolusAgentSequence": code("Gadobutrol"),
            },
            "no",
        ),
    ],
)
def test_contrast_is_whether_never_what(values, expected):
    assert facts(**values).contrast == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (header(Radiopharmaceutical="^68^Ga-DOTATATE"), "68 ga dotatate"),
        (header(RadiopharmaceuticalCodeSequence=code("^"), Radiopharmaceutical="FDG"), "fdg"),
        (Dataset(), ""),
    ],
)
def test_tracer_is_letters_and_digits(item, expected):
    assert facts(RadiopharmaceuticalInformationSequence=[item]).tracer == expected


def test_texts_are_cleaned_and_cut():
    dataset = header(Manufacturer="  A\x00B\x1b[1m\n C ", ConvolutionKernel=["Br40f", "3"])
    dataset.add(DataElement(Tag("ManufacturerModelName"), "LO", "x" * 200, validation_mode=IGNORE))
    found = Acquisition.of(HERE, dataset)
    assert (found.manufacturer, found.model, found.kernel) == ("A B [1m C", "x" * 64, "Br40f\\3")


@pytest.mark.parametrize("value", ["0", "-2", "", "NaN", "fast", None])
def test_a_malformed_number_is_empty(value):
    dataset = Dataset()
    dataset.add(DataElement(Tag("SliceThickness"), "LO", value))
    assert Acquisition.of(HERE, dataset).slice_thickness_mm is None


def test_a_sequence_that_is_none_is_empty():
    dataset = Dataset()
    for keyword in ("ContrastBolusAgentSequence", "RadiopharmaceuticalInformationSequence", "Manufacturer"):
        dataset.add(DataElement(Tag(keyword), "OB", b"\x01\x02"))
    assert Acquisition.of(HERE, dataset) == Acquisition()


def cohort(values, fact="kvp", role="baseline", modality="CT", start=0):
    names = [f"i{n:03d}" for n in range(start, start + len(values))]
    return pd.DataFrame(
        {
            "image_id": names,
            "patient_id": [name.replace("i", "p") for name in names],
            "role": role,
            "modality": modality,
            fact: values,
        }
    )


def flagged(frame):
    return outliers(frame).query("outlier")["image_id"].tolist()


def test_table_of_a_number():
    found = outliers(cohort([120, 120, 120, 120, 120, 80]))
    assert tuple(found) == OUTLIER_COLUMNS
    assert found["value"].tolist() == ["120"] * 5 + ["80"]
    assert found.iloc[5].to_dict() == {
        **{"image_id": "i005", "patient_id": "p005", "role": "baseline", "modality": "CT", "fact": "kvp"},
        **{"value": "80", "typical": "120", "n": 6, "outlier": True},
    }
    assert found["outlier"].sum() == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([120, 120, 120, 80], []),  # too few to tell
        ([120, 120, 120, 120, 80], ["i004"]),
        ([1.0, 1.0, 1.0, 1.0, 1.04], []),  # within 5 % of the median
        ([1.0, 1.1, 1.2, 1.3, 1.4, 1.5], []),
        ([120] * 6 + [100] * 4, []),  # another protocol
        ([120] * 6 + [100] * 3 + [12], ["i009"]),
        ([0.0] * 9 + [0.1], ["i009"]),
        ([np.nan] * 6, []),
    ],
)
def test_numbers(values, expected):
    assert flagged(cohort(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["A"] * 5 + ["B"], []),  # a sixth is no rare value
        (["A"] * 10 + ["B"], ["i010"]),
        (["A"] * 9 + ["B"], []),  # 10 % is not below 10 %
        ([chr(65 + n) for n in range(20)], []),  # nothing is common
        (["A"] * 10 + ["B"] * 9 + ["C"], ["i019"]),
        (["A"] * 4, []),
    ],
)
def test_texts(values, expected):
    assert flagged(cohort(values, "kernel")) == expected


@pytest.mark.parametrize("fact", ["kvp", "kernel"])
def test_a_missing_fact(fact):
    value, missing = (120, np.nan) if fact == "kvp" else ("B30f", "")
    found = outliers(cohort([value] * 9 + [missing], fact))
    assert found.iloc[9][["value", "typical", "n", "outlier"]].tolist() == ["", str(value), 9, True]
    assert flagged(cohort([value] * 9 + [missing] * 2, fact)) == ["i009", "i010"]
    assert flagged(cohort([value] * 9 + [missing] * 3, fact)) == []
    few = outliers(cohort([value] * 4 + [missing], fact))
    assert (few["typical"].unique().tolist(), few["n"].unique().tolist(), few["outlier"].any()) == ([""], [4], False)


def test_roles_and_modalities_are_compared_apart():
    frame = pd.concat(
        [
            cohort([120.0] * 6),
            cohort([80.0] * 6, role="followup", start=10),
            cohort([50.0] * 6, modality="PT", start=20),
        ]
    )
    assert flagged(frame) == []
    found = outliers(frame)
    assert found.groupby("typical").size().to_dict() == {"120": 6, "50": 6, "80": 6}


def test_what_no_image_states_has_no_rows():
    frame = cohort([120.0] * 6).assign(kernel="", tracer=None)
    assert set(outliers(frame)["fact"]) == {"kvp"}
    assert outliers(frame.iloc[:0]).dtypes.astype(str).to_dict()["outlier"] == "bool"


def test_categories_of_another_order_and_rows_of_further_regions():
    frame = pd.concat([cohort([120.0] * 6, role="b"), cohort([80.0] * 6, role="a", start=6)])
    twice = pd.concat([frame, frame.iloc[::-1]]).assign(
        role=lambda rows: pd.Categorical(rows["role"], categories=["b", "a"])
    )
    pd.testing.assert_frame_equal(outliers(twice), outliers(frame))
    assert outliers(twice)["role"].tolist() == ["a"] * 6 + ["b"] * 6


@given(st.lists(st.floats(50, 200), min_size=4, max_size=20), st.sampled_from([1e4, -1e4]))
def test_a_far_number_is_an_outlier(values, far):
    assert f"i{len(values):03d}" in flagged(cohort([*values, far]))


@given(st.lists(st.floats(98, 102), min_size=4, max_size=20), st.sampled_from([1e4, -1e4]))
@settings(max_examples=40)
def test_a_far_number_is_the_only_outlier_among_like_ones(values, far):
    assert flagged(cohort(values)) == []
    assert flagged(cohort([*values, far])) == [f"i{len(values):03d}"]


@given(st.lists(st.sampled_from(["A", "B", "C", ""]), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(values, random):
    frame = cohort(values, "kernel").assign(kvp=[100.0 + len(value) * ord((value or "@")[0]) for value in values])
    order = list(range(len(frame)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(outliers(frame.iloc[order]), outliers(frame))
