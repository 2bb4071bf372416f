"""One small simulated study for all tests of this folder."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from radiogenomics.simulate.cohort import simulate
from radiogenomics.simulate.design import Design, design

PATIENTS, SEED, SITES = 14, 5, 2


@dataclass(frozen=True)
class Study:
    folder: Path
    design: Design

    @property
    def genome(self) -> Path:
        return self.folder / "data" / "genome"

    def images(self, index: int) -> Path:
        return self.folder / "data" / "dicom" / self.design.patients[index].patient_id


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    simulate(output=folder, patients=PATIENTS, seed=SEED, sites=SITES)
    return Study(folder, design(PATIENTS, SEED, SITES))
