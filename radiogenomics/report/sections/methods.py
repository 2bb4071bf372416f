"""How it was done, in the words of a paper, from the records of this run; a stage without a record is left out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from radiogenomics import tables
from radiogenomics.report import hits, text
from radiogenomics.report.load import Run
from radiogenomics.report.sections.association import formulas, share_taken
from radiogenomics.report.sections.audits import words as audit_words
from radiogenomics.report.sections.genomics_words import annotator_words
from radiogenomics.report.sections.genomics_words import words as genomics_words
from radiogenomics.report.sections.harmonisation import words as harmonisation_words
from radiogenomics.report.sections.random_effect import words as random_words
from radiogenomics.report.sections.sets import words as set_words
from radiogenomics.report.sections.survival import words as survival_words

Record = Mapping[str, Any]
# The statistical model in words; {0} are the adjustments, {1} says how many.
MODELS: Mapping[str, str] = {
    "linear": (
        "Each feature was rank-normalised (inverse normal transformation of its ranks) and regressed on carrier status "
        "by ordinary least squares under {1} ({0}), with t-tests."
    ),
    "rank": (
        "Each feature was compared between carriers and non-carriers under {1} ({0}): without covariates "
        "by the Mann-Whitney test (normal approximation, ties corrected), with covariates by partial rank correlation "
        "and Student's t."
    ),
    "logistic": (
        "Carrier status was regressed on each rank-normalised feature (inverse normal transformation of its ranks) by "
        "logistic regression under {1} ({0}), with score tests."
    ),
    "ordinal": (
        "The order of each feature was regressed on carrier status by proportional odds (cumulative logit, an intercept"
        " for each distinct value but one) under {1} ({0}), with score tests."
    ),
    "mixed": (
        "Each feature was rank-normalised (inverse normal transformation of its ranks) and regressed on carrier status "
        "by linear mixed models under {1} ({0}), with t-tests."
    ),
}


def section(run: Run, found: Sequence[hits.Family]) -> dict[str, Any]:
    """Paragraphs, records and data dictionary for the template."""
    writers = (_imaging, _radiomics, _genomics, _cohort)
    stages = [paragraph for writer in writers if (paragraph := writer(run))]
    paragraphs = [
        *stages,
        _association(run),
        _multiplicity(run, found),
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


def _settings(run: Run, stage: str) -> list[Record]:
    return [dict(record.get("settings", {})) for record in run.provenance.get(stage, ())]


def _imaging(run: Run) -> str:
    if run.images is None or run.images.empty:
        return ""
    modalities = text.joined(sorted({str(name) for name in run.images["modality"]}))
    words = [
        f"Imaging. {text.plural(run.images['image_id'].nunique(), 'image')} ({modalities}) of "
        f"{text.plural(run.images['patient_id'].nunique(), 'patient')} with {text.plural(len(run.images), 'region')} "
        "of interest passed the checks of geometry."
    ]
    for settings in _settings(run, "imaging")[:1]:
        limits = {
            "slice_tolerance_mm": "slices had to be equally spaced within {} mm",
            "mask_tolerance_mm": "a mask had to lie on the grid of its image within {} mm",
            "plane_tolerance_mm": "contours had to lie within {} mm of the centre of their slice",
        }
        stated = [phrase.format(text.general(settings[key])) for key, phrase in limits.items() if key in settings]
        if stated:
            words.append(_sentence(text.joined(stated)))
    return " ".join(words)


def _radiomics(run: Run) -> str:
    presets = {key: value for settings in _settings(run, "radiomics") for key, value in _presets(settings)}
    if not presets and run.features is None:
        return ""
    n = (
        f"{text.count(run.features['feature'].nunique())} features were"
        if run.features is not None
        else "Features were"
    )
    if "images" in run.without:
        return f"Radiomics. {n} taken from finished tables, as they stand; the study has no images."
    start = f"Radiomics. {n} extracted from each region."
    return " ".join([start, *(_preset(name, preset) for name, preset in sorted(presets.items())), _selftest(run)])


def _selftest(run: Run) -> str:
    if run.selftest is None:
        return ""
    agreeing, all_values = text.count(run.selftest["agrees"].sum()), text.count(len(run.selftest))
    return (
        f"On the machine of this run the native engine gave {agreeing} of {all_values} values of the IBSI-1 digital"
        " phantom within the tolerance of their consensus."
    )


def _presets(settings: Record) -> list[tuple[str, Record]]:
    """Find extraction settings by modality, whether the record holds one set or several."""
    if "families" in settings or "bin_width" in settings:
        return [("All images", settings)]
    if isinstance(nested := settings.get("settings"), dict):
        return _presets(nested)
    return [(str(key), value) for key, value in settings.items() if isinstance(value, dict)]


def _preset(name: str, preset: Record) -> str:
    parts = []
    if "engine" in preset:
        standard = "the IBSI-1 reference manual" if preset.get("definition") == "ibsi" else "pyradiomics 3"
        own = "native engine" if preset["engine"] == "native" else "pyradiomics"
        parts.append(f"{own}, features as defined by {standard}")
    if preset.get("bin_width") is not None:
        origin = preset.get("bin_origin")
        start = "" if origin is None else f" from {text.general(origin)}"
        parts.append(f"fixed bin width of {text.general(preset['bin_width'])}{start}")
    if preset.get("bin_count") is not None:
        parts.append(f"{preset['bin_count']} bins")
    if spacing := preset.get("resampled_spacing_mm"):
        size = " × ".join(text.general(value) for value in spacing)
        parts.append(f"resampled to {size} mm ({preset.get('interpolation', 'cubic')})")
    elif "resampled_spacing_mm" in preset:
        parts.append("at the image's own spacing")
    if scale := preset.get("normalise"):
        parts.append(f"image scaled to mean 0 and SD {text.general(scale['sd'])}")
    low, high = preset.get("resegment_range") or (None, None)
    if low is not None or high is not None:
        ends = [f"{word} {text.general(end)}" for word, end in (("from", low), ("to", high)) if end is not None]
        parts.append(f"intensities {' '.join(ends)} kept")
    if preset.get("resegment_sd"):
        parts.append(f"intensities farther than {text.general(preset['resegment_sd'])} SD from the mean left out")
    if "aggregation" in preset:
        parts.append(f"texture matrices {preset['aggregation'].replace('_', ' ')}")
    if types := preset.get("image_types"):
        parts.append(f"image types: {text.joined(_image_types(types))}")
    if families := preset.get("families"):
        parts.append(f"families: {text.joined(families)}")
    if "min_voxels" in preset:
        parts.append(f"regions of fewer than {preset['min_voxels']} voxels refused")
    return f"{name}: {'; '.join(parts)}." if parts else ""


def _image_types(types: Record) -> list[str]:
    names = ["original"] if types.get("original") else []
    if sigmas := types.get("log_sigma_mm"):
        names.append(f"Laplacian of Gaussian (sigma {', '.join(text.general(sigma) for sigma in sigmas)} mm)")
    names += ["wavelet (coif1, eight sub-bands)"] if types.get("wavelet") else []
    return [*names, *types.get("transforms", ()), *(str(each["name"]) for each in types.get("filters", ()))]


def _genomics(run: Run) -> str:
    settings = {key: value for record in _settings(run, "genomics") for key, value in record.items()}
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
    policies = {settings.get("missing_genotype") for settings in _settings(run, "genomics")}
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
    n = next((record["components"] for record in _settings(run, "cohort") if record.get("components")), 0)
    if not n:
        return ""
    lacking = 0 if run.failures is None else int((run.failures["reason"] == "no_components").sum())
    without = f" {text.plural(lacking, 'analysed patient')} without components are missing from it." if lacking else ""
    return (
        f" The first {text.count(n)} principal components of common genotypes in approximate linkage equilibrium enter"
        " the full adjustment as covariates; they were computed of unrelated samples of good call rate, on which the"
        f" others were projected.{without}"
    )


def _association(run: Run) -> str:
    limits = run.thresholds
    left = "carrier" if limits.model == "logistic" else "feature"
    adjustments = "; ".join(f"{adjustment}: {left} ~ {right}" for adjustment, right in formulas(run).items())
    model = MODELS[limits.model].format(adjustments, _how_many(run))
    return (
        f"Association. {model}{harmonisation_words(run)}{_firth(run)}{random_words(run)}"
        f" The estimate is: {run.effect.meaning}. "
        f"Tests are two-sided. A pair was tested if at least {text.count(limits.min_patients)} patients had values, "
        f"with at least {text.count(limits.min_carriers)} carriers and {text.count(limits.min_carriers)} non-carriers "
        "among them."
    )


def _how_many(run: Run) -> str:
    words = {1: "one adjustment", 2: "two adjustments", 3: "three adjustments"}
    return words[len(formulas(run))]


def _firth(run: Run) -> str:
    if run.thresholds.model == "ordinal" and run.thresholds.fit_p_below > 0:
        limit = text.general(run.thresholds.fit_p_below)
        return (
            f" Pairs with p up to {limit} were fitted by maximum likelihood, unless that did not settle, and have the"
            " score test by the expected information."
        )
    if run.thresholds.model != "logistic":
        return ""
    limits, which = run.thresholds, ["pairs whose covariates separate carriers from others"]
    if limits.fit_p_below > 0:
        which.insert(0, f"pairs with p up to {text.general(limits.fit_p_below)}")
    if limits.firth_carriers_below > 0:
        which.insert(-1, f"pairs with fewer than {text.count(limits.firth_carriers_below)} carriers or non-carriers")
    return f" {_sentence(text.joined(which) + ' have the likelihood-ratio test of Firth’s penalised likelihood')}"


def _multiplicity(run: Run, found: Sequence[hits.Family]) -> str:
    several = len(run.analyses) > 1
    names = [f"{f.analysis} {f.adjustment}" if several else f.adjustment for f in found]
    sizes = "; ".join(
        f"{name}: {text.plural(f.n_tested, 'test')}, {text.plural(f.n_hits, 'hit')} in {text.count(f.n_gene_hits)} of "
        f"{text.plural(f.n_genes, 'gene')}, λ = {text.number(f.inflation)}"
        if f.n_tested
        else f"{name}: no pair could be tested"
        for name, f in zip(names, found, strict=True)
    )
    listed = f" ({sizes})" if sizes else ""
    return (
        "Multiple testing. P-values were adjusted on two levels within one analysis and adjustment: each gene has "
        "Simes' p of its tested pairs, Benjamini-Hochberg over the genes selects R of G at level q, and inside each "
        "selected gene Benjamini-Hochberg runs at q R/G (Benjamini and Bogomolov 2014). This controls the false "
        f"discovery rate of genes, and the mean share of false pairs inside those found{listed}. A pair is a hit if "
        f"the smallest q at which it is found so is below {text.general(run.thresholds.alpha)}.{_volume(run)}"
    )


def _volume(run: Run) -> str:
    if run.thresholds.volume_feature is None:
        return " Nothing was adjusted for volume, since the study has no feature of it."
    return (
        " A pair is marked volume-explained if it is a hit without adjustment, none after adjustment for volume, and "
        f"adjustment for volume takes {share_taken(run)} of its estimate."
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


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
