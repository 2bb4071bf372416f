import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.provenance import Provenance
from radiogenomics.report import figures, hits, svg
from radiogenomics.report.load import Run, load, records
from radiogenomics.report.sections import association, attrition, cohort, methods
from tests.unit.report import results_folder


@pytest.fixture(scope="module")
def run(study) -> Run:
    return load(study)


def with_settings(run, **settings):
    provenance = {**run.provenance, **{stage: [{"settings": chosen}] for stage, chosen in settings.items()}}
    return dataclasses.replace(run, provenance=provenance)


def methods_text(run):
    return " ".join(
        ". ".join(paragraph) for paragraph in methods.section(run, hits.families(run.results, 0.05))["paragraphs"]
    )


def test_extraction_settings_of_one_image_are_described_as_those_of_a_batch(run):
    preset = {
        "engine": "native",
        "definition": "ibsi",
        "bin_count": 32,
        "bin_width": None,
        "normalise": {"sd": 100, "clip_sd": None},
        "resampled_spacing_mm": None,
        "families": ["glcm"],
    }
    words = "native engine, features as defined by the IBSI-1 reference manual; 32 bins; "
    words += "at the image's own spacing; image scaled to mean 0 and SD 100; families: glcm."
    assert f"All images: {words}" in methods_text(with_settings(run, radiomics=preset))
    assert f"MR: {words}" in methods_text(with_settings(run, radiomics={"MR": preset}))


def test_genomics_settings_change_the_text(run):
    settings = {"pass_only": False, "transcript_policy": "worst"}
    shown = methods_text(with_settings(run, genomics=settings))
    assert "FILTER was not used." in shown
    assert "worst consequence over all its transcripts" in shown


def test_components_among_the_covariates_are_described_and_who_lacks_them_is_counted(run):
    assert "principal components" not in methods_text(run)
    shown = methods_text(with_settings(run, cohort={"components": 3, "covariates": {"PC1": "number"}}))
    assert "The first 3 principal components of common genotypes" in shown
    assert "missing from it" not in shown
    lacking = run.failures.assign(reason="no_components").head(2)
    shown = methods_text(
        with_settings(dataclasses.replace(run, failures=lacking), cohort={"components": 3, "covariates": {}})
    )
    assert "2 analysed patients without components are missing from it." in shown


def test_the_program_that_stated_consequences_is_named(run):
    annotator = {"command": "vep --offline", "versions": ["VEP v110, cache 110_GRCh38"]}
    settings = {"consequences": "annotated", "annotator": annotator}
    shown = methods_text(with_settings(run, genomics=settings))
    assert "stated by a program (VEP v110, cache 110_GRCh38; command: vep --offline)" in shown
    shown = methods_text(with_settings(run, genomics={**settings, "annotator": annotator | {"versions": []}}))
    assert "(whose output states no version; command" in shown


def test_dosages_are_described(run):
    dosage = {"field": "DS", "min_frequency": 0.05, "regions": "r.bed", "variants": None}
    shown = methods_text(with_settings(run, genomics={"dosage": dosage}))
    assert "alternate allele (FORMAT field DS;" in shown
    assert "at least 0.05 among the patients, limited to regions of r.bed;" in shown
    shown = methods_text(with_settings(run, genomics={"dosage": dosage | {"field": None, "regions": None}}))
    assert "alternate allele (called genotypes;" in shown
    assert "limited to" not in shown


def test_stage_without_tables_and_record_is_left_out_and_named(run):
    bare = dataclasses.replace(run, provenance={**run.provenance, "genomics": []}, alterations=None)
    assert "Genomics." not in methods_text(bare)
    assert methods.section(bare, [])["without_record"] == ["genomics"]


def test_inputs_of_one_name_in_several_batches_are_all_kept(tmp_path):
    parts = []
    for number, digest in enumerate(("aa", "bb", "aa")):
        parts.append(tmp_path / f"b{number}.parquet")
        provenance = Provenance("genomics", {"pass_only": True}, {"calls.vcf": digest, "genes.gff3": "cc"})
        tables.SAMPLES.write(tables.SAMPLES.frame([]), parts[-1], provenance)
    [found] = records(parts)
    assert found["inputs"] == {"calls.vcf": "aa", "calls.vcf (2)": "bb", "genes.gff3": "cc"}


def test_records_of_batches_that_differ_only_in_inputs_are_united(study):
    found = records(sorted(study.glob("imaging/*.images.parquet")))
    assert len(found) == 1
    assert set(found[0]["inputs"]) == {"imaging.tsv", "imaging <&>.bin"}
    assert records([study / "absent.parquet"]) == []


def test_covariates_are_counted_in_each_group_and_missing_values_are_a_row(run):
    rows = cohort.covariate_rows(run)
    patients = run.patients[run.patients["included"]]
    missing = next(row for row in rows if (row.covariate, row.level) == ("age", "missing"))
    assert missing.cells[0] == str(patients["age"].isna().sum())
    north = next(row for row in rows if row.level == "north")
    assert north.cells[0].startswith(f"{(patients['site'] == 'north').sum()} (")


def test_many_categories_are_gathered_so_that_counts_still_sum(run):
    people = run.patients.assign(scanner=[f"scanner {k % 20:02d}" for k in range(len(run.patients))])
    rows = cohort.covariate_rows(with_settings(dataclasses.replace(run, patients=people), cohort={}, association={}))
    levels = [row for row in rows if row.covariate == "scanner" and row.level]
    assert len(levels) == cohort.MAX_LEVELS + 1
    assert levels[-1].level == "8 other values"
    assert sum(int(row.cells[0].split(" ")[0]) for row in levels) == people["included"].sum()


def test_empty_group_has_dashes_not_zeros(run):
    everyone = run.patients.assign(included=True)
    rows = cohort.covariate_rows(dataclasses.replace(run, patients=everyone))
    assert next(row for row in rows if row.covariate == "age").cells[1] == "–"


def test_carriers_of_the_alterations_are_those_of_analysed_patients(run):
    rows = {row.marker: row for row in cohort.carriers(run)}
    table = run.alterations[run.alterations["patient_id"].isin(run.analysed)]
    for marker, row in rows.items():
        assert row.altered == ((table["marker"] == marker) & (table["state"] == "altered")).sum()
        assert row.altered + row.wild_type + row.not_assayed == 52


def test_carriers_fall_back_to_the_results(run):
    rows = cohort.carriers(dataclasses.replace(run, alterations=None))
    assert max(rows, key=lambda row: row.altered).altered == run.results["n_carriers"].max()


def test_patient_counts_come_from_the_patients_table_without_a_ledger(run):
    assert attrition.patient_counts(dataclasses.replace(run, ledger=None)) == (60, 52)
    assert attrition.patient_counts(dataclasses.replace(run, ledger=None, patients=None)) == (None, None)


def test_unknown_stage_of_a_ledger_comes_last():
    rows = [
        ("enrolled", "", "", 9),
        ("excluded", "other", "why", 1),
        ("excluded", "imaging", "x", 2),
        ("analysed", "", "", 6),
    ]
    ledger = tables.LEDGER.conform(pd.DataFrame(rows, columns=["step", "stage", "reason", "n_patients"]), "test")
    steps = attrition.flow_steps(ledger)
    assert [(step.stage, step.remaining) for step in steps] == [("imaging", 7), ("other", 6)]


def test_family_without_a_test_has_no_qq_plot(run):
    crude = run.results["adjustment"] == "crude"
    untested = run.results.assign(
        **{name: run.results[name].mask(crude) for name in ("neg_log10_p", "q_gene", "q_two_level", "q_bh")}
    )
    drawn, every = (
        association.section(dataclasses.replace(run, results=results))["qq"] for results in (untested, run.results)
    )
    assert len(drawn[0]["panels"]) == len(every[0]["panels"]) - 1 > 0


def test_qq_plots_of_an_analysis_have_the_same_axes():
    def ticks(drawn):
        return re.findall(r'<text[^>]*class="tick"[^>]*>[^<]*</text>', drawn)

    small = hits.Family("CT", "crude", 9, 9, 0, 1, 0, 2.3, 1.0, 50, 50)
    large = dataclasses.replace(small, adjustment="full", n_pairs=900, n_tested=900)
    values = np.linspace(0.01, 1, 900)
    points = [hits.quantiles(strength) for strength in (-np.log10(values[::100]), -20 * np.log10(values))]
    drawn = figures.qq_panels(list(zip((small, large), points, strict=True)))
    assert ticks(drawn[0]) == ticks(drawn[1])


def test_long_name_ends_in_an_ellipsis_and_is_whole_when_pointed_at():
    name = "VERYLONG" * 12 + "KRAS:lof"
    drawn = figures.carriers([(name, 7, 40, 0), ("short", 7, 40, 0)], 5)
    assert f">{name[:23]}…<title>{name}</title></text>" in drawn
    assert ">short</text>" in drawn


def test_covariates_are_those_on_record_even_if_none_and_unknown_without_any(run):
    bare = dataclasses.replace(run, patients=None)
    full = lambda run: association.formulas(run)["full"].removeprefix("carrier + log original_shape_MeshVolume")  # noqa: E731
    assert full(with_settings(run, association={"covariates": []})) == " (no further covariate)"
    assert full(with_settings(run, association={"covariates": ["age"]})) == " + age"
    assert full(with_settings(run, association={}, cohort={})) == " + age + sex + site"
    assert full(with_settings(bare, association={}, cohort={})) == " + covariates not on record"


def test_share_that_volume_must_take_is_that_on_record(run):
    stated = dataclasses.replace(run.thresholds, explained_share=0.5)
    assert "takes more than 50 % of its estimate" in methods_text(dataclasses.replace(run, thresholds=stated))
    assert "takes most of its estimate" in methods_text(run)


def test_estimate_that_is_missing_has_no_mark():
    drawn = figures.forest([("crude", np.nan, np.nan, np.nan), ("full", 0.5, 0.1, 0.9)], svg.Scale(-1, 1, 0, 100))
    assert "adjustment-crude" not in drawn
    assert drawn.count("adjustment-full") == 2


def test_nasty_names_are_in_the_study_of_these_tests(run):
    assert results_folder.NASTY_MARKER in set(run.results["marker"])
    assert results_folder.NASTY_PATIENT in run.analysed


def test_states_of_genes_are_explained_by_what_was_assayed(run):
    assert "No assay was stated" in methods_text(run)
    samples = run.samples.assign(assay=["d1", *[""] * (len(run.samples) - 1)])
    shown = methods_text(
        with_settings(dataclasses.replace(run, samples=samples), genomics={"missing_genotype": "not_assayed"})
    )
    assert f"stated for 1 of {len(samples)} patients" in shown
    assert "if a genotype is missing" in shown
    shown = methods_text(with_settings(run, genomics={"consequences": "annotated", "missing_genotype": "wild_type"}))
    assert "those that the variant files state" in shown
    assert "A missing genotype counts as reference." in shown
