"""Tables of the tests of features and markers on outcomes with censored times."""

from radiogenomics.table import Column, Table
from radiogenomics.tables.association import ADJUSTMENTS

SURVIVAL_KINDS = ("feature", "marker")
SURVIVAL_METHODS = ("", "score test", "score test, fit did not settle", "Cox fit")
SURVIVAL_NOT_TESTED = (
    "",
    "n below the configured minimum",
    "carriers below the configured minimum",
    "no event",
    "constant",
    "no variation left among those at risk",
    "covariates without a finite fit",
)
SURVIVAL_GROUPS = ("not altered", "altered", "up to the median", "above the median")
SURVIVAL = Table(
    "association/survival",
    "One feature or marker tested on one outcome under one adjustment, by proportional hazards.",
    Column("analysis", "category", "role of the image; patients without an image of it are left out"),
    Column("outcome", "category", "name of the outcome, a key of cohort.outcomes"),
    Column("kind", "category", "feature or marker", values=SURVIVAL_KINDS),
    Column("name", "category", "name of the feature, or marker <gene>:<class>"),
    Column(
        "adjustment", "category", "crude; volume: + log volume; full: + log volume + all covariates", values=ADJUSTMENTS
    ),
    Column(
        "method",
        "category",
        "how estimate and p were computed; a fit that did not settle leaves the score test without estimate",
        values=SURVIVAL_METHODS,
    ),
    Column(
        "log_hr",
        "float64",
        "log hazard ratio for one SD of the rank-normalised feature, for carriers, or for one SD of a marker that is a"
        " number; of a score test the first Newton step, near the estimate only if small",
        nullable=True,
    ),
    Column("se", "float64", "standard error of log_hr", nullable=True),
    Column("ci_low", "float64", "lower bound of the 95 % confidence interval of log_hr, from se", nullable=True),
    Column("ci_high", "float64", "upper bound of the 95 % confidence interval of log_hr, from se", nullable=True),
    Column(
        "statistic",
        "float64",
        "normal deviate: signed root of the score test, or of the likelihood ratio of a fit",
        nullable=True,
    ),
    Column("p", "float64", "two-sided p-value of the statistic", nullable=True),
    Column("neg_log10_p", "float64", "-log10 p, exact where p underflows", nullable=True),
    Column(
        "q_bh",
        "float64",
        "Benjamini-Hochberg adjusted p over the tested rows of this analysis, outcome, kind and adjustment",
        nullable=True,
    ),
    Column("n", "int32", "patients with everything that the test needs"),
    Column("n_events", "int32", "events among them"),
    Column("n_carriers", "int32", "carriers among them; empty for features and numbers", nullable=True),
    Column("n_missing", "int32", "analysed patients left out for a missing value"),
    Column(
        "events_per_variable",
        "float64",
        "events for each parameter of the model; below 10 estimates are unstable",
        nullable=True,
    ),
    Column(
        "ph_statistic",
        "float64",
        "normal deviate of Schoenfeld residuals against 1 - Kaplan-Meier, as cox.zph of R; above 0 the hazard ratio"
        " grows with time; of fits only",
        nullable=True,
    ),
    Column(
        "ph_p", "float64", "two-sided p-value of it; a small one speaks against proportional hazards", nullable=True
    ),
    Column("not_tested_reason", "category", "why there is no p-value, empty if tested", values=SURVIVAL_NOT_TESTED),
    key=("analysis", "outcome", "kind", "name", "adjustment"),
)
SURVIVAL_CURVES = Table(
    "association/survival_curves",
    "One step of a Kaplan-Meier curve: the feature and the marker of smallest p of each outcome, in two groups.",
    Column("analysis", "category", "role of the image"),
    Column("outcome", "category", "name of the outcome"),
    Column("kind", "category", "feature or marker", values=SURVIVAL_KINDS),
    Column("name", "category", "the feature or marker of smallest p under the adjustment"),
    Column("adjustment", "category", "adjustment whose p decided; the curves are not adjusted", values=ADJUSTMENTS),
    Column("group", "category", "by the state of the marker, or halves at the median", values=SURVIVAL_GROUPS),
    Column("time", "float64", "time of the step, in the unit of the sheet; 0 is the start"),
    Column("n_risk", "int32", "patients at risk just before the time"),
    Column("n_events", "int32", "events at the time"),
    Column("n_censored", "int32", "times censored there"),
    Column("survival", "float64", "Kaplan-Meier estimate just after the time"),
    Column("group_neg_log10_p", "float64", "-log10 p of the score test of the two groups (log-rank)", nullable=True),
    key=("analysis", "outcome", "kind", "group", "time"),
)
