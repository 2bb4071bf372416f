import math

import pandas as pd
import pytest

from radiogenomics.report import svg, text


@pytest.mark.parametrize(
    ("strength", "shown"),
    [
        (0, "1.000"),
        (1.30103, "0.050"),
        (2.5, "0.0032"),
        (6, "1.0 × 10⁻⁶"),
        (-math.log10(9.96e-5), "1.0 × 10⁻⁴"),
        (400.3, "5.0 × 10⁻⁴⁰¹"),
        (None, "–"),
        (float("nan"), "–"),
        (pd.NA, "–"),
    ],
)
def test_p_is_written_from_its_logarithm_so_that_it_cannot_underflow(strength, shown):
    assert text.p_value(strength) == shown


def test_missing_is_never_zero():
    assert {f(float("nan")) for f in (text.number, text.general, text.count, text.q_value)} == {text.MISSING}


def test_words():
    assert text.plural(1, "hit") == "1 hit"
    assert text.plural(1200, "hit") == "1\u202f200 hits"
    assert text.joined(["a", "b", "c"]) == "a, b and c"
    assert text.joined([]) == "none"
    assert text.number(-1.234) == "−1.23"
    assert text.percent(0.05) == "5 %"


@pytest.mark.parametrize("value", [-0.0, -0.001, -0.00499])
def test_what_rounds_to_zero_has_no_sign(value):
    assert text.number(value) == "0.00"
    assert text.general(-0.0) == "0"


def test_backticks_become_code_in_pairs_only():
    assert text.marked("set `<roi>` or `x`") == "set <code>&lt;roi&gt;</code> or <code>x</code>"
    assert text.marked("odd ` <b>") == "odd ` &lt;b&gt;"


def test_feature_name_is_escaped_where_it_may_break():
    assert text.breakable("a_<b>:c") == "a_<wbr>&lt;b&gt;:<wbr>c"


@pytest.mark.parametrize(("low", "high"), [(-2.2, 2.2), (0, 1), (0, 317), (-0.004, 0.011)])
def test_ticks_are_round_inside_the_range_and_never_minus_zero(low, high):
    found = svg.ticks(low, high)
    assert 2 <= len(found) <= 12
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)
    assert all(math.copysign(1, tick) > 0 for tick in found if tick == 0)


def test_svg_escapes_text_and_attributes():
    drawn = svg.text(0, 0, '<b>&"', class_='"x')
    assert "<b>" not in drawn
    assert 'class="&#34;x"' in drawn
