"""Matrices of markers by patients as rows of the alterations table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """Some markers: (marker, gene, class) of each, and arrays (n_markers, n_patients).

    ``counts`` are variants or events that count, ``copies`` their alternate copies; ``assayed`` and ``doubtful`` (a
    genotype is missing) decide what the absence of an alteration means.
    """

    names: Sequence[tuple[str, str, str]]
    counts: NDArray[np.int32]
    copies: NDArray[np.int32]
    assayed: BoolArray
    doubtful: BoolArray


def block_rows(block: Block, patients: Sequence[str]) -> pd.DataFrame:
    """Rows in order of marker and patient; ``patients`` must be in order."""
    order = sorted(range(len(block.names)), key=lambda index: block.names[index])
    markers, genes, kinds = (list(column) for column in zip(*(block.names[index] for index in order), strict=True))
    counts, copies, assayed, doubtful = (
        array[order].ravel() for array in (block.counts, block.copies, block.assayed, block.doubtful)
    )
    altered = counts > 0
    state = np.where(altered, 0, np.where(assayed & ~doubtful, 1, 2))
    note = np.where(altered, np.where(assayed, 0, 1), np.where(~assayed, 2, np.where(doubtful, 3, 0)))
    every = np.repeat(np.arange(len(markers)), len(patients))
    states = np.array(["altered", "wild_type", "not_assayed"], object)
    notes = np.array(["", "altered outside the assay", "not on the assay", "missing genotype"], object)
    return pd.DataFrame(
        {
            "patient_id": _category(np.tile(np.arange(len(patients)), len(markers)), patients),
            "marker": _category(every, markers),
            "gene": _category(every, genes),
            "consequence_class": _category(every, kinds),
            "state": _category(state, states),
            "n_variants": counts,
            "alt_copies": copies,
            "note": _category(note, notes),
        }
    )


def _category(index: NDArray[np.int_], values: Sequence[str] | NDArray[np.object_]) -> pd.Series:
    """``values[index]`` as a categorical column with its categories in order."""
    codes, categories = pd.factorize(np.asarray(values, dtype=object), sort=True)
    dtype = pd.CategoricalDtype(list(categories))
    return pd.Series(pd.Categorical.from_codes(codes[index], dtype=dtype))
