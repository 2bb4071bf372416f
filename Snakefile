# The whole study: DICOM, segmentations and variants to association tables and a report.
#   snakemake --workflow-profile workflow/profiles/default        the study of config/config.yaml
#   radiogenomics run --config my/config.yaml                     any other, from any folder
from pathlib import Path
from snakemake.utils import min_version

min_version("9.6")

if not workflow.configfiles:

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/pacs.smk"
include: "workflow/rules/imaging.smk"
include: "workflow/rules/radiomics.smk"
include: "workflow/rules/genomics.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/association.smk"
include: "workflow/rules/report.smk"


rule all:
    input:
        "results/report/index.html",
        "results/association/results.parquet",
        "results/association/results.tsv",
        plan.wholes,
