import numpy as np
import pytest

from radiogenomics.simulate.design import design
from radiogenomics.simulate.score import compare, report, score
from radiogenomics.simulate.truth import TRUTH, truth
from radiogenomics.tables import ADJUSTMENTS, RESULTS

FEATURES = {
    "original_shape_Elongation": "shape",
    "original_shape_MeshVolume": "shape",
    "original_glcm_Contrast": "glcm",
    "original_firstorder_Energy": "firstorder",
}
MARKERS = ("TEXA1:non_silent", "SHPB1:non_silent", "VOLC1:non_silent", "NULL01:non_silent", "NULL02:non_silent")
# What the made-up results find: marker, feature, adjustments.
HITS = {
    ("TEXA1:non_silent", "original_glcm_Contrast"): ADJUSTMENTS,
    ("TEXA1:non_silent", "original_shape_Elongation"): ("crude",),
    ("SHPB1:non_silent", "original_shape_Elongation"): ADJUSTMENTS,
    ("SHPB1:non_silent", "original_glcm_Contrast"): ("full",),
    ("VOLC1:non_silent", "original_shape_MeshVolume"): ("crude",),
    ("VOLC1:non_silent", "original_firstorder_Energy"): ("crude", "full"),
    ("NULL02:non_silent", "original_glcm_Contrast"): ("full",),
}


def results(hits=None):
    hits = HITS if hits is None else hits
    rows = []
    for adjustment in ADJUSTMENTS:
        for marker in MARKERS:
            for feature, family in FEATURES.items():
                hit = adjustment in hits.get((marker, feature), ())
                tested = not (adjustment != "crude" and feature == "original_shape_MeshVolume")
                rows.append(row(adjustment, marker, feature, family, hit, tested))
    return RESULTS.frame(rows)


def row(adjustment, marker, feature, family, hit, tested):
    p = (1e-6 if hit else 0.5) if tested else None
    numbers = (
        {"se": 0.2, "ci_low": 0.8, "ci_high": 1.6, "statistic": 6.0, "df": 50}
        if tested
        else dict.fromkeys(("se", "ci_low", "ci_high", "statistic"))
    )
    return {
        "analysis": "lesion",
        "feature": feature,
        "image_type": "original",
        "family": family,
        "marker": marker,
        "gene": marker.split(":")[0],
        "adjustment": adjustment,
        "estimate": 1.2 if tested else None,
        "df": None,
        **numbers,
        "p": p,
        "neg_log10_p": -np.log10(p) if tested else None,
        "effect": "SD per carrier",
        "q_gene": (1e-5 if hit else 0.5) if tested else None,
        "q_two_level": (1e-4 if hit else 0.6) if tested else None,
        "q_bh": (1e-4 if hit else 0.6) if tested else None,
        **dict.fromkeys(("q_by", "p_holm", "q_storey")),
        "n": 54,
        "n_carriers": 18,
        "n_missing": 0,
        "method": "least squares" if tested else "",
        "volume_rho": 0.1,
        "volume_explained": hit and adjustment == "crude" and feature == "original_shape_MeshVolume",
        "flag": "" if tested else "collinear with covariates",
    }


@pytest.fixture(scope="module")
def planted():
    return truth(design(20, 1, 2), {"P001": {"TEXA1:non_silent"}})


@pytest.fixture(scope="module")
def comparison(planted):
    return compare(planted, results(), 0.05)


def by_adjustment(comparison):
    return {
        adjustment.adjustment: (adjustment.hits, adjustment.true, adjustment.indirect, adjustment.false)
        for adjustment in comparison.adjustments
    }


def test_each_hit_is_counted_once_as_what_it_is(comparison):
    assert by_adjustment(comparison) == {"crude": (5, 4, 0, 1), "volume": (2, 2, 0, 0), "full": (5, 2, 1, 2)}
    assert [adjustment.false_discovery_proportion for adjustment in comparison.adjustments] == pytest.approx(
        [0.2, 0.0, 0.4]
    )


def test_untested_pairs_are_not_counted(comparison):
    assert [adjustment.tested for adjustment in comparison.adjustments] == [20, 15, 15]
    assert [adjustment.null_tested for adjustment in comparison.adjustments] == [8, 6, 6]
    assert [(score.markers, score.false_markers) for score in comparison.adjustments] == [(3, 0), (2, 0), (4, 2)]
    assert [adjustment.null_hits for adjustment in comparison.adjustments] == [0, 0, 1]


def test_effects_are_scored_in_the_families_they_change(comparison):
    scores = {(score.target, score.adjustment): score for score in comparison.effects}
    texture, shape = scores["texture", "full"], scores["shape", "full"]
    assert (texture.hits, texture.false, texture.best_feature, texture.estimate) == (
        1,
        0,
        "original_glcm_Contrast",
        1.2,
    )
    assert (shape.hits, shape.indirect, shape.best_feature) == (1, 1, "original_shape_Elongation")
    assert scores["texture", "crude"].false == 1
    assert texture.q == pytest.approx(1e-4)


def test_volume_gene_is_true_when_crude_and_false_when_adjusted(comparison):
    scores = {score.adjustment: score for score in comparison.effects if score.target == "volume"}
    assert (scores["crude"].hits, scores["crude"].false) == (2, 0)
    assert (scores["full"].hits, scores["full"].false) == (0, 1)
    assert (comparison.volume_crude, comparison.volume_full, comparison.volume_explained) == (2, 1, 1)


def test_verdict_passes_and_names_what_is_missed(planted, comparison):
    assert comparison.passed
    assert "all effects found" in report(comparison)
    without_shape = {key: adjustments for key, adjustments in HITS.items() if key[0] != "SHPB1:non_silent"}
    missed = compare(planted, results(without_shape), 0.05)
    assert missed.missed == ("SHPB1:non_silent",)
    assert "NOT FOUND: SHPB1:non_silent" in report(missed)


def test_verdict_fails_when_volume_is_not_adjusted_for(planted):
    kept = {**HITS, ("VOLC1:non_silent", "original_glcm_Contrast"): ADJUSTMENTS}
    found = compare(planted, results(kept), 0.05)
    assert not found.passed
    assert "survive" in report(found)


def test_results_without_a_hit_are_scored(planted):
    empty = compare(planted, results({}), 0.05)
    assert by_adjustment(empty) == dict.fromkeys(ADJUSTMENTS, (0, 0, 0, 0))
    assert len(empty.missed) == 3
    assert all(adjustment.false_discovery_proportion == 0 for adjustment in empty.adjustments)


def test_command_prints_the_tables(planted, tmp_path, capsys):
    TRUTH.write(planted, tmp_path / "truth.tsv")
    RESULTS.write(results(), tmp_path / "results.parquet")
    score(truth=tmp_path / "truth.tsv", results=tmp_path / "results.parquet", alpha=0.05)
    printed = capsys.readouterr().out
    assert "TEXA1:non_silent  texture  full" in printed
    assert printed.splitlines()[-1].startswith("Verdict: all effects found")
