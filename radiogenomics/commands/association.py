"""Commands of the cohort and of the tests."""

from radiogenomics.commands.command import FAILURES, SETTINGS, STABILITY, TESTED, Command, Option

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
            STABILITY,
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
        "association permute",
        "association.permute:permute",
        "family-wise p by permutation of the residuals under the full adjustment (max-T)",
        (
            *TESTED,
            STABILITY,
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
            STABILITY,
            Option("--copies", "tables of copies, for controls of images (Parquet)", default=(), many=True),
            Option("--threads", "blocks of markers at a time", int, 1),
            Option("--controls", "hits in data and controls, to write (Parquet or TSV)"),
            Option("--exceedance", "hits against the same pair of the controls, to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association stability",
        "association.stability_table:write_stability",
        "how well features repeat themselves in perturbed copies of the images",
        (
            Option("--features", "features table (Parquet or TSV)"),
            Option("--covariates", "patients table (Parquet or TSV)"),
            Option("--copies", "tables of copies (Parquet)", many=True),
            Option("--settings", "section association of the configuration: a YAML file or JSON", str, "{}"),
            Option("--stability", "table to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "association persistence",
        "association.persistence:persist",
        "in how many perturbed copies of the cohort a hit is a hit again",
        (
            *TESTED,
            Option("--stability", "stability table (Parquet)"),
            Option("--copies", "tables of copies (Parquet)", many=True),
            Option("--threads", "blocks of markers at a time", int, 1),
            Option("--persistence", "table to write (Parquet or TSV)"),
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
