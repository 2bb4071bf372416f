"""Figures of sites and batches: where patients lie before and after harmonisation, and hits pooled over sites."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from radiogenomics.report import svg, text

# Batches with a colour and a shape of their own; the smaller ones share one.
MAX_BATCHES = 6
OTHER = "other"
PANEL = 330
LINE = 17
Point = tuple[float, float, int]


def components(before: Sequence[Point], after: Sequence[Point], batch_words: str) -> list[Markup]:
    """Two panels of patients at their first two components, (x, y, number of the batch), on axes of their own."""
    return [_components(points, title, batch_words) for points, title in ((before, "before"), (after, "after"))]


def _components(points: Sequence[Point], title: str, batch_words: str) -> Markup:
    left, bottom = 46, 286
    ends = [(min(values), max(values)) for values in list(zip(*points, strict=True))[:2]]
    (x_low, x_high), (y_low, y_high) = ((low - (pad := 0.05 * (high - low or 1)), high + pad) for low, high in ends)
    x, y = svg.Scale(x_low, x_high, left, PANEL - 10), svg.Scale(y_low, y_high, bottom, 34)
    drawn = [svg.line(x.start, y.start, x.end, y.start, "axis"), svg.line(x.start, y.start, x.start, y.end, "axis")]
    drawn += [svg.text(x(tick), bottom + 16, svg.label(tick), "tick", "middle") for tick in x.ticks(5)]
    drawn += [svg.text(left - 6, y(tick) + 4, svg.label(tick), "tick", "end") for tick in y.ticks(5)]
    drawn += [_mark(number, x(a), y(b)) for a, b, number in points]
    drawn.append(svg.text(left, 18, title, "panel-title"))
    drawn.append(svg.text((left + PANEL) / 2, bottom + 34, "first component", "axis-title", "middle"))
    middle = (y.start + y.end) / 2
    turned = {"x": 12, "y": middle, "transform": f"rotate(-90 12 {middle:.1f})", "text_anchor": "middle"}
    drawn.append(svg.tag("text", "second component", class_="axis-title", **turned))
    label = f"Patients at the first two principal components {title} harmonisation, by {batch_words}"
    return svg.picture(PANEL, 326, label, drawn, "figure panel")


def batch_key(number: int, name: str) -> Markup:
    """One line of the legend: mark and name."""
    mark = svg.tag("svg", _mark(number, 6, 6), viewBox="0 0 12 12", width=12, height=12, aria_hidden="true")
    return Markup('<span class="batch-key">{}{}</span>').format(mark, name)


def _mark(number: int, x: float, y: float) -> Markup:
    """Circles, squares, triangles: batches differ in shape as well as colour."""
    class_ = f"batch batch-{number}"
    if number % 3 == 0:
        return svg.tag("circle", cx=x, cy=y, r=3.2, class_=class_)
    if number % 3 == 1:
        return svg.tag("rect", x=x - 3.0, y=y - 3.0, width=6.0, height=6.0, class_=class_)
    return svg.polygon([(x, y - 4.0), (x + 3.8, y + 3.0), (x - 3.8, y + 3.0)], class_)


@dataclass(frozen=True)
class Line:
    """Estimate with its interval; NaN where there is none. ``share`` is the largest weight of the pair, 0 to 1."""

    name: str
    estimate: float
    low: float
    high: float
    weight: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Pooled:
    """One pair: estimates of sites and the pooled ones below them."""

    marker: str
    feature: str
    sites: Sequence[Line]
    pooled: Sequence[Line]


def pooled_forest(pairs: Sequence[Pooled], unit: str) -> Markup:
    """Squares of sites, their area the weight of the fixed effect, and diamonds as wide as the pooled intervals."""
    width, left, right = 760.0, 300.0, 620.0
    ends = [
        end
        for pair in pairs
        for line in (*pair.sites, *pair.pooled)
        for end in (line.low, line.high)
        if np.isfinite(end)
    ]
    reach = max((abs(end) for end in ends), default=1.0)
    # One wide interval of a small site would squeeze all others; such a one is cut, with an arrow.
    usual = 1.5 * float(np.quantile(np.abs(ends), 0.9)) if ends else 1.0
    reach = min(reach, usual) or 1.0
    x = svg.Scale(-reach * 1.04, reach * 1.04, left, right)
    drawn: list[Markup] = []
    y = 26.0
    for pair in pairs:
        drawn.append(svg.name(8, y + 4, f"{pair.marker}  {pair.feature}", 100, "tick strong panel-title"))
        y += LINE + 3
        for line in pair.sites:
            drawn += _line(line, x, y, diamond=False)
            y += LINE
        for line in pair.pooled:
            drawn += _line(line, x, y, diamond=True)
            y += LINE
        y += 12
    axis = [svg.line(x(tick), 10, x(tick), y - 12, "zero" if tick == 0 else "grid") for tick in x.ticks(6)]
    axis += [svg.text(x(tick), y, svg.label(tick), "tick", "middle") for tick in x.ticks(6)]
    axis.append(svg.text((left + right) / 2, y + 18, f"estimate, {unit}", "axis-title", "middle"))
    label = f"Estimates of {text.plural(len(pairs), 'hit')} in each site and pooled"
    return svg.picture(width, y + 26, label, [*axis, *drawn], "figure")


def _line(line: Line, x: svg.Scale, y: float, *, diamond: bool) -> list[Markup]:
    drawn = [svg.name(24, y + 4, line.name, 40, "tick strong" if diamond else "tick")]
    if not np.isfinite(line.estimate):
        return [*drawn, svg.name(x.start + 8, y + 4, line.why, 70, "tick")]
    low, high = (min(max(end, x.low), x.high) for end in (line.low, line.high))
    centre = x(min(max(line.estimate, x.low), x.high))
    if diamond:
        drawn.append(svg.polygon([(x(low), y), (centre, y - 5.5), (x(high), y), (centre, y + 5.5)], "pooled"))
    else:
        drawn.append(svg.line(x(low), y, x(high), y, "site whisker"))
        half = 1.5 + 3.5 * float(np.sqrt(line.weight))
        drawn.append(svg.tag("rect", x=centre - half, y=y - half, width=2 * half, height=2 * half, class_="site"))
    for cut, end, step in ((line.low < x.low, x.start, -5.0), (line.high > x.high, x.end, 5.0)):
        if cut:
            drawn.append(svg.polygon([(end, y - 4), (end + step, y), (end, y + 4)], "site"))
    values = f"{text.number(line.estimate)} ({text.number(line.low)} to {text.number(line.high)})"
    drawn.append(svg.text(x.end + 12, y + 4, values, "tick"))
    return drawn
