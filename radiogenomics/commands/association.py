"""Commands of the cohort and of the tests."""

from radiogenomics.commands.command import FAILURES, SETTINGS, TESTED, Command, Option

COMMANDS = (
    Command(
        "cohort join",
        "cohort.join:join",
        "decide who is analysed, state why the others are not",
        (
            Option("--patients", "patients sheet", default=None),
            Option("--images", "images sheet", default=None),
            Option("--samples", "samples sheet, or a MAF", default=None),
            Option("--finished", "finished feature tables as JSON, which say who the patients are", str, "{}"),
            SETTINGS,
            Option("--features", "features table (Parquet)"),
            Option("--sequenced", "samples tables (Parquet)", default=(), many=True),
            Option("--markers", "alterations table (Parquet), in a study without samples", default=None),
            Option("--failed", "failures tables of all stages", default=(), many=True),
            Option("--poor", "failures of genomics quality, which exclude patients", default=(), many=True),
            Option("--components", "principal components (Parquet), where settings ask for them", default=None),
            Option("--quality", "table of sample quality, which says why a patient has none", default=None),
            Option("--table", "patients table to write (Parquet)"),
            Option("--ledger", "attrition ledger to write (TSV)"),
            FAILURES,
        ),
    ),
    Command(
        "cohort outcomes",
        "cohort.outcomes:outcomes",
        "the outcomes of the patients sheet as a table",
        (
            Option("--patients", "patients sheet"),
            SETTINGS,
            Option("--table", "outcomes table to write (Parquet)"),
        ),
    ),
    Command(
        "cohort limit",
        "cohort.join:limit",
        "stop a study that lost too many patients",
        (
            Option("--ledger", "attrition ledger (TSV)"),
            Option("--max-failed-share", "share of excluded patients that is allowed", float),
            Option("--checked", "text file to write when the study may go on"),
        ),
    ),
    Command(
        "association test",
        "association.pairs:test",
        "test every feature against every marker, crude, with volume and with all covariates",
        (
            *TESTED,
            Option("--threads", "blocks of markers at a time", int, 1),
            Option("--results", "results table to write (Parquet)"),
            Option("--tsv", "its rows of smallest p, to write (TSV)", default=None),
            Option("--summary", "tests, hits and inflation by adjustment, to write (Parquet or TSV)", default=None),
            Option("--quantiles", "points of a QQ plot by adjustment, to write (Parquet)", default=None),
        ),
    ),
    Command(
        "association audit",
        "association.audit:audit",
        "what could explain a hit: confounding, power, effective tests, redundant features",
        (
            *TESTED,
            Option("--summary", "summary of the tests (TSV or Parquet)"),
            Option("--confounding", "features and markers against covariates, to write (Parquet or TSV)"),
            Option("--power", "detectable effects by marker, to write (Parquet or TSV)"),
            Option("--tests", "effective numbers of tests, to write (Parquet or TSV)"),
            Option("--redundancy", "clusters of features, to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association harmonise",
        "association.harmonisation:harmonisation",
        "what harmonisation of the batches does to the features that are tested",
        (
            *TESTED,
            Option("--harmonisation", "features before and after, to write (Parquet or TSV)"),
            Option("--harmonised", "patients, batches and principal components, to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association permute",
        "association.permute:permute",
        "family-wise p by permutation of the residuals under the full adjustment (max-T)",
        (
            *TESTED,
            Option("--threads", "permutations at a time", int, 1),
            Option("--permutation", "table to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association controls",
        "association.control_runs:controls",
        "the same tests on data that hold no association, and how many more hits the data have",
        (
            *TESTED,
            Option("--threads", "blocks of markers at a time", int, 1),
            Option("--gene-sets", "GMT files of the pathways, for random gene sets", default=(), many=True),
            Option("--min-assayed", "share of a set's genes that must be known for wild type", float, 0.8),
            Option("--controls", "hits in data and controls, to write (Parquet or TSV)"),
            Option("--exceedance", "hits against the same pair of the controls, to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association sets",
        "association.sets:sets",
        "test the variants of each gene and burden mask as a set: burden, SKAT, SKAT-O, Cauchy combination",
        (
            *TESTED,
            Option("--genotypes", "genotypes of the sets, as `genomics sets` writes them (Parquet or TSV)"),
            Option("--threads", "sets at a time", int, 1),
            Option("--results", "tests to write (Parquet)"),
            Option("--summary", "tests, hits and inflation by adjustment and method, to write (Parquet or TSV)"),
            Option("--quantiles", "points of a QQ plot by adjustment and method, to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association survival",
        "association.survival:survival",
        "test every feature and every marker on outcomes with censored times",
        (
            *TESTED,
            Option("--outcomes", "outcomes table (Parquet or TSV)"),
            Option("--table", "tests, to write (Parquet or TSV)"),
            Option("--curves", "Kaplan-Meier curves of the leading feature and marker, to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association sites",
        "association.sites:sites",
        "estimate the hits of a study in each site alone, and pool them",
        (
            *TESTED,
            Option("--results", "results of the tests, which say what is a hit (Parquet)"),
            Option("--meta", "pooled estimates, to write (Parquet or TSV)"),
            Option("--sites", "estimates of the sites, to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association meta",
        "association.sites:pool_results",
        "pool the results tables of several sites, from which no data of a patient are needed",
        (
            Option("--results", "results tables of two or more sites (Parquet)", many=True),
            Option("--meta", "pooled estimates, to write (Parquet or TSV)"),
        ),
    ),
)
