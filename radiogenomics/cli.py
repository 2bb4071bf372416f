"""The command line: one sub-command per rule, and the same code for single files.

A command is data: its words, the function that does it and its options. The function is imported when the command
runs, so that `radiogenomics --help` answers at once.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from radiogenomics import __version__
from radiogenomics.errors import EXIT_BROKEN_PIPE, RadiogenomicsError


@dataclass(frozen=True)
class Option:
    """One option. It is required unless it has a default; ``many`` takes one or more values, ``switch`` none."""

    flag: str
    help: str
    type: Callable[[str], Any] = Path
    default: Any = ...
    many: bool = False
    switch: bool = False

    @property
    def name(self) -> str:
        """Name of the function's parameter."""
        return self.flag.lstrip("-").replace("-", "_")


@dataclass(frozen=True)
class Command:
    """``words`` on the command line call ``target`` (module:function) with the options as keyword arguments."""

    words: str
    target: str
    help: str
    options: tuple[Option, ...]

    def function(self) -> Callable[..., None]:
        """Import and return the function."""
        module, name = self.target.split(":")
        function: Callable[..., None] = getattr(import_module(f"radiogenomics.{module}"), name)
        return function


SETTINGS = Option("--settings", "settings: a YAML file or JSON", str)
FAILURES = Option("--failures", "TSV to write: what could not be processed and why")
CONFIG = Option("--config", "configuration file", default=Path("config/config.yaml"))
TESTED = (
    Option("--features", "features table (Parquet or TSV)"),
    Option("--markers", "alterations table (Parquet or TSV)"),
    Option("--covariates", "patients table (Parquet or TSV)"),
    Option("--settings", "section association of the configuration: a YAML file or JSON", str, "{}"),
)

GROUPS = {
    "imaging": "DICOM series and segmentations to volumes and masks",
    "radiomics": "volumes and masks to features",
    "genomics": "variant calls to the patient × gene table",
    "cohort": "who is analysed and who is not, and why",
    "association": "features against markers",
    "pacs": "images from a server",
    "report": "the report",
}

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
        "pacs fetch-batch",
        "pacs.fetch:fetch_batch",
        "fetch the series and segmentations of a batch from DICOMweb servers",
        (
            Option("--images", "rows of the images sheet, as JSON", str),
            SETTINGS,
            Option("--directory", "folder to write"),
            FAILURES,
        ),
    ),
    Command(
        "imaging convert",
        "imaging.convert:convert",
        "convert one DICOM series to a NIfTI volume and a JSON sidecar",
        (
            Option("--series", "folder of one DICOM series"),
            Option("--select", "which of several volumes: its number, or KEYWORD=VALUE[;KEYWORD=VALUE]", str, ""),
            Option("--settings", "section imaging of the configuration: a YAML file or JSON", str, "{}"),
            Option("--volume", "NIfTI file to write; the sidecar is written beside it"),
        ),
    ),
    Command(
        "imaging mask",
        "imaging.convert:mask",
        "put one region of a segmentation on a volume's grid",
        (
            Option("--segmentation", "DICOM SEG, RTSTRUCT, NIfTI or NRRD file"),
            Option("--volume", "NIfTI volume"),
            Option("--roi", "name of the region", str),
            Option("--settings", "section imaging of the configuration: a YAML file or JSON", str, "{}"),
            Option("--mask", "NIfTI file to write"),
        ),
    ),
    Command(
        "imaging convert-batch",
        "imaging.batch:convert_batch",
        "convert the images and masks of a batch",
        (
            Option("--images", "rows of the images sheet, as JSON", str),
            Option("--fetched", "folder of series fetched from servers", default=None),
            SETTINGS,
            Option("--directory", "folder to write volumes, masks and overlays to"),
            Option("--table", "images table to write (Parquet)"),
            FAILURES,
        ),
    ),
    Command(
        "imaging gather",
        "imaging.gather:gather",
        "tell how the images of all batches were acquired, and which differ from the others",
        (
            Option("--parts", "images tables of the batches", many=True),
            Option("--acquisition", "acquisition table to write (Parquet)"),
        ),
    ),
    Command(
        "imaging scale",
        "imaging.gather:scale",
        "fit the standard scale of MR intensities on the images of all batches",
        (
            Option("--parts", "images tables of the batches", many=True),
            Option("--results", "results folder that the tables' files are relative to"),
            Option("--scale", "scale table to write (Parquet)"),
        ),
    ),
    Command(
        "radiomics extract",
        "radiomics.extract:extract",
        "extract the features of one region",
        (
            Option("--volume", "NIfTI volume"),
            Option("--mask", "NIfTI mask"),
            Option("--settings", "name of a preset (ct, mr, pet, us) or a YAML file", str),
            Option("--features", "features table to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "radiomics extract-batch",
        "radiomics.extract:extract_batch",
        "extract the features of a batch",
        (
            Option("--images", "images table of the batch (Parquet)"),
            Option("--results", "results folder that the table's files are relative to"),
            Option("--settings", "settings by modality, as JSON", str),
            Option("--scale", "standard scale of the cohort's MR images (Parquet)", default=None),
            Option("--features", "features table to write (Parquet)"),
            FAILURES,
        ),
    ),
    Command(
        "radiomics map",
        "radiomics.maps:write_maps",
        "write maps of features in the neighbourhood of each voxel",
        (
            Option("--volume", "NIfTI volume"),
            Option("--mask", "NIfTI mask"),
            Option("--settings", "name of a preset (ct, mr, pet, us) or a YAML file", str),
            Option("--features", "names of features, such as original_glcm_Contrast", str, many=True),
            Option("--radius", "neighbourhood in voxels to each side", int, default=1),
            Option("--folder", "folder to write <feature>.nii.gz to"),
        ),
    ),
    Command(
        "radiomics selftest",
        "radiomics.selftest:selftest",
        "compare this machine's features of the IBSI digital phantom with the consensus",
        (Option("--output", "table to write (Parquet or TSV)", default=None),),
    ),
    Command(
        "radiomics gather",
        "radiomics.extract:gather",
        "put the features of all batches into one table",
        (
            Option("--parts", "features tables of the batches; none without images", default=(), many=True),
            Option("--finished", "finished tables of yours as JSON, a path or mapping by name", str, "{}"),
            Option("--features", "features table to write (Parquet)"),
        ),
    ),
    Command(
        "genomics annotate",
        "genomics.annotate:annotate",
        "normalise one VCF, call consequences and list what each sample carries",
        (
            Option("--vcf", "VCF or BCF file"),
            Option("--reference", "FASTA"),
            Option("--genes", "GFF3"),
            Option("--settings", "settings of the stage: a YAML file or JSON; the defaults if absent", str, "{}"),
            Option("--variants", "variants table to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "genomics annotate-batch",
        "genomics.annotate:annotate_batch",
        "list the annotated variants of a batch of samples",
        (
            Option("--samples", "rows of the samples sheet, as JSON", str),
            Option("--reference", "FASTA"),
            Option("--genes", "GFF3"),
            SETTINGS,
            Option("--variants", "variants table to write (Parquet)"),
            Option("--table", "samples table to write (Parquet)"),
            Option("--remarks", "TSV to write: what is odd in the variant files and what was done"),
            Option("--missing", "table to write of missing genotypes in genes (Parquet)", default=None),
            Option("--assays", "table to write of the genes that were assayed (Parquet)", default=None),
            FAILURES,
        ),
    ),
    Command(
        "genomics join",
        "genomics.join:join",
        "join fields of resources (gnomAD, ClinVar) to the variants of the cohort",
        (
            Option("--variants", "variants tables", many=True),
            Option("--reference", "FASTA"),
            SETTINGS,
            Option("--annotations", "annotations table to write (Parquet)"),
            Option("--joins", "TSV to write: how many variants each resource holds"),
        ),
    ),
    Command(
        "genomics alterations",
        "genomics.alterations:alterations",
        "patient × gene table by consequence class",
        (
            Option("--variants", "variants tables", default=(), many=True),
            Option("--samples", "samples tables", default=(), many=True),
            Option("--patients", "table of patients (Parquet), in a study without variant files", default=None),
            Option("--annotations", "annotations table, for max_frequency", default=(), many=True),
            Option("--missing", "tables of missing genotypes", default=(), many=True),
            Option("--assays", "tables of assayed genes", default=(), many=True),
            Option("--genes", "GFF3, for segments of copy number", default=None),
            Option("--burden", "burden table, if it makes a marker", default=None),
            SETTINGS,
            Option("--alterations", "alterations table to write (Parquet)"),
        ),
    ),
    Command(
        "genomics quality",
        "genomics.quality.command:quality",
        "quality of samples and sites: call rates, sex, relatedness, principal components",
        (
            Option(
                "--vcf",
                "files of genotypes: VCF, BCF, .bed, .pgen; those of the sheet if absent",
                default=(),
                many=True,
            ),
            Option("--patients", "patients sheet; without the sheets, samples stand for patients", default=None),
            Option("--samples", "samples sheet", default=None),
            Option("--settings", "settings of the stage: a YAML file or JSON; the defaults if absent", str, "{}"),
            Option("--table", "table of sample quality to write (Parquet or TSV)"),
            Option("--relatedness", "table of related pairs to write (Parquet or TSV)"),
            Option("--components", "table of principal components to write (Parquet or TSV)"),
            Option("--sites", "TSV to write: how many sites are left out, by reason"),
            FAILURES,
        ),
    ),
    Command(
        "genomics burden",
        "genomics.burden:burden",
        "variants of each patient by class, and mutations per megabase",
        (
            Option("--variants", "variants tables", many=True),
            Option("--samples", "samples tables", many=True),
            Option("--assays", "tables of assayed genes", default=(), many=True),
            Option("--annotations", "annotations table, for max_frequency", default=(), many=True),
            Option("--genes", "GFF3; without it patients with an assay of stated coding bases only", default=None),
            SETTINGS,
            Option("--burden", "burden table to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "genomics spectrum",
        "genomics.spectrum:spectrum",
        "single-base substitutions of each patient by trinucleotide",
        (
            Option("--variants", "variants tables", many=True),
            Option("--samples", "samples tables", many=True),
            Option("--annotations", "annotations table, for max_frequency", default=(), many=True),
            Option("--reference", "FASTA"),
            SETTINGS,
            Option("--spectrum", "spectrum table to write (Parquet or TSV)"),
        ),
    ),
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
            Option("--controls", "hits in data and controls, to write (Parquet or TSV)"),
            Option("--exceedance", "hits against the same pair of the controls, to write (Parquet or TSV)"),
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
            Option("--title", "title of the report", str, "Radiogenomic association study"),
            Option("--settings", "settings: a YAML file or JSON", str, "{}"),
        ),
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 ok, 2 usage, 3 bad input, 4 too many failed patients, 141 broken pipe.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:2] == ["simulate", "score"]:  # a command of two words whose first is a command too
        words[:2] = ["simulate score"]
    parsed = vars(_parser().parse_args(words))
    command: Command = parsed.pop("command")
    try:
        command.function()(**{option.name: parsed[option.name] for option in command.options})
        sys.stdout.flush()
    except RadiogenomicsError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader, for instance `head`, has seen enough; the interpreter must not flush again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="radiogenomics", description="DICOM and VCF to association tables and a report."
    )
    parser.add_argument("--version", action="version", version=f"radiogenomics {__version__}")
    top = parser.add_subparsers(metavar="command", required=True)
    groups: dict[str, Any] = {}
    for name, text in GROUPS.items():
        groups[name] = top.add_parser(name, help=text, description=text).add_subparsers(
            metavar="command", required=True
        )
    for command in COMMANDS:
        first, _, second = command.words.partition(" ")
        group, name = (groups[first], second) if first in groups else (top, command.words)
        added = group.add_parser(name, help=command.help, description=command.help)
        added.set_defaults(command=command)
        for option in command.options:
            _add(added, option)
    return parser


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    if option.switch:
        parser.add_argument(option.flag, help=option.help, action="store_true")
        return
    extra: dict[str, Any] = {"nargs": "+"} if option.many else {}
    if not option.flag.startswith("-"):
        parser.add_argument(option.flag, help=option.help, type=option.type)
        return
    if option.default is ...:
        extra["required"] = True
    else:
        extra["default"] = option.default
    parser.add_argument(option.flag, help=option.help, type=option.type, **extra)
