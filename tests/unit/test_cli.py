"""The command line: every command is callable, help is light, errors become exit codes."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from radiogenomics import cli


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.words)
def test_options_are_the_parameters_of_the_function(command):
    parameters = inspect.signature(command.function()).parameters
    assert {option.name for option in command.options} == set(parameters)
    positional = [name for name, value in parameters.items() if value.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert positional == []


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.words)
def test_every_command_answers_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([*command.words.split(), "--help"])
    assert end.value.code == 0
    assert command.options[0].flag.lstrip("-") in capsys.readouterr().out


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom radiogenomics import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pandas', 'SimpleITK', 'pydicom', 'pyarrow', 'snakemake', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).returncode == 0


def test_the_plan_imports_neither_numpy_nor_pandas():
    code = "import sys, radiogenomics.plan\nsys.exit(bool({'numpy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_bad_input_is_exit_code_3_with_fact_and_hint(tmp_path, capsys):
    assert cli.main(["check", "--config", str(tmp_path / "absent.yaml")]) == 3
    printed = capsys.readouterr().err
    assert "absent.yaml" in printed
    assert "hint:" in printed


def test_wrong_usage_is_exit_code_2():
    with pytest.raises(SystemExit) as end:
        cli.main(["imaging", "convert"])
    assert end.value.code == 2


def test_a_reader_that_closes_early_is_no_bad_input():
    command = [sys.executable, "-m", "radiogenomics", "run", "--help"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    code = "import sys, types; from radiogenomics import cli\n"
    code += "cli.Command.function = lambda self: lambda **_: print('text')\nsys.exit(cli.main(['check']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_simulate_score_is_not_taken_for_simulate(tmp_path, capsys):
    arguments = ["simulate", "score", "--truth", str(tmp_path / "t.tsv"), "--results", str(tmp_path / "r.parquet")]
    assert cli.main(arguments) == 3
    assert "not found" in capsys.readouterr().err


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    from importlib.metadata import version

    assert capsys.readouterr().out.strip() == f"radiogenomics {version('radiogenomics')}"


def test_rules_call_commands_that_exist():
    words = {command.words for command in cli.COMMANDS}
    rules = Path(__file__).parents[2] / "workflow" / "rules"
    called = [
        " ".join(line.split("radiogenomics ", 1)[1].split()[:2])
        for path in rules.glob("*.smk")
        for line in path.read_text().splitlines()
        if line.strip().startswith('"radiogenomics ')
    ]
    assert len(called) >= 9
    assert set(called) <= words
