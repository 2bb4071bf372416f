"""How it was done, in the words of a paper, from the records of this run; a stage without a record is left out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from radiogenomics import tables
from radiogenomics.report import hits, text
from radiogenomics.report.load import Run
from radiogenomics.report.sections.association_words import multiplicity_words, words as association_words
from radiogenomics.report.sections.audits import words as audit_words
from radiogenomics.report.sections.genomics_words import annotator_words, words as genomics_words
from radiogenomics.report.sections.radiomics_words import words as radiomics_words
from radiogenomics.report.sections.sets import words as set_words
from radiogenomics.report.sections.survival import words as survival_words

Record = Mapping[str, Any]


def section(run: Run, found: Sequence[hits.Family]) -> dict[str, Any]:
    """Paragraphs, records and data dictionary for the template."""
    writers = (_imaging, radiomics_words, _genomics, _cohort)
    stages = [paragraph for writer in writers if (paragraph := writer(run))]
    paragraphs = [
        *stages,
        association_words(run),
        multiplicity_words(run, found),
        set_words(run),
        audit_words(run),
        survival_words(run),
        _software(run),
    ]
    return {
        "paragraphs": [paragraph.split(". ", 1) for paragraph in paragraphs if paragraph],
        "records": [
            {
                "stage": stage,
                "version": record.get("radiogenomics", text.MISSING),
                "versions": sorted(record.get("versions", {}).items()),
                "hash": record.get("settings_hash", text.MISSING),
                "settings": json.dumps(record.get("settings", {}), indent=2, sort_keys=True, ensure_ascii=False),
                "inputs": sorted(record.get("inputs", {}).items()),
            }
            for stage in (*tables.STAGES, "audit", "survival")
            for record in run.provenance.get(stage, ())
        ],
        "without_record": [stage for stage in run.provenance if not run.provenance[stage]],
        "dictionary": tables.ALL,
    }


def _imaging(run: Run) -> str:
    if run.images is None or run.images.empty:
        return ""
    modalities = text.joined(sorted({str(name) for name in run.images["modality"]}))
    words = [
        f"Imaging. {text.plural(run.images['image_id'].nunique(), 'image')} ({modalities}) of "
        f"{text.plural(run.images['patient_id'].nunique(), 'patient')} with {text.plural(len(run.images), 'region')} "
        "of interest passed the checks of geometry."
    ]
    for settings in run.settings("imaging")[:1]:
        limits = {
            "slice_tolerance_mm": "slices had to be equally spaced within {} mm",
            "mask_tolerance_mm": "a mask had to lie on the grid of its image within {} mm",
            "plane_tolerance_mm": "contours had to lie within {} mm of the centre of their slice",
        }
        stated = [phrase.format(text.general(settings[key])) for key, phrase in limits.items() if key in settings]
        if stated:
            words.append(text.sentence(text.joined(stated)))
    return " ".join(words)


def _genomics(run: Run) -> str:
    settings = {key: value for record in run.settings("genomics") for key, value in record.items()}
    if not settings and run.alterations is None:
        return ""
    if "samples" in run.without:
        named = f": {text.joined(run.thresholds.classes)}" if run.thresholds.classes else ""
        taken = (
            f"Genomics. Markers were taken from finished tables, as they stand{named}; the study has no variant files."
        )
        return " ".join([taken, *genomics_words(settings)])
    called = settings.get("consequences", "call") == "call"
    stated = annotator_words(settings) or "Genomics. Consequences are those that the variant files state."
    words = [
        "Genomics. Variants were left-aligned and split, and consequences were called with bcftools csq."
        if called
        else stated
    ]
    if "pass_only" in settings:
        words.append(
            "Only variants with FILTER PASS or empty were used." if settings["pass_only"] else "FILTER was not used."
        )
    policy = {
        "longest_cds": "A gene is represented by its transcript with the longest CDS.",
        "worst": "A gene is represented by the worst consequence over all its transcripts.",
    }
    words += [policy.get(str(settings["transcript_policy"]), "")] if "transcript_policy" in settings else []
    words.append("Each variant was looked at alone.")
    if run.thresholds.classes:
        words.append(
            f"Consequence classes tested: {text.joined([name.replace('_', '-') for name in run.thresholds.classes])}."
        )
    return " ".join(word for word in (*words, *_states(run), *genomics_words(settings)) if word)


def _states(run: Run) -> Iterator[str]:
    """What a patient without an alteration counts as."""
    assays = run.samples["assay"].fillna("") if run.samples is not None else pd.Series([""], dtype=str)
    if (assays == "").all():
        yield "No assay was stated: a gene without a carried variant counts as wild type, covered or not."
    else:
        of = f"{text.count((assays != '').sum())} of {text.count(len(assays))} patients"
        yield f"A gene that a patient's assay, stated for {of}, does not cover counts as not assayed."
    policies = {settings.get("missing_genotype") for settings in run.settings("genomics")}
    if "not_assayed" in policies:
        yield "So does one without an alteration if a genotype is missing where others carry a variant of the class."
    elif "wild_type" in policies:
        yield "A missing genotype counts as reference."


def _cohort(run: Run) -> str:
    if run.ledger is None:
        return ""
    counts = run.ledger.groupby("step", observed=False)["n_patients"].sum()
    enrolled, excluded, analysed = (int(counts.get(step, 0)) for step in ("enrolled", "excluded", "analysed"))
    return (
        f"Cohort. Of {text.plural(enrolled, 'patient')} enrolled, {text.count(excluded)} were excluded for stated "
        f"reasons and {text.count(analysed)} were analysed.{_components(run)}"
    )


def _components(run: Run) -> str:
    """The principal components among the covariates; some patients may have none."""
    n = next((record["components"] for record in run.settings("cohort") if record.get("components")), 0)
    if not n:
        return ""
    lacking = 0 if run.failures is None else int((run.failures["reason"] == "no_components").sum())
    without = f" {text.plural(lacking, 'analysed patient')} without components are missing from it." if lacking else ""
    return (
        f" The first {text.count(n)} principal components of common genotypes in approximate linkage equilibrium enter"
        " the full adjustment as covariates; they were computed of unrelated samples of good call rate, on which the"
        f" others were projected.{without}"
    )


def _software(run: Run) -> str:
    versions: dict[str, str] = {}
    own = {
        str(record["radiogenomics"]) for rows in run.provenance.values() for record in rows if "radiogenomics" in record
    }
    for stage in run.provenance:
        versions |= _versions(run, stage)
    packages = ", ".join(
        f"{name} {version}" for name, version in sorted(versions.items(), key=lambda item: item[0].lower())
    )
    return (
        f"Software. radiogenomics {text.joined(sorted(own))} with {packages}."
        if packages
        else f"Software. radiogenomics {text.joined(sorted(own))}."
    )


def _versions(run: Run, stage: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for record in run.provenance.get(stage, ()):
        found |= {str(name): str(version) for name, version in record.get("versions", {}).items()}
    return found
