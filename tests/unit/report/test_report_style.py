"""Contrast of the page's colours by WCAG 2: 4.5 for text, 3 for what has to be seen."""

import re
from pathlib import Path

import pytest

from radiogenomics import report
from radiogenomics.report.site_figures import MAX_BATCHES

CSS = (Path(report.__file__).parent / "static/page.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
)
TEXT = ("ink paper", "muted paper", "muted panel", "hit paper", "explained paper", "explained explained-paper")
TEXT += ("warn warn-paper", "link paper")
MARKS = ("control paper", "wild paper", "none paper", "crude paper", "volume paper", "full panel")
MARKS += tuple(f"batch-{number} paper" for number in range(MAX_BATCHES))


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("pair", "least"), [*((pair, 4.5) for pair in TEXT), *((pair, 3) for pair in MARKS)])
def test_colours_stand_out(theme, pair, least):
    dark, light = sorted(luminance(theme[name]) for name in pair.split())
    assert (light + 0.05) / (dark + 0.05) >= least
