"""Real genotypes against plink2 ``--glm``: alleles, estimates and p-values of every variant.

Once of the engine alone, and once of the whole way: from a file of genotypes or dosages over the marker table to the
results, whatever kind of file it is.
"""

import gzip
import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.design import rank_normal
from radiogenomics.association.flags import COLLINEAR, FEW_CARRIERS, TESTED
from radiogenomics.association.kinship import relatedness
from radiogenomics.association.linear import Rules, fit
from radiogenomics.association.pairs import test as run_tests
from radiogenomics.genomics.alterations import alterations
from tests.shared_data import shared_data

pytestmark = pytest.mark.skipif(shutil.which("plink2") is None, reason="plink2 is not installed")
TRAITS = ("normal", "skewed", "incomplete")
COPIES = {"0": 0, "1": 1, ".": np.nan}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plink2")


@pytest.fixture(scope="module")
def study(folder):
    """Copies of ALT (n_patients, n_variants) with 3 % taken away, traits and covariates, and the files of plink2."""
    rng = np.random.default_rng(7)
    copies = []
    source = shared_data("genomics", "genotypes", "1000G_chr4_267samples_2118var.vcf.gz")
    with gzip.open(source, "rt") as lines, (folder / "x.vcf").open("w") as out:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if line.startswith("#"):
                samples = fields[9:]
                out.write(line)
            elif "," not in fields[4]:
                calls = ["./." if rng.random() < 0.03 else field.split(":")[0] for field in fields[9:]]
                fields[2], fields[8] = f"v{len(copies)}", "GT"
                out.write("\t".join([*fields[:9], *calls]) + "\n")
                copies.append([sum(COPIES[allele] for allele in call.replace("|", "/").split("/")) for call in calls])
    genotypes = np.array(copies).T
    traits = pd.DataFrame(rng.normal(size=(len(samples), 3)), columns=TRAITS)
    traits["normal"] += 0.4 * np.nan_to_num(genotypes[:, np.nanvar(genotypes, axis=0).argmax()])
    traits["skewed"] = np.exp(traits["skewed"])
    traits.loc[rng.random(len(samples)) < 0.1, "incomplete"] = np.nan
    covariates = pd.DataFrame({"age": rng.normal(60, 9, len(samples)), "site": rng.integers(0, 2, len(samples))})
    for name, table in (("traits", traits), ("covariates", covariates)):
        table.insert(0, "#IID", samples)
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False, na_rep="NA", float_format="%.17g")
    command = ["plink2", "--vcf", "x.vcf", "--pheno", "traits.tsv", "--covar", "covariates.tsv", "--out", "x"]
    command += ["--threads", "1", "--glm", "hide-covar", "omit-ref", "--covar-variance-standardize"]
    command += ["--make-rel", "square"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    design = np.column_stack([np.ones(len(samples)), covariates[["age", "site"]]])
    fits = fit(traits[list(TRAITS)].to_numpy(), genotypes, design, Rules(20, 1))
    found = [pd.read_csv(folder / f"x.{name}.glm.linear", sep="\t").set_index("ID") for name in TRAITS]
    return fits, [table.loc[[f"v{number}" for number in range(genotypes.shape[1])]] for table in found]


@pytest.mark.parametrize("trait", range(3), ids=TRAITS)
def test_every_variant_has_the_estimate_and_p_of_plink2(study, trait):
    fits, tables = study
    theirs = tables[trait]
    assert (theirs["A1"] == theirs["ALT"]).all()
    both = (fits.flag[trait] == TESTED) & theirs["P"].notna().to_numpy()
    assert both.sum() > 700
    theirs = theirs[both]
    # plink2 prints six digits.
    np.testing.assert_allclose(fits.p[trait, both], theirs["P"], rtol=1e-5)
    np.testing.assert_allclose(fits.se[trait, both], theirs["SE"], rtol=1e-5)
    np.testing.assert_allclose(fits.estimate[trait, both], theirs["BETA"], rtol=1e-5)
    np.testing.assert_array_equal(fits.n[trait, both], theirs["OBS_CT"])


@pytest.mark.parametrize("trait", range(3), ids=TRAITS)
def test_variants_that_plink2_does_not_test_are_flagged(study, trait):
    fits, tables = study
    untested = tables[trait]["P"].isna().to_numpy()
    assert set(fits.flag[trait, untested]) <= {FEW_CARRIERS, COLLINEAR}


DOSAGE_HEADER = '##FORMAT=<ID=DS,Number=1,Type=Float,Description="Expected copies of ALT">\n'
# File, how plink2 reads the VCF, and the field that we read.
FILES = {
    "calls": ("x.vcf", [], None),
    "dosages": ("x.vcf", ["dosage=DS"], "DS"),
    "bed": ("x.bed", [], None),
    "pgen": ("x.pgen", ["dosage=DS"], None),
}


@pytest.fixture(scope="module", params=FILES)
def route(request, tmp_path_factory):
    """Results of our way, the marker table, and what plink2 says of the same files, features and covariates."""
    folder, rng = tmp_path_factory.mktemp(request.param), np.random.default_rng(11)
    name, dosage, field = FILES[request.param]
    with gzip.open(shared_data("genomics", "genotypes", "1000G_chr4_267samples_2118var.vcf.gz"), "rt") as lines:
        samples = _write_dosages(lines, folder / "x.vcf", rng)
    plink = ["plink2", "--threads", "1", "--out", "x"]
    if request.param in ("bed", "pgen"):
        _run([*plink, "--vcf", "x.vcf", *dosage, f"--make-{request.param}"], folder)
    values = pd.DataFrame(rng.normal(size=(len(samples), 2)), columns=["even", "gaps"])
    values.loc[rng.random(len(samples)) < 0.1, "gaps"] = np.nan
    covariates = pd.DataFrame({"age": rng.normal(60, 9, len(samples)), "sex": rng.choice(["F", "M"], len(samples))})
    results = _our_way(folder, folder / name, field, samples, values, covariates)
    _write_plink(folder / "traits.tsv", samples, pd.DataFrame(rank_normal(values.to_numpy()), columns=values.columns))
    _write_plink(folder / "covariates.tsv", samples, covariates.assign(sex=(covariates["sex"] == "M").astype(int)))
    given = {".vcf": ["--vcf", "x.vcf", *dosage], ".bed": ["--bfile", "x"], ".pgen": ["--pfile", "x"]}
    glm = ["--pheno", "traits.tsv", "--covar", "covariates.tsv", "--glm", "hide-covar", "omit-ref"]
    _run([*plink, *given[(folder / name).suffix], *glm, "--covar-variance-standardize"], folder)
    theirs = {each: pd.read_csv(folder / f"x.{each}.glm.linear", sep="\t", na_values="NA") for each in values.columns}
    return results, tables.ALTERATIONS.read(folder / "alterations.parquet"), theirs


def _run(command, folder):
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _write_dosages(lines, path, rng):
    """The file with 2 % of the genotypes taken away and dosages in sixteenths near the calls; returns the samples."""
    with path.open("w") as out:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if line.startswith("##"):
                out.write(line)
                continue
            if line.startswith("#"):
                out.write(DOSAGE_HEADER + line)
                samples = fields[9:]
                continue
            if "," in fields[4]:  # plink2 reads no dosages of several alleles, and we no such record
                continue
            fields[2], fields[8] = f"v{fields[1]}" if rng.random() < 0.9 else ".", "GT:DS"
            calls = [field.split(":")[0] for field in fields[9:]]
            copies = [np.sum([COPIES.get(allele, 1) for allele in call.replace("|", "/").split("/")]) for call in calls]
            near = np.clip(np.nan_to_num(copies) + rng.integers(-4, 5, len(copies)) / 16, 0, 2)
            gone = rng.random(len(copies)) < 0.02
            cells = [
                "./.:." if lost or "." in call else f"{call}:{dose:g}"
                for call, dose, lost in zip(calls, near, gone, strict=True)
            ]
            out.write("\t".join([*fields[:9], *cells]) + "\n")
    return samples


def _write_plink(path, samples, frame):
    frame.assign(**{"#IID": samples})[["#IID", *frame.columns]].to_csv(
        path, sep="\t", index=False, na_rep="NA", float_format="%.17g"
    )


def _our_way(folder, file, field, samples, values, covariates):
    """`genomics alterations` and `association test` on the file, with all patients in the tables they need."""
    dosage = {"files": [str(file)], "field": field, "name": "position", "min_frequency": 0.02}
    patients = covariates.assign(patient_id=samples)
    patients.to_parquet(folder / "patients.parquet")
    alterations(
        settings=json.dumps({"markers": {"dosage": dosage}, "pass_only": False}),
        alterations=folder / "alterations.parquet",
        patients=folder / "patients.parquet",
    )
    features = values.assign(patient_id=samples).melt("patient_id", var_name="feature").dropna()
    rows = features.assign(image_id="i", role="ct", roi="r", image_type="original", family="firstorder")
    own = {column.name: "" for column in tables.FEATURES.columns if column.name not in rows and not column.nullable}
    missing = [column.name for column in tables.FEATURES.columns if column.name not in {*rows, *own}]
    tables.FEATURES.write(
        rows.assign(**own).reindex(columns=[*rows.columns, *own, *missing]), folder / "features.parquet"
    )
    run_tests(
        features=folder / "features.parquet",
        markers=folder / "alterations.parquet",
        covariates=folder / "patients.parquet",
        settings=json.dumps({"classes": ["dosage"], "volume_feature": None}),
        threads=1,
        results=folder / "results.parquet",
        tsv=None,
        summary=None,
        quantiles=None,
        stability=None,
    )
    return tables.RESULTS.read(folder / "results.parquet")


def test_the_whole_way_from_a_file_to_the_results_is_that_of_plink2(route):
    results, markers, theirs = route
    alleles = markers.drop_duplicates("marker").set_index("marker")["effect_allele"].astype(str)
    spread = markers.groupby("marker", observed=True)["value"].std()
    for feature, table in theirs.items():
        own = results[(results["feature"] == feature) & (results["adjustment"] == "full")].set_index("marker")
        names = table["#CHROM"].astype(str) + "-" + table["POS"].astype(str) + "-" + table["REF"] + "-" + table["ALT"]
        table = table.assign(marker=names + ":dosage").drop_duplicates("marker", keep=False).set_index("marker")
        both = own.index[own["p"].notna()].intersection(table.index[table["P"].notna()])
        assert len(both) > 300
        assert len(both) == own["p"].notna().sum()
        ours, table = own.loc[both], table.loc[both]
        assert (alleles[both] == table["A1"]).all()
        np.testing.assert_allclose(ours["p"], table["P"], rtol=1e-5)
        np.testing.assert_array_equal(ours["n"], table["OBS_CT"])
        # Ours is of one SD of the marker among all patients, theirs of one copy of A1.
        np.testing.assert_allclose(ours["estimate"] / spread[both], table["BETA"], rtol=2e-5)
        np.testing.assert_allclose(ours["se"] / spread[both], table["SE"], rtol=1e-5)


@pytest.mark.usefixtures("study")
def test_its_matrix_of_relatedness_is_read_and_taken(folder):
    """Pairwise missing genotypes leave its smallest eigenvalue a little below 0, which counts as 0."""
    names = (folder / "x.rel.id").read_text().split()[1:]
    matrix = np.loadtxt(folder / "x.rel")
    found = relatedness(folder / "x.rel", names[::-1])
    assert found.known.all()
    vectors, values = found.decompose(np.arange(len(names)))
    np.testing.assert_allclose(vectors.T * values @ vectors, matrix[::-1, ::-1], atol=0.01 * values.max())
    assert 200 < len(values) <= len(names)
