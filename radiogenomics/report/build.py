"""Put the page together: tables in, one HTML file out that needs no network and holds no time."""

import base64
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from radiogenomics import __version__, config
from radiogenomics.config.models import Report
from radiogenomics.files import write_text
from radiogenomics.report import text
from radiogenomics.report.columns import script_json
from radiogenomics.report.labels import Labels
from radiogenomics.report.load import Run, load
from radiogenomics.report.sections import (
    association,
    attrition,
    audits,
    cohort,
    comparison,
    images,
    methods,
    sets,
    survival,
    variants,
)

logger = logging.getLogger(__name__)
_HERE = Path(__file__).parent
SCRIPTS = ("columns.js", "sort.js", "format.js", "filter.js", "table.js", "volcano.js", "detail.js", "page.js")
STYLES = ("page.css", "figures.css")


def build(
    *,
    results: Path,
    output: Path,
    title: str,
    settings: str,
    images: Sequence[Path] | None = None,
    samples: Sequence[Path] | None = None,
    genomics: Sequence[Path] | None = None,
    no_survival: bool = False,
) -> None:
    """Write ``output/index.html`` from a results folder.

    Parameters
    ----------
    results : Path
        Results folder; only ``association/results.parquet`` must be there, a section without its table says so.
    output : Path
        Folder to write to; it is made if need be.
    title : str
        Title of the page.
    settings : str
        Section ``report`` of the configuration, as JSON or as the path of a YAML file.
    images, samples : sequence of Path, optional
        Images and samples tables of the batches; those that lie in the results folder if not given.
    genomics : sequence of Path, optional
        Tables of remarks, joins and quality of variants; those that lie in the results folder if not given.
    no_survival : bool
        Leave tests on outcomes out, though a table of an earlier run may lie in the results folder.

    Raises
    ------
    MissingFileError, TableError, UnknownThresholdError
        See ``load``.
    """
    chosen = config.load_section(Report, settings)
    page = render(load(results, images, samples, genomics, with_survival=not no_survival), title, chosen)
    write_text(output / "index.html", page)
    logger.info("wrote %s (%.1f MB)", output / "index.html", len(page.encode()) / 1e6)


def render(run: Run, title: str, settings: Report) -> str:
    """Write the page as text; the same tables give the same text."""
    script = _script()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(**_context(run, title, settings), script=Markup(script), script_hash=_hash(script))
    )


def _context(run: Run, title: str, settings: Report) -> dict[str, Any]:
    results = association.section(run)
    packed = association.encoded(run)
    return {
        "title": title,
        "version": __version__,
        "style": Markup("\n".join(_static(name) for name in STYLES)),
        "thresholds": run.thresholds,
        "effect": run.effect,
        "several": len(run.analyses) > 1,
        "analyses": run.analyses,
        "labels": Labels(),
        "summary": association.sentence(results, run.thresholds.alpha),
        "association": results,
        "attrition": attrition.section(run),
        "cohort": cohort.section(run),
        "variants": variants.section(run),
        "images": images.section(run, settings.max_overlays),
        "comparison": comparison.section(run),
        "sets": sets.section(run),
        "audits": audits.section(run),
        "survival": survival.section(run),
        "methods": methods.section(run, results["families"]),
        "columns": packed,
        "browser_data": script_json(association.browser_data(run, packed, results["families"])),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {
        "count": text.count,
        "number": text.number,
        "general": text.general,
        "spaced": text.spaced,
        "breakable": text.breakable,
        "marked": text.marked,
    }
    environment.filters.update({**filters, "percent": text.percent, "plural": text.plural, "joined": text.joined})
    return environment


def _script() -> str:
    """Join all scripts, in a scope of its own; the page's policy allows exactly this text."""
    parts = "\n".join(_static(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")
