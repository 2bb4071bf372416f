"""PET as standardised uptake value: real headers of four scanners, one real tumour, and every refusal by name."""

import csv
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, strategies as st
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging.dicom import quiet, read_dataset
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, MixedAcquisitionError
from radiogenomics.imaging.quantity_errors import (
    BodyFormulaError,
    ImplausibleValueError,
    InjectionTimeError,
    PetUnitError,
    ScanStartError,
    SuvTypeError,
    UncorrectedPetError,
)
from radiogenomics.imaging.segmentation import read_mask
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.suv import (
    GE_SCAN_START,
    ISOTOPE,
    SUV_TAGS,
    SUV_TYPES,
    body_mass_kg,
    body_surface_area_m2,
    suv_factors,
)
from radiogenomics.imaging.volume import read_volume
from tests.shared_data import shared_data

# A man of 72.25 kg and 1.70 m (BMI 25), 400 MBq at 10:00, a half-life of 110 min, scan at 11:50.
WORKED = {
    "Manufacturer": "Maker",
    "Units": "BQML",
    "CorrectedImage": ["DECY", "ATTN", "SCAT"],
    "DecayCorrection": "START",
    "PatientWeight": "72.25",
    "PatientSize": "1.70",
    "PatientSex": "M",
    **{"SeriesDate": "20240102", "SeriesTime": "115000"},
    **{"AcquisitionDate": "20240102", "AcquisitionTime": "115000.00"},
    **{"FrameReferenceTime": "0", "ActualFrameDuration": "180000"},
}
INJECTED = {
    "RadionuclideTotalDose": "400000000",
    "RadionuclideHalfLife": "6600",
    "RadiopharmaceuticalStartTime": "100000",
}
HALF_LEFT_BQ = 200e6
SECRETS = ("72.25", "1.70", "20240102", "100000")


@dataclass(frozen=True)
class File:
    """What the conversion needs of a slice."""

    path: Path
    header: Dataset


def dataset(tags):
    made = Dataset()
    with quiet():
        for keyword, value in tags.items():
            if value is not None:
                setattr(made, keyword, value)
    return made


def pet(n=0, **changes):
    """The worked example as slice ``n``; None removes an attribute, private ones are (creator, element, VR, value)."""
    private = changes.pop("private", [])
    item = {key: changes.pop(key, value) for key, value in INJECTED.items()}
    item |= {key: changes.pop(key) for key in list(changes) if key.startswith("Radio")}
    header = dataset(WORKED | changes)
    setattr(header, ISOTOPE, [dataset(item)])
    for group, creator, element, vr, value in private:
        header.private_block(group, creator, create=True).add_new(element, vr, value)
    return File(Path(f"slice{n}.dcm"), header)


def philips(suv=None, activity=None, **changes):
    block = [(0x7053, "Philips PET Private Group", element, "DS", value)
             for element, value in ((0x00, suv), (0x09, activity)) if value is not None]  # fmt: skip
    return pet(Units="CNTS", private=block, **changes)


def factor(*files, unit="suvbw"):
    found = suv_factors(files, unit)
    assert found.shape == (len(files),)
    return found[0]


def refusal(kind, *files, unit="suvbw"):
    """The error, checked to be of the kind, to give a hint and to tell nothing of the patient."""
    with pytest.raises(kind) as caught:
        suv_factors(files or [pet()], unit)
    assert type(caught.value) is kind
    assert caught.value.hint
    assert not [secret for secret in SECRETS if secret in str(caught.value)]
    return caught.value


def test_worked_example():
    """110 min are one half-life, so 400 MBq have become 200 MBq.

    SUVbw = c × 72,250 g / 200,000,000 Bq = c × 3.6125e-4; 10,000 Bq/ml are 3.6125 g/ml.
    Lean body mass = 9270 × 72.25 / (6680 + 216 × 25) = 669,757.5 / 12,080 = 55.4435 kg: 2.772 g/ml.
    Surface = 0.007184 × 72.25^0.425 × 170^0.725 = 0.007184 × 6.16604 × 41.40716 = 1.83421 m²: 0.9171 cm²/ml.
    """
    assert 1e4 * factor(pet()) == pytest.approx(3.6125, rel=1e-12)
    assert 1e4 * factor(pet(), unit="suvlbm") == pytest.approx(2.772175, rel=1e-6)
    assert 1e4 * factor(pet(), unit="suvbsa") == pytest.approx(0.917105, rel=1e-5)
    assert set(SUV_TYPES) == {"suvbw", "suvlbm", "suvbsa"}


def real_cases():
    root = shared_data("dicom", "suv_metadata_real_scanners")
    with (root / "expected_suvbw_factors.csv").open() as stream:
        return root, {row["case"]: float(row["suvbw_factor"]) for row in csv.DictReader(stream)}


def real_headers(case, **changes):
    """Header extracts of a real series: attributes by keyword, those of the isotope and Philips' own told apart."""
    root, _ = real_cases()
    files = []
    for n, tags in enumerate(json.loads((root / f"{case}-instances.json").read_text())):
        own = tags.pop("PhilipsPETPrivateGroup")
        block = [(0x7053, "Philips PET Private Group", element, "DS", own[name].strip())
                 for name, element in (("SUVScaleFactor", 0x00), ("ActivityConcentrationScaleFactor", 0x09))
                 if name in own]  # fmt: skip
        stated = dict.fromkeys((*WORKED, *INJECTED)) | tags
        stated = {key: value.strip() if isinstance(value, str) else value for key, value in stated.items()}
        files.append(pet(n, private=block, **stated, **changes))
    return files


@pytest.mark.parametrize("case", ["SIEMENS", "GE_MEDICAL_AND_BQML", "PHILIPS_CNTS_AND_SUV", "PHILIPS_BQML"])
def test_headers_of_real_scanners(case):
    files = real_headers(case)
    assert suv_factors(files, "suvbw") == pytest.approx(real_cases()[1][case], rel=1e-5)


def test_siemens_scan_start_is_found_without_its_series_time():
    """Three slices of a moving bed state other frame times, which lead to one scan start, 0.03 s from SeriesTime."""
    files = real_headers("SIEMENS")
    late = real_headers("SIEMENS")
    for file in late:
        file.header.SeriesTime = "180000"
    assert suv_factors(late, "suvbw") == pytest.approx(suv_factors(files, "suvbw"), rel=1e-5)


def test_real_tumour_equals_what_another_program_gives():
    """Extremes in the region GTV_Mass of MIRP's own test (EXPECTED.csv).

    Its values "without conversion" are the stored ones decayed back to the injection (× 2^(2711 s / 6588 s) = 1.330).
    Its lean body mass is that of James, with that of Janmahasatian as "bmi"; its body surface area counts 1000 cm² to
    the m².
    """
    root = shared_data("dicom", "pet_ge_bqml_rtstruct_STS_001")
    settings = Imaging(pet_unit="stored")
    series = read_series(root / "FDG_PET" / "image", settings)
    mask = read_mask(root / "FDG_PET" / "mask", "GTV_Mass", series.grid, series.references, settings)
    stored = read_volume(series).values[mask]
    paths = sorted((root / "FDG_PET" / "image").iterdir())
    files = [File(path, read_dataset(path, tags=SUV_TAGS)) for path in paths]
    factors = {unit: suv_factors(files, unit) for unit in SUV_TYPES}
    assert all(np.ptp(found) == 0 for found in factors.values())
    extremes = {unit: (stored.min() * found[0], stored.max() * found[0]) for unit, found in factors.items()}
    extremes["injection"] = tuple(value * 2 ** (2711 / 6588) for value in (stored.min(), stored.max()))
    james = body_mass_kg("LBMJAMES128", 71, 1.63, male=True) / 71
    extremes["james"] = tuple(james * value for value in extremes["suvbw"])
    with (root / "EXPECTED.csv").open() as stream:
        published = {row.pop("suv_type"): row for row in csv.DictReader(stream)}
    for name, ours, scale in (
        ("none (Bq/ml)", "injection", 1),
        ("body_weight", "suvbw", 1),
        ("body_surface_area", "suvbsa", 0.1),
        ("lean_body_mass", "james", 1),
        ("lean_body_mass_bmi", "suvlbm", 1),
    ):
        for value, end in zip(extremes[ours], ("min", "max"), strict=True):
            low, high = (float(published[name][f"roi_{end}_{side}"]) for side in ("low", "high"))
            assert low <= scale * value <= high, name


positive = st.floats(0.2, 5)


@given(dose=positive, weight=positive, unit=st.sampled_from(sorted(SUV_TYPES)))
def test_scaling(dose, weight, unit):
    """Twice the dose, half the SUV; SUVbw is proportional to the weight."""
    plain = factor(pet(), unit=unit)
    assert factor(pet(RadionuclideTotalDose=4e8 * dose), unit=unit) == pytest.approx(plain / dose, rel=1e-9)
    heavier = factor(pet(PatientWeight=72.25 * weight))
    assert heavier == pytest.approx(weight * factor(pet()), rel=1e-9)


@given(minutes=st.integers(1, 9 * 60), dated=st.booleans())
def test_dose_decays_from_any_time_of_day(minutes, dated):
    """Injections on the day before the scan included."""
    start = datetime(2024, 1, 2, 5, 0) - timedelta(minutes=minutes)
    stated = {"RadiopharmaceuticalStartTime": f"{start:%H%M%S}"}
    if dated:
        stated["RadiopharmaceuticalStartDateTime"] = f"{start:%Y%m%d%H%M%S}.5"
    found = factor(pet(SeriesTime="050000", **stated))
    elapsed_s = 60 * minutes - (0.5 if dated else 0)
    assert found == pytest.approx(72250 / (4e8 * np.exp(-np.log(2) * elapsed_s / 6600)), rel=1e-9)


def test_corrected_to_the_injection_there_is_no_decay():
    """Nor are times needed."""
    without = dict.fromkeys(("SeriesTime", "AcquisitionTime", "RadiopharmaceuticalStartTime", "RadionuclideHalfLife"))
    assert factor(pet(DecayCorrection="ADMIN", **without)) == pytest.approx(factor(pet()) / 2)


@pytest.mark.parametrize("frame_s", [1, 180, 3600])
def test_late_series_time_is_replaced_by_what_the_frames_agree_on(frame_s):
    """The moment of average count rate, by summing the decay over the frame."""
    files = []
    for n, begin_s in enumerate((0, 600, 1200)):
        moments = (np.arange(200_000) + 0.5) / 200_000 * frame_s
        average_s = -np.log2(np.mean(2 ** (-moments / 6600))) * 6600
        acquired = datetime(2024, 1, 2, 11, 50) + timedelta(seconds=begin_s)
        frame = {
            "FrameReferenceTime": f"{1000 * (begin_s + average_s):.4f}",
            "ActualFrameDuration": str(1000 * frame_s),
        }
        files.append(pet(n, SeriesTime="183000", AcquisitionTime=f"{acquired:%H%M%S}", **frame))
    assert suv_factors(files, "suvbw") == pytest.approx(72250 / HALF_LEFT_BQ, rel=1e-6)


def ge(value="20240102115000.00", **changes):
    private = [(0x0009, "GEMS_PETD_01", 0x0D, "DT", value)]
    return pet(Manufacturer="GE MEDICAL SYSTEMS", SeriesTime="183000", private=private, **changes)


def test_ge_states_the_start_of_the_scan_privately():
    assert factor(ge()) == pytest.approx(factor(pet()))
    assert "0009,100d" in str(refusal(InvalidTagError, ge("2024")))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_the_header_pass_reads_all_that_is_needed(tmp_path, syntax):
    for n, file in enumerate((ge(), philips(suv="0.000728"), pet())):
        header = file.header
        header.SOPClassUID, header.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.128", f"1.2.{n}"
        header.file_meta = pydicom.dataset.FileMetaDataset()
        header.file_meta.TransferSyntaxUID = syntax
        path = tmp_path / f"{n}.dcm"
        header.save_as(path, enforce_file_format=True, implicit_vr=syntax.is_implicit_VR, little_endian=True)
        read = File(path, read_dataset(path, tags=SUV_TAGS))
        assert factor(read) == pytest.approx(factor(file))


def test_private_attributes_of_a_moved_block_and_without_their_creator():
    moved = pet(Manufacturer="GE MEDICAL SYSTEMS", SeriesTime="183000")
    moved.header.private_block(0x0009, "SOMEONE ELSE", create=True).add_new(0x0D, "LO", "x")
    moved.header.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20240102115000")
    assert (0x0009, 0x110D) in moved.header
    assert {Tag(tag) for tag in SUV_TAGS} >= {Tag(0x0009, 0x0011), Tag(0x0009, 0x110D)}
    assert factor(moved) == pytest.approx(factor(pet()))
    bare = pet(Manufacturer="GE MEDICAL SYSTEMS", SeriesTime="183000")
    bare.header.add_new((0x0009, 0x100D), "UN", b"20240102115000 \0")
    assert factor(bare) == pytest.approx(factor(pet()))


def test_private_attributes_of_other_makers_are_not_taken():
    other = pet(SeriesTime="183000")
    other.header.add_new((0x0009, 0x100D), "UN", b"20240102115000")
    assert refusal(ScanStartError, other).reason == "scan_start"
    assert str(GE_SCAN_START) == "PETScanDateTime (0009,100d)"


def test_philips_counts():
    assert factor(philips(suv="0.000728")) == 0.000728
    assert factor(philips(suv="0.000728"), unit="suvlbm") == pytest.approx(0.000728 * 55.4435 / 72.25, rel=1e-6)
    assert factor(philips(suv="0", activity="4.5")) == pytest.approx(4.5 * factor(pet()))
    assert factor(philips(activity="4.5"), unit="suvbsa") == pytest.approx(4.5 * factor(pet(), unit="suvbsa"))
    assert suv_factors([philips(suv="2"), philips(suv="3")], "suvbw").tolist() == [2, 3]
    assert factor(philips(suv="2", PatientWeight=None)) == 2  # not needed


@pytest.mark.parametrize("files", [(philips(),), (philips(suv="0", activity="0"),), (pet(Units="CNTS"),)])
def test_counts_without_a_scale_are_refused(files):
    assert "(7053,1000)" in refusal(MissingTagError, *files).tag
    assert "(7053,1009)" in refusal(MissingTagError, *files).tag


def test_counts_with_a_damaged_scale_are_refused():
    assert "7053,1000" in refusal(MissingTagError, philips(suv="2"), philips(activity="3")).tag
    assert "7053,1000" in refusal(InvalidTagError, philips(suv="2"), philips(suv="0")).tag
    for value in (b"abc", b"nan"):
        damaged = pet(Units="CNTS", Manufacturer="Philips")
        damaged.header.add_new((0x7053, 0x1000), "UN", value)
        assert "7053,1000" in refusal(InvalidTagError, damaged).tag


@pytest.mark.parametrize("kind", ["LBM", "LBMJAMES128", "LBMJANMA", "IBW"])
@pytest.mark.parametrize(("sex", "male"), [("M", True), ("F", False)])
def test_uptake_values_are_converted_by_the_ratio_of_body_sizes(kind, sex, male):
    stored = pet(Units="GML", SUVType=kind, PatientSex=sex, DecayCorrection=None)
    mass_kg = body_mass_kg(kind, 72.25, 1.70, male=male)
    assert factor(stored) == pytest.approx(72.25 / mass_kg)
    for unit in SUV_TYPES:
        activity = factor(pet(PatientSex=sex), unit=unit)
        assert factor(stored, unit=unit) == pytest.approx(activity * HALF_LEFT_BQ / (1000 * mass_kg))


def test_body_sizes():
    """Men of 80 kg and 1.80 m, women of 60 kg and 1.60 m, by hand; the surface as in Du Bois' chart (1.81 m²)."""
    assert body_surface_area_m2(70, 1.70) == pytest.approx(1.81, abs=0.005)
    expected = {
        ("LBMJANMA", True): 9270 * 80 / (6680 + 216 * 24.691358),
        ("LBMJANMA", False): 9270 * 60 / (8780 + 244 * 23.4375),
        ("LBMJAMES128", True): 88 - 128 * 0.19753086,
        ("LBM", True): 88 - 120 * 0.19753086,
        ("LBMJAMES128", False): 64.2 - 148 * 0.140625,
        ("LBM", False): 64.2 - 148 * 0.140625,
        ("IBW", True): 48 + 1.06 * 28,
        ("IBW", False): 45.5 + 0.91 * 8,
    }
    for (kind, male), mass_kg in expected.items():
        size = (80, 1.80) if male else (60, 1.60)
        assert body_mass_kg(kind, *size, male=male) == pytest.approx(mass_kg, rel=1e-6)


def test_uptake_values_of_the_wanted_kind_need_nothing_of_the_patient():
    without = dict.fromkeys(("PatientWeight", "PatientSize", "PatientSex"))
    for units, kind, unit in (
        ("GML", None, "suvbw"),
        ("GML", "BW", "suvbw"),
        ("GML", "LBMJANMA", "suvlbm"),
        ("CM2ML", None, "suvbsa"),
        ("CM2ML", "BSA", "suvbsa"),
    ):
        assert factor(pet(Units=units, SUVType=kind, **without), unit=unit) == 1
    assert refusal(MissingTagError, pet(Units="CM2ML", **without)).tag == "PatientWeight"


def test_units_and_types_that_are_not_converted():
    assert refusal(PetUnitError, pet(Units="PROPCPS")).units == "PROPCPS"
    assert refusal(SuvTypeError, pet(Units="GML", SUVType="BSA")).suv_type == "BSA"
    assert refusal(SuvTypeError, pet(Units="CM2ML", SUVType="BW")).units == "CM2ML"
    assert refusal(SuvTypeError, pet(Units="GML", SUVType="OTHER")).suv_type == "OTHER"
    heavy = pet(Units="GML", SUVType="LBMJAMES128", PatientWeight="250", PatientSize="1.50", PatientSex="F")
    assert refusal(BodyFormulaError, heavy).suv_type == "LBMJAMES128"


def test_uncorrected_images_are_refused():
    for units in ("BQML", "CNTS", "GML"):
        assert "ATTN" in str(refusal(UncorrectedPetError, pet(Units=units, CorrectedImage=["DECY", "SCAT"])))
        assert "DECY" in str(refusal(UncorrectedPetError, pet(Units=units, CorrectedImage="ATTN")))
        assert refusal(MissingTagError, pet(Units=units, CorrectedImage=None)).tag == "CorrectedImage"
    for stated in ("NONE", "OTHER"):
        assert refusal(UncorrectedPetError, pet(DecayCorrection=stated)).tag == "DecayCorrection"
    assert refusal(UncorrectedPetError, philips(suv="2", DecayCorrection="NONE")).tag == "DecayCorrection"


@pytest.mark.parametrize(
    ("tag", "unit"),
    [
        *((tag, "suvbw") for tag in ("Units", "DecayCorrection", "PatientWeight", "SeriesDate", "SeriesTime")),
        *((tag, "suvbw") for tag in ("AcquisitionDate", "AcquisitionTime", *INJECTED)),
        ("PatientSize", "suvbsa"),
        ("PatientSize", "suvlbm"),
        ("PatientSex", "suvlbm"),
    ],
)
def test_missing_attributes_are_named(tag, unit):
    assert refusal(MissingTagError, pet(**{tag: None}), unit=unit).tag.startswith(tag[:20])


@pytest.mark.parametrize("tag", ["FrameReferenceTime", "ActualFrameDuration"])
def test_frame_times_are_needed_where_the_series_time_is_late(tag):
    assert (
        refusal(MissingTagError, pet(SeriesTime="183000", **{"FrameReferenceTime": "90000"} | {tag: None})).tag == tag
    )
    late = pet(SeriesTime="183000", **{"FrameReferenceTime": "90000"} | {tag: "0"})
    assert refusal(ScanStartError, late).reason == "scan_start"


def test_frames_that_lead_to_other_scan_starts_are_refused():
    files = [pet(n, SeriesTime="183000", FrameReferenceTime=str(90_000 + shift)) for n, shift in enumerate((0, 20_000))]
    assert "20.0 s apart" in str(refusal(ScanStartError, *files))
    files[1].header.FrameReferenceTime = "95000"
    assert suv_factors(files, "suvbw").shape == (2,)


def test_one_injection_only():
    several = pet()
    several.header.RadiopharmaceuticalInformationSequence.append(dataset(INJECTED))
    assert refusal(InvalidTagError, several).tag == ISOTOPE
    none = pet()
    none.header.RadiopharmaceuticalInformationSequence = []
    assert refusal(MissingTagError, none).tag == ISOTOPE


@pytest.mark.parametrize(
    ("tag", "value", "above"),
    [
        ("PatientSize", "170", True),
        ("PatientSize", "0", False),
        ("PatientWeight", "72250", True),
        ("PatientWeight", "0", False),
        ("RadionuclideTotalDose", "400", False),
        ("RadionuclideTotalDose", "400000", False),
        ("RadionuclideTotalDose", "4e14", True),
        ("RadionuclideHalfLife", "0", False),
        ("RadionuclideHalfLife", "1e9", True),
    ],
)
def test_numbers_in_another_unit_are_not_guessed(tag, value, above):
    error = refusal(ImplausibleValueError, pet(**{tag: value}), unit="suvlbm")
    assert (error.tag, error.above) == (tag, above)
    assert error.unit in error.hint


def test_values_that_are_none():
    two = pet()
    two.header.PatientWeight = ["72.25", "80"]
    assert refusal(InvalidTagError, two).tag == "PatientWeight"
    assert refusal(InvalidTagError, pet(PatientSex="O"), unit="suvlbm").tag == "PatientSex"
    for clock in ("noon", "2561", "1", "10"):
        assert refusal(InvalidTagError, pet(SeriesTime=clock)).tag == "SeriesTime"
    assert refusal(InvalidTagError, pet(SeriesDate="20241301")).tag == "SeriesTime"


def test_separators_of_old_files():
    assert factor(pet(SeriesDate="2024.01.02", SeriesTime="11:50:00")) == factor(pet())


@pytest.mark.parametrize(
    ("injected", "told"),
    [
        ({"RadiopharmaceuticalStartTime": "120000"}, "half-lives"),  # 10 min after the scan: not 23 h 50 min before
        (
            {"RadiopharmaceuticalStartDateTime": "20240102120000", "RadiopharmaceuticalStartTime": None},
            "after the start",
        ),
        ({"RadiopharmaceuticalStartDateTime": "20231231100000"}, "27.2 half-lives"),
        ({"RadiopharmaceuticalStartDateTime": "20240102110000"}, "3600 s apart"),
        ({"RadiopharmaceuticalStartDateTime": "20240102000000"}, "36000 s apart"),
        ({"RadiopharmaceuticalStartDateTime": "20240102100000+0100"}, "TimezoneOffsetFromUTC"),
        ({"RadionuclideHalfLife": "109.8"}, "half-lives"),  # in minutes
        ({"RadionuclideHalfLife": "282276"}, "day"),  # Zr-89, days after the injection
    ],
)
def test_impossible_times_of_injection(injected, told):
    assert told in str(refusal(InjectionTimeError, pet(**injected)))


def test_long_lived_nuclides_with_a_date():
    """Zr-89 three days and 1 h 50 min after the injection."""
    dated = pet(RadionuclideHalfLife="282276", RadiopharmaceuticalStartDateTime="20231230100000")
    assert factor(dated) == pytest.approx(72250 / (4e8 * 2 ** (-(3 * 86400 + 6600) / 282276)))


def test_offset_from_utc_that_is_the_series_own():
    dated = {"RadiopharmaceuticalStartDateTime": "20240102100000.000-0330"}
    assert factor(pet(TimezoneOffsetFromUTC="-0330", **dated)) == factor(pet())
    refusal(InjectionTimeError, pet(TimezoneOffsetFromUTC="+0000", **dated))


@pytest.mark.parametrize(
    "changes",
    [
        *({tag: "ADMIN" if tag == "DecayCorrection" else "80"} for tag in ("PatientWeight", "DecayCorrection")),
        {"RadionuclideTotalDose": "300000000"},
        {"RadionuclideHalfLife": "6586.2"},
        {"RadiopharmaceuticalStartTime": "100100"},
        {"SeriesTime": "114900"},
        {"Units": "GML"},
        {"CorrectedImage": ["DECY", "ATTN"]},
    ],
)
def test_slices_of_several_acquisitions(changes):
    error = refusal(MixedAcquisitionError, pet(0), pet(1, **changes), pet(2))
    assert (error.tag, error.files) == (next(iter(changes)), ("slice1.dcm",))


def test_acquisitions_of_one_series_may_differ():
    assert len(set(suv_factors([pet(0), pet(1, AcquisitionTime="115500")], "suvbw"))) == 1
