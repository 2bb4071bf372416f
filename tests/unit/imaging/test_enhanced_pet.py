"""Enhanced PET: units and slopes from real world value mappings, decay from the time that the object states."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging.enhanced_pet import ENHANCED_PET
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, MixedGeometryError
from radiogenomics.imaging.quantity_errors import InjectionTimeError, PetUnitError, UncorrectedPetError
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.volume import read_volume
from tests.unit.imaging.synthetic import grid, save, slice_dataset, stored_values

SHAPE = (4, 6, 8)
PLACE = grid(SHAPE)
UIDS = {"series": "1.2.3", "study": "1.2.4", "frame": "1.2.5"}
# 72.25 kg and 1.70 m, 400 MBq at 10:00, half-life 110 min, values corrected to 11:50: 200 MBq are left.
FACTOR = 72_250 / 200e6
LEGACY = "1.2.840.10008.5.1.4.1.1.128.1"


def mapping(code, slope, intercept=0.0):
    item, unit = Dataset(), Dataset()
    setattr(unit, "CodeValue" if len(code) <= 16 else "LongCodeValue", code)
    unit.CodingSchemeDesignator, unit.CodeMeaning = "UCUM", code
    item.MeasurementUnitsCodeSequence = [unit]
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
    item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped = 0, 2000
    return item


def activity(k):
    """Another slope in each frame, as in classic PET."""
    return [mapping("Bq/ml", 1.5 + k / 3)]


def isotope(**changes):
    item = Dataset()
    item.RadionuclideTotalDose, item.RadionuclideHalfLife = 400e6, 6600
    item.RadiopharmaceuticalStartDateTime = "20240102100000.000000"
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item


def write(path, mappings=activity, edit=None, rescale_type="US"):
    """An enhanced PET of four frames with a rescale of 7 and no unit, which must not count."""
    values = stored_values(SHAPE)
    header = slice_dataset(values[0], PLACE, 0, "PT", UIDS)
    header.SOPClassUID, header.NumberOfFrames = ENHANCED_PET, SHAPE[0]
    for keyword in ("RescaleSlope", "RescaleIntercept", "Units", "PixelSpacing", "ImageOrientationPatient"):
        delattr(header, keyword)
    del header.ImagePositionPatient
    header.PatientWeight, header.PatientSize, header.PatientSex = "72.25", "1.70", "M"
    header.DecayCorrected = header.AttenuationCorrected = "YES"
    header.DecayCorrectionDateTime = "20240102115000.00"
    header.RadiopharmaceuticalInformationSequence = [isotope()]
    shared, measures, orientation, rescale = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = list(PLACE.spacing_mm[1:])
    orientation.ImageOrientationPatient = [*PLACE.direction[2], *PLACE.direction[1]]
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 7, 0, rescale_type
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    shared.PixelValueTransformationSequence = [rescale]
    header.SharedFunctionalGroupsSequence, header.PerFrameFunctionalGroupsSequence = [shared], []
    for k in range(SHAPE[0]):
        frame, place = Dataset(), Dataset()
        place.ImagePositionPatient = [float(value) for value in PLACE.to_lps([k, 0, 0])]
        frame.PlanePositionSequence, frame.RealWorldValueMappingSequence = [place], mappings(k)
        header.PerFrameFunctionalGroupsSequence.append(frame)
    header.PixelData = values.tobytes()
    if edit:
        edit(header)
    save(header, path / "pet.dcm")
    return values.astype(float)


def read(folder, unit="suvbw"):
    return read_volume(read_series(folder, Imaging(pet_unit=unit)))


def test_activity_becomes_uptake_with_the_time_that_is_stated(tmp_path):
    stored = write(tmp_path)
    slopes = 1.5 + np.arange(4) / 3
    found = read(tmp_path)
    assert found.series.unit == "SUVbw g/ml"
    assert found.values == pytest.approx(stored * slopes[:, None, None] * FACTOR, rel=1e-6)
    kept = read(tmp_path, "stored")
    assert kept.series.unit == "Bq/ml"
    assert kept.values == pytest.approx(stored * slopes[:, None, None], rel=1e-6)


def test_lean_body_mass(tmp_path):
    write(tmp_path)
    mass = 9270 * 72.25 / (6680 + 216 * 25)
    assert read(tmp_path, "suvlbm").values == pytest.approx(read(tmp_path).values * mass / 72.25, rel=1e-5)


@pytest.mark.parametrize("code", ["g/ml{SUVbw}", "{SUVbw}g/ml"])
def test_uptake_that_is_stored_is_taken(tmp_path, code):
    stored = write(tmp_path, lambda k: [mapping(code, 0.01)])
    assert read(tmp_path).values == pytest.approx(stored * 0.01, rel=1e-6)


def test_another_kind_of_uptake_is_converted(tmp_path):
    stored = write(tmp_path, lambda k: [mapping("g/ml{SUVlbm(Janma)}", 0.01)])
    mass = 9270 * 72.25 / (6680 + 216 * 25)
    assert read(tmp_path).values == pytest.approx(stored * 0.01 * 72.25 / mass, rel=1e-6)


@pytest.mark.parametrize("order", [1, -1])
def test_activity_comes_before_uptake_and_counts(tmp_path, order):
    several = [mapping("{counts}", 5), mapping("g/ml{SUVbw}", 0.01), mapping("Bq/ml", 2)][::order]
    stored = write(tmp_path, lambda k: several)
    assert read(tmp_path).values == pytest.approx(stored * 2 * FACTOR, rel=1e-6)


def test_the_rescale_counts_where_it_states_a_unit_and_nothing_is_mapped(tmp_path):
    def edit(header):
        for frame in header.PerFrameFunctionalGroupsSequence:
            del frame.RealWorldValueMappingSequence

    stored = write(tmp_path, edit=edit, rescale_type="BQML")
    assert read(tmp_path).values == pytest.approx(stored * 7 * FACTOR, rel=1e-6)
    write(tmp_path, edit=edit)
    with pytest.raises(MissingTagError, match="RealWorldValueMappingSequence"):
        read(tmp_path)


def corrected_to(moment, **changes):
    def edit(header):
        header.DecayCorrectionDateTime = moment
        for keyword, value in changes.items():
            setattr(header, keyword, value)

    return edit


def test_values_that_are_corrected_to_the_injection(tmp_path):
    stored = write(tmp_path, lambda k: [mapping("Bq/ml", 1)], edit=corrected_to("20240102100000"))
    assert read(tmp_path).values == pytest.approx(stored * 72_250 / 400e6, rel=1e-6)


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        (corrected_to("20240102095959"), InjectionTimeError, "after the start"),
        (corrected_to("20240103115000"), InjectionTimeError, "half-lives"),
        (corrected_to("20240102115000+0100"), InjectionTimeError, "DecayCorrectionDateTime has another offset"),
        (corrected_to("20240102"), InvalidTagError, "DecayCorrectionDateTime"),
        (corrected_to(None), MissingTagError, "DecayCorrectionDateTime"),
        (corrected_to("20240102115000", DecayCorrected="NO"), UncorrectedPetError, "DecayCorrected is not YES"),
        (corrected_to("20240102115000", AttenuationCorrected="NO"), UncorrectedPetError, "AttenuationCorrected"),
        (corrected_to("20240102115000", AttenuationCorrected=None), MissingTagError, "AttenuationCorrected"),
        (corrected_to("20240102115000", PatientWeight=None), MissingTagError, "PatientWeight"),
        (
            corrected_to("20240102115000", RadiopharmaceuticalInformationSequence=[isotope(), isotope()]),
            InvalidTagError,
            "one injection",
        ),
    ],
)
def test_what_is_missing_or_contradicts_itself_is_refused(tmp_path, edit, error, message):
    write(tmp_path, edit=edit)
    with pytest.raises(error, match=message) as caught:
        read(tmp_path)
    assert "20240102" not in str(caught.value)
    assert read(tmp_path, "stored").series.unit == "Bq/ml"


@pytest.mark.parametrize("code", ["ml/min/g", "{counts}", "g/ml"])
def test_other_quantities_have_no_uptake(tmp_path, code):
    stored = write(tmp_path, lambda k: [mapping(code, 3)])
    with pytest.raises(PetUnitError, match=code.replace("{", r"\{")):
        read(tmp_path)
    kept = read(tmp_path, "stored")
    assert (kept.series.unit, kept.values.tolist()) == (code, (stored * 3).tolist())


def test_frames_of_two_units_are_refused(tmp_path):
    write(tmp_path, lambda k: [mapping("Bq/ml" if k else "g/ml{SUVbw}", 1)])
    with pytest.raises(MixedGeometryError, match="Units differs"):
        read(tmp_path)


def test_a_table_of_values_is_refused(tmp_path):
    def table(k):
        item = mapping("Bq/ml", 1)
        item.RealWorldValueLUTData = [0.0, 1.0]
        return [item]

    write(tmp_path, table)
    with pytest.raises(InvalidTagError, match="table of values"):
        read(tmp_path)


def test_legacy_converted_objects_keep_classic_attributes(tmp_path):
    def edit(header):
        header.SOPClassUID = LEGACY
        for frame in header.PerFrameFunctionalGroupsSequence:
            del frame.RealWorldValueMappingSequence
        classic = Dataset()
        classic.Units, classic.CorrectedImage, classic.DecayCorrection = "BQML", ["ATTN", "DECY"], "ADMIN"
        header.SharedFunctionalGroupsSequence[0].UnassignedSharedConvertedAttributesSequence = [classic]

    stored = write(tmp_path, edit=edit)
    assert read(tmp_path).values == pytest.approx(stored * 7 * 72_250 / 400e6, rel=1e-6)
