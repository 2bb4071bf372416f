"""Commands for a whole study, the simulated cohort and the report."""

from radiogenomics.commands.command import CONFIG, Command, Option

COMMANDS = (
    Command(
        "init",
        "study:init",
        "write a study folder to fill in: configuration and sheets",
        (Option("directory", "folder to write; it must not hold a configuration yet"),),
    ),
    Command(
        "check",
        "check:check",
        "report everything that can be known before computing",
        (CONFIG,),
    ),
    Command(
        "run",
        "study:run",
        "check, then run the workflow",
        (
            CONFIG,
            Option("--profile", "workflow profile: default, slurm, or a folder", str, "default"),
            Option("--cores", "cores to use; 0 means all", int, 0),
            Option("--directory", "folder to write results/ to; that of the configuration if absent", default=None),
            Option("--dry-run", "show what would be done", switch=True),
        ),
    ),
    Command(
        "simulate",
        "simulate.cohort:simulate",
        "write a cohort with known truth: DICOM, segmentations, variants, sheets, configuration",
        (
            Option("--output", "study folder to write"),
            Option("--patients", "number of patients", int, 60),
            Option("--seed", "seed; the same seed gives the same bytes", int, 1),
            Option("--sites", "number of sites", int, 2),
        ),
    ),
    Command(
        "simulate score",
        "simulate.score:score",
        "compare results with the planted truth",
        (
            Option("--truth", "truth.tsv of the simulated cohort"),
            Option("--results", "association results (Parquet)"),
            Option("--alpha", "false discovery rate of a hit", float, 0.05),
        ),
    ),
    Command(
        "report build",
        "report.build:build",
        "write the report of a results folder",
        (
            Option("--results", "results folder"),
            Option("--output", "folder to write index.html to"),
            Option("--images", "images tables of the batches (Parquet)", default=None, many=True),
            Option("--samples", "samples tables of the batches (Parquet)", default=None, many=True),
            Option("--genomics", "tables of remarks, joins and quality of variants", default=None, many=True),
            Option("--no-survival", "leave out tests on outcomes that lie in the results folder", switch=True),
            Option("--title", "title of the report", str, "Radiogenomic association study"),
            Option("--settings", "settings: a YAML file or JSON", str, "{}"),
        ),
    ),
)
