"""Property tests: a fixed fast subset, or many examples with HYPOTHESIS_PROFILE=conformity (`make conformity`)."""

import os

from hypothesis import settings

settings.register_profile("fast", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("conformity", max_examples=3000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def pytest_collection_modifyitems(items):
    """Whole workflows first, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: "workflow" not in item.path.parts)
