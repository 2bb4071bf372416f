"""A cohort as the tests and audits read it, with what its features follow planted: volume, site, a gene or nothing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.association.audit import audit
from radiogenomics.association.pairs import test as run_tests

VOLUME = "original_shape_MeshVolume"


@dataclass(frozen=True)
class Files:
    """Tables of one study; results are written beside them."""

    folder: Path

    @property
    def tested(self) -> dict[str, Path]:
        """What the tests read, as arguments of the commands."""
        names = {"features": "f.parquet", "markers": "m.parquet", "covariates": "c.tsv"}
        return {name: self.folder / file for name, file in names.items()}

    def test(self, settings="{}", threads=1, stability=None):
        """Run the tests and give the results."""
        run_tests(
            **self.tested,
            settings=settings,
            threads=threads,
            results=self.folder / "results.parquet",
            tsv=None,
            summary=self.folder / "summary.tsv",
            quantiles=None,
            stability=stability,
        )
        return tables.RESULTS.read(self.folder / "results.parquet")

    def audit(self, settings="{}"):
        """Run the audit and give its tables by name."""
        names = {"confounding": tables.CONFOUNDING, "power": tables.POWER}
        names |= {"tests": tables.EFFECTIVE_TESTS, "redundancy": tables.REDUNDANCY}
        paths = {name: self.folder / f"{name}.parquet" for name in names}
        audit(**self.tested, summary=self.folder / "summary.tsv", settings=settings, **paths)
        return {name: table.read(paths[name]) for name, table in names.items()}


def write(
    folder: Path, features: dict[str, np.ndarray], genes: dict[str, np.ndarray], covariates: dict[str, np.ndarray]
) -> Files:
    """Write a study from arrays of one row a patient; NaN in a gene is not assayed. ``GENE:class`` names its class."""
    n = len(next(iter(features.values())))
    patients = [f"P{number:04d}" for number in range(n)]
    names = np.repeat(list(features), n)
    frame = pd.DataFrame(
        {
            "patient_id": np.tile(patients, len(features)),
            "image_id": np.tile(patients, len(features)),
            "role": "ct",
            "roi": "G",
            "image_type": "original",
            "family": [name.split("_")[1] for name in names],
            "feature": names,
            "value": np.concatenate(list(features.values())),
            "note": "",
            "source": "native",
        }
    )
    tables.FEATURES.write(frame, folder / "f.parquet")
    parts = []
    for name, values in genes.items():
        gene, _, kind = name.partition(":")
        state = np.select([np.isnan(values), values > 0], ["not_assayed", "altered"], "wild_type")
        kind = kind or "non_silent"
        part = {"patient_id": patients, "marker": f"{gene}:{kind}", "gene": gene, "consequence_class": kind}
        parts.append(pd.DataFrame({**part, "state": state}))
    tables.ALTERATIONS.write(pd.concat(parts, ignore_index=True), folder / "m.parquet")
    pd.DataFrame({"patient_id": patients, **covariates}).to_csv(folder / "c.tsv", sep="\t", index=False)
    return Files(folder)


def planted(folder: Path, n: int = 240, n_features: int = 12, n_genes: int = 12, seed: int = 3) -> Files:
    """Genes SITE (carried at one site), VOL (larger regions) and TEX (another texture) among genes of no effect.

    Features ``site*`` follow the site, ``copy*`` the volume, ``texture*`` TEX, and ``noise*`` nothing.
    """
    rng = np.random.default_rng(seed)
    site = rng.integers(0, 3, n)
    genes = {f"N{k}": (rng.random(n) < 0.3).astype(float) for k in range(n_genes - 3)}
    genes["SITE"] = (rng.random(n) < np.array([0.05, 0.1, 0.9])[site]).astype(float)
    genes["VOL"], genes["TEX"] = ((rng.random(n) < 0.4).astype(float) for _ in range(2))
    log_volume = rng.normal(size=n) + 1.5 * genes["VOL"]
    features = {VOLUME: np.exp(log_volume)}
    for k in range(n_features // 4):
        features[f"original_glcm_site{k}"] = 2.0 * site + rng.normal(size=n)
        features[f"original_glcm_copy{k}"] = log_volume + 0.3 * rng.normal(size=n)
        features[f"original_glcm_texture{k}"] = genes["TEX"] + rng.normal(size=n)
        features[f"original_glcm_noise{k}"] = rng.normal(size=n)
    covariates = {"site": np.array(["east", "north", "west"])[site], "age": rng.normal(60, 9, n).round()}
    return write(folder, features, genes, covariates)
