import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.cli import main
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.report import load, text
from radiogenomics.report.build import build
from radiogenomics.report.sections import attrition, images
from tests.unit.report import results_folder
from tests.unit.report.packed import decode

RAW_NAMES = [
    results_folder.NASTY_MARKER.split(":")[0],
    results_folder.NASTY_PATIENT,
    "<east & west>",
    "series <script>",
    "region <after",
    "imaging <&>.bin",
]


class Page(HTMLParser):
    """Visible words, ids and what the page would load."""

    def __init__(self, html):
        super().__init__()
        self.words, self.ids, self.tags, self.loads, self.void = [], [], set(), [], False
        self.feed(html)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.void = tag in ("script", "style")
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "srcset", "data") and not value.startswith(("#", "data:")):
                self.loads.append(value)

    def handle_endtag(self, tag):
        self.void = self.void and tag not in ("script", "style")

    def handle_data(self, data):
        if not self.void:
            self.words.append(data)


@pytest.fixture(scope="module")
def parsed(html):
    return Page(html)


def column(html, name, dtype):
    return decode(re.search(rf'id="column-{name}">([^<]*)<', html)[1], dtype)


def report_data(html):
    return json.loads(re.search(r'id="report-data">(.*?)</script>', html, re.DOTALL)[1])


def test_sections_stand_in_their_order_and_ids_are_unique(parsed):
    sections = ["hits", "attrition", "cohort", "images", "association", "comparison", "methods", "reproducibility"]
    assert [name for name in parsed.ids if name in sections] == sections
    assert len(parsed.ids) == len(set(parsed.ids))


def test_page_names_nothing_to_load(parsed, html):
    assert parsed.loads == []
    assert "http:" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in html
    assert "@import" not in html


@pytest.mark.parametrize("name", RAW_NAMES)
def test_names_from_the_data_are_escaped(html, parsed, name):
    assert name not in html
    assert name in parsed.text


def test_no_element_comes_from_the_data(parsed):
    assert not parsed.tags & {"east", "after", "i"}


def test_same_input_gives_the_same_bytes(study, page, tmp_path):
    build(results=study, output=tmp_path, title='Lung <b>&"CT', settings='{"max_overlays": 10}')
    assert (tmp_path / "index.html").read_bytes() == page.read_bytes()


def test_every_row_of_the_results_is_in_the_page(study, html):
    results = load.load(study).results
    data = report_data(html)
    assert data["rows"] == len(results)
    estimate = results["estimate"].to_numpy(dtype=np.float32)
    assert column(html, "estimate", "float32").tobytes() == estimate.tobytes()
    names = next(item["values"] for item in data["columns"] if item["name"] == "feature")
    assert [names[code] for code in column(html, "feature", "uint8")] == results["feature"].astype(str).tolist()


def test_hits_are_decided_on_the_exact_adjusted_p(study, html):
    results = load.load(study).results
    hit = column(html, "state", "uint8") & 1
    assert hit.tolist() == (results["q_two_level"] < 0.05).astype(int).tolist()


def test_untested_pairs_are_missing_and_state_their_reason(study, html, parsed):
    results = load.load(study).results
    untested = (results["flag"] != "").to_numpy()
    assert np.isnan(column(html, "neg_log10_p", "float32")[untested]).all()
    assert (column(html, "flag", "uint8") > 0).tolist() == untested.tolist()
    for reason, n in (
        results.loc[untested & (results["adjustment"] == "full"), "flag"].astype(str).value_counts().items()
    ):
        assert re.search(rf"{reason}( \d+)* {n}\b", parsed.text)


def test_headline_numbers_are_those_of_the_tables(study, parsed):
    results = load.load(study).results
    crude = results[(results["adjustment"] == "crude") & (results["q_two_level"] < 0.05)]
    pairs = text.count(len(results) // 3).replace("\u202f", " ")
    assert f"Of 60 patients enrolled, 52 were analysed; of {pairs} pairs" in parsed.text
    assert f"{len(crude)} in {crude['gene'].nunique()} genes without adjustment" in parsed.text


def test_attrition_sums_and_every_failure_is_named(study, parsed):
    ledger = tables.LEDGER.read(study / "cohort/ledger.tsv")
    steps = attrition.flow_steps(ledger)
    assert steps[-1].remaining == 52
    assert [step.stage for step in steps] == ["imaging", "radiomics", "genomics"]
    assert "60 patients enrolled = 52 analysed + 8 excluded" in parsed.text
    failures = tables.FAILURES.read(study / "cohort/failures.tsv")
    for value in {*failures["patient_id"], *failures["message"], *failures["hint"]}:
        assert value.replace("`", "") in parsed.text


def test_excluded_patient_without_a_failure_is_named(study):
    silent = attrition.silent_exclusions(load.load(study))
    assert [row["patient_id"] for row in silent] == ["P026"]


def test_ledger_that_does_not_sum_is_said_to(study, tmp_path):
    folder = shutil.copytree(study, tmp_path / "study")
    ledger = tables.LEDGER.read(folder / "cohort/ledger.tsv")
    ledger.loc[ledger["step"] == "analysed", "n_patients"] = 50
    tables.LEDGER.write(ledger, folder / "cohort/ledger.tsv")
    build(results=folder, output=tmp_path, title="t", settings="{}")
    assert (
        "The ledger does not sum: 60 enrolled, but 8 excluded and 50 analysed make 58."
        in Page((tmp_path / "index.html").read_text()).text
    )


def test_tables_of_batches_can_be_named_one_by_one(study):
    images, samples = sorted(study.glob("imaging/*.images.parquet")), sorted(study.glob("genomics/*.samples.parquet"))
    assert len(images) > 1
    chosen, every = load.load(study, images[:1], samples), load.load(study)
    assert chosen.images["image_id"].tolist() == tables.IMAGES.read(images[0])["image_id"].tolist()
    assert len(every.images) > len(chosen.images)
    assert load.load(study, images, samples).images.equals(every.images)
    assert load.load(study, images, []).samples is None


def test_image_flags(study):
    table = load.load(study).images
    flags = dict(
        zip(
            table["patient_id"], images.image_flags(table, {table["image_id"][0]: ["kvp 80, usually 120"]}), strict=True
        )
    )
    found = {flag for row in flags.values() for flag in row}
    assert {
        "touches border",
        "3 components",
        "one slice",
        "kvp 80, usually 120",
        "outlier in volume",
        "unusual spacing",
    } <= found
    assert flags["P012"] == ["same voxels as P013_ct"]
    assert flags["P013"] == ["same voxels as P012_ct"]


def test_gallery_is_limited_to_patients_and_flagged_ones_come_first(html, parsed):
    assert html.count("data-png=") == 10
    assert "10 of 55 patients, flagged ones first" in parsed.text


def test_no_overlays_are_shown_if_none_are_wanted(study, tmp_path):
    build(results=study, output=tmp_path, title="t", settings='{"max_overlays": 0}')
    assert "No overlays are shown" in (tmp_path / "index.html").read_text()


def test_overlay_that_cannot_be_shown_says_why(study, tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    assert images.read_png(study, "") == ("", "no overlay was written")
    assert "file is missing" in images.read_png(study, "imaging/overlays/absent.png")[1]
    assert "outside" in images.read_png(study, "../secret.png")[1]
    assert "outside" in images.read_png(study, "/etc/passwd")[1]
    assert "not a PNG" in images.read_png(tmp_path, "text.png")[1]


def test_methods_state_settings_and_families_of_this_run(parsed):
    for words in (
        "fixed bin width of 25; resampled to 1 × 1 × 1 mm",
        "transcript with the longest CDS",
        "full: feature ~ carrier + log original_shape_MeshVolume + age + sex + site",
        "at least 20 patients had values, with at least 5 carriers",
        "slices had to be equally spaced within 0.02 mm".capitalize(),
    ):
        assert words in parsed.text
    assert "0123456789abcdef" * 2 in parsed.text


def test_data_dictionary_holds_every_column(parsed):
    for table in tables.ALL:
        assert table.meaning in parsed.text
        assert all(item.meaning in parsed.text for item in table.columns)


def test_results_alone_give_a_report_that_says_what_is_absent(study, tmp_path):
    (tmp_path / "association").mkdir()
    shutil.copy(study / "association/results.parquet", tmp_path / "association")
    build(results=tmp_path, output=tmp_path, title="t", settings="{}")
    shown = Page((tmp_path / "index.html").read_text()).text
    for words in (
        "No attrition ledger",
        "No failures table",
        "No patients table",
        "No images table",
        "No features table",
    ):
        assert words in shown
    assert "In up to 52 patients, of" in shown
    assert "the alterations table is absent" in shown
    assert "carrier + log original_shape_MeshVolume + covariates not on record" in shown


def built(folder, table, **settings):
    """The page of a results table alone."""
    provenance = results_folder.record("association", results_folder.SETTINGS | settings)
    tables.RESULTS.write(table, folder / "association/results.parquet", provenance)
    build(results=folder, output=folder, title="t", settings="{}")
    return (folder / "index.html").read_text()


def untested(table, adjustments=tables.ADJUSTMENTS):
    """The same pairs, none of which could be tested under these adjustments."""
    rows = table["adjustment"].isin(adjustments)
    numbers = ["estimate", "se", "ci_low", "ci_high", "statistic", "df", "p", "neg_log10_p"]
    numbers += ["q_gene", "q_two_level", "q_bh"]
    table.loc[rows, numbers] = None
    flag = table["flag"].astype(str).mask(rows, tables.NOT_TESTED_REASONS[1])
    return table.assign(volume_explained=False, flag=flag)


def of_model(table, effect, method):
    """The same results as another statistical model would state them."""
    return table.assign(effect=effect, method=np.where(table["flag"].astype(str) == "", method, ""))


def figures_of(page):
    """The headline numbers: label and number."""
    shown = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page[: page.index('id="hits"')])
    return {label: re.sub(r"<[^>]*>", "", number) for label, number in shown}


@pytest.fixture
def table(study):
    return tables.RESULTS.read(study / "association/results.parquet")


def test_rank_tests_are_shown_without_intervals(table, tmp_path):
    table = of_model(table, tables.EFFECTS[1], "Mann-Whitney").assign(se=np.nan, ci_low=np.nan, ci_high=np.nan)
    page = built(tmp_path, table, model="rank")
    shown = Page(page).text
    assert "Mann-Whitney test" in shown
    assert "least squares under" not in shown
    assert "larger value of the feature than a non-carrier, minus one half" in shown
    assert "with 95 % confidence interval" not in shown
    assert "(95 % CI)" not in shown
    assert "whisker" not in page[page.index('id="comparison"') : page.index('id="methods"')]
    assert "estimate in P − ½" in page


def test_logistic_regression_says_which_pairs_have_which_test(table, tmp_path):
    settings = {"model": "logistic", "fit_p_below": 0.01, "firth_carriers_below": 12}
    shown = Page(built(tmp_path, of_model(table, tables.EFFECTS[2], "score test"), **settings)).text
    assert "odds ratio of carrying the alteration" in shown
    assert "crude: carrier ~ feature" in shown
    assert "Pairs with p up to 0.01, pairs with fewer than 12 carriers or non-carriers and pairs whose" in shown


def test_proportional_odds_say_what_was_fitted(table, tmp_path):
    settings = {"model": "ordinal", "fit_p_below": 0.02}
    shown = Page(built(tmp_path, of_model(table, tables.EFFECTS[5], "score test"), **settings)).text
    assert "odds ratio of a larger value of the feature, carriers against non-carriers" in shown
    assert "crude: feature ~ carrier" in shown
    assert "Pairs with p up to 0.02 were fitted by maximum likelihood" in shown


def test_a_mixed_model_says_what_has_the_random_effect(table, tmp_path):
    settings = {"model": "mixed", "random_effect": "site", "covariates": ["age", "site"]}
    shown = Page(built(tmp_path, of_model(table, tables.EFFECTS[0], "mixed model"), **settings)).text
    assert "by linear mixed models under three adjustments" in shown
    assert "crude: feature ~ (1 | site) + carrier" in shown
    assert "+ age + site" not in shown
    assert "a random effect of the levels of site" in shown
    assert "for each pair with the marker in the model, and t has Satterthwaite's degrees of freedom" in shown
    settings = {"model": "mixed", "kinship": "grm.rel", "reml_p_below": 0.01}
    shown = Page(built(tmp_path / "2", of_model(table, tables.EFFECTS[0], "mixed model"), **settings)).text
    assert "crude: feature ~ (1 | relatedness) + carrier" in shown
    assert "a random effect of relatedness, as grm.rel has it" in shown
    assert "and with it for pairs with p up to 0.01, whose t has" in shown


def test_results_without_a_row_give_a_report(tmp_path):
    shown = Page(built(tmp_path, tables.RESULTS.frame([]))).text
    assert "The results table holds no pair." in shown
    assert "up to 0" not in shown


def test_nothing_tested_is_not_reported_as_no_hit(table, tmp_path):
    page = built(tmp_path, untested(table))
    shown = Page(page).text
    assert "no pair could be tested (main reason: n below the configured minimum)." in shown
    assert "up to 0 patient" not in shown
    assert "0 hits" not in shown
    assert set(figures_of(page).values()) - {"–"} == {figures_of(page)["features × markers"]}
    assert "* No hit" not in shown
    assert 'class="n strong">–<' in page


def test_adjustment_that_tested_nothing_is_named_beside_the_hits_of_the_others(table, tmp_path):
    page = built(tmp_path, untested(table, ["full"]))
    assert re.search(r"without adjustment and \d+( in \d+ genes?)? after adjustment for volume are associated", page)
    assert "No pair could be tested with all covariates (main reason: n below the configured minimum)." in page
    assert figures_of(page)["hits, full"] == "–"
    assert figures_of(page)["hits, volume"].isdigit()
    assert "* No hit" not in page


def test_one_hit_is_in_the_singular(table, tmp_path):
    best = table[table["adjustment"] == "crude"].nsmallest(1, "q_two_level")
    shown = Page(built(tmp_path, best)).text
    assert "of 1 pair of 1 imaging feature and 1 genomic marker, 1 in 1 gene without adjustment is associated" in shown
    assert "1 of 1 marker has a hit" in shown


def test_several_analyses_have_their_own_families_and_markers_count_once(tmp_path):
    size = results_folder.Size(image_types=1, markers=4, analyses=("CT", "PET"))
    results_folder.write(tmp_path, size)
    build(results=tmp_path, output=tmp_path, title="t", settings="{}")
    html, results = (tmp_path / "index.html").read_text(), load.load(tmp_path).results
    assert len(report_data(html)["families"]) == 6
    assert '<select id="analysis">' in html
    hits = results[results["q_two_level"] < 0.05]
    pairs = results.drop_duplicates(["analysis", "feature", "marker"])
    per_analysis = hits.drop_duplicates(["analysis", "marker"])
    assert hits["marker"].nunique() < len(per_analysis)
    shown = Page(html).text
    assert f"{hits['marker'].nunique()} of 4 markers have a hit under some adjustment in some analysis." in shown
    words = f"of {len(pairs)} pairs of {results['feature'].nunique()} imaging features and 4 genomic markers"
    assert f"{words} in 2 analyses" in shown
    for adjustment in tables.ADJUSTMENTS:
        assert figures_of(html)[f"hits, {adjustment}"] == text.count((hits["adjustment"] == adjustment).sum())
    rows = re.search(r"<tbody>(.*?)</tbody>", html[html.index('id="hits"') :], re.DOTALL)[1]
    assert rows.count("<tr>") == 8


def test_figures_and_tables_are_numbered_in_their_order_and_name_what_they_title(html, parsed):
    for kind in ("Figure", "Table"):
        numbers = re.findall(rf'id="{kind.lower()}-(\d+)">{kind} (\d+)\. ', html)
        assert numbers == [(str(k), str(k)) for k in range(1, len(numbers) + 1)]
        assert len(numbers) >= 6
    named = re.findall(r'aria-labelledby="([^"]+)"', html)
    assert set(named) <= set(parsed.ids)
    assert all("aria-label" in tag for tag in re.findall(r"<table[^>]*>", html))
    assert all("scope=" in tag for tag in re.findall(r"<th[ >][^>]*>", html))


def test_hints_show_code_as_code(html, parsed):
    assert "set <code>roi:</code> in images.tsv" in html
    assert "`" not in parsed.text


def test_original_images_come_first_among_the_features(study):
    rows = images.feature_counts(load.load(study).features)["rows"]
    assert [row[0] for row in rows] == ["original", "log-sigma-1-mm-3D"]


def test_not_assayed_is_mentioned_only_where_it_occurs(html, study, tmp_path):
    assert "not assayed</span>" in html
    folder = shutil.copytree(study, tmp_path / "study")
    path = folder / "genomics/alterations.parquet"
    states = tables.ALTERATIONS.read(path)
    tables.ALTERATIONS.write(states[states["state"] != "not_assayed"], path)
    build(results=folder, output=tmp_path, title="t", settings="{}")
    assert "not assayed" not in (tmp_path / "index.html").read_text().split('id="images"')[0]


def test_missing_results_are_an_error_with_a_hint(tmp_path):
    with pytest.raises(MissingFileError, match=r"results\.parquet"):
        build(results=tmp_path, output=tmp_path, title="t", settings="{}")


def test_results_without_thresholds_are_refused(tmp_path):
    results_folder.write(tmp_path, results_folder.Size(image_types=1, markers=2), settings={"alpha": 0.05})
    with pytest.raises(load.UnknownThresholdError, match="min_patients, min_carriers"):
        build(results=tmp_path, output=tmp_path, title="t", settings="{}")


def test_unknown_setting_is_refused(study, tmp_path):
    with pytest.raises(ConfigError, match="max_overlay: unknown key"):
        build(results=study, output=tmp_path, title="t", settings='{"max_overlay": 1}')


def test_command_line_builds_the_report(study, tmp_path):
    assert main(["report", "build", "--results", str(study), "--output", str(tmp_path)]) == 0
    assert (tmp_path / "index.html").is_file()


def test_covariates_without_a_declared_kind_are_judged_by_their_type(study, tmp_path):
    folder = shutil.copytree(study, tmp_path / "study")
    people = tables.PATIENTS.read(folder / "cohort/patients.parquet").assign(dose=1.5, empty=pd.Series(dtype="str"))
    tables.PATIENTS.write(people.drop(columns="empty"), folder / "cohort/patients.parquet")
    build(results=folder, output=tmp_path, title="t", settings="{}")
    assert "1.5 ± 0.0 (1.5 to 1.5)" in Page((tmp_path / "index.html").read_text()).text


def test_study_of_tables_says_what_it_does_not_have(tmp_path):
    size = results_folder.Size()
    folder = results_folder.write(tmp_path / "r", size, settings={**results_folder.SETTINGS, "volume_feature": None})
    table = tables.RESULTS.read(folder / "association" / "results.parquet")
    people = tables.PATIENTS.read(folder / "cohort" / "patients.parquet")
    record = results_folder.record("cohort", {"covariates": {}, "without": ["images", "samples"]})
    tables.PATIENTS.write(people, folder / "cohort" / "patients.parquet", record)
    for path in (*folder.glob("imaging/*.parquet"), *folder.glob("genomics/*.samples.parquet")):
        path.unlink()
    settings = results_folder.record(
        "association", {**results_folder.SETTINGS, "volume_feature": None, "covariates": []}
    )
    kept = table[table["adjustment"] == "crude"].assign(volume_rho=np.nan, volume_explained=False)
    number = kept["marker"] == kept["marker"].iloc[0]
    kept.loc[number, "n_carriers"] = pd.NA
    kept["effect"] = np.where(number, "SD per SD of the marker", kept["effect"].astype(str))
    tables.RESULTS.write(kept, folder / "association" / "results.parquet", settings)
    (folder / "association" / "summary.tsv").unlink(missing_ok=True)
    build(results=folder, output=tmp_path / "out", title="T", settings="{}")
    page = (tmp_path / "out" / "index.html").read_text()
    for stated in (
        "The study has no images",
        "The study has no variant files: its markers",
        "under one adjustment (crude: feature ~ carrier)",
    ):
        assert stated in page
    assert "log None" not in page
    assert "volume-explained if" not in page
    assert "for a marker that is a number" in page
