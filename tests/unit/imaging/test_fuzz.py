"""Damaged DICOM files give a volume, regions or a typed refusal: no other exception, no hang, no large allocation.

`make conformity` tries 2,000 of them, `make test` 200.
"""

import os
import signal
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import EnhancedMRImageStorage, JPEG2000Lossless, RLELossless, generate_uid

from radiogenomics.config.imaging import Imaging, Policies
from radiogenomics.errors import RadiogenomicsError
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.segmentation import read_regions
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.volume import read_volume
from tests.unit.imaging import synthetic, test_enhanced_pet
from tests.unit.imaging.synthetic import grid, save, stored_values, write_rtstruct, write_series
from tests.unit.imaging.test_ultrasound_series import write_picture

CASES = 2000 if os.environ.get("HYPOTHESIS_PROFILE") == "conformity" else 200
SECONDS, MEGABYTES = 5, 128
SHAPE = (4, 16, 20)
LARGE = (3, 64, 64)  # JPEG 2000 has six resolutions
SETTINGS = (
    Imaging(),
    Imaging(
        pet_unit="stored", policies=Policies(**{k: f.annotation.__args__[-1] for k, f in Policies.model_fields.items()})
    ),
)
REPRESENTATIONS = ("US", "SS", "UL", "FL", "FD", "DS", "IS", "LO", "UI", "SQ", "OB", "OW", "UN", "AT", "TM")


def enhanced(path):
    """One enhanced MR object of four frames."""
    place, values = grid(SHAPE), stored_values(SHAPE)
    uids = {kind: generate_uid(entropy_srcs=[kind]) for kind in ("series", "study", "frame")}
    item = synthetic.slice_dataset(values[0], place, 0, "MR", uids)
    item.SOPClassUID, item.NumberOfFrames = EnhancedMRImageStorage, SHAPE[0]
    shared, item.PerFrameFunctionalGroupsSequence = Dataset(), []
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [Dataset()], [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = item.PixelSpacing
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = item.ImageOrientationPatient
    for k in range(SHAPE[0]):
        frame = Dataset()
        frame.PlanePositionSequence = [Dataset()]
        frame.PlanePositionSequence[0].ImagePositionPatient = [float(value) for value in place.to_lps([k, 0, 0])]
        item.PerFrameFunctionalGroupsSequence.append(frame)
    item.SharedFunctionalGroupsSequence = [shared]
    del item.PixelSpacing, item.ImageOrientationPatient, item.ImagePositionPatient
    item.PixelData = values.tobytes()
    item["PixelData"].VR = "OW"
    return save(item, path)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Sound objects: a file that will be damaged, and the folder of those beside it."""
    root = tmp_path_factory.mktemp("sound")
    place = grid(SHAPE)
    write_series(root / "ct", stored_values(SHAPE), place=place)
    write_series(root / "pet", stored_values(SHAPE), place=place, modality="PT", syntax=RLELossless)
    enhanced(root / "enhanced" / "e.dcm")
    test_enhanced_pet.write(root / "enhanced pet")
    write_picture(root / "ultrasound")
    write_series(root / "jpeg 2000", stored_values(LARGE), place=grid(LARGE), syntax=JPEG2000Lossless)
    square = [place.to_lps([(1, *corner) for corner in ((3, 3), (3, 9), (9, 9), (9, 3))])]
    write_rtstruct(root / "rtstruct" / "rs.dcm", {"GTV": square})
    return root


def damaged(data, random):
    """Bytes of a file with flipped bits, a cut tail, or an element removed or of another representation."""
    kind = random.integers(4)
    if kind == 0:
        changed = bytearray(data)
        for _ in range(random.integers(1, 20)):
            changed[random.integers(132, len(data))] ^= 1 << random.integers(8)
        return bytes(changed)
    if kind == 1:
        return data[: random.integers(1, len(data))]
    item = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
    tags = [tag for tag in item.keys() if tag != Tag("SOPClassUID")]  # noqa: SIM118
    tag = tags[random.integers(len(tags))]
    if kind == 2:
        del item[tag]
    else:
        raw = random.integers(0, 256, random.integers(0, 24), dtype=np.uint8).tobytes()
        representation = REPRESENTATIONS[random.integers(len(REPRESENTATIONS))]
        explicit = pydicom.dataelem.RawDataElement(tag, representation, len(raw), raw, 0, False, True)
        item._dict[tag] = explicit
    stream = pydicom.filebase.DicomBytesIO()
    try:
        item.save_as(stream, enforce_file_format=False)
    except Exception:  # what cannot be written cannot be met
        return data[:200]
    return stream.getvalue()


@contextmanager
def limits(what):
    """Fail after some seconds, and beyond some megabytes."""

    def hang(*_):
        raise AssertionError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(SECONDS)
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        assert peak < MEGABYTES, f"{what}: {peak:.0f} MB"
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", ["ct", "pet", "enhanced", "enhanced pet", "ultrasound", "jpeg 2000", "rtstruct"])
def test_damaged_files_are_read_or_refused_by_name(sources, tmp_path, kind):
    files = sorted((sources / kind).glob("*.dcm"))
    for file in files[1:]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    data, target = files[0].read_bytes(), tmp_path / files[0].name
    outcomes = set()
    for seed in range(CASES // 4):
        target.write_bytes(damaged(data, np.random.default_rng(seed)))
        for settings in SETTINGS:
            with limits(f"{kind}, seed {seed}"):
                try:
                    if kind == "rtstruct":
                        read_regions(target, "GTV", grid(SHAPE), References(), settings)
                    else:
                        read_volume(read_series(tmp_path, settings))
                    outcomes.add("read")
                except RadiogenomicsError as error:
                    outcomes.add(error.reason)
                except Exception as error:
                    raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    assert len(outcomes) > 3  # the damage is seen
