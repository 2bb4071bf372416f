"""Real genotypes against plink2 ``--glm``: alleles, estimates and p-values of every variant."""

import gzip
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from radiogenomics.association.flags import COLLINEAR, FEW_CARRIERS, TESTED
from radiogenomics.association.kinship import relatedness
from radiogenomics.association.linear import Rules, fit
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
