"""Command: everything that can be known before computing, all of it at once.

Only headers are read. Problems of the study (nothing could run) are told apart from those of one patient (who would be
excluded, with the same reason, by the workflow).
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from radiogenomics import config as configuration
from radiogenomics.cohort.sheet_rows import REMOTE_PATTERN, ImageRow, SampleRow, Sheets, is_remote, segmenter_of
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.config.models import Config
from radiogenomics.errors import CohortError, MissingFileError, RadiogenomicsError, listing, without_folders

logger = logging.getLogger(__name__)
SCALED_TWICE = (
    "MR is scaled twice: by imaging.mr.normalisation (%s) and by `normalise` of its extraction settings, which undoes"
    " it; drop one of them"
)


class ProblemsFoundError(RadiogenomicsError):
    """The check found something; the problems themselves have been printed."""

    reason = "problems_found"

    def __init__(self, study: int, patients: int) -> None:
        self.study, self.patients = study, patients
        hint = (
            "mend the study's problems first; nothing can run before"
            if study
            else "`radiogenomics run` would exclude these patients and analyse the others"
        )
        super().__init__(f"{study} problem(s) of the study, {patients} patient(s) with a problem", hint=hint)


class VolumeFeatureNotExtractedError(RadiogenomicsError):
    """The feature that the volume covariate is made of is not among those that the settings extract."""

    reason = "volume_feature_not_extracted"

    def __init__(self, wanted: str, modality: str, shapes: Sequence[str]) -> None:
        self.wanted, self.modality = wanted, modality
        super().__init__(
            f"association.volume_feature {wanted!r} is not among the features that radiomics.settings for {modality}"
            f" extract; their shape features: {listing(shapes, 20)}",
            hint="name one of these, or add the family `shape` to these settings",
        )


@dataclass(frozen=True)
class Problem:
    """One finding; ``patient_id`` is empty where it concerns the whole study."""

    patient_id: str
    stage: str
    reason: str
    message: str
    hint: str


@dataclass
class Findings:
    """What a check found; ``told`` are lines on files that are no problem by themselves."""

    problems: list[Problem] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @contextmanager
    def collect(self, stage: str, *patient_ids: str) -> Iterator[None]:
        """Turn an error of the block into a problem of each patient, or of the study when none is named."""
        try:
            yield
        except MissingFileError as error:  # the whole path helps to find the mistake, and it is only printed
            self._add(stage, patient_ids, error.reason, error.message, error.hint)
        except RadiogenomicsError as error:
            self._add(stage, patient_ids, error.reason, without_folders(error.message), error.hint)
        except Exception as error:
            logger.exception("unexpected error in %s, patients %s", stage, ", ".join(patient_ids))
            hint = "the traceback stands above; if the input is sound, please report it"
            message = without_folders(f"{type(error).__name__}: {error}")
            self._add(stage, patient_ids, "unexpected", message, hint)

    def _add(self, stage: str, patient_ids: Sequence[str], reason: str, message: str, hint: str) -> None:
        self.problems += [Problem(patient_id, stage, reason, message, hint) for patient_id in patient_ids or ("",)]

    @property
    def of_study(self) -> list[Problem]:
        """Problems that stop everything."""
        return [problem for problem in self.problems if not problem.patient_id]

    @property
    def of_patients(self) -> list[Problem]:
        """Problems that exclude one patient."""
        return [problem for problem in self.problems if problem.patient_id]


def check(*, config: Path) -> None:
    """Print what the check found.

    Raises
    ------
    ConfigError, SheetError, MissingFileError
        Configuration or sheets cannot be read.
    ProblemsFoundError
        Anything was found.
    """
    study = configuration.load(config)
    sheets = read_sheets(study.cohort, study.radiomics.tables.values())
    print(describe(study, sheets))
    findings = inspect(study, sheets)
    print("".join(f"{line}\n" for line in findings.told), end="")
    for problem in findings.problems:
        subject = f"patient {problem.patient_id}" if problem.patient_id else "study"
        print(f"{subject} · {problem.stage} · {problem.reason}: {problem.message}\n    hint: {problem.hint}")
    if findings.problems:
        raise ProblemsFoundError(len(findings.of_study), len({problem.patient_id for problem in findings.of_patients}))
    print("nothing found that would stop the workflow or exclude a patient")


def describe(config: Config, sheets: Sheets) -> str:
    """The cohort in a few lines: patients, images, samples, groups."""
    roles = Counter(row.role for row in sheets.images)
    counted = ", ".join(f"{role}: {n}" for role, n in sorted(roles.items()))
    images = f"{len(sheets.images)} images ({counted or 'none'})"
    if config.cohort.images is None:
        images = f"no images, features of {listing(list(config.radiomics.tables))}"
    samples = f"{len(sheets.samples)} samples" if config.cohort.samples is not None else "no variant files"
    lines = [f"{len(sheets.patients)} patients, {images}, {samples}"]
    for name, kind in config.cohort.covariates.items():
        values = [row.covariates[name] for row in sheets.patients]
        present = [value for value in values if value is not None]
        groups = ", ".join(f"{value}: {n}" for value, n in sorted(Counter(map(str, present)).items()))
        numbers = [value for value in present if isinstance(value, float)]
        span = f"{min(numbers):g} to {max(numbers):g}" if numbers else "no value"
        lines.append(
            f"covariate {name} ({kind}): {groups if kind == 'category' else span};"
            f" missing: {len(values) - len(present)}"
        )
    for name in config.cohort.outcomes:
        cells = [row.outcomes[name] for row in sheets.patients]
        times = [cell.time for cell in cells if cell.known and cell.time is not None]
        span = f", times {min(times):g} to {max(times):g}" if times else ""
        n_events = sum(cell.known and bool(cell.event) for cell in cells)
        lines.append(f"outcome {name}: {n_events} events{span}; missing: {len(cells) - len(times)}")
    return "\n".join(lines)


def inspect(config: Config, sheets: Sheets) -> Findings:
    """Look at every file that the study names."""
    from radiogenomics.check_association import inspect_batches, inspect_random_effect
    from radiogenomics.check_markers import inspect_markers
    from radiogenomics.check_tables import patients_with_features
    from radiogenomics.cohort.join import NoFeaturesError, NoImageError, NoMarkersError, NoSampleError

    findings = Findings()
    no_feature: type[CohortError] = NoImageError
    no_marker: type[CohortError] = NoSampleError
    imaged, sampled = ({row.patient_id for row in rows} for rows in (sheets.images, sheets.samples))
    if config.cohort.images is None:
        imaged, no_feature = patients_with_features(config, findings.collect), NoFeaturesError
    else:
        _inspect_settings(config, findings)
        _inspect_images(config, sheets.images, findings)
    markers = inspect_markers(config, sheets, findings.collect)
    findings.told += markers.told
    if config.cohort.samples is None:
        sampled, no_marker = markers.known, NoMarkersError
    else:
        _inspect_variants(config, sheets.samples, findings)
        _inspect_quality(config, sheets.samples, findings)
    inspect_batches(config, sheets, imaged & sampled, findings.collect)
    inspect_random_effect(config, sheets, findings.collect)
    if findings.of_study:
        return findings
    for row in sheets.patients:
        for rows, error in ((imaged, no_feature), (sampled, no_marker)):
            with findings.collect("cohort", row.patient_id):
                if row.patient_id not in rows:
                    raise error
    complete, minimum = len(imaged & sampled), config.association.min_patients
    if complete < minimum:
        text = "%d patients have features and markers, association.min_patients is %d: no pair will be tested"
        logger.warning(text, complete, minimum)
    return findings


def _inspect_settings(config: Config, findings: Findings) -> None:
    from radiogenomics.radiomics.nomenclature import expected_names

    wanted = config.association.volume_feature
    for modality, path in config.radiomics.settings.items():
        with findings.collect("radiomics"):
            settings = configuration.load_radiomics_settings(path)
            if modality == "MR" and settings.normalise and config.imaging.mr.normalisation != "none":
                logger.warning(SCALED_TWICE, config.imaging.mr.normalisation)
            names = [(family, name) for _, family, name in expected_names(settings)]
            finished = any(str(wanted).startswith(f"{name}_") for name in config.radiomics.tables)
            if wanted is not None and not finished and wanted not in {name for _, name in names}:
                shapes = [name for family, name in names if family == "shape"]
                raise VolumeFeatureNotExtractedError(wanted, modality, shapes)


def _inspect_images(config: Config, rows: tuple[ImageRow, ...], findings: Findings) -> None:
    from radiogenomics.imaging.segmentation import require_roi
    from radiogenomics.imaging.segmentation_errors import NoSegmentationError
    from radiogenomics.imaging.segmenter import require_segmenter
    from radiogenomics.imaging.series import read_series

    for row in rows:
        with findings.collect("imaging", row.patient_id):
            if not row.segmentation:
                raise NoSegmentationError(row.image_id)
            for location in (row.series, row.segmentation):
                _inspect_remote(config, location, findings, row.patient_id)
            if not is_remote(row.series):
                read_series(Path(row.series), config.imaging, row.select)
            if (name := segmenter_of(row.segmentation)) is not None:
                require_segmenter(name, config.imaging.segmenters)
            elif not is_remote(row.segmentation):
                require_roi(Path(row.segmentation), row.roi, config.imaging)


def _inspect_remote(config: Config, location: str, findings: Findings, patient_id: str) -> None:
    from radiogenomics.pacs.dicomweb import DicomWeb

    if is_remote(location) and (found := REMOTE_PATTERN.match(location)):
        with findings.collect("pacs", patient_id):
            DicomWeb(found["server"], config.pacs)


def _inspect_quality(config: Config, rows: tuple[SampleRow, ...], findings: Findings) -> None:
    from radiogenomics.genomics.maf import is_maf
    from radiogenomics.genomics.quality.errors import NoGenotypesOfMafError
    from radiogenomics.genomics.quality.files import open_source
    from radiogenomics.genomics.quality.people import people_of

    patients, samples = config.cohort.patients, config.cohort.samples
    if not config.genomics.quality.enabled or patients is None or samples is None:
        return
    with findings.collect("genomics"):
        people_of(patients, samples, config.genomics)
    files = [] if config.genomics.quality.genotypes else list(dict.fromkeys(Path(row.vcf) for row in rows))
    with findings.collect("genomics"):
        if files and all(map(is_maf, files)):
            raise NoGenotypesOfMafError(files[0])
    for path in config.genomics.quality.genotypes:
        with findings.collect("genomics"):
            open_source(path, config.genomics.pass_only)


def _inspect_variants(config: Config, rows: tuple[SampleRow, ...], findings: Findings) -> None:
    from radiogenomics.genomics.assays import located, read_assay
    from radiogenomics.genomics.join import check_resource
    from radiogenomics.genomics.maf import is_maf
    from radiogenomics.genomics.preflight import inspect_maf, inspect_shared, inspect_vcf, shared

    genomics = config.genomics
    for assayed in dict.fromkeys(row.assayed for row in rows if row.assayed):
        with findings.collect("genomics", *(row.patient_id for row in rows if row.assayed == assayed)):
            read_assay(located(assayed, genomics.panels))
    files = dict.fromkeys(Path(row.vcf) for row in rows)
    mafs = [path for path in files if is_maf(path)]

    def look(path: Path, inspect_file: Callable[..., Callable[[str], str]], *arguments: object) -> None:
        own = [row for row in rows if Path(row.vcf) == path]
        with findings.collect("genomics", *(row.patient_id for row in own)):
            find = inspect_file(path, *arguments, genomics)
            for row in own:
                with findings.collect("genomics", row.patient_id):
                    find(row.sample_id)

    for path in mafs:
        look(path, inspect_maf)
    if len(mafs) < len(files) or not files:
        with findings.collect("genomics"), shared(genomics.reference, genomics.genes, genomics) as common:
            with findings.collect("genomics"):
                inspect_shared(common, genomics)
            for resource in genomics.resources.values():
                with findings.collect("genomics"):
                    check_resource(resource, tuple(common.contigs), common.reference)
            for path in files:
                if path not in mafs:
                    look(path, inspect_vcf, common)
