"""Numbers and words as the page shows them. A missing value is an en dash, never a zero."""

import math
from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup, escape

MISSING = "–"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: object, digits: int = 2) -> str:
    """Write fixed decimals with a true minus sign; what rounds to zero has none."""
    if _missing(value):
        return MISSING
    return f"{float(value):z.{digits}f}".replace("-", "−")  # type: ignore[arg-type]


def general(value: object, digits: int = 4) -> str:
    """Significant digits, no trailing zeros."""
    return MISSING if _missing(value) else f"{float(value):z.{digits}g}".replace("-", "−")  # type: ignore[arg-type]


def count(value: object) -> str:
    """Write an integer with thin spaces between thousands."""
    return MISSING if _missing(value) else f"{int(value):,}".replace(",", "\u202f")  # type: ignore[call-overload]


def p_value(neg_log10: object) -> str:
    """Write a p-value from its −log10, right where the p itself underflows."""
    if _missing(neg_log10):
        return MISSING
    strength = float(neg_log10)  # type: ignore[arg-type]
    if strength < 3:
        return f"{10**-strength:.3f}" if strength < 2 else f"{10**-strength:.4f}"
    exponent = math.floor(-strength)
    mantissa = 10 ** (-strength - exponent)
    if round(mantissa, 1) >= 10:
        mantissa, exponent = mantissa / 10, exponent + 1
    return f"{mantissa:.1f} × 10{str(exponent).translate(SUPERSCRIPTS)}"


def q_value(q: object) -> str:
    """Write an adjusted p-value."""
    if _missing(q):
        return MISSING
    value = float(q)  # type: ignore[arg-type]
    return p_value(-math.log10(value)) if value > 0 else "< 10⁻³⁰⁷"


def percent(share: float) -> str:
    """Write a share in percent."""
    return f"{100 * share:.3g} %"


def plural(n: int, singular: str, many: str = "") -> str:
    """Write a count and its noun."""
    return f"{count(n)} {singular if n == 1 else many or singular + 's'}"


def joined(names: Sequence[object], last: str = "and") -> str:
    """Names in a sentence."""
    words = [str(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else "none"


def sentence(words: str) -> str:
    """Upper case first and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."


def spaced(code: str) -> str:
    """Write a short code as words."""
    return code.replace("_", " ")


def breakable(name: str) -> Markup:
    """Let the name of a feature or a marker break after an underscore or a colon."""
    parts = (Markup("_<wbr>").join(part.split("_")) for part in name.split(":"))
    return Markup(":<wbr>").join(parts)


def marked(words: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = words.split("`")
    if len(parts) % 2 == 0:
        return escape(words)
    return Markup("").join(Markup("<code>{}</code>").format(part) if k % 2 else part for k, part in enumerate(parts))


def _missing(value: object) -> bool:
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]
