"""The command line: one sub-command per rule, and the same code for single files.

A command is data (`radiogenomics.commands`): its words, the function that does it and its options. The function is
imported when the command runs, so that `radiogenomics --help` answers at once.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from radiogenomics import __version__
from radiogenomics.commands import COMMANDS, GROUPS
from radiogenomics.commands.command import Command, Option
from radiogenomics.errors import EXIT_BROKEN_PIPE, RadiogenomicsError


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
