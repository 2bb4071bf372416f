from pathlib import Path

import pytest

from radiogenomics.report.build import build
from tests.unit.report import results_folder


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Path:
    """A small results folder with names that hurt; do not write to it."""
    size = results_folder.Size(image_types=2, markers=6)
    return results_folder.write(tmp_path_factory.mktemp("study"), size)


@pytest.fixture(scope="session")
def page(study, tmp_path_factory) -> Path:
    """Its report."""
    output = tmp_path_factory.mktemp("report")
    build(results=study, output=output, title='Lung <b>&"CT', settings='{"max_overlays": 10}')
    return output / "index.html"


@pytest.fixture(scope="session")
def html(page) -> str:
    """The text of the report."""
    return page.read_text(encoding="utf-8")
