"""Whether batches can be harmonised, from their sizes alone."""

from collections import Counter
from collections.abc import Sequence

from radiogenomics.association.batch_errors import OneBatchError, SmallBatchError, UnknownReferenceError
from radiogenomics.config.association import Harmonise


def check_batches(analysis: str, levels: Sequence[str], asked: Harmonise) -> None:
    """Look at the level of each patient.

    Raises
    ------
    OneBatchError, SmallBatchError, UnknownReferenceError
    """
    sizes = dict(sorted(Counter(levels).items()))
    if len(sizes) < 2:
        raise OneBatchError(analysis, str(asked.batch), list(sizes))
    needed = 1 if asked.mean_only else 2
    if small := {name: n for name, n in sizes.items() if n < needed}:
        raise SmallBatchError(analysis, str(asked.batch), small, needed)
    if asked.reference is not None and asked.reference not in sizes:
        raise UnknownReferenceError(asked.reference, list(sizes))
