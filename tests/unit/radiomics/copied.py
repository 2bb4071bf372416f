"""A small cohort of noisy ellipsoids in a box of tissue, extracted and copied as the workflow does."""

import json

import numpy as np

from radiogenomics import tables
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.nifti import write_nifti
from radiogenomics.radiomics.extract import extract_batch
from radiogenomics.radiomics.extract_copies import extract_copies

SHAPE, SPACING_MM = (24, 56, 60), (2.0, 1.0, 1.0)
GRID = Grid(SHAPE, (0.0, 0.0, 0.0), SPACING_MM, ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)))
SETTINGS = RadiomicsSettings(bin_width=25, bin_origin=-1000, families=("shape", "firstorder", "glcm", "glszm"))


def write_patient(folder, name, size=1.0, seed=0, room=True, mean=60):
    """Write volume and mask of one patient; ``mean`` is that of the region, ``room`` leaves tissue around it."""
    z, y, x = np.indices(SHAPE) - np.reshape((9, 22, 22), (3, 1, 1, 1))
    mask = (z / 4) ** 2 + (y / 9) ** 2 + (x / 8) ** 2 <= size**2
    rng = np.random.default_rng(seed)
    tissue = np.zeros(SHAPE, bool) if not room else (np.abs(x - 6) < 26) & (np.abs(y - 6) < 26)
    values = np.where(mask, mean, np.where(tissue, 0, -1000)) + rng.normal(0, 30, SHAPE)
    write_nifti(values.astype(np.int16), GRID, folder / f"{name}.nii.gz")
    write_nifti(mask.astype(np.uint8), GRID, folder / f"{name}.mask.nii.gz")


def write_images(folder, names, table):
    """Write the images table of some patients."""
    filler = {column.name: 0 for column in tables.IMAGES.columns} | {"roi_touches_border": False}
    text = {column.name: "" for column in tables.IMAGES.columns if column.dtype in ("string", "category")}
    shared = filler | text | {"roi": "GTV", "role": "ct", "modality": "CT"}
    rows = [
        shared
        | {"patient_id": name, "image_id": f"{name}-ct", "volume": f"{name}.nii.gz", "mask": f"{name}.mask.nii.gz"}
        for name in names
    ]
    tables.IMAGES.write(tables.IMAGES.frame(rows), table)


def extracted(folder, names, batch, copies, settings=SETTINGS):
    """Extract a batch of the patients and its copies; the paths of its tables."""
    images = folder / f"{batch}.images.parquet"
    write_images(folder, names, images)
    by_modality = json.dumps({"CT": settings.model_dump(mode="json")})
    made = {
        kind: folder / f"{batch}.{kind}" for kind in ("features.parquet", "copies.parquet", "f.tsv", "copies.f.tsv")
    }
    shared = {"images": images, "results": folder, "settings": by_modality, "scale": None}
    extract_batch(**shared, features=made["features.parquet"], failures=made["f.tsv"])
    extract_copies(
        **shared,
        features=made["features.parquet"],
        copies=json.dumps(copies),
        table=made["copies.parquet"],
        failures=made["copies.f.tsv"],
    )
    return made
