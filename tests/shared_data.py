"""Real data outside the repository, for tests that skip visibly where they are absent."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("RADIOGENOMICS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def shared_data(*parts: str) -> Path:
    """Path of a file or folder of the real data; skips the test where it is absent."""
    path = ROOT.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no real data at {path} (set RADIOGENOMICS_SHARED_DATA)")
    return path
