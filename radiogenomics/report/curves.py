"""Kaplan–Meier curves with the numbers at risk below them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from radiogenomics.report import figures, svg, text

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 520, 64, 504, 12, 262
LINE, TICKS = 18, 7
# A tick of a censored time reaches so far below and above the curve.
TICK = 4.0


@dataclass(frozen=True)
class Curve:
    """Steps of one group, rows of ``tables.SURVIVAL_CURVES`` by time, and its class in the style sheet."""

    name: str
    class_: str
    steps: pd.DataFrame

    def at_risk(self, time: float) -> int:
        """Patients at risk just before a time."""
        later = self.steps[self.steps["time"] >= time]
        return int(later["n_risk"].iloc[0]) if len(later) else 0


def kaplan_meier(curves: Sequence[Curve], label: str, unit: str) -> Markup:
    """Draw the share without the event of each group; ``label`` is what a screen reader says, ``unit`` the time's."""
    longest = max(float(curve.steps["time"].max()) for curve in curves)
    x, y = svg.Scale(0, longest or 1.0, LEFT, RIGHT), svg.Scale(0, 1, BOTTOM, TOP)
    drawn = [svg.line(LEFT, y(tick), RIGHT, y(tick), "grid") for tick in y.ticks(5) if tick]
    drawn += figures.axes(x, y, unit, "share without the event", WIDTH, TICKS)
    for curve in curves:
        drawn += _steps(curve, x, y)
    top = BOTTOM + 58.0
    drawn.append(svg.text(6, top, "at risk", "tick strong"))
    for row, curve in enumerate(curves, start=1):
        place = top + LINE * row
        drawn.append(svg.line(6, place - 4, 26, place - 4, f"curve {curve.class_}"))
        drawn += [
            svg.text(x(tick), place, text.count(curve.at_risk(tick)), "tick strong", "middle")
            for tick in x.ticks(TICKS)
        ]
    return svg.picture(WIDTH, top + LINE * len(curves) + 8, label, drawn, "figure survival")


def _steps(curve: Curve, x: svg.Scale, y: svg.Scale) -> list[Markup]:
    """The line of one group and the ticks of its censored times."""
    times, survival = (curve.steps[name].to_numpy(float) for name in ("time", "survival"))
    corners = np.repeat(np.column_stack([times, survival]), 2, axis=0)
    # Each step goes along at the old height, then down at its time.
    points = zip(corners[1:, 0], corners[:-1, 1], strict=True)
    drawn = [svg.polyline([(x(a), y(b)) for a, b in points], f"curve {curve.class_}")]
    censored = curve.steps["n_censored"].to_numpy() > 0
    for time, height in zip(times[censored], survival[censored], strict=True):
        a, b = x(float(time)), y(float(height))
        drawn.append(svg.line(a, b - TICK, a, b + TICK, f"censored {curve.class_}"))
    return drawn
