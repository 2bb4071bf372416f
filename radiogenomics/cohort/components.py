"""Principal components of genotypes as covariates: who has them, and why others have none."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.config.cohort import component_names
from radiogenomics.errors import CohortError
from radiogenomics.failures import Failures

NO_SAMPLE = "no sample"


class NoComponentsError(CohortError):
    """A patient has no principal components, and is missing from the full adjustment."""

    reason = "no_components"

    def __init__(self, note: str) -> None:
        self.note = note
        super().__init__(
            f"no principal components ({note}); the full adjustment leaves the patient out",
            hint="genomics/sample_quality.parquet has the note; docs/genomics.md explains it. Name files with reference"
            " calls in `genomics.quality.genotypes`, or accept it",
        )


class TooFewComponentsError(CohortError):
    """Quality gave fewer components than the full adjustment is to have."""

    reason = "too_few_components"

    def __init__(self, wanted: int, found: int) -> None:
        self.wanted, self.found = wanted, found
        super().__init__(
            f"cohort.components is {wanted}, and genomics.quality gave {found} principal component(s)",
            hint="genomics/site_counts.tsv says which sites were left; more samples or sites give more components,"
            " or lower `cohort.components`",
        )


def read_components(path: Path, wanted: int) -> pd.DataFrame:
    """The first components, one column each (PC1, PC2, …), indexed by patient; missing where a patient has none.

    Raises
    ------
    TooFewComponentsError
    """
    rows = tables.COMPONENTS.read(path)
    found = int(rows["component"].max()) if len(rows) else 0
    if found < wanted:
        raise TooFewComponentsError(wanted, found)
    wide = rows[rows["component"] <= wanted].pivot_table(
        index="patient_id", columns="component", values="coordinate", dropna=False
    )
    return wide.set_axis(list(component_names(wanted)), axis=1).dropna()


def without_components(patients: Sequence[str], components: pd.DataFrame, quality: Path) -> pd.DataFrame:
    """Failures of the patients without components, with the note of ``quality`` (genomics/sample_quality)."""
    notes = tables.SAMPLE_QUALITY.read(quality).set_index("patient_id")["note"].astype(str)
    failed = Failures("cohort")
    for patient in patients:
        if patient not in components.index:
            with failed.guard(patient):
                raise NoComponentsError(notes.get(patient, NO_SAMPLE) or "no genotype at the sites of the components")
    return tables.FAILURES.frame(failed.rows)
