"""What one changed copy of an image costs: processor seconds to change it and to extract its features; peak memory.

    python benchmarks/copies.py

Noisy ellipsoids of soft tissue in air, preset `ct` (1,747 features). Each case runs in a process of its own, which
first extracts once so that everything is compiled and imported; then the median of five copies of each kind is taken.
The row `unchanged` is the extraction of the image itself, which a copy is held against.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

# Shape, spacing in mm (slices, rows, columns), radius of the region in mm.
CASES = {
    "small region, 64 × 128 × 128": ((64, 128, 128), (2.0, 1.0, 1.0), 8.0),
    "region of 20 mm, 200 × 512 × 512": ((200, 512, 512), (1.5, 0.8, 0.8), 20.0),
    "region of 35 mm, 200 × 512 × 512": ((200, 512, 512), (1.5, 0.8, 0.8), 35.0),
}
COPIES = 5


def side(name: str) -> None:
    """Measure one case and print it as JSON."""
    from radiogenomics.config import load_radiomics_settings
    from radiogenomics.config.perturbations import Perturbations
    from radiogenomics.radiomics.copies import COPY_KINDS, maker, stream
    from radiogenomics.radiomics.engine import features_of
    from radiogenomics.radiomics.images import Image

    shape, spacing_mm, radius_mm = CASES[name]
    centre = [0.5 * length * (1 - 0.3 * (axis == 2)) for axis, length in enumerate(shape)]
    grids = np.ogrid[tuple(slice(length) for length in shape)]
    axes = [(part - at) * step for part, at, step in zip(grids, centre, spacing_mm, strict=True)]
    mask = np.zeros(shape, bool)
    for number, z in enumerate(axes[0].ravel()):
        mask[number] = z**2 + (axes[1] ** 2 + axes[2] ** 2)[0] <= radius_mm**2
    body = ((grids[1] / shape[1] - 0.5) / 0.45) ** 2 + ((grids[2] / shape[2] - 0.5) / 0.45) ** 2 < 1
    array, random = np.empty(shape, np.int16), np.random.default_rng(1)
    for number in range(shape[0]):  # slice by slice, so that the peak is that of the copies
        plane = np.where(body[0], np.where(mask[number], 60, 20), -1000) + random.normal(0, 20, shape[1:])
        array[number] = np.maximum(plane, -1024)
    image, settings = Image(array, spacing_mm, np.diag([*spacing_mm[::-1], 1.0])), load_radiomics_settings("ct")
    volume, region = Path("v.nii.gz"), Path("m.nii.gz")
    features_of(image, mask, settings, volume, region)
    found = {}
    start = time.process_time()
    features_of(image, mask, settings, volume, region)
    found["unchanged"] = [0.0, time.process_time() - start]
    for kind in COPY_KINDS:
        make, seconds = maker(kind, image, mask, Perturbations()), []
        for number in range(COPIES):
            start = time.process_time()
            copy = make(stream(1, (name,), kind, number))
            changed = time.process_time()
            features_of(*copy, settings, volume, region)
            seconds.append([changed - start, time.process_time() - changed])
        found[kind] = np.median(seconds, axis=0).tolist()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"voxels": int(mask.sum()), "seconds": found, "peak_mb": peak}))


def main() -> None:
    for name in CASES:
        done = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        print(f"copies: {name}, {found['voxels']:,} voxels in the region, peak {found['peak_mb']:.0f} MB")
        plain = sum(found["seconds"]["unchanged"])
        for kind, (change, extract) in found["seconds"].items():
            ratio = (change + extract) / plain
            print(f"copies:   {kind}: change {change:.2f} s, extract {extract:.2f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        side(sys.argv[1])
    else:
        main()
