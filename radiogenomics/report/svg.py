"""SVG from numbers: the few primitives that the figures are made of. Colours are CSS classes, so both themes fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape


def tag(name: str, *content: object, **attributes: object) -> Markup:
    """Make one element; ``class_`` and ``text_anchor`` become ``class`` and ``text-anchor``, everything is escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"' for key, value in attributes.items()
    )
    inside = Markup("").join(escape(item) for item in content)
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")


def picture(width: float, height: float, label: str, content: Iterable[Markup], class_: str = "") -> Markup:
    """Make an ``<svg>`` that scales with the page and that a screen reader reads as one image."""
    inside = Markup("").join(content)
    view = f"0 0 {_plain(width)} {_plain(height)}"
    return tag("svg", inside, viewBox=view, width=width, height=height, role="img", aria_label=label, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Draw a straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def text(x: float, y: float, content: object, class_: str = "", anchor: str = "start") -> Markup:
    """Draw text at its baseline."""
    return tag("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def polygon(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """Draw a filled outline."""
    return tag("polygon", points=" ".join(f"{_plain(x)},{_plain(y)}" for x, y in points), class_=class_)


def polyline(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """Draw a line through points, which encloses nothing."""
    return tag("polyline", points=" ".join(f"{_plain(x)},{_plain(y)}" for x, y in points), class_=class_)


@dataclass(frozen=True)
class Scale:
    """Linear map from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """List round values inside the range, roughly ``about`` of them."""
        return ticks(self.low, self.high, about)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """List multiples of 1, 2 or 5 times a power of ten from ``low`` to ``high``."""
    if not high > low:
        return [low]
    rough = (high - low) / max(about, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(round(k * step, 12)) + 0.0 for k in np.arange(first, last + 1)]  # + 0.0 turns -0.0 into 0.0


def label(value: float) -> str:
    """Write a tick, with a true minus sign."""
    return f"{value:g}".replace("-", "−")


def name(x: float, y: float, words: str, limit: int, class_: str = "", anchor: str = "start") -> Markup:
    """Draw a name cut to ``limit`` characters; the whole name appears when pointed at."""
    title = [tag("title", words)] if len(words) > limit else []
    return tag("text", shorten(words, limit), *title, x=x, y=y, class_=class_, text_anchor=anchor)


def shorten(words: str, limit: int) -> str:
    """Cut text to ``limit`` characters."""
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def bars(parts: Sequence[tuple[float, str]], x: Scale, y: float, height: float) -> list[Markup]:
    """Stack horizontal bars, each with its width in units of ``x`` and its class."""
    drawn, left = [], 0.0
    for value, class_ in parts:
        if value > 0:
            width = x(left + value) - x(left)
            drawn.append(tag("rect", x=x(left), y=y, width=width, height=height, class_=class_))
        left += value
    return drawn


def _plain(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
