"""Feature extraction on a crop: ours against pyradiomics on the whole image, the same settings, values compared.

    python benchmarks/bench_radiomics_crop.py

A lesion of 20 mm in a CT of 512×512×48 voxels; original, LoG 1–3 mm and wavelet images, preset ct. Each side runs in a
process of its own. Prints seconds, peak memory, the ratios and the largest difference, relative to max(1, |value|).
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SHAPE, SPACING = (48, 512, 512), (0.8, 0.8, 2.5)


def write_case(folder: Path) -> None:
    rng = np.random.default_rng(2)
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    mask = ((z - 24) * 2.5) ** 2 + ((y - 200) * 0.8) ** 2 + ((x - 300) * 0.8) ** 2 <= 10**2
    for name, values in (("v", rng.normal(40, 50, SHAPE).astype(np.int16)), ("m", mask.astype(np.uint8))):
        image = sitk.GetImageFromArray(values)
        image.SetSpacing(SPACING)
        sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))


def ours(folder: Path) -> dict[str, float]:
    from radiogenomics.config import load_radiomics_settings
    from radiogenomics.radiomics.engine import features

    return {
        item.name: item.value
        for item in features(folder / "v.nii.gz", folder / "m.nii.gz", load_radiomics_settings("ct"))
    }


def theirs(folder: Path) -> dict[str, float]:
    import logging

    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    extractor = RadiomicsFeatureExtractor(binWidth=25, additionalInfo=False)
    extractor.enableImageTypeByName("LoG", customArgs={"sigma": [1.0, 2.0, 3.0]})
    extractor.enableImageTypeByName("Wavelet")
    result = extractor.execute(str(folder / "v.nii.gz"), str(folder / "m.nii.gz"))
    return {name: float(value) for name, value in result.items()}


def measure(side: str, folder: Path) -> tuple[float, float, dict[str, float]]:
    done = subprocess.run([sys.executable, __file__, side, str(folder)], capture_output=True, text=True, check=True)
    return tuple(json.loads(done.stdout))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        write_case(Path(name))
        (seconds, memory, values), (seconds0, memory0, values0) = (
            measure(side, Path(name)) for side in ("ours", "theirs")
        )
    difference = max(abs(values[key] - values0[key]) / max(abs(values0[key]), 1) for key in values0)
    for engine, took, peak in (("cropped", seconds, memory), ("pyradiomics on the whole image", seconds0, memory0)):
        print(f"radiomics: {engine} {took:.2f} s, {peak:.0f} MB")
    print(
        f"radiomics: ratio {seconds0 / seconds:.1f} in time, {memory0 / memory:.1f} in memory; {len(values)} features"
    )
    print(f"radiomics: largest difference {difference:.1e}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        begin = time.perf_counter()
        found = {"ours": ours, "theirs": theirs}[sys.argv[1]](Path(sys.argv[2]))
        took = time.perf_counter() - begin
        print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, found]))
    else:
        main()
