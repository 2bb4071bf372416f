"""Matrices of markers by patients as rows of the alterations table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.tables import STATE_NOTES

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]
STATES = ("altered", "wild_type", "not_assayed")
ALTERED, WILD_TYPE, NOT_ASSAYED, NO_STATE = 0, 1, 2, -1


@dataclass(frozen=True)
class Block:
    """Some markers of one source: (marker, gene, class) of each, and arrays (n_markers, n_patients).

    ``states`` are places in ``STATES``, -1 for a number; ``notes`` are places in ``STATE_NOTES``. ``counts`` (variants
    that count) and ``copies`` are 0 and ``values`` is missing where they are None. ``effect_alleles`` are those whose
    copies the markers count.
    """

    source: str
    names: Sequence[tuple[str, str, str]]
    states: NDArray[np.int8]
    notes: NDArray[np.int8]
    counts: IntArray | None = None
    copies: IntArray | None = None
    values: FloatArray | None = None
    effect_alleles: Sequence[str] | None = None


def note(text: str) -> int:
    """Place of a note in ``STATE_NOTES``."""
    return STATE_NOTES.index(text)


def block_rows(block: Block, patients: Sequence[str]) -> pd.DataFrame:
    """Rows in order of marker and patient; ``patients`` must be in order."""
    order = sorted(range(len(block.names)), key=lambda index: block.names[index])
    markers, genes, kinds = (list(column) for column in zip(*(block.names[index] for index in order), strict=True))
    every = np.repeat(np.arange(len(markers)), len(patients))
    alleles = [block.effect_alleles[index] for index in order] if block.effect_alleles else [""] * len(markers)

    def flat(array: NDArray[Any] | None, empty: float) -> NDArray[Any]:
        return np.full(len(every), empty) if array is None else array[order].ravel()

    return pd.DataFrame(
        {
            "patient_id": _category(np.tile(np.arange(len(patients)), len(markers)), patients),
            "marker": _category(every, markers),
            "gene": _category(every, genes),
            "consequence_class": _category(every, kinds),
            "state": _category(flat(block.states, NO_STATE), STATES),
            "n_variants": flat(block.counts, 0),
            "alt_copies": flat(block.copies, 0),
            "value": flat(block.values, np.nan),
            "source": _category(np.zeros(len(every), np.int8), [block.source]),
            "note": _category(flat(block.notes, 0), STATE_NOTES),
            "effect_allele": _category(every, alleles),
        }
    )


def _category(index: NDArray[Any], values: Sequence[str]) -> pd.Series:
    """``values[index]`` as a categorical column with its categories in order; -1 is missing."""
    codes, categories = pd.factorize(np.asarray(values, dtype=object), sort=True)
    found = np.append(codes, -1)[index]
    return pd.Series(pd.Categorical.from_codes(found, dtype=pd.CategoricalDtype(list(categories))))
