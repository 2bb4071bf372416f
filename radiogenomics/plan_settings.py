"""The settings that each rule hands to its command as JSON; a change of them runs its stage again.

Light on purpose, as the plan is.
"""

import json
from collections.abc import Callable
from pathlib import Path

from radiogenomics import config as configuration
from radiogenomics.config.association import AUDIT_KEYS
from radiogenomics.config.models import Config
from radiogenomics.config.perturbations import Copies

# Settings of genomics that decide what variants make of a patient, not how variants are read.
ALTERATION_KEYS = frozenset({"classes", "min_callable", "missing_genotype", "markers"})
# Settings of what is counted over a patient's variants as a whole.
BURDEN_KEYS = frozenset({"tmb", "spectrum"})
# The keys of genomics that its later stages depend on.
GENOMICS_KEYS = {
    "quality": {"quality", "pass_only", "sample_id"},
    "resources": {"resources"},
    "burden": {"resources", "canonical", "tmb"},
    "alterations": {"resources", "canonical", "sample_id", "pass_only", *ALTERATION_KEYS},
}


def located(config: Config, place: Callable[[Path], Path], dosages: tuple[Path, ...]) -> Config:
    """The configuration with ``place`` of each path that a stage is handed, and the files of dosages named."""
    genomics, markers = config.genomics, config.genomics.markers
    if markers.dosage is not None:
        dosage = markers.dosage.model_copy(update={"files": dosages})
        genomics = genomics.model_copy(update={"markers": markers.model_copy(update={"dosage": dosage})})
    return config.model_copy(
        update={"genomics": genomics.located(place), "association": config.association.located(place)}
    )


def longest_key(text: str) -> str:
    """The key of settings in JSON that takes most of their length, ``markers.dosage.files`` for instance."""
    data, keys = json.loads(text), []
    while isinstance(data, dict) and data:
        keys.append(max(data, key=lambda key: len(json.dumps(data[key]))))
        data = data[keys[-1]]
    return ".".join(keys)


def settings_of(config: Config, stage: str) -> str:
    """Settings of one stage as JSON.

    ``genomics`` annotates, which does not depend on the classes that ``alterations`` then records; ``association``
    tests, which does not depend on what ``audit`` asks. Radiomics settings hold the content of the presets, so that an
    edited preset file counts as a change.
    """
    association, controls = config.association, config.association.controls
    if stage in GENOMICS_KEYS:
        return config.genomics.model_dump_json(include=GENOMICS_KEYS[stage])
    match stage:
        case "pacs" | "imaging" | "report":
            return str(getattr(config, stage).model_dump_json())
        case "radiomics":
            presets = {
                key: configuration.load_radiomics_settings(name) for key, name in config.radiomics.settings.items()
            }
            return json.dumps({key: preset.model_dump(mode="json") for key, preset in presets.items()})
        case "copies":
            return Copies(
                perturbations=config.radiomics.perturbations,
                shuffled_voxels=controls.shuffled_voxels,
                random_regions=controls.random_regions,
            ).model_dump_json()
        case "genomics":
            ignored = {"reference", "genes", "resources", "quality", *ALTERATION_KEYS, *BURDEN_KEYS}
            return config.genomics.model_dump_json(exclude=ignored)
        case "cohort":
            return config.cohort.model_dump_json(include={"covariates", "components"})
        case "outcomes":
            return config.cohort.model_dump_json(include={"outcomes"})
        case "association":
            return association.model_dump_json(exclude=set(AUDIT_KEYS))
        case "audit":
            return association.model_dump_json()
    raise KeyError(stage)
