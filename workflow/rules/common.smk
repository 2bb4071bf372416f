# The plan of the study, and what every rule shares.
import shlex
import sys

from radiogenomics.errors import RadiogenomicsError
from radiogenomics.plan import Plan

# Jobs find the interpreter that runs Snakemake even if its environment is not activated; with conda the rule's
# own environment comes first.
if not workflow.deployment_settings.deployment_method:
    programs = shlex.quote(str(Path(sys.executable).parent))
    programs = programs.replace("{", "{{").replace("}", "}}")  # the prefix is formatted
    shell.prefix(f"set -euo pipefail; export PATH={programs}:$PATH; ")


def make_plan():
    try:
        return Plan(config, Path(workflow.configfiles[-1]), Path.cwd())
    except RadiogenomicsError as error:
        raise WorkflowError(f"{error.message}\nhint: {error.hint}")


plan = make_plan()


wildcard_constraints:
    batch=r"b\d{3}",


localrules:
    all,
