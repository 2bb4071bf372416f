"""Feature extraction: ours against pyradiomics and, where they are found, pictologics, flash-radiomics and mirp.

    python benchmarks/radiomics.py [--data FOLDER] [--peers PYTHON …] [--slow]

Cases: a synthetic CT of 256³ with a lesion of two million voxels, and, with ``--data``, brain1 and lung1 of
pyradiomics and the IBSI CT phantom. Tasks: (a) the original image, (b) LoG of 1 to 5 mm and eight wavelet bands as
well; bins of 25, one thread. Each engine runs in a process of its own, three times, and the fastest counts: the whole
process from its start to the values, and reading and extraction alone. ``--peers`` names interpreters that have other
engines installed (pictologics needs Python 3.12); mirp takes minutes and runs with ``--slow`` only.

Then, for our engine: the memory bandwidth of this machine against the bytes that a case must touch at least once, and
the time a voxel costs from 10³ to 10⁷ of them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    )
}
SIGMAS, BIN_WIDTH, RUNS = (1, 2, 3, 4, 5), 25, 3
BANDS = [a + b + c for a in "LH" for b in "LH" for c in "LH"]
LARGE = 256, 78  # edge and radius in voxels
Run = Callable[[], int]


def native(image: str, mask: str, task: str, definition: str = "pyradiomics") -> Run:
    # The engine imports these where it needs them; here they count as its start, as other engines' imports do.
    needed = {"SimpleITK": image.endswith(".nrrd"), "scipy.spatial": definition == "ibsi"}
    for name in [name for name, use in (needed | {"radiogenomics.radiomics.responses": task == "b"}).items() if use]:
        import_module(name)

    from radiogenomics.config.extraction import RadiomicsSettings
    from radiogenomics.radiomics.engine import features

    types = {"log_sigma_mm": SIGMAS, "wavelet": True} if task == "b" else {}
    settings = RadiomicsSettings.model_validate(
        {"definition": definition, "bin_width": BIN_WIDTH, "min_voxels": 1, "image_types": types}
    )
    return lambda: len(features(Path(image), Path(mask), settings))


def native_ibsi(image: str, mask: str, task: str) -> Run:
    return native(image, mask, task, "ibsi")


def pyradiomics(image: str, mask: str, task: str) -> Run:
    import logging

    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    extractor = RadiomicsFeatureExtractor(binWidth=BIN_WIDTH)
    if task == "b":
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": list(SIGMAS)})
        extractor.enableImageTypeByName("Wavelet")
    return lambda: sum(not name.startswith("diagnostics") for name in extractor.execute(image, mask))


def flash_radiomics(image: str, mask: str, task: str) -> Run:
    from flash_radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(binWidth=BIN_WIDTH, backend="cpu")
    if task == "b":
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": list(SIGMAS)})
        extractor.enableImageTypeByName("Wavelet")
    return lambda: sum(not str(name).startswith("diagnostics") for name in extractor.execute(image, mask))


def pictologics(image: str, mask: str, task: str) -> Run:
    from pictologics import RadiomicsPipeline

    pipeline = RadiomicsPipeline()
    ends = [
        {"step": "discretise", "params": {"method": "FBS", "bin_width": BIN_WIDTH, "min_val": -10_000}},
        {"step": "extract_features", "params": {"families": ["intensity", "morphology", "texture", "histogram"]}},
    ]
    filters = [{"type": "log", "sigma_mm": float(sigma)} for sigma in SIGMAS]
    filters += [{"type": "wavelet", "wavelet": "coif1", "level": 1, "decomposition": band} for band in BANDS]
    pipeline.add_config("original", ends)
    for number, params in enumerate(filters if task == "b" else ()):
        pipeline.add_config(f"f{number}", [{"step": "filter", "params": params}, *ends])
    names = ["original", *(f"f{number}" for number in range(len(filters) if task == "b" else 0))]

    def run() -> int:
        found = pipeline.run(image=image, mask=mask, subject_id="s", config_names=names)
        return sum(len(values) for values in found.values())

    return run


def mirp(image: str, mask: str, task: str) -> Run:
    from mirp import extract_features

    options: dict[str, object] = {}
    if task == "b":
        options = {
            "filter_kernels": ["laplacian_of_gaussian", "separable_wavelet"],
            "laplacian_of_gaussian_sigma": list(SIGMAS),
            "separable_wavelet_families": "coif1",
            "separable_wavelet_set": [band.lower() for band in BANDS],
            "separable_wavelet_rotation_invariance": False,
            "response_map_feature_families": "all",
            "response_map_discretisation_method": "fixed_bin_size",
            "response_map_discretisation_bin_width": BIN_WIDTH,
        }
    return lambda: extract_features(
        image=image,
        mask=mask,
        base_discretisation_method="fixed_bin_size",
        base_discretisation_bin_width=BIN_WIDTH,
        base_feature_families="all",
        **options,
    )[0].shape[1]


ENGINES = {each.__name__: each for each in (native, native_ibsi, pyradiomics, flash_radiomics, pictologics, mirp)}
OURS, SLOW = ("native", "native_ibsi"), ("mirp",)


def child(engine: str, image: str, mask: str, task: str) -> None:
    """Run one engine on one case and print what it took."""
    started = time.perf_counter()
    run = ENGINES[engine](image, mask, task)
    imported = time.perf_counter()
    number = run()
    first = time.perf_counter()
    run()  # another region of the same process, as in a batch
    second = time.perf_counter()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak_mb = int(status["VmHWM"].split()[0]) / 1024  # not ru_maxrss, which a child inherits from its parent
    record = {"features": number, "start": imported - started, "extract": first - imported, "again": second - first}
    print(json.dumps(record | {"peak_mb": peak_mb}))


def measure(python: str, engine: str, image: Path, mask: Path, task: str) -> dict[str, float] | None:
    """The fastest of several processes; None where the engine is not installed or fails.

    ``-P`` keeps this folder off the path, where this file would stand for pyradiomics' package.
    """
    best: dict[str, float] | None = None
    # Some machines keep Python from writing byte code, and every import would compile.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | ONE_THREAD
    for _ in range(RUNS if engine not in SLOW else 1):
        start = time.perf_counter()
        command = [
            python,
            "-P",
            str(Path(__file__).resolve()),
            "--child",
            engine,
            str(image.resolve()),
            str(mask.resolve()),
            task,
        ]
        with tempfile.TemporaryDirectory() as scratch:  # some engines leave files behind
            done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=scratch, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"    {engine} fails with {Path(python).parent.parent}: {reason[:110]}")
            return None
        record = json.loads(done.stdout.strip().splitlines()[-1])
        record["whole"] = time.perf_counter() - start - record["again"]
        best = record if best is None or record["whole"] < best["whole"] else best
    return best


def write_sphere(folder: Path, edge: int, radius: float) -> tuple[Path, Path, int]:
    """A smooth noisy CT with a ball; image, mask and its voxels."""
    import numpy as np
    import SimpleITK as sitk
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(0).normal(size=(edge, edge, edge)).astype(np.float32), 2)
    z, y, x = np.ogrid[:edge, :edge, :edge]
    ball = (z - edge // 2) ** 2 + (y - edge // 2) ** 2 + (x - edge // 2) ** 2 <= radius**2
    arrays = (noise / noise.std() * 200 + 40).astype(np.int16), ball.astype(np.uint8)
    paths = folder / f"image{edge}.nii.gz", folder / f"mask{edge}.nii.gz"
    for path, values in zip(paths, arrays, strict=True):
        sitk.WriteImage(sitk.GetImageFromArray(values), str(path))
    return *paths, int(ball.sum())


def bandwidth() -> float:
    """Bytes a second that one thread reads and writes in a plain copy."""
    import numpy as np

    source = np.ones(32_000_000)
    target = np.empty_like(source)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - start)
    return 2 * source.nbytes / min(times)


def compare(cases: dict[str, tuple[Path, Path]], pythons: list[str], slow: bool) -> None:
    """Every engine on every case, with ratios to pyradiomics."""
    columns = ("case", "engine", "features", "start to values, s", "read + extract, s", "again, s", "peak MB")
    print(f"| {' | '.join(columns)} | × faster than pyradiomics |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (image, mask) in cases.items():
        for task in "ab":
            rows: dict[str, dict[str, float]] = {}
            for engine in ENGINES:
                for python in pythons if engine not in (*OURS, "pyradiomics") else [sys.executable]:
                    if engine in SLOW and not slow:
                        continue
                    if engine not in rows and (found := measure(python, engine, image, mask, task)):
                        rows[engine] = found
            reference = rows["pyradiomics"]
            for engine, row in rows.items():
                ratio, whole = reference["extract"] / row["extract"], reference["whole"] / row["whole"]
                print(
                    f"| {name} ({task}) | {engine} | {row['features']} | {row['whole']:.2f} | {row['extract']:.3f}"
                    f" | {row['again']:.3f} | {row['peak_mb']:.0f} | {ratio:.1f} (whole process {whole:.1f}) |"
                )


def limits(folder: Path) -> None:
    """Cost by the number of voxels, and how far it is from the memory's speed."""
    speed = bandwidth()
    print(f"memory: a copy moves {speed / 1e9:.1f} GB/s in one thread")
    for radius in (6.2, 13.4, 28.8, 62.0, 133.7):
        edge = int(2 * radius) + 6
        image, mask, voxels = write_sphere(folder, edge, radius)
        found = measure(sys.executable, "native", image, mask, "a")
        if found is not None:
            # The files into memory once; intensities and grey levels written and read.
            least = edge**3 * 3 * 2 + voxels * (8 + 4) * 2
            cost, touched = found["again"] / voxels * 1e9, found["again"] / (least / speed)
            print(
                f"native: {voxels:>10,} voxels {found['again']:8.4f} s, {cost:6.0f} ns a voxel, {touched:5.0f} × the"
                f" time to touch {least / 1e6:,.1f} MB, peak {found['peak_mb']:.0f} MB"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help="folder with pyradiomics/ and ibsi/")
    parser.add_argument("--peers", nargs="*", default=[], help="interpreters with other engines")
    parser.add_argument("--slow", action="store_true", help="mirp as well")
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = {"256³, 2 M voxels": write_sphere(folder, *LARGE)[:2]}
        if options.data:
            theirs, phantom = options.data / "pyradiomics", options.data / "ibsi/ibsi1_ct_phantom/nifti"
            small = {
                each: (theirs / f"{each}_image.nrrd", theirs / f"{each}_label.nrrd") for each in ("brain1", "lung1")
            }
            cases = small | {"IBSI CT": (phantom / "image/phantom.nii.gz", phantom / "mask/mask.nii.gz")} | cases
        compare(cases, [sys.executable, *options.peers], options.slow)
        limits(folder)


if __name__ == "__main__":
    main()
