"""Snakemake's own lint, and environments that agree with pyproject."""

import re
import subprocess
import sys
import tomllib

import yaml

from tests.workflow.studies import TOP


def test_snakemake_lint_is_clean():
    command = [sys.executable, "-m", "snakemake", "--lint"]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "Congratulations" in done.stdout + done.stderr


def ranges():
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    listed = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    return {re.split(r"[\[>=<]", item)[0].lower(): item.partition(">=")[2] for item in listed}


def test_conda_environments_have_the_ranges_of_pyproject():
    known = ranges()
    compared = 0
    for path in sorted((TOP / "envs").glob("*.yaml")):
        listed = yaml.safe_load(path.read_text())["dependencies"]
        plain = [item for item in listed if isinstance(item, str)] + listed[-1]["pip"]
        for item in plain:
            name = re.split(r"[\[>=<]", item)[0]
            if name in ("python", "pip", "radiogenomics"):
                continue
            known_as = name.lower().removeprefix("python-")  # conda-forge calls isal so
            assert item.partition(">=")[2] == known[known_as], f"{path.name}: {item}"
            compared += 1
    assert compared > 20


def test_every_rule_names_an_environment_that_exists():
    for path in (TOP / "workflow" / "rules").glob("*.smk"):
        for name in re.findall(r'"\.\./\.\./(envs/\w+\.yaml)"', path.read_text()):
            assert (TOP / name).is_file()


def test_the_lock_holds_hashes_and_no_address():
    text = (TOP / "requirements.lock").read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") > 300
