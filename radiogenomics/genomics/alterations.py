"""Patient × marker: whether a gene is altered in a patient, by class of consequence."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.models import Genomics
from radiogenomics.genomics.consequence import MEMBERS
from radiogenomics.genomics.join import common_variants
from radiogenomics.provenance import Provenance, digests

GENES_AT_A_TIME = 500


def alterations(
    *, variants: list[Path], samples: list[Path], annotations: Sequence[Path], settings: str, alterations: Path
) -> None:
    """Write the alterations table of the cohort: one row for every patient with a sample and every marker seen.

    Variants above ``max_frequency`` of a resource do not count.
    """
    options = load_section(Genomics, settings)
    patients = sorted(patient for path in samples for patient in tables.SAMPLES.read(path)["patient_id"])
    common = common_variants(annotations, options.resources)
    read = (tables.VARIANTS.read(path) for path in variants)
    counts = pd.concat([variant_counts(part[~part["variant"].isin(common)]) for part in read], ignore_index=True)
    record = options.model_dump(mode="json", include={"classes"})
    if limits := {name: item.max_frequency for name, item in options.resources.items() if item.max_frequency}:
        record |= {"max_frequency": limits}
    provenance = Provenance("genomics", record, digests([*variants, *samples, *annotations]))
    genes = sorted(counts["gene"].unique())
    with tables.ALTERATIONS.writer(alterations, provenance) as write:
        for start in range(0, len(genes), GENES_AT_A_TIME):
            chunk = genes[start : start + GENES_AT_A_TIME]
            write(dense(counts[counts["gene"].isin(chunk)], patients, options.classes))


def variant_counts(variants: pd.DataFrame) -> pd.DataFrame:
    """Number of distinct variants per patient, gene and class of the variant."""
    keys = ["patient_id", "gene", "consequence_class"]
    unique = variants[[*keys, "variant"]].astype(str).drop_duplicates()
    return unique.groupby(keys, as_index=False, sort=True).size().rename(columns={"size": "n_variants"})


def dense(counts: pd.DataFrame, patients: list[str], classes: tuple[str, ...]) -> pd.DataFrame:
    """All patients × the markers that somebody carries, as rows of the alterations table.

    Patients without any variant stay: they are wild type for every marker.
    """
    row_of = {patient: index for index, patient in enumerate(patients)}
    parts = []
    for kind in classes:
        members = counts[counts["consequence_class"].isin(MEMBERS[kind])]
        genes = sorted(members["gene"].unique())
        column_of = {gene: index for index, gene in enumerate(genes)}
        matrix = np.zeros((len(genes), len(patients)), np.int32)
        position = (members["gene"].map(column_of).to_numpy(int), members["patient_id"].map(row_of).to_numpy(int))
        np.add.at(matrix, position, members["n_variants"].to_numpy())
        parts.append(_rows(matrix, genes, patients, kind))
    return pd.concat(parts, ignore_index=True).sort_values(["marker", "patient_id"], kind="stable", ignore_index=True)


def _rows(matrix: np.ndarray, genes: list[str], patients: list[str], kind: str) -> pd.DataFrame:
    n = len(patients)
    gene = np.repeat(np.array(genes, dtype=object), n)
    return pd.DataFrame(
        {
            "patient_id": np.tile(np.array(patients, dtype=object), len(genes)),
            "marker": gene + f":{kind}",
            "gene": gene,
            "consequence_class": kind,
            "state": np.where(matrix.ravel() > 0, "altered", "wild_type"),
            "n_variants": matrix.ravel(),
        }
    )
