"""Tables of the tests."""

from radiogenomics.table import Column, Table

ADJUSTMENTS = ("crude", "volume", "full")
EFFECTS = (
    "SD per carrier",
    "probability of superiority - 0.5",
    "log odds per SD",
    "SD per SD of the marker",
    "rank correlation",
)
METHODS = (
    "",
    "least squares",
    "least squares, HC3",
    "Mann-Whitney",
    "partial rank correlation",
    "score test",
    "Firth",
    "rank correlation",
    "mixed model",
    "mixed model, variances without the marker",
)
NOT_TESTED_REASONS = (
    "",
    "n below the configured minimum",
    "carriers below the configured minimum",
    "constant feature",
    "collinear with covariates",
    "no residual degrees of freedom",
    "no residual variance",
    "one patient decides the estimate",
    "fit did not settle",
    "the marker is a number, not carried or not",
    "the feature is not stable enough",
)
# Columns of the summary that count pairs by the reason.
NOT_TESTED_COUNTS = dict(
    zip(
        (
            "n_few_patients",
            "n_few_carriers",
            "n_constant",
            "n_collinear",
            "n_no_df",
            "n_no_residual",
            "n_one_patient",
            "n_unsettled",
            "n_not_binary",
            "n_unstable",
        ),
        NOT_TESTED_REASONS[1:],
        strict=True,
    )
)
RESULTS = Table(
    "association/results",
    "One pair of feature and marker under one adjustment.",
    Column("analysis", "category", "role of the image; p is adjusted within one analysis and adjustment"),
    Column("feature", "category", "feature name, <image type>_<family>_<name>"),
    Column("image_type", "category", "image that the feature is computed on"),
    Column("family", "category", "family of the feature"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column(
        "adjustment", "category", "crude; volume: + log volume; full: + log volume + all covariates", values=ADJUSTMENTS
    ),
    Column("effect", "category", "what the estimate is", values=EFFECTS),
    Column(
        "estimate",
        "float64",
        "see effect; above 0, carriers, or those with more of the marker, have the larger values of the feature",
        nullable=True,
    ),
    Column("se", "float64", "standard error of the estimate; empty for rank tests too", nullable=True),
    Column(
        "method",
        "category",
        "how estimate, se and p were computed (see docs/association.md); empty if not tested",
        values=METHODS,
    ),
    Column("ci_low", "float64", "lower bound of the 95 % confidence interval, from se", nullable=True),
    Column("ci_high", "float64", "upper bound of the 95 % confidence interval, from se", nullable=True),
    Column("statistic", "float64", "Student's t, or a normal deviate where df is empty", nullable=True),
    Column("df", "int32", "degrees of freedom of t", nullable=True),
    Column("p", "float64", "two-sided p-value", nullable=True),
    Column("neg_log10_p", "float64", "-log10 p, exact where p underflows", nullable=True),
    Column(
        "q_gene",
        "float64",
        "Benjamini-Hochberg adjusted Simes p of the gene, over the genes of this analysis and adjustment",
        nullable=True,
    ),
    Column(
        "q_two_level",
        "float64",
        "smallest false discovery rate of genes at which the gene is found, and this pair in it; decides what is a hit",
        nullable=True,
    ),
    Column(
        "q_bh",
        "float64",
        "Benjamini-Hochberg adjusted p over the tested pairs of this analysis and adjustment, genes pooled",
        nullable=True,
    ),
    Column("q_by", "float64", "Benjamini-Yekutieli, over the same pairs; empty if not asked for", nullable=True),
    Column("p_holm", "float64", "Holm's family-wise p, over the same pairs; empty if not asked for", nullable=True),
    Column("q_storey", "float64", "Storey's q, over the same pairs; empty if not asked for", nullable=True),
    Column("n", "int32", "patients with feature, marker and covariates"),
    Column("n_carriers", "int32", "carriers among them; empty for a marker that is a number", nullable=True),
    Column("n_missing", "int32", "analysed patients left out of this pair for a missing value"),
    Column("volume_rho", "float64", "Spearman correlation of the feature with the volume of the region", nullable=True),
    Column(
        "volume_explained",
        "bool",
        "a hit without adjustment that adjusting for volume removes (see docs/association.md)",
    ),
    Column("flag", "category", "why the pair has no p-value, empty if tested", values=NOT_TESTED_REASONS),
    key=("analysis", "feature", "marker", "adjustment"),
)
SUMMARY = Table(
    "association/summary",
    "All pairs of one analysis under one adjustment, kept in the results or not.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("n_pairs", "int64", "pairs of feature and marker"),
    Column("n_tested", "int64", "pairs with a p-value"),
    Column("n_few_patients", "int64", "pairs with fewer patients than the configured minimum"),
    Column("n_few_carriers", "int64", "pairs with fewer carriers or non-carriers than the configured minimum"),
    Column("n_constant", "int64", "pairs whose feature is constant"),
    Column("n_collinear", "int64", "pairs whose feature or marker is collinear with the covariates"),
    Column("n_no_df", "int64", "pairs without residual degrees of freedom"),
    Column("n_no_residual", "int64", "pairs without residual variance"),
    Column("n_one_patient", "int64", "pairs whose estimate one patient decides, so that HC3 is not defined"),
    Column("n_unsettled", "int64", "pairs whose fit did not settle"),
    Column("n_not_binary", "int64", "pairs whose marker is a number where the model needs carriers"),
    Column("n_unstable", "int64", "pairs that association.min_icc_low leaves out, which could be tested otherwise"),
    Column("n_refitted", "int64", "pairs that were fitted on their own: for want of digits, or by Firth's likelihood"),
    Column(
        "inflation",
        "float64",
        "genomic inflation: median of the tests as chi-squared of one degree of freedom over its expectation",
        nullable=True,
    ),
    Column("n_hits", "int64", "tested pairs with q_two_level below association.alpha"),
    Column("n_genes", "int64", "genes with a tested pair"),
    Column("n_gene_hits", "int64", "genes with q_gene below association.alpha"),
    Column("q_exact_below", "float64", "every q_gene and q_two_level below this is known; 1 if all are"),
    Column("q_bh_exact_below", "float64", "q_bh is left out from here on; 1 if all are known"),
    key=("analysis", "adjustment"),
)
QUANTILES = Table(
    "association/quantiles",
    "Points of a QQ plot: one bin of 1/256 of -log10 p that holds tests, of one analysis and adjustment.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("observed", "float64", "-log10 of the largest p of the bin; 40 holds all that is beyond"),
    Column("expected", "float64", "-log10 of the share of tests with this p or a smaller one"),
    Column("n", "int64", "tests in the bin"),
    key=("analysis", "adjustment", "observed"),
)
