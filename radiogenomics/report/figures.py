"""The figures that need no script: attrition flow, carriers, expected against observed p, estimates of a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from radiogenomics.report import hits, svg, text
from radiogenomics.tables import ADJUSTMENTS

FLOW_WIDTH = 640
LINE = 19
ADJUSTMENT_CLASS: Mapping[str, str] = {adjustment: f"adjustment-{adjustment}" for adjustment in ADJUSTMENTS}


@dataclass(frozen=True)
class FlowStep:
    """Patients that one stage excluded, by reason, and how many remain after it."""

    stage: str
    reasons: Sequence[tuple[str, int]]
    remaining: int


def flow(enrolled: int, steps: Sequence[FlowStep], analysed: int) -> Markup:
    """Draw patients from enrolment to analysis: the spine on the left, exclusions on the right."""
    left, middle, right = 8, 108, 258
    drawn = [_box(left, 4, 200, 44, "flow-box"), *_boxed(left + 100, 22, enrolled, "enrolled")]
    y = 48.0
    for step in steps:
        height = LINE * (len(step.reasons) + 1) + 16
        centre = y + 14 + height / 2
        drawn += [
            svg.line(middle, y, middle, y + height + 28, "flow-line"),
            svg.line(middle, centre, right, centre, "flow-line"),
            svg.polygon([(right - 7, centre - 4), (right, centre), (right - 7, centre + 4)], "flow-tip"),
            _box(right, y + 14, FLOW_WIDTH - right - 8, height, "flow-out"),
            *_excluded(right + 14, y + 14 + LINE + 2, step),
            svg.text(middle + 8, y + height + 24, f"{text.count(step.remaining)} remain", "flow-note"),
        ]
        y += height + 28
    drawn += [
        svg.line(middle, y, middle, y + 18, "flow-line"),
        svg.polygon([(middle - 4, y + 11), (middle, y + 18), (middle + 4, y + 11)], "flow-tip"),
        _box(left, y + 18, 200, 44, "flow-box flow-end"),
        *_boxed(left + 100, y + 36, analysed, "analysed"),
    ]
    label = f"{enrolled} patients enrolled, {enrolled - analysed} excluded, {analysed} analysed"
    return svg.picture(FLOW_WIDTH, y + 66, label, drawn, "figure flow")


def carriers(rows: Sequence[tuple[str, int, int, int]], threshold: int) -> Markup:
    """Bars of altered, wild-type and not-assayed patients for each marker; a line marks the smallest tested group."""
    top, step, left, width = 30, 22, 240, 770
    largest = max((sum(row[1:]) for row in rows), default=1)
    x = svg.Scale(0, max(largest, 1), left, width - 56)
    bottom = top + step * len(rows)
    drawn = [svg.line(x(tick), top - 4, x(tick), bottom, "grid") for tick in x.ticks(6)]
    drawn += [svg.text(x(tick), top - 10, svg.label(tick), "tick", "middle") for tick in x.ticks(6)]
    for k, (marker, altered, wild_type, not_assayed) in enumerate(rows):
        y = top + step * k
        class_ = "bar-altered" if altered >= threshold else "bar-altered few"
        drawn.append(svg.name(left - 8, y + 15, marker, 24, "tick strong", "end"))
        drawn += svg.bars(
            [(altered, class_), (wild_type, "bar-wild"), (not_assayed, "bar-unknown")], x, y + 3, step - 7
        )
        drawn.append(svg.text(width - 50, y + 15, text.count(altered), "tick strong"))
    drawn.append(svg.line(x(threshold), top - 4, x(threshold), bottom, "threshold"))
    return svg.picture(width, bottom + 6, "Carriers of each marker among analysed patients", drawn, "figure")


def qq_panels(drawn: Sequence[tuple[hits.Family, tuple[hits.Floats, ...]]], names: Sequence[str] = ()) -> list[Markup]:
    """QQ plots of several families, each with what ``hits.quantiles`` gives, on the same axes.

    ``names`` are the titles of the panels; those of the adjustments if none are given.
    """
    reach = max((float(expected.max()) for _, (expected, *_) in drawn), default=1.0)
    top = max((float(max(observed.max(), high.max())) for _, (_, observed, _, high) in drawn), default=1.0)
    titles = names or [family.adjustment for family, _ in drawn]
    return [
        _qq(family, points, reach * 1.04, top * 1.04, title)
        for (family, points), title in zip(drawn, titles, strict=True)
    ]


def _qq(family: hits.Family, points: tuple[hits.Floats, ...], reach: float, top: float, title: str) -> Markup:
    """Draw expected against observed −log10 p of one family with the 95 % band of independent tests."""
    size, left, bottom = 330, 46, 286
    expected, observed, low, high = points
    x, y = svg.Scale(0, reach, left, size - 10), svg.Scale(0, top, bottom, 34)
    top_of_line = min(x.high, y.high)
    upper = [(x(a), y(b)) for a, b in zip(expected, high, strict=True)]
    lower = [(x(a), y(b)) for a, b in zip(expected[::-1], low[::-1], strict=True)]
    drawn = [svg.polygon(upper + lower, "band"), svg.line(x(0), y(0), x(top_of_line), y(top_of_line), "diagonal")]
    drawn += axes(x, y, "expected −log₁₀ p", "observed −log₁₀ p", size)
    drawn += [
        svg.tag("circle", cx=x(float(a)), cy=y(float(b)), r=2.2, class_=ADJUSTMENT_CLASS[family.adjustment])
        for a, b in zip(expected, observed, strict=True)
    ]
    drawn.append(svg.text(left, 18, f"{title}, {text.count(family.n_tested)} tests", "panel-title"))
    drawn.append(svg.text(size - 10, 18, f"λ = {text.number(family.inflation)}", "panel-title", "end"))
    return svg.picture(size, 326, f"QQ plot, {title}, λ = {family.inflation:.2f}", drawn, "figure panel")


def scatter(points: Sequence[tuple[float, float, bool, str]], x_label: str, y_label: str) -> Markup:
    """Draw samples at two coordinates, filled or not, each with its name to point at."""
    size, left, bottom = 460, 56, 410
    ends = [(min(values), max(values)) for values in list(zip(*points, strict=True))[:2]]
    (x_low, x_high), (y_low, y_high) = ((low - (pad := 0.05 * (high - low or 1)), high + pad) for low, high in ends)
    x, y = svg.Scale(x_low, x_high, left, size - 10), svg.Scale(y_low, y_high, bottom, 14)
    drawn = axes(x, y, x_label, y_label, size)
    for a, b, filled, name in points:
        class_ = "bar-altered" if filled else "bar-unknown"
        drawn.append(svg.tag("circle", svg.tag("title", name), cx=x(a), cy=y(b), r=3.2, class_=class_))
    return svg.picture(size, 450, f"{x_label} against {y_label}", drawn, "figure")


def power(points: Sequence[tuple[int, float, bool]]) -> Markup:
    """Carriers of each marker against the effect that can be found, and whether the marker has a hit."""
    width, left, bottom = 640, 52, 266
    x = svg.Scale(0, max((n for n, *_ in points), default=1) * 1.05, left, width - 10)
    y = svg.Scale(0, max((effect for _, effect, _ in points), default=1.0) * 1.05, bottom, 12)
    drawn = [svg.line(left, y(tick), width - 10, y(tick), "grid") for tick in y.ticks(5) if tick]
    drawn += axes(x, y, "carriers", "detectable effect, SD", width)
    for n, effect, hit in sorted(points, key=lambda point: point[2]):
        drawn.append(svg.tag("circle", cx=x(n), cy=y(effect), r=4.0, class_="mark-hit" if hit else "mark-none"))
    label = f"Smallest effect that can be found for {text.plural(len(points), 'marker')} by number of carriers"
    return svg.picture(width, bottom + 44, label, drawn, "figure")


def forest(estimates: Sequence[tuple[str, float, float, float]], x: svg.Scale) -> Markup:
    """Estimate and interval of one pair under each adjustment.

    One that was not tested has no mark, and a rank test has no interval.
    """
    height, width = 16 * len(estimates) + 8, x.end + 8
    drawn = [svg.line(x(tick), 0, x(tick), height, "zero" if tick == 0 else "grid") for tick in x.ticks(4)]
    for k, (adjustment, estimate, low, high) in enumerate(estimates):
        if not np.isfinite(estimate):
            continue
        y, class_ = 12.0 + 16 * k, ADJUSTMENT_CLASS[adjustment]
        if np.isfinite([low, high]).all():
            drawn.append(svg.line(x(max(low, x.low)), y, x(min(high, x.high)), y, f"{class_} whisker"))
        drawn.append(_mark(adjustment, x(estimate), y))
    return svg.picture(width, height, f"Estimates under {text.joined([row[0] for row in estimates])}", drawn, "forest")


def forest_axis(x: svg.Scale, unit: str) -> Markup:
    """Draw the axis that stands above a column of forests."""
    drawn = [svg.text(x(tick), 12, svg.label(tick), "tick", "middle") for tick in x.ticks(4)]
    return svg.picture(x.end + 8, 16, f"estimate in {unit}", drawn, "forest")


def _mark(adjustment: str, x: float, y: float) -> Markup:
    """Circle, square or diamond: adjustments differ in shape as well as colour."""
    class_ = ADJUSTMENT_CLASS[adjustment]
    if adjustment == "crude":
        return svg.tag("circle", cx=x, cy=y, r=4.0, class_=class_)
    if adjustment == "volume":
        return svg.tag("rect", x=x - 3.8, y=y - 3.8, width=7.6, height=7.6, class_=class_)
    return svg.polygon([(x, y - 5.2), (x + 5.2, y), (x, y + 5.2), (x - 5.2, y)], class_)


def axes(x: svg.Scale, y: svg.Scale, x_label: str, y_label: str, width: float, about: int = 5) -> list[Markup]:
    """Draw both axes with titles and about so many ticks on the horizontal one."""
    drawn = [svg.line(x.start, y.start, x.end, y.start, "axis"), svg.line(x.start, y.start, x.start, y.end, "axis")]
    drawn += [svg.text(x(tick), y.start + 16, svg.label(tick), "tick", "middle") for tick in x.ticks(about)]
    drawn += [svg.text(x.start - 6, y(tick) + 4, svg.label(tick), "tick", "end") for tick in y.ticks(5)]
    drawn.append(svg.text((x.start + width) / 2, y.start + 34, x_label, "axis-title", "middle"))
    middle = (y.start + y.end) / 2
    rotate = f"rotate(-90 12 {middle:.1f})"
    drawn.append(svg.tag("text", y_label, x=12, y=middle, transform=rotate, class_="axis-title", text_anchor="middle"))
    return drawn


def _box(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    return svg.tag("rect", x=x, y=y, width=width, height=height, rx=4, class_=class_)


def _boxed(x: float, y: float, n: int, word: str) -> list[Markup]:
    return [
        svg.text(x, y + 1, text.count(n), "flow-number", "middle"),
        svg.text(x, y + 18, word, "flow-note", "middle"),
    ]


def _excluded(x: float, y: float, step: FlowStep) -> list[Markup]:
    total = sum(n for _, n in step.reasons)
    head = f"{text.count(total)} excluded at {step.stage}" if step.stage else f"{text.count(total)} excluded"
    drawn = [svg.text(x, y, head, "flow-head")]
    for k, (reason, n) in enumerate(step.reasons, start=1):
        drawn.append(svg.text(x + 22, y + LINE * k, text.count(n), "flow-count", "end"))
        drawn.append(svg.name(x + 30, y + LINE * k, text.spaced(reason), 40, "flow-reason"))
    return drawn
