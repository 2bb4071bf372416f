"""Tables of what could explain a hit away."""

from radiogenomics.table import Column, Table
from radiogenomics.tables.association import ADJUSTMENTS, EFFECTS, NOT_TESTED_REASONS

MEASURES = ("Spearman rho", "eta squared", "bias-corrected Cramér's V", "R squared")
CONFOUNDING = Table(
    "association/confounding",
    "How strongly one feature, or one marker with enough carriers, goes with one confounder.",
    Column("analysis", "category", "role of the image"),
    Column("kind", "category", "what is compared with the confounder", values=("feature", "marker")),
    Column("name", "category", "feature or marker"),
    Column("gene", "category", "gene of the marker, empty for a feature"),
    Column("confounder", "category", "volume feature or covariate; for R squared: all covariates"),
    Column("measure", "category", "what the strength is", values=MEASURES),
    Column(
        "strength", "float64", "-1 to 1 for rho, 0 to 1 otherwise; empty if one of both does not vary", nullable=True
    ),
    Column("n", "int32", "analysed patients with both"),
    Column(
        "verdict",
        "category",
        "refuse: one cannot be told from the other; flag: a limit of association is reached; empty otherwise",
        values=("", "flag", "refuse"),
    ),
    key=("analysis", "kind", "name", "confounder", "measure"),
)
POWER = Table(
    "association/power",
    "What the study can find for one marker under one adjustment.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("n", "int32", "patients with any feature, the marker and the covariates"),
    Column("n_carriers", "int32", "carriers among them"),
    Column(
        "r2", "float64", "share of the marker that the covariates explain; empty if it does not vary", nullable=True
    ),
    Column("n_tests", "int64", "tests made under this analysis and adjustment, which the level is divided by"),
    Column(
        "detectable_effect",
        "float64",
        "smallest difference of means found with 80 % power by a t test at association.alpha / n_tests;"
        " empty if the marker was not tested",
        unit="SD of the residual",
        nullable=True,
    ),
    Column("events_per_variable", "float64", "carriers or others, the fewer, for each parameter of a logistic model"),
    key=("analysis", "adjustment", "marker"),
)
EFFECTIVE_TESTS = Table(
    "association/tests",
    "Effective number of independent features, or markers, by four definitions.",
    Column("analysis", "category", "role of the image"),
    Column("kind", "category", "what is counted", values=("feature", "marker")),
    Column("n_columns", "int32", "features, or markers with enough carriers"),
    Column("n_used", "int32", "those of them that vary and that hardly any patient lacks"),
    Column("n_patients", "int32", "patients that have all of these; li_ji, galwey and simplem cannot exceed it"),
    Column("li_ji", "float64", "Li and Ji 2005; empty if fewer than 3 patients or no column are left", nullable=True),
    Column("galwey", "float64", "Galwey 2009", nullable=True),
    Column("simplem", "float64", "simpleM, Gao 2008", nullable=True),
    Column("nyholt", "float64", "Nyholt 2004", nullable=True),
    key=("analysis", "kind"),
)
REDUNDANCY = Table(
    "association/redundancy",
    "One feature, the feature that stands for it and for its like, and whether it hardly varies.",
    Column("analysis", "category", "role of the image"),
    Column("feature", "category", "feature name"),
    Column(
        "medoid", "category", "feature that stands for the cluster; empty if there are too many features to cluster"
    ),
    Column("cluster_size", "int32", "features of the cluster; 0 if not clustered"),
    Column(
        "top_share", "float64", "share of patients with the most frequent value; empty without values", nullable=True
    ),
    Column("near_constant", "bool", "one value dominates the feature, or it has none (see docs/statistics.md)"),
    key=("analysis", "feature"),
)
PERMUTATION = Table(
    "association/permutation",
    "One of the pairs with the largest statistics under the full adjustment, with family-wise p by permutation.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "full", values=ADJUSTMENTS),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("statistic", "float64", "-df ln(1 - r2), r the partial correlation of the least-squares model"),
    Column("p_single_step", "float64", "share of permutations whose largest statistic reaches this one"),
    Column("p_step_down", "float64", "the same against the pairs that are not larger, made monotone"),
    Column("n_permutations", "int32", "permutations made"),
    Column("n_pairs", "int64", "pairs of the family"),
    Column("n_left_out", "int32", "features left out since scattered missing values would stop the exchange"),
    Column("movable", "float64", "least share of the patients of a pair that can be exchanged with another"),
    key=("analysis", "adjustment", "feature", "marker"),
)
CONTROL_KINDS = (
    "shuffled identities",
    "random features",
    "synonymous",
    "random gene sets",
    "shuffled voxels",
    "random regions",
)
# Controls of several runs, in which the same pair can be looked at again.
PAIRED_KINDS = tuple(kind for kind in CONTROL_KINDS if kind != "synonymous")
CONTROLS = Table(
    "association/controls",
    "Hits of one analysis and adjustment held against those of the same tests on a negative control.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("control", "category", "how the association was taken out of the data", values=CONTROL_KINDS),
    Column("counted", "category", "what is counted: hits, or genes that are found", values=("pair", "gene")),
    Column("n_runs", "int32", "runs of the control"),
    Column("n_tested", "int64", "pairs tested in the data; with random gene sets only those of sets"),
    Column("n_hits", "int64", "hits in the data; with random gene sets only those of sets"),
    Column("control_tested", "float64", "pairs tested in the control, mean over runs"),
    Column("control_hits", "float64", "hits in the control, mean over runs"),
    Column(
        "ratio",
        "float64",
        "specificity: n_hits / control_hits, each by pair tested if the control is synonymous; empty without a hit in"
        " any control",
        nullable=True,
    ),
    Column("ratio_low", "float64", "lower 95 % bound; empty with one run", nullable=True),
    Column("ratio_high", "float64", "upper 95 % bound; empty with one run or if not bounded", nullable=True),
    Column("p", "float64", "share of runs, the data one of them, with as many hits; empty with one run", nullable=True),
    Column("dispersion", "float64", "variance over mean of the runs' hits, at least 1", nullable=True),
    key=("analysis", "adjustment", "control", "counted"),
)
EXCEEDANCE = Table(
    "association/exceedance",
    "How often the same pair does as well as one hit in the runs of a negative control.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("control", "category", "how the association was taken out of the data", values=PAIRED_KINDS),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("neg_log10_p", "float64", "-log10 p of the hit in the data"),
    Column("n_runs", "int32", "runs that tested the pair"),
    Column("share", "float64", "share of them with as small a p; empty without any", nullable=True),
    Column("share_low", "float64", "lower 95 % bound (Clopper-Pearson)", nullable=True),
    Column("share_high", "float64", "upper 95 % bound", nullable=True),
    key=("analysis", "adjustment", "control", "feature", "marker"),
)
META_METHODS = ("fixed effect", "random effects")
META = Table(
    "association/meta",
    "One pair under one adjustment, estimated in each site alone and pooled over sites.",
    Column("analysis", "category", "role of the image"),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("adjustment", "category", "as in the results; the site itself is no covariate here", values=ADJUSTMENTS),
    Column("effect", "category", "what the estimates are", values=EFFECTS),
    Column(
        "method",
        "category",
        "fixed effect with a normal deviate, or random effects (REML) with Hartung-Knapp intervals",
        values=META_METHODS,
    ),
    Column("n_sites", "int32", "sites with an estimate"),
    Column("n", "int64", "patients of these sites"),
    Column("n_carriers", "int64", "carriers among them; empty for a marker that is a number", nullable=True),
    Column("estimate", "float64", "pooled estimate", nullable=True),
    Column("se", "float64", "its standard error", nullable=True),
    Column("ci_low", "float64", "lower bound of the 95 % confidence interval", nullable=True),
    Column("ci_high", "float64", "upper bound", nullable=True),
    Column("p", "float64", "two-sided p of the pooled estimate", nullable=True),
    Column("neg_log10_p", "float64", "-log10 p", nullable=True),
    Column("q", "float64", "Cochran's Q: differences between sites", nullable=True),
    Column("q_p", "float64", "its p-value, on n_sites - 1 degrees of freedom", nullable=True),
    Column("i2", "float64", "share of the variance of estimates that lies between sites, 0 to 1", nullable=True),
    Column("tau2", "float64", "variance of the true effects between sites; 0 for a fixed effect", nullable=True),
    Column("n_same_sign", "int32", "sites whose estimate has the sign of the pooled one"),
    Column("flag", "category", "why there is no pooled estimate, empty otherwise"),
    key=("analysis", "feature", "marker", "adjustment", "method"),
)
SITES = Table(
    "association/sites",
    "One hit estimated in one site alone.",
    Column("analysis", "category", "role of the image"),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("adjustment", "category", "as in the results; the site itself is no covariate here", values=ADJUSTMENTS),
    Column("effect", "category", "what the estimate is", values=EFFECTS),
    Column("site", "category", "level of the covariate association.site"),
    Column("estimate", "float64", "of the feature rank-normalised in this site", nullable=True),
    Column("se", "float64", "standard error of the estimate", nullable=True),
    Column("n", "int32", "patients with feature, marker and covariates"),
    Column("n_carriers", "int32", "carriers among them; empty for a marker that is a number", nullable=True),
    Column("flag", "category", "why there is no estimate, empty otherwise", values=NOT_TESTED_REASONS),
    key=("analysis", "feature", "marker", "adjustment", "site"),
)
UNSTABLE_REASONS = ("", "no values of copies", "fewer than 3 complete patients", "no variation")
STABILITY = Table(
    "association/stability",
    "How well one feature repeats itself in perturbed copies of the images of the analysed patients.",
    Column("analysis", "category", "role of the image"),
    Column("feature", "category", "feature name; features of finished tables have no copies and no row"),
    Column("form", "category", "form of the intraclass correlation (Shrout and Fleiss)", values=("ICC(1,1)",)),
    Column("icc", "float64", "intraclass correlation of a single copy, 1 at best", nullable=True),
    Column("icc_low", "float64", "lower 95 % bound", nullable=True),
    Column("icc_high", "float64", "upper 95 % bound", nullable=True),
    Column("n", "int32", "analysed patients with a value in every copy"),
    Column("k", "int32", "perturbed copies of each"),
    Column("between", "float64", "variance between patients, 0 where its estimate is negative", nullable=True),
    Column("within", "float64", "variance between copies of a patient", nullable=True),
    Column("near_constant", "bool", "the feature hardly varies among the unchanged images (see redundancy)"),
    Column(
        "passes",
        "bool",
        "icc_low reaches association.min_icc_low, so that the feature is tested; empty without such a limit",
        nullable=True,
    ),
    Column("flag", "category", "why there is no coefficient, empty otherwise", values=UNSTABLE_REASONS),
    key=("analysis", "feature"),
)
PERSISTENCE = Table(
    "association/persistence",
    "In how many perturbed copies of the cohort one hit of the fullest adjustment is a hit again.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "the fullest adjustment of the study", values=ADJUSTMENTS),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("neg_log10_p", "float64", "-log10 p of the hit in the data"),
    Column("n_copies", "int32", "copies of the cohort that tested the pair; 0 for a feature of a finished table"),
    Column("n_hits", "int32", "copies in which it is a hit with the same sign, all p-values adjusted anew"),
    Column("share", "float64", "n_hits / n_copies; empty without a copy", nullable=True),
    Column("share_low", "float64", "lower 95 % bound (Clopper-Pearson)", nullable=True),
    Column("share_high", "float64", "upper 95 % bound", nullable=True),
    Column("n_same_sign", "int32", "copies in which the estimate has the sign of the data"),
    Column("median_neg_log10_p", "float64", "median of -log10 p over the copies", nullable=True),
    Column("icc_low", "float64", "lower 95 % bound of the feature's ICC, as in stability", nullable=True),
    key=("analysis", "adjustment", "feature", "marker"),
)
HARMONISATION_REASONS = (
    "",
    "volume of the region, which covariates are made of",
    "constant in a batch",
    "too few values in a batch",
)
HARMONISATION = Table(
    "association/harmonisation",
    "One feature and the batches of images, before and after harmonisation (association.harmonise).",
    Column("analysis", "category", "role of the image"),
    Column("feature", "category", "feature name"),
    Column("n", "int32", "patients with the feature whose batch and kept covariates are known"),
    Column("reason", "category", "why the feature is left as measured; empty otherwise", values=HARMONISATION_REASONS),
    Column("f_before", "float64", "F of equal means of the batches, kept covariates taken off", nullable=True),
    Column("p_before", "float64", "its p-value", nullable=True),
    Column("levene_p_before", "float64", "p of equal spreads of the batches (Brown and Forsythe)", nullable=True),
    Column("f_after", "float64", "F of equal means after harmonisation", nullable=True),
    Column("p_after", "float64", "its p-value; the means were learnt from the same data", nullable=True),
    Column("levene_p_after", "float64", "p of equal spreads after harmonisation", nullable=True),
    Column(
        "shift_raw",
        "float64",
        "largest distance of a batch's mean (gamma) before shrinkage",
        unit="SD of the residual",
        nullable=True,
    ),
    Column("shift", "float64", "the same after shrinkage", unit="SD of the residual", nullable=True),
    Column("spread_raw", "float64", "largest over smallest SD of a batch (delta) before shrinkage", nullable=True),
    Column("spread", "float64", "the same after shrinkage; 1 if only means are harmonised", nullable=True),
    key=("analysis", "feature"),
)
LEFT_OUT_REASONS = ("", "no features", "batch not known", "kept covariate not known")
HARMONISED = Table(
    "association/harmonised",
    "One patient, the batch, and the first two principal components before and after harmonisation.",
    Column("analysis", "category", "role of the image"),
    Column("patient_id", "string", "patient"),
    Column("batch", "category", "level of the covariate association.harmonise.batch; empty if not known"),
    Column(
        "reason",
        "category",
        "why the patient has no features in this analysis; empty otherwise",
        values=LEFT_OUT_REASONS,
    ),
    Column(
        "pc1_before", "float64", "first component of the standardised features that no patient lacks", nullable=True
    ),
    Column("pc2_before", "float64", "second component", nullable=True),
    Column("pc1_after", "float64", "first component after harmonisation, of the same features", nullable=True),
    Column("pc2_after", "float64", "second component after harmonisation", nullable=True),
    key=("analysis", "patient_id"),
)
