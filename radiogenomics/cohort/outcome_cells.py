"""What the patients sheet says of an outcome: a time, and whether it ends with the event.

This module is imported by the Snakefile, so it stays light: no numpy, no pandas.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from radiogenomics.config.cohort import Outcome

MISSING = ("", "NA", "NaN", "nan")
NUMBER_PATTERN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
EVENTS: Mapping[str, bool] = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}


@dataclass(frozen=True)
class OutcomeCells:
    """Time and event of one patient, None where missing, and what is wrong with the cells."""

    time: float | None
    event: bool | None
    problems: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether both are there."""
        return self.time is not None and self.event is not None


def outcome_of(line: Mapping[str, str], outcome: Outcome) -> OutcomeCells:
    """Read the two cells of a line of the sheet; upper and lower case of the words for events are the same."""
    problems = []
    cell = line[outcome.time]
    time = None if cell in MISSING else float(cell) if NUMBER_PATTERN.fullmatch(cell) else math.nan
    if time is not None and not 0 < time < math.inf:
        problems.append(f"{outcome.time} {cell!r} is not a time; write a number above 0, or NA")
        time = None
    cell = line[outcome.event]
    event = None if cell in MISSING else EVENTS.get(cell.lower())
    if event is None and cell not in MISSING:
        problems.append(
            f"{outcome.event} {cell!r} says not whether there was an event; write 1, yes or true for an event, 0, no or"
            " false for a censored time, or NA"
        )
    return OutcomeCells(time, event, tuple(problems))
