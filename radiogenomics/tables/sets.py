"""Tables of the tests of variant sets."""

from radiogenomics.table import Column, Table
from radiogenomics.tables.association import ADJUSTMENTS

SET_METHODS = ("burden", "skat", "skat_o", "acat")
SET_P_METHODS = ("", "Student's t", "inversion", "minimum over rho", "Cauchy combination")
SET_REASONS = (
    "",
    "n below the configured minimum",
    "variants below the configured minimum",
    "copies below the configured minimum",
    "constant feature",
    "one value in more than half of the patients",
    "collinear with covariates",
    "no residual degrees of freedom",
    "the integral did not settle",
)
SET_RESULTS = Table(
    "association/sets",
    "One feature and one set of variants (a gene and a burden mask) by one method under one adjustment.",
    Column("analysis", "category", "role of the image; p is adjusted within one analysis, adjustment and method"),
    Column("feature", "category", "feature name, <image type>_<family>_<name>"),
    Column("gene", "category", "gene name"),
    Column("mask", "category", "burden mask that says which variants of the gene are in the set"),
    Column(
        "adjustment", "category", "crude; volume: + log volume; full: + log volume + all covariates", values=ADJUSTMENTS
    ),
    Column(
        "method",
        "category",
        "burden: one weighted sum; skat: variance of the effects; skat_o: the best mixture of both; acat: Cauchy"
        " combination of burden, SKAT and single variants",
        values=SET_METHODS,
    ),
    Column("n", "int32", "patients with feature and covariates of whom the gene was assayed"),
    Column("n_variants", "int32", "variants of the set with more than one genotype among them"),
    Column("n_carriers", "int32", "patients among them with a copy of the rarer allele of any"),
    Column("n_copies", "int32", "copies of the rarer alleles among them"),
    Column(
        "statistic",
        "float64",
        "burden: Student's t, above 0 if carriers have the larger values; skat: Q over the residual variance; skat_o:"
        " smallest p over rho; acat: empty",
        nullable=True,
    ),
    Column("rho", "float64", "skat_o: share of the burden test in the best mixture; empty otherwise", nullable=True),
    Column("p", "float64", "p-value, two-sided for burden", nullable=True),
    Column("neg_log10_p", "float64", "-log10 p, exact where p underflows", nullable=True),
    Column("p_method", "category", "how p was computed; empty if not tested", values=SET_P_METHODS),
    Column(
        "q_gene",
        "float64",
        "Benjamini-Hochberg adjusted Simes p of the gene, over the genes of this analysis, adjustment and method",
        nullable=True,
    ),
    Column(
        "q_two_level",
        "float64",
        "smallest false discovery rate of genes at which the gene is found, and this test in it; decides what is a hit",
        nullable=True,
    ),
    Column(
        "q_bh",
        "float64",
        "Benjamini-Hochberg adjusted p over the tests of this analysis, adjustment and method, genes pooled",
        nullable=True,
    ),
    Column("flag", "category", "why there is no p-value, empty if tested", values=SET_REASONS),
    key=("analysis", "feature", "gene", "mask", "adjustment", "method"),
)
SET_SUMMARY = Table(
    "association/set_summary",
    "All tests of sets of one analysis by one method under one adjustment, kept in the results or not.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("method", "category", "as in association/sets", values=SET_METHODS),
    Column("n_sets", "int64", "sets of which a variant is carried"),
    Column("n_pairs", "int64", "pairs of feature and set"),
    Column("n_tested", "int64", "pairs with a p-value"),
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
    key=("analysis", "adjustment", "method"),
)
SET_QUANTILES = Table(
    "association/set_quantiles",
    "Tests of sets of one analysis by one method under one adjustment whose -log10 p falls into one bin.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("method", "category", "as in association/sets", values=SET_METHODS),
    Column("observed", "float64", "-log10 p at the lower end of the bin"),
    Column("expected", "float64", "the same if all p were uniform"),
    Column("n", "int64", "tests in the bin"),
    key=("analysis", "adjustment", "method", "observed"),
)
