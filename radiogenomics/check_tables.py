"""What can be known of finished tables before anything runs: they are read, which takes no longer than a look."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np

from radiogenomics.association.errors import NoVolumeFeatureError
from radiogenomics.config.models import Config
from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.markers.finished import finished_block
from radiogenomics.genomics.markers.rows import NO_STATE, NOT_ASSAYED
from radiogenomics.radiomics.finished import FINISHED, read_feature_table

Collect = Callable[[str], AbstractContextManager[None]]


def patients_with_features(config: Config, collect: Collect) -> set[str]:
    """Patients with a value in a feature table of a study without images; ``collect`` takes the errors of a stage."""
    found: set[str] = set()
    names: set[str] = set()
    for name, table in config.radiomics.tables.items():
        with collect("radiomics"):
            frame = read_feature_table(name, table, None)
            found |= set(frame["patient_id"].astype(str))
            names |= set(frame["feature"].astype(str))
    wanted = config.association.volume_feature
    with collect("radiomics"):
        if names and wanted is not None and wanted not in names:
            raise NoVolumeFeatureError(wanted, FINISHED, sorted(name for name in names if "vol" in name.lower()))
    return found


def patients_with_markers(config: Config, patients: Sequence[str], collect: Collect) -> set[str]:
    """Those of the patients (in order) with a known marker in a study without variant files."""
    found: set[str] = set()
    markers = config.genomics.markers
    for name, table in markers.tables.items():
        with collect("genomics"):
            block = finished_block(name, table, patients)
            if block is not None and block.values is not None:
                known = (block.states != NOT_ASSAYED) & ((block.states != NO_STATE) | ~np.isnan(block.values))
                found |= {patients[place] for place in np.flatnonzero(known.any(axis=0)).tolist()}
    for path in (markers.copy_number.file if markers.copy_number else None, markers.fusions):
        if path is not None:  # whom these know is seen when they are read, which takes the genes
            with collect("genomics"):
                if not path.is_file():
                    raise MissingFileError(path, "table of markers (genomics.markers)")
            found |= set(patients)
    return found
