"""How features were tested against markers, in the words of a paper."""

from collections.abc import Mapping, Sequence

from radiogenomics.report import hits, text
from radiogenomics.report.load import Run
from radiogenomics.report.sections.association import formulas, share_taken
from radiogenomics.report.sections.harmonisation import words as harmonisation_words
from radiogenomics.report.sections.random_effect import words as random_words

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


def words(run: Run) -> str:
    """Paragraph on the model."""
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
            " score test by the expected information with Student's t."
        )
    if run.thresholds.model != "logistic":
        return ""
    limits, which = run.thresholds, ["pairs whose covariates separate carriers from others"]
    if limits.fit_p_below > 0:
        which.insert(0, f"pairs with p up to {text.general(limits.fit_p_below)}")
    if limits.firth_carriers_below > 0:
        which.insert(-1, f"pairs with fewer than {text.count(limits.firth_carriers_below)} carriers or non-carriers")
    return f" {text.sentence(text.joined(which) + ' have the likelihood-ratio test of Firth’s penalised likelihood')}"


def multiplicity_words(run: Run, found: Sequence[hits.Family]) -> str:
    """Paragraph on adjusted p-values."""
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
