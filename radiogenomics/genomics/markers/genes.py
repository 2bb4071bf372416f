"""Gene × class markers: what a patient's variants make of each gene."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.genomics.markers.assayed import Assayed
from radiogenomics.genomics.markers.rows import Block

GENES_AT_A_TIME = 500
KEYS = ["patient_id", "gene", "consequence_class"]


def variant_counts(variants: pd.DataFrame) -> pd.DataFrame:
    """Distinct variants of each patient, gene and class, and their alternate copies: ``n_variants``, ``alt_copies``."""
    frame = variants[[*KEYS, "variant", "alt_copies"]].sort_values("alt_copies", kind="stable")
    unique = frame.drop_duplicates([*KEYS, "variant"], keep="last")
    groups = unique.groupby(KEYS, observed=True, sort=True)["alt_copies"]
    counts = groups.agg(n_variants="size", alt_copies="sum").reset_index()
    return counts.astype(dict.fromkeys(KEYS, str))


def missing_genes(missing: pd.DataFrame, carried: frozenset[str]) -> pd.DataFrame:
    """Patient, gene and class of each missing genotype at a variant that somebody carries, each once."""
    return missing.loc[missing["variant"].isin(carried), KEYS].drop_duplicates().astype(str)


def gene_blocks(
    counts: pd.DataFrame, missing: pd.DataFrame, assayed: Assayed, classes: Mapping[str, Sequence[str]]
) -> Iterator[Block]:
    """All patients × the markers that somebody carries, some genes at a time.

    Parameters
    ----------
    counts, missing : DataFrame
        As ``variant_counts`` and ``missing_genes`` give them.
    classes : mapping
        Classes of variants that count, by the class of the marker.
    """
    genes = sorted(counts["gene"].unique())
    for start in range(0, len(genes), GENES_AT_A_TIME):
        chunk = genes[start : start + GENES_AT_A_TIME]
        block = _block(_of(counts, chunk), _of(missing, chunk), assayed, classes)
        if block.names:
            yield block


def _of(frame: pd.DataFrame, genes: Sequence[str]) -> pd.DataFrame:
    return frame[frame["gene"].isin(genes)]


def _block(
    counts: pd.DataFrame, missing: pd.DataFrame, assayed: Assayed, classes: Mapping[str, Sequence[str]]
) -> Block:
    names: list[tuple[str, str, str]] = []
    parts: list[tuple[NDArray[np.int32], ...]] = []
    for kind, members in classes.items():
        own = counts[counts["consequence_class"].isin(members)]
        genes = sorted(own["gene"].unique())
        names += [(f"{gene}:{kind}", gene, kind) for gene in genes]
        gaps = missing[missing["consequence_class"].isin(members) & missing["gene"].isin(genes)]
        sums = [_matrix(own, own[name], genes, assayed.patients) for name in ("n_variants", "alt_copies")]
        parts.append((*sums, _matrix(gaps, 1, genes, assayed.patients)))
    n, copies, doubtful = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Block(names, n, copies, assayed.of([gene for _, gene, _ in names]), doubtful > 0)


def _matrix(
    rows: pd.DataFrame, values: pd.Series | int, genes: Sequence[str], patients: Sequence[str]
) -> NDArray[np.int32]:
    """Sums by gene and patient, (n_genes, n_patients)."""
    matrix = np.zeros((len(genes), len(patients)), np.int32)
    place = tuple(
        pd.Index(names).get_indexer(pd.Index(rows[column]))
        for column, names in (("gene", genes), ("patient_id", patients))
    )
    np.add.at(matrix, place, values)
    return matrix
