"""The one tree of errors: each carries its facts as attributes, a message built from them and a hint to act on.

``reason`` is a stable short code. It is what the failures table and the attrition ledger count, so it never
changes with the wording of a message.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

# An absolute path of two parts or more, in quotes (where it may hold spaces) or plain; no URL, no fraction.
_QUOTED_PATH = re.compile(r"""(['"])/(?!/)[^'"\n]*/([^'"/\n]+)/?\1""")
_PLAIN_PATH = re.compile(r"""(?<![\w/.~-])/(?!/)(?:[^\s/'"]+/)+([^\s/'"(),;]+)/?""")

EXIT_BAD_INPUT = 3
EXIT_TOO_MANY_FAILURES = 4
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE, what a shell reports for other programs


def listing(names: Sequence[object], limit: int = 12) -> str:
    """Names for a message: quoted, cut after ``limit``, ``none`` when empty."""
    shown = ", ".join(repr(str(name)) for name in names[:limit])
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"{shown}{more}" if names else "none"


def without_folders(text: str) -> str:
    """A message with each absolute path cut to its last part: no folder of a user, no temporary folder."""
    return _PLAIN_PATH.sub(r"\1", _QUOTED_PATH.sub(r"\1\2\1", text))


class RadiogenomicsError(Exception):
    """Base of every error that the user can act on; anything else that reaches the top is a defect."""

    reason: ClassVar[str] = "error"
    exit_code: ClassVar[int] = EXIT_BAD_INPUT

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(RadiogenomicsError):
    """The configuration cannot be used; one line for each problem."""

    reason = "config"

    def __init__(self, path: Path | str, problems: Sequence[str]) -> None:
        self.path, self.problems = path, tuple(problems)
        super().__init__(
            f"{path}: {len(problems)} problem(s)\n" + "\n".join(f"  {problem}" for problem in problems),
            hint="every key, its unit and its default stand in config.default.yaml, which `radiogenomics init` writes",
        )


class SheetError(RadiogenomicsError):
    """A cohort sheet has bad rows; all of them are named at once."""

    reason = "sheet"

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.path, self.problems = path, tuple(problems)
        super().__init__(
            f"{path}: {len(problems)} problem(s)\n" + "\n".join(f"  {problem}" for problem in problems),
            hint="the columns of each sheet stand in docs/sheets.md; line 1 is the header",
        )


class MissingFileError(RadiogenomicsError):
    """A file or folder that the study names is not there."""

    reason = "missing_file"

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        super().__init__(
            f"{what} not found: {path}",
            hint="correct the path; relative paths start at the folder of the file that names them",
        )


class TableError(RadiogenomicsError):
    """A table does not have the columns, types or values that its specification states."""

    reason = "table"

    def __init__(self, table: str, source: str, problems: Sequence[str]) -> None:
        self.table, self.source, self.problems = table, source, tuple(problems)
        super().__init__(
            f"{source}: not a {table} table: " + "; ".join(problems),
            hint="the columns of every table stand in docs/tables.md",
        )


class TooManyFailuresError(RadiogenomicsError):
    """More patients were excluded than the study allows."""

    reason = "too_many_failures"
    exit_code = EXIT_TOO_MANY_FAILURES

    def __init__(self, failed: int, total: int, limit: float, reasons: str) -> None:
        self.failed, self.total, self.limit = failed, total, limit
        super().__init__(
            f"{failed} of {total} patients were excluded, more than the limit of {limit:.0%}: {reasons}",
            hint="read cohort/failures.tsv in the results folder; raise `workflow.max_failed_share` only if the"
            " exclusions are right",
        )


class MissingExtraError(RadiogenomicsError):
    """A part of the package is not installed."""

    reason = "missing_extra"

    def __init__(self, extra: str, module: str) -> None:
        self.extra, self.module = extra, module
        super().__init__(f"{module} is not installed", hint=f"install radiogenomics[{extra}]")


class CohortError(RadiogenomicsError):
    """A patient cannot enter the analysis."""

    reason = "cohort"


class PacsError(RadiogenomicsError):
    """A server did not deliver what was asked."""

    reason = "pacs"


class ImagingError(RadiogenomicsError):
    """An image or a segmentation cannot be used."""

    reason = "imaging"


class RadiomicsError(RadiogenomicsError):
    """Features cannot be computed from an image and a mask."""

    reason = "radiomics"


class GenomicsError(RadiogenomicsError):
    """Variants cannot be read, normalised or annotated."""

    reason = "genomics"


class AssociationError(RadiogenomicsError):
    """The association stage cannot be set up."""

    reason = "association"
