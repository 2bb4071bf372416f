"""A cohort as the tables of one batch, without any variant file."""

import json

from radiogenomics import tables
from radiogenomics.genomics.alterations import alterations

PATIENTS = ["P1", "P2", "P3", "P4"]
DEFAULTS = {
    "line": 1,
    "chromosome": "1",
    "position": 1,
    "ref": "A",
    "alt": "T",
    "alt_copies": 1,
    "ploidy": 2,
    "transcript": "T1",
    "transcript_choice": "longest_cds",
    "consequence": "missense_variant",
    "consequence_class": "missense",
    "amino_acid_change": "",
    "loftee": "",
}


def variant(patient, gene, name="1-1-A-T", kind="missense", **more):
    row = {**DEFAULTS, "patient_id": patient, "sample_id": patient, "gene": gene, "variant": name}
    return {**row, "consequence_class": kind, **more}


def missing(patient, gene, name="1-1-A-T", kind="missense"):
    return {"patient_id": patient, "gene": gene, "variant": name, "consequence_class": kind}


def write(folder, variants=(), gaps=(), assay_of=None, assays=(), samples=None, annotations=()):
    """Tables of a cohort; ``assays`` are (assay, gene, share)."""
    counts = {"n_records": 1, "n_missing": 0, "n_filtered": 0, "n_alternate": 1}
    people = [
        {"patient_id": name, "sample_id": (samples or {}).get(name, name), "assay": (assay_of or {}).get(name, "")}
        for name in PATIENTS
    ]
    held = [
        {"assay": assay, "file": "f", "gene": gene, "cds_bases": 9, "share": share} for assay, gene, share in assays
    ]
    for table, rows, name in (
        (tables.VARIANTS, variants, "variants"),
        (tables.MISSING, gaps, "missing"),
        (tables.SAMPLES, [row | counts for row in people], "samples"),
        (tables.ASSAYS, held, "assays"),
        (tables.ANNOTATIONS, annotations, "annotations"),
    ):
        table.write(table.frame(rows), folder / f"{name}.parquet")


def states(folder, settings, column="state", genes=None, burden=None):
    """What the command makes of the tables: ``column`` of the patients in order, by marker."""
    names = ("variants", "missing", "samples", "assays", "annotations")
    alterations(
        **{name: [folder / f"{name}.parquet"] for name in names},
        settings=json.dumps(settings),
        alterations=folder / "out.parquet",
        genes=genes,
        burden=burden,
    )
    frame = tables.ALTERATIONS.read(folder / "out.parquet")
    found = {}
    for marker, part in frame.groupby("marker", observed=True):
        assert part["patient_id"].tolist() == PATIENTS
        found[marker] = part[column].astype(object).tolist()
    return found
