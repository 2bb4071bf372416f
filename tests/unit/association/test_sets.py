"""The command that tests sets: from tables to tables, and what is wrong with the tables."""

import json

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.design import designs, rank_normal
from radiogenomics.association.errors import NoSetMarkerError, ScatteredGeneError, UnknownMaskError
from radiogenomics.association.multiplicity import two_level
from radiogenomics.association.set_genotypes import SetReader
from radiogenomics.association.sets import sets
from radiogenomics.config.models import Config
from radiogenomics.provenance import Provenance
from tests.unit.association import simulated
from tests.unit.association.test_set_tests import scan, variants

N = 150
SETTINGS = {"min_patients": 20, "sets": {"masks": ["rare", "lof_only"], "min_copies": 3}}


def planted(folder, n_genes=6):
    """Genes with a set of each mask; the variants of G0 move the features named ``both`` up and down."""
    rng = np.random.default_rng(8)
    genes, rows, matrices, status = [f"G{k}" for k in range(n_genes)], [], {}, {}
    for gene in genes:
        for mask, m in (("lof_only", 3), ("rare", 7)):
            copies = rng.binomial(2, 0.03, size=(N, m)).astype(float)
            copies[rng.permutation(N)[: m * 3].reshape(3, m), np.arange(m)] = 1
            copies[rng.random(copies.shape) < 0.02] = np.nan
            matrices[gene, mask] = copies
            for patient, variant in np.argwhere(copies != 0):
                value = copies[patient, variant]
                rows.append(
                    (gene, mask, f"1-{variant}-A-T", f"P{patient:04d}", None if np.isnan(value) else int(value))
                )
            status[f"{gene}:{mask}"] = (np.nan_to_num(copies) > 0).any(axis=1).astype(float)
    effect = np.nan_to_num(matrices["G0", "rare"]) @ np.array([1, -1, 1, -1, 1, -1, 1])
    names = {simulated.VOLUME: np.exp(rng.normal(size=N))}
    names |= {f"original_glcm_noise{k}": rng.normal(size=N) for k in range(3)}
    names |= {f"original_glcm_both{k}": 1.2 * effect + rng.normal(size=N) for k in range(2)}
    study = simulated.write(folder, names, status, {"age": rng.normal(60, 9, N).round()})
    frame = pd.DataFrame(rows, columns=[column.name for column in tables.SET_GENOTYPES.columns])
    frame["alt_copies"] = frame["alt_copies"].astype("Int8")
    write_genotypes(frame, folder / "g.parquet")
    return study, frame, matrices


def write_genotypes(frame, path):
    """Two genes a row group."""
    genes = frame["gene"].unique()
    with tables.SET_GENOTYPES.writer(path) as write:
        for start in range(0, len(genes), 2):
            write(frame[frame["gene"].isin(genes[start : start + 2])])


def run(study, settings=None, threads=1):
    names = {"results": "sets", "summary": "set_summary", "quantiles": "set_quantiles"}
    paths = {name: study.folder / f"{file}.parquet" for name, file in names.items()}
    sets(
        **study.tested,
        genotypes=study.folder / "g.parquet",
        settings=json.dumps(settings or SETTINGS),
        threads=threads,
        **paths,
    )
    read = (tables.SET_RESULTS, tables.SET_SUMMARY, tables.SET_QUANTILES)
    return [table.read(path) for table, path in zip(read, paths.values(), strict=True)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return planted(tmp_path_factory.mktemp("sets"))


def test_rows_are_the_tests_of_each_set(study):
    files, _, matrices = study
    results, summary, _ = run(files)
    features = tables.FEATURES.read(files.folder / "f.parquet")
    wide = features.pivot_table(index="patient_id", columns="feature", values="value", observed=True)
    covariates = pd.read_csv(files.folder / "c.tsv", sep="\t").set_index("patient_id")
    models = designs(wide[simulated.VOLUME].to_numpy(), covariates)
    assert len(results) == 6 * 6 * 2 * 3 * 4
    assert (summary["n_sets"] == 12).all()
    for (gene, mask, adjustment), part in results.groupby(["gene", "mask", "adjustment"], observed=True):
        copies = matrices[gene, mask]
        fits = scan(rank_normal(wide.to_numpy()), models[adjustment]).fit(variants(copies))["full"]
        for row, method in enumerate(tables.SET_METHODS):
            own = part[part["method"] == method].set_index("feature").loc[wide.columns]
            np.testing.assert_allclose(own["neg_log10_p"], fits.neg_log10_p[row], rtol=1e-7)
            assert (own["n_variants"] == copies.shape[1]).all()
            assert (own["n_copies"] == np.nansum(copies)).all()
            assert (own["n"] == N).all()
    assert not results["p"].isna().any()


def test_adjusted_values_are_of_one_analysis_adjustment_and_method(study):
    results, summary, quantiles = run(study[0])
    for key, part in results.groupby(["adjustment", "method"], observed=True):
        gene, _ = pd.factorize(part["gene"].astype(str))
        expected = two_level(part["p"].to_numpy(), gene)
        np.testing.assert_allclose(part["q_two_level"], expected.q, rtol=1e-12)
        np.testing.assert_allclose(part["q_gene"], expected.group_q[gene], rtol=1e-12)
        line = summary[(summary["adjustment"] == key[0]) & (summary["method"] == key[1])].iloc[0]
        assert line["n_tested"] == len(part)
        assert line["n_hits"] == (expected.q < 0.05).sum()
        bins = quantiles[(quantiles["adjustment"] == key[0]) & (quantiles["method"] == key[1])]
        assert bins["n"].sum() == len(part)
    hits = results[(results["q_two_level"] < 0.05) & (results["adjustment"] == "full") & (results["method"] == "skat")]
    assert {"original_glcm_both0", "original_glcm_both1"} <= set(hits.loc[hits["gene"] == "G0", "feature"])


def test_threads_change_no_byte(study):
    files, _, _ = study
    run(files)
    once = (files.folder / "sets.parquet").read_bytes()
    run(files, threads=2)
    assert (files.folder / "sets.parquet").read_bytes() == once


def test_rows_above_a_limit_are_left_out_and_the_others_keep_their_values(study):
    every, summary, _ = run(study[0])
    kept, same, _ = run(study[0], {**SETTINGS, "keep_p_below": 0.01})
    keys = ["feature", "gene", "mask", "adjustment", "method"]
    smallest = every.groupby(["feature", "gene", "mask"], observed=True)["p"].transform("min")
    expected = every[smallest <= 0.01].astype(dict.fromkeys(keys, str)).sort_values(keys, ignore_index=True)
    found = kept.astype(dict.fromkeys(keys, str)).sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(found[[*keys, "p"]], expected[[*keys, "p"]])
    known = found["q_two_level"].notna()
    np.testing.assert_array_equal(found.loc[known, "q_two_level"], expected.loc[known, "q_two_level"])
    assert (found["q_two_level"] < 0.01).any()
    pd.testing.assert_series_equal(same["n_tested"], summary["n_tested"])


def test_patients_of_whom_the_gene_was_not_assayed_are_left_out(study):
    files, _, _ = study
    frame = tables.ALTERATIONS.read(files.folder / "m.parquet").astype({"note": str, "state": str})
    one = (frame["marker"] == "G1:rare").to_numpy()
    outside = one & frame["patient_id"].isin(["P0001", "P0002"]).to_numpy()
    altered = frame["state"].to_numpy()[outside] == "altered"
    frame.loc[outside, "note"] = np.where(altered, "altered outside the assay", "not on the assay")
    frame.loc[outside, "state"] = np.where(altered, "altered", "not_assayed")
    gap = one & (frame["patient_id"] == "P0003").to_numpy()
    frame.loc[gap, ["note", "state"]] = ["missing genotype", "not_assayed"]
    tables.ALTERATIONS.write(frame, files.folder / "other.parquet")
    patients = sorted(frame["patient_id"].unique())
    reader = SetReader(files.folder / "g.parquet", files.folder / "other.parquet", patients, ["rare"])
    assayed = {each.gene: each.assayed for each in reader}
    assert np.flatnonzero(~assayed["G1"]).tolist() == [1, 2]
    assert assayed["G0"].all()


def test_tables_that_do_not_fit_are_refused(study, tmp_path):
    files, frame, _ = study
    patients = [f"P{k:04d}" for k in range(N)]
    markers = files.tested["markers"]
    with pytest.raises(UnknownMaskError, match="other"):
        SetReader(files.folder / "g.parquet", markers, patients, ["other"])
    key = list(tables.SET_GENOTYPES.key)
    tables.SET_GENOTYPES.write(frame.assign(gene="X").drop_duplicates(key), tmp_path / "absent.tsv")
    with pytest.raises(NoSetMarkerError, match="X:rare"):
        SetReader(tmp_path / "absent.tsv", markers, patients, ["rare"])
    tables.SET_GENOTYPES.write(pd.concat([frame.iloc[5:], frame.iloc[:5]]), tmp_path / "scattered.tsv")
    with pytest.raises(ScatteredGeneError, match="G0"):
        SetReader(tmp_path / "scattered.tsv", markers, patients, ["rare", "lof_only"])


def test_a_mask_of_which_nobody_carries_a_variant_has_tables_without_rows(tmp_path):
    study, _, _ = planted(tmp_path, n_genes=1)
    record = Provenance("genomics", {"masks": {"rare": {}, "lof_only": {}}}, {})
    tables.SET_GENOTYPES.write(tables.SET_GENOTYPES.frame([]), tmp_path / "g.parquet", record)
    results, summary, quantiles = run(study)
    assert len(results) == len(quantiles) == 0
    assert (summary["n_pairs"] == 0).all()
    assert len(summary) == 12


def test_masks_must_be_configured():
    with pytest.raises(ValueError, match="rare"):
        Config.model_validate({"association": {"sets": {"masks": ["rare"]}}})
    related = {"model": "mixed", "kinship": "k.tsv", "sets": {"masks": ["rare"]}}
    with pytest.raises(ValueError, match="take patients as independent"):
        Config.model_validate({"genomics": {"markers": {"masks": {"rare": {}}}}, "association": related})
    data = {"genomics": {"markers": {"masks": {"rare": {}}}}, "association": {"sets": {"masks": ["rare"]}}}
    assert Config.model_validate(data).association.sets.methods == tables.SET_METHODS
