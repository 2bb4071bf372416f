"""A CT series to a volume: ours with all checks, SimpleITK's reader, dcm2niix; 300 × 512 × 512, one run.

    python benchmarks/convert.py

Each side runs in a process of its own, three times; the fastest counts. Reading: headers and pixels into memory.
Converting: a compressed NIfTI file as well. Memory is the peak over that of the interpreter with its imports, in
volumes (int16).
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHAPE, SPACING_MM = (300, 512, 512), (1.0, 0.7, 0.7)
RUNS = 3


def write_series(folder: Path) -> None:
    """Smooth tissue with noise in one file a slice."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    rng, series = np.random.default_rng(1), generate_uid(entropy_srcs=["bench"])
    y, x = np.ogrid[: SHAPE[1], : SHAPE[2]]
    body = np.where(((y - 256) / 200) ** 2 + ((x - 256) / 240) ** 2 < 1, 1064, 24)
    for k in range(SHAPE[0]):
        item = Dataset()
        item.SOPClassUID, item.SOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=["bench", str(k)])
        item.SeriesInstanceUID = item.StudyInstanceUID = item.FrameOfReferenceUID = series
        item.Modality, item.InstanceNumber, item.ImageType = "CT", k + 1, ["ORIGINAL", "PRIMARY", "AXIAL"]
        item.ImagePositionPatient, item.ImageOrientationPatient = [0, 0, k * SPACING_MM[0]], [1, 0, 0, 0, 1, 0]
        item.PixelSpacing, item.Rows, item.Columns = list(SPACING_MM[1:]), *SHAPE[1:]
        item.PatientName, item.PatientID, item.KVP, item.ConvolutionKernel = "A^B", "1", 120, "B30f"
        item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
        item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 12, 11, 0
        item.RescaleSlope, item.RescaleIntercept = 1, -1024
        item.PixelData = (body + rng.integers(-12, 13, SHAPE[1:])).astype("<u2").tobytes()
        item["PixelData"].VR = "OW"
        item.file_meta = FileMetaDataset()
        item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item.save_as(folder / f"{k:03d}.dcm", enforce_file_format=True)


def side(name: str, folder: Path) -> None:
    """Run one side and print seconds and megabytes over the baseline."""
    if name.startswith("ours"):
        from radiogenomics.config.imaging import Imaging
        from radiogenomics.imaging.series import read_series
        from radiogenomics.imaging.volume import read_volume, write_volume

        def work() -> None:
            series = read_series(folder / "series", Imaging())
            if name != "ours, header pass":
                volume = read_volume(series)
                if name == "ours, convert":
                    write_volume(volume, folder / "ours.nii.gz")
    else:
        import SimpleITK as sitk

        def work() -> None:
            reader = sitk.ImageSeriesReader()
            reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "series")))
            image = reader.Execute()
            if name == "SimpleITK, convert":
                sitk.WriteImage(image, str(folder / "itk.nii.gz"), useCompression=True, compressionLevel=1)

    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))


def measure(name: str, folder: Path) -> tuple[float, float]:
    """Fastest seconds and largest memory of a side."""
    found = []
    for _ in range(RUNS):
        done = subprocess.run([sys.executable, __file__, name, str(folder)], capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    return min(seconds for seconds, _ in found), max(memory for _, memory in found)


def dcm2niix(folder: Path) -> float:
    """Fastest seconds of dcm2niix with its own compression at level 1."""
    from dcm2niix import bin as program

    times = []
    for n in range(RUNS):
        (folder / f"out{n}").mkdir()
        start = time.perf_counter()
        command = [program, "-z", "i", "-1", "-o", str(folder / f"out{n}"), str(folder / "series")]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    volume_mb = np.prod(SHAPE) * 2 / 2**20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "series").mkdir()
        write_series(folder / "series")
        sides = ("ours, header pass", "ours, read", "SimpleITK, read", "ours, convert", "SimpleITK, convert")
        found = {side_name: measure(side_name, folder) for side_name in sides}
        peer = dcm2niix(folder)
    for side_name, (seconds, memory) in found.items():
        print(f"convert: {side_name} {seconds:.2f} s, peak {memory / volume_mb:.2f} volumes")
    print(f"convert: dcm2niix, convert {peer:.2f} s")
    header, read, theirs, ours, _ = (found[side_name][0] for side_name in sides)
    print(f"convert: reading, ratio {theirs / read:.2f} to SimpleITK; headers are {header / read:.0%} of it")
    itk = found["SimpleITK, convert"][0]
    print(f"convert: converting, ratio {itk / ours:.2f} to SimpleITK, {peer / ours:.2f} to dcm2niix")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        side(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
