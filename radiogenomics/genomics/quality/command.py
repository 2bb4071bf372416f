"""Command: the quality of a study's samples and sites, or of the samples of files given by hand."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Genomics
from radiogenomics.failures import Failures
from radiogenomics.genomics.quality.files import open_all, open_for, read
from radiogenomics.genomics.quality.people import people_of
from radiogenomics.genomics.quality.rows import component_rows, exclude, pair_rows, sample_rows, site_rows
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)


def quality(
    *,
    vcf: Sequence[Path],
    patients: Path | None,
    samples: Path | None,
    settings: str,
    table: Path,
    relatedness: Path,
    components: Path,
    sites: Path,
    failures: Path,
) -> None:
    """Write the tables of quality, relatedness, components and sites, and the failures that exclude patients.

    With the sheets the patients' samples are read: from ``vcf``, or else from ``genomics.quality.genotypes``, or else
    from the files of the samples sheet. Without the sheets all samples of ``vcf`` are, and stand for patients.

    Raises
    ------
    MissingFileError, GenomicsError
        A file that is given by name cannot be read; one of the samples sheet that cannot be is noted with its patients.
    """
    options = load_section(Genomics, settings)
    given = tuple(vcf) or options.quality.genotypes
    if patients and samples:
        people = people_of(patients, samples, options)
        reading = open_for(people, given, options)
    else:
        reading = open_all(given, options)
        people = [person for part in reading.parts for person in part.people]
    with tempfile.TemporaryDirectory() as scratch:
        read(reading, options, bool(given), Path(scratch))
        pairs, related = reading.joint.relatives() if reading.joint else ([], set())
        rows = sample_rows(reading, people, related, options.quality)
        poor = {row["patient_id"] for row in rows if "low_call_rate" in str(row["flags"])}
        together = reading.people
        fitted = [n not in related and person.patient_id not in poor for n, person in enumerate(together)]
        axes = reading.joint.components(np.array(fitted)) if reading.joint else None
    record = options.model_dump(mode="json", include={"pass_only", "sample_id", "quality"})
    record["quality"]["genotypes"] = [path.name for path in options.quality.genotypes]
    sheets = [path for path in (patients, samples) if path]
    provenance = Provenance("genomics", record, digests([*sheets, *(part.path for part in reading.parts)]))
    for specification, content, path in (
        (tables.SAMPLE_QUALITY, rows, table),
        (tables.RELATEDNESS, pair_rows(together, pairs), relatedness),
        (tables.COMPONENTS, component_rows(together, axes, np.array(fitted)), components),
        (tables.SITE_COUNTS, site_rows(reading), sites),
    ):
        specification.write(specification.frame(content), path, provenance)
    failed = Failures("genomics")
    exclude(failed, rows, options.quality)
    failed.write(failures)
    flagged = sum(bool(row["flags"]) for row in rows)
    n_sites = reading.joint.n_good if reading.joint else 0
    text = "%d patients, %d samples read, %d together at %d good sites, %d related pairs, %d patients flagged"
    n_read = sum(len(part.people) for part in reading.parts)
    logger.info(text, len(people), n_read, len(together), n_sites, len(pairs), flagged)
