"""What an estimate is, in words and as a label, by the column ``effect`` of the results."""

from collections.abc import Mapping
from dataclasses import dataclass

from radiogenomics import tables


@dataclass(frozen=True)
class Effect:
    """``unit`` stands beside numbers, ``meaning`` in captions; ``axis`` is the label of the volcano plot."""

    unit: str
    axis: str
    meaning: str


EFFECTS: Mapping[str, Effect] = dict(
    zip(
        tables.EFFECTS,
        (
            Effect(
                "SD",
                "estimate, carriers − non-carriers, SD",
                "carriers minus non-carriers, in SD of the rank-normalised feature",
            ),
            Effect(
                "P − ½",
                "estimate, P(carrier larger) − ½",
                "probability that a carrier has the larger value of the feature than a non-carrier, minus one half",
            ),
            Effect(
                "log odds",
                "estimate, log odds of carrying per SD",
                "logarithm of the odds ratio of carrying the alteration, for one SD of the rank-normalised feature",
            ),
        ),
        strict=True,
    )
)
