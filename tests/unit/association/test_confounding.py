"""Cramér's V against scipy and its correction, strength by type, markers that are aliases of a site."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from radiogenomics.association import confounding
from radiogenomics.association.confounding import Measure, Verdict, aliases, cramers_v
from radiogenomics.association.statistics_errors import ShapeMismatchError


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(2, 5), columns=st.integers(2, 5))
def test_plain_v_equals_scipy_of_each_table(seed, rows, columns):
    counts = np.random.default_rng(seed).integers(1, 20, (3, rows, columns)).astype(float)
    expected = [stats.contingency.association(table.astype(int), "cramer") for table in counts]
    np.testing.assert_allclose(cramers_v(counts).plain, expected, rtol=1e-9)


def test_the_correction_is_bergsmas_and_is_near_zero_without_association():
    table = np.array([[12, 5, 3], [4, 10, 6.0]])
    n, phi2 = 40, stats.contingency.association(table.astype(int), "cramer") ** 2
    r, c = 2 - 1 / (n - 1), 3 - 4 / (n - 1)
    expected = np.sqrt(max(phi2 - 2 / (n - 1), 0) / (min(r, c) - 1))
    assert cramers_v(table).corrected == pytest.approx(expected)
    rng = np.random.default_rng(1)
    tables = np.array([rng.multinomial(60, np.full(10, 0.1)).reshape(2, 5) for _ in range(2000)], dtype=float)
    found = cramers_v(tables)
    assert np.mean(found.plain) > 0.2
    assert np.mean(found.corrected) < 0.1


def test_empty_levels_do_not_count_and_a_margin_of_one_level_has_no_association():
    table = np.array([[12, 5, 3], [4, 10, 6.0]])
    wider = np.insert(np.insert(table, 1, 0, axis=1), 2, 0, axis=0)
    assert cramers_v(wider).corrected == cramers_v(table).corrected
    assert np.isnan(cramers_v(np.array([[5, 6, 7], [0, 0, 0.0]])).plain)
    assert cramers_v(np.diag([5, 7.0])).corrected == pytest.approx(1)


def cohort(seed=1, n=90):
    """Features, markers and confounders: the first of each follows the first confounder."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, 3, n)
    confounders = pd.DataFrame(
        {"site": [f"S{number}" for number in site], "age": rng.normal(60, 9, n), "smoker": rng.random(n) < 0.5}
    )
    features = rng.normal(size=(n, 4))
    features[:, 0] += 3 * site
    features[:, 1] += confounders["age"] / 5
    markers = (rng.random((n, 5)) < 0.3).astype(float)
    markers[:, 0] = site == 1
    markers[:, 1] = np.where(rng.random(n) < 0.95, site == 2, site != 2)
    confounders.loc[3, ["site", "age"]] = None, np.nan
    features[7, 2], markers[9, 3] = np.nan, np.nan
    return features, markers, confounders, site


def test_the_measure_goes_by_the_type_of_both():
    features, markers, confounders, _ = cohort()
    found = {strength.confounder: strength for strength in confounding.feature_map(features, confounders)}
    assert [strength.measure for strength in found.values()] == [Measure.ETA2, Measure.SPEARMAN, Measure.ETA2]
    known = confounders["age"].notna().to_numpy()
    assert found["age"].values[1] == pytest.approx(
        stats.spearmanr(features[known, 1], confounders["age"][known]).statistic
    )
    assert found["site"].values[0] > 0.7 > 0.2 > found["site"].values[2]
    of_markers = {strength.confounder: strength for strength in confounding.marker_map(markers, confounders)}
    assert of_markers["smoker"].measure == Measure.CRAMERS_V
    table = pd.crosstab(markers[:, 3], confounders["site"].to_numpy()).to_numpy(float)
    assert of_markers["site"].values[3] == pytest.approx(cramers_v(table).corrected)


def test_a_marker_that_is_a_site_is_refused_and_one_that_nearly_is_is_flagged():
    _, markers, confounders, site = cohort()
    design = np.column_stack([np.ones(90), site == 1, site == 2, confounders["age"]]).astype(float)
    found = aliases(markers, confounders[["site", "age"]], design, flag_strength=0.6, flag_r2=0.6)
    assert [(alias.marker, alias.confounder, alias.verdict) for alias in found] == [
        (0, "site", Verdict.REFUSE),
        (0, "site, age", Verdict.REFUSE),
        (1, "site", Verdict.FLAG),
        (1, "site, age", Verdict.FLAG),
    ]
    assert found[1].strength == 1
    assert 0.6 < found[3].strength < 1


def test_a_marker_that_many_small_sites_determine_is_refused_whatever_the_correction_makes_of_it():
    site = np.repeat(np.arange(12), 2)
    markers = (site % 2 == 0).astype(float)[:, None]
    confounders = pd.DataFrame({"site": [f"S{number}" for number in site]})
    (alias,) = aliases(markers, confounders, np.ones((24, 1)), flag_strength=1.1, flag_r2=0.9)
    assert alias.verdict == Verdict.REFUSE


def test_r2_on_the_design_is_that_of_least_squares_on_complete_rows():
    _, markers, confounders, site = cohort()
    design = np.column_stack([np.ones(90), site == 1, site == 2, confounders["age"], site == 1]).astype(float)
    markers[:, 4] = 1
    found = confounding.explained_by_design(markers, design)
    rows = np.isfinite(design).all(axis=1) & np.isfinite(markers[:, 3])
    fitted = design[rows] @ np.linalg.lstsq(design[rows], markers[rows, 3], rcond=None)[0]
    assert found[3] == pytest.approx(np.corrcoef(fitted, markers[rows, 3])[0, 1] ** 2)
    assert found[0] == 1
    assert np.isnan(found[4])
    assert confounding.redundant_columns(design) == [4]
    assert confounding.redundant_columns(design[:, :4]) == []


def test_tables_of_other_patients_are_refused():
    features, markers, confounders, _ = cohort()
    with pytest.raises(ShapeMismatchError):
        list(confounding.feature_map(features[1:], confounders))
    with pytest.raises(ShapeMismatchError):
        aliases(markers[1:], confounders, np.ones((90, 1)), flag_strength=0.6, flag_r2=0.6)
