"""The documentation names every reason for a refusal."""

import re
from pathlib import Path

from radiogenomics.imaging import errors, segmentation_errors

DOCS = Path(__file__).parents[3] / "docs" / "imaging.md"
BASES = {"imaging", "series", "segmentation"}


def test_every_reason_is_documented_and_no_other():
    members = [*vars(errors).values(), *vars(segmentation_errors).values()]
    classes = [value for value in members if isinstance(value, type)]
    reasons = {value.reason for value in classes if issubclass(value, errors.ImagingError)} - BASES
    table = DOCS.read_text(encoding="utf-8").split("## Why something was refused")[1]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    documented = {reason for line in rows for reason in re.findall(r"`([a-z_]+)`", line.split("|")[1])}
    assert documented == reasons
