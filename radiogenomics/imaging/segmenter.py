"""Segmentation by a program of the user's: a command, and weights whose digest is stated.

Nothing is downloaded. The command gets the converted volume and writes a label map, which is then read like any other.
"""

import hashlib
import shlex
import subprocess
from pathlib import Path

from radiogenomics.config.imaging import Segmenter
from radiogenomics.imaging.segmentation_errors import SegmentationError


class UnknownSegmenterError(SegmentationError):
    """The images sheet names a segmenter that the configuration does not have."""

    reason = "unknown_segmenter"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(
            f"no segmenter {name!r} in the configuration; there are {', '.join(known) or 'none'}",
            hint="add it to `imaging.segmenters`, or correct `segmentation` in images.tsv",
        )


class WeightsError(SegmentationError):
    """The weights of a segmenter are missing, or other ones than stated."""

    reason = "segmenter_weights"

    def __init__(self, path: Path, found: str, expected: str) -> None:
        self.path, self.found, self.expected = path, found, expected
        super().__init__(
            f"{path.name}: SHA-256 is {found}, {expected} is stated",
            hint="put the weights in place, and their digest in `imaging.segmenters`",
        )


class SegmenterFailedError(SegmentationError):
    """The command of a segmenter fails, or writes no label map."""

    reason = "segmenter_failed"

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"segmenter {name}: {problem}", hint="run its command by hand on the volume")


def require_segmenter(name: str, segmenters: dict[str, Segmenter]) -> Segmenter:
    """The settings of a segmenter, if it is known and its weights are those stated.

    Raises
    ------
    UnknownSegmenterError, WeightsError
    """
    if name not in segmenters:
        raise UnknownSegmenterError(name, tuple(segmenters))
    settings = segmenters[name]
    if settings.weights is not None and (found := _digest(settings.weights)) != settings.sha256:
        raise WeightsError(settings.weights, found, str(settings.sha256))
    return settings


def segment(name: str, segmenters: dict[str, Segmenter], volume: Path, output: Path) -> Path:
    """Run a segmenter on a volume; ``output`` is the label map that it has to write.

    Raises
    ------
    UnknownSegmenterError, WeightsError, SegmenterFailedError
    """
    settings = require_segmenter(name, segmenters)
    places = {"volume": str(volume), "mask": str(output), "weights": str(settings.weights or "")}
    command = [part.format(**places) for part in shlex.split(settings.command)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=settings.timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SegmenterFailedError(name, f"{type(error).__name__}: {error}".replace(str(volume.parent), "…")) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1].replace(str(volume.parent), "…")
        raise SegmenterFailedError(name, f"exit code {done.returncode}: {last}")
    if not output.is_file():
        raise SegmenterFailedError(name, f"it wrote no {output.name}")
    return output


def _digest(path: Path) -> str:
    """SHA-256 of a file; ``no file`` where there is none."""
    if not path.is_file():
        return "no file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
