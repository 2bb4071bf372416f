"""Variants that a resource says are too common to count."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.config.genomics import Resource


def common_variants(annotations: Sequence[Path], resources: Mapping[str, Resource]) -> set[str]:
    """The variants above ``max_frequency`` of any resource."""
    limits = {(name, key): value for name, item in resources.items() for key, value in item.max_frequency.items()}
    if not limits or not annotations:
        return set()
    frame = pd.concat([tables.ANNOTATIONS.read(path) for path in annotations], ignore_index=True)
    names = zip(frame["resource"].astype(str), frame["field"].astype(str), strict=True)
    limit = pd.Series([limits.get(name, float("inf")) for name in names], index=frame.index)
    return set(frame.loc[frame["number"] > limit, "variant"])
