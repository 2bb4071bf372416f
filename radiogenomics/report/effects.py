"""What an estimate is, in words and as a label, by the column ``effect`` of the results."""

from collections.abc import Mapping, Sequence
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
            Effect(
                "SD",
                "estimate, per SD of the marker, SD",
                "change of the rank-normalised feature, in SD, for one SD of the marker",
            ),
            Effect("ρ", "estimate, rank correlation", "(partial) rank correlation of feature and marker"),
            Effect(
                "log odds",
                "estimate, log odds of a larger value, carriers − non-carriers",
                "logarithm of the odds ratio of a larger value of the feature, carriers against non-carriers",
            ),
            Effect(
                "log odds",
                "estimate, log odds of a larger value per SD of the marker",
                "logarithm of the odds ratio of a larger value of the feature, for one SD of the marker",
            ),
        ),
        strict=True,
    )
)


def together(effects: Sequence[Effect]) -> Effect:
    """One for estimates of several kinds: that of markers that are carried or not, then that of numbers."""
    if len(effects) == 1:
        return effects[0]
    units = list(dict.fromkeys(effect.unit for effect in effects))
    meaning = f"{effects[0].meaning}; for a marker that is a number: {effects[1].meaning}"
    return Effect(" or ".join(units), f"estimate, {' or '.join(units)}", meaning)
