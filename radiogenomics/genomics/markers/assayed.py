"""Which genes were assayed in which patient."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.genomics.markers.rows import BoolArray


class Assayed:
    """Answers for the patients in order, from the samples and assays tables.

    Without ``samples`` they are the given ``patients``.
    """

    def __init__(
        self, samples: Sequence[Path], assays: Sequence[Path], min_callable: float, patients: Sequence[str] = ()
    ) -> None:
        parts = [tables.SAMPLES.read(path, ["patient_id", "assay"]) for path in samples]
        read = pd.concat(parts or [pd.DataFrame({"patient_id": list(patients), "assay": ""}, dtype=object)])
        of_patient = dict(sorted(zip(read["patient_id"].astype(str), read["assay"].astype(str), strict=True)))
        self.patients = list(of_patient)
        self._assays = {name: number for number, name in enumerate(sorted(set(of_patient.values())))}
        self._assay_of = np.array([self._assays[name] for name in of_patient.values()], np.intp)
        parts = [tables.ASSAYS.read(path, ["assay", "gene", "share"]) for path in assays]
        shares = pd.concat(parts).astype({"assay": str, "gene": str}) if parts else pd.DataFrame(columns=["share"])
        enough = shares[shares["share"] >= min_callable]
        self._held = {
            assay: frozenset(part["gene"]) for assay, part in (enough.groupby("assay") if len(enough) else ())
        }

    def of(self, genes: Sequence[str]) -> BoolArray:
        """Whether each gene was assayed in each patient, (n_genes, n_patients)."""
        found = np.ones((len(genes), len(self._assays)), bool)
        for assay, column in self._assays.items():
            if assay:
                held = self._held.get(assay, frozenset())
                found[:, column] = [gene in held for gene in genes]
        return found[:, self._assay_of] if self.patients else np.ones((len(genes), 0), bool)
