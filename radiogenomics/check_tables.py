"""What can be known of finished feature tables before anything runs: they are read, which takes as long as a look."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from radiogenomics.association.errors import NoVolumeFeatureError
from radiogenomics.config.models import Config
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
