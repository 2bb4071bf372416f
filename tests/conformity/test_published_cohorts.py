"""Published cohorts from their tables, through the commands that the workflow runs, against p-values of R."""

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from radiogenomics import config as configuration, tables
from radiogenomics.association.design import rank_normal
from radiogenomics.cli import main
from radiogenomics.plan import Plan
from radiogenomics.resources import root
from tests.shared_data import shared_data
from tests.workflow.studies import radiogenomics

STUDIES = root() / "config" / "studies"
FOLDERS = {
    "RADMLBENCH": ("radiogenomics", "radMLBench"),
    "ZHOU2017": ("radiogenomics", "zhou2017_tcga_lgg"),
    "BAKAS2017": ("radiogenomics", "bakas2017_tcga"),
    "MC3": ("genomics", "tcga_mc3"),
}
# Study, name of its table, R's table, patients in and analysed, pairs below 5 % (Benjamini-Hochberg), smallest p.
COHORTS = [
    ("arita2018", "mri_", "Arita2018", 168, 168, 59, 1.691335e-6),
    ("nsclc_radiogenomics", "ct_", "NSCLC-Radiogenomics", 144, 144, 0, 0.00672362),
    ("zhou2017_vasari", "vasari_", "Zhou_VASARI_IDH1", 188, 143, 2, 1.499643e-4),
]

# Hits by gene and inflation of the features of TCGA against MC3; without covariates full is volume.
FOUND = {"crude": ({"ATRX": 14, "NOTCH1": 1}, 1.48), "volume": ({}, 1.79), "full": ({}, 1.79)}


@pytest.fixture
def data(monkeypatch):
    """The variables that the studies' paths begin with."""
    found = {name: str(shared_data(*parts)) for name, parts in FOLDERS.items()}
    for name, path in found.items():
        monkeypatch.setenv(name, path)
    return found


def commands(study, folder):
    """Run features, markers, cohort and association of a study as the rules do; returns the results."""
    path = STUDIES / f"{study}.yaml"
    plan = Plan(configuration.load(path).model_dump(mode="json"), path, folder)

    def run(words, *options):
        assert main([*words.split(), *shlex.split(" ".join(options))]) == 0

    def settings(stage):
        return f"--settings {shlex.quote(plan.settings(stage))}"

    samples, failed, markers = "", "", f"--markers {folder}/alterations.parquet"
    run("radiomics gather", plan.finished_features(), f"--features {folder}/features.parquet")
    if batches := plan.sample_batches:
        files = {name: [] for name in ("variants", "table", "missing", "assays", "failures")}
        for batch in batches:
            for name, paths in files.items():
                paths.append(f"{folder}/{batch}.{name}.{'tsv' if name == 'failures' else 'parquet'}")
            run(
                "genomics annotate-batch",
                f"--samples {shlex.quote(plan.samples(batch))} --reference none.fa --genes none.gff3",
                settings("genomics"),
                f"--remarks {folder}/{batch}.remarks.tsv",
                *(f"--{name} {paths[-1]}" for name, paths in files.items()),
            )
        read = {name: " ".join(paths) for name, paths in files.items()}
        samples = f"--variants {read['variants']} --samples {read['table']}"
        samples += f" --missing {read['missing']} --assays {read['assays']}"
        failed, markers = f"--failed {read['failures']}", f"--sequenced {read['table']}"
    patients = samples or f"--patients {folder}/features.parquet"
    run("genomics alterations", patients, settings("alterations"), f"--alterations {folder}/alterations.parquet")
    run(
        "cohort join",
        plan.sheet_options(),
        settings("cohort"),
        f"--features {folder}/features.parquet {markers} {failed} --table {folder}/patients.parquet",
        f"--ledger {folder}/ledger.tsv --failures {folder}/failures.tsv",
    )
    share = plan.config.workflow.max_failed_share
    run("cohort limit", f"--ledger {folder}/ledger.tsv --max-failed-share {share} --checked {folder}/limit.txt")
    run(
        "association test",
        f"--features {folder}/features.parquet --markers {folder}/alterations.parquet",
        f"--covariates {folder}/patients.parquet --results {folder}/results.parquet --summary {folder}/summary.tsv",
        settings("association"),
    )
    return tables.RESULTS.read(folder / "results.parquet")


def counts(ledger: Path):
    return tables.LEDGER.read(ledger).groupby("step", observed=True)["n_patients"].sum().to_dict()


def agrees_with_r(results, prefix, oracle, hits, smallest):
    """Every p, area under the curve, count and Benjamini-Hochberg value is R's; the headline is that of the study."""
    r = pd.read_csv(shared_data("radiogenomics", "oracles_R", f"oracle_{oracle}.csv"))
    own = results.assign(feature=results["feature"].astype(str).str.removeprefix(prefix))
    both = own.merge(r, on="feature", suffixes=("", "_r"), validate="1:1")
    assert len(both) == len(own) == len(r)
    assert both["n"].tolist() == both["n_r"].tolist()
    assert both["n_carriers"].tolist() == both["n1"].tolist()
    np.testing.assert_allclose(both["p"], both["p_wilcox"], rtol=1e-10)
    np.testing.assert_allclose(both["q_bh"], both["p_BH"], rtol=1e-10)
    tested = both["p"].notna()
    np.testing.assert_allclose(both["estimate"][tested] + 0.5, both["auc"][tested], atol=1e-12)
    assert (both["q_bh"] < 0.05).sum() == hits
    assert both["p"].min() == pytest.approx(smallest, rel=1e-5)
    # One marker is one gene: pairs inside it are adjusted by Benjamini-Hochberg, so the headline is the published one.
    assert (both["q_two_level"] < 0.05).sum() == hits


@pytest.mark.parametrize(("study", "prefix", "oracle", "enrolled", "analysed", "hits", "smallest"), COHORTS)
@pytest.mark.usefixtures("data")
def test_rank_sum_tests_of_a_published_cohort_are_those_of_r(
    tmp_path, study, prefix, oracle, enrolled, analysed, hits, smallest
):
    results = commands(study, tmp_path)
    found = counts(tmp_path / "ledger.tsv")
    assert (found["enrolled"], found["analysed"]) == (enrolled, analysed)
    assert found["enrolled"] == found["analysed"] + found.get("excluded", 0)
    assert set(results["adjustment"]) == {"crude"}
    assert not results["volume_explained"].any()
    agrees_with_r(results, prefix, oracle, hits, smallest)


def test_a_published_cohort_runs_from_its_tables_to_the_report(tmp_path, data):
    study, prefix, oracle, _, _, hits, smallest = COHORTS[1]
    config = STUDIES / f"{study}.yaml"
    done = radiogenomics("run", "--config", config, "--directory", tmp_path / "out", "--cores", "2", **data)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = tables.RESULTS.read(tmp_path / "out" / "results" / "association" / "results.parquet")
    agrees_with_r(results, prefix, oracle, hits, smallest)
    page = (tmp_path / "out" / "results" / "report" / "index.html").read_text()
    assert "The study has no images" in page
    assert "log None" not in page


@pytest.mark.usefixtures("data")
def test_features_of_tcga_are_joined_with_the_mutations_of_mc3_by_barcode(tmp_path):
    results = commands("bakas2017_mc3", tmp_path)
    features = pd.read_csv(shared_data(*FOLDERS["BAKAS2017"], "TCGA_LGG_radiomicFeatures.csv"), na_values="#DIV/0!")
    maf = pd.read_csv(
        shared_data(*FOLDERS["MC3"], "mc3_lgg_imaging_patients.maf.gz"), sep="\t", comment="#", low_memory=False
    )
    samples = pd.Series(maf["Tumor_Sample_Barcode"].unique())
    one_sample = samples[~samples.str[:12].duplicated(keep=False)].str[:12]
    joined = sorted(set(features["ID"]) & set(one_sample))
    patients = tables.PATIENTS.read(tmp_path / "patients.parquet")
    assert sorted(patients.loc[patients["included"], "patient_id"]) == joined
    assert len(joined) == 60
    reasons = patients.loc[~patients["included"], "excluded_reason"].value_counts().to_dict()
    assert reasons == {"ambiguous_sample": 4, "sample_not_in_vcf": 1}

    altering = set(tables.ALTERATIONS.read(tmp_path / "alterations.parquet").query("state == 'altered'")["marker"])
    table = features.set_index("ID").loc[joined]
    silent = ("Silent", "Intron", "3'UTR", "5'UTR", "3'Flank", "5'Flank", "RNA", "IGR")
    changed = maf[~maf["Variant_Classification"].isin(silent)]
    for gene, feature in (("IDH1", "VOLUME_WT"), ("TP53", "DIST_Vent_TC"), ("ATRX", "VOLUME_BRAIN")):
        assert f"{gene}:non_silent" in altering
        carriers = set(changed.loc[changed["Hugo_Symbol"] == gene, "Tumor_Sample_Barcode"].str[:12])
        carried = np.array([patient in carriers for patient in joined])
        y = rank_normal(table[[feature]].to_numpy(float))[:, 0]
        wanted = stats.ttest_ind(y[carried & ~np.isnan(y)], y[~carried & ~np.isnan(y)])
        row = results[
            (results["marker"] == f"{gene}:non_silent")
            & (results["feature"] == f"lgg_{feature}")
            & (results["adjustment"] == "crude")
        ].iloc[0]
        assert row["n_carriers"] == (carried & ~np.isnan(y)).sum()
        assert row["p"] == pytest.approx(wanted.pvalue, rel=1e-9)
        assert row["statistic"] == pytest.approx(wanted.statistic, rel=1e-9)

    summary = tables.SUMMARY.read(tmp_path / "summary.tsv").set_index("adjustment")
    assert set(summary.index) == {"crude", "volume", "full"}
    for adjustment, part in results.groupby(results["adjustment"].astype(str)):
        tested = part["p"].dropna()
        assert summary.loc[adjustment, "n_tested"] == len(tested)
        inflation = np.median(stats.chi2.isf(tested, 1)) / stats.chi2.median(1)
        assert summary.loc[adjustment, "inflation"] == pytest.approx(inflation, rel=0.02)
        hits = part[part["q_two_level"] < 0.05]
        assert summary.loc[adjustment, "n_hits"] == len(hits)
        # No number was published; these are the ones in docs/sheets.md.
        assert hits["gene"].astype(str).value_counts().to_dict() == FOUND[adjustment][0]
        assert summary.loc[adjustment, "inflation"] == pytest.approx(FOUND[adjustment][1], abs=0.005)
