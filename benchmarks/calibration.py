"""How often each statistical procedure is wrong on simulated data, against what it promises.

    python benchmarks/calibration.py

Correlated features, markers that follow a site, heavy tails and clumped hits. A rate of errors more than three standard
errors above its promise is marked; so is a coverage below it. Tests run the same simulations with fewer runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from radiogenomics.association import controls, multiplicity, permutation
from radiogenomics.association.covariance import Levels
from radiogenomics.association.design import rank_normal
from radiogenomics.association.models import scan_of
from radiogenomics.association.stability import Model, icc
from radiogenomics.config.association import Association

SEED = 20


@dataclass(frozen=True)
class Rate:
    """Mean of what each run shows, its standard error, and the promise: an upper limit, or a lower one of coverage."""

    procedure: str
    setting: str
    promised: float
    rate: float
    se: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """No further beyond the promise than chance takes it."""
        excess = self.promised - self.rate if self.at_least else self.rate - self.promised
        return excess <= 3 * self.se


def rate(procedure: str, setting: str, promised: float, shown: np.ndarray, *, at_least: bool = False) -> Rate:
    """The rate of what the runs show; its error is that of the promise where all runs agree."""
    spread = max(float(shown.std()), np.sqrt(promised * (1 - promised)) if set(np.unique(shown)) <= {0, 1} else 0)
    return Rate(procedure, setting, promised, float(shown.mean()), spread / np.sqrt(len(shown)), at_least)


def false_shares(
    method: Callable[[np.ndarray], np.ndarray], runs: int, rng: np.random.Generator, *, level: float, effects: int
) -> np.ndarray:
    """False discovery proportion (runs,) of 300 one-sided tests with a shared factor, ``effects`` of them true."""
    shown = np.zeros(runs)
    for run in range(runs):
        z = 0.6 * rng.normal() + 0.8 * rng.normal(size=300)
        z[:effects] += 3
        found = method(stats.norm.sf(z)) <= level
        shown[run] = found[effects:].sum() / max(found.sum(), 1)
    return shown


def gene_false_shares(runs: int, rng: np.random.Generator, *, level: float) -> dict[str, np.ndarray]:
    """False discovery proportion of genes, 5 of 100 true on half of their 40 features: two levels, and pooled BH.

    "inside" is the mean proportion of false pairs over the genes selected.
    """
    groups = np.repeat(np.arange(100), 40)
    shown = {name: np.zeros(runs) for name in ("two levels", "inside", "pooled")}
    for run in range(runs):
        z = rng.normal(size=(100, 40))
        z[:5, :20] += 4
        p = 2 * stats.norm.sf(np.abs(z))
        result = multiplicity.two_level(p.ravel(), groups)
        found, pairs = result.group_q <= level, result.q.reshape(100, 40) <= level
        pooled = (multiplicity.benjamini_hochberg(p) <= level).any(axis=1)
        true = np.zeros((100, 40), bool)
        true[:5, :20] = True
        shares = (pairs & ~true).sum(axis=1) / np.maximum(pairs.sum(axis=1), 1)
        shown["two levels"][run] = found[5:].sum() / max(found.sum(), 1)
        shown["inside"][run] = shares[found].mean() if found.any() else 0
        shown["pooled"][run] = pooled[5:].sum() / max(pooled.sum(), 1)
    return shown


def family_wise_errors(
    runs: int, rng: np.random.Generator, *, level: float, tails: str, missing: float = 0.0
) -> np.ndarray:
    """Whether max-T finds anything (runs,) where the site alone moves 30 correlated features and 5 markers.

    ``tails`` is "normal" or "heavy" (Cauchy-like, shared by the features of a patient). The share ``missing`` of marker
    values is lost here and there, and if it is not 0 twelve patients lack half of the features.
    """
    n = 60
    shown = np.zeros(runs)
    for run in range(runs):
        site = rng.integers(0, 2, n).astype(float)
        g = (rng.random((n, 5)) < 0.2 + 0.4 * site[:, None]).astype(float)
        noise = rng.normal(size=(n, 30)) + rng.normal(size=(n, 1))
        y = (noise / np.abs(rng.normal(size=(n, 1))) if tails == "heavy" else noise) + 2 * site[:, None]
        g[rng.random(g.shape) < missing] = np.nan
        y[: 12 if missing else 0, :15] = np.nan
        design = np.column_stack([np.ones(n), site])
        found = permutation.max_t(y, g, design, groups=np.zeros(n, int), n_permutations=99, rng=rng)
        shown[run] = np.nanmin(found.step_down) <= level
    return shown


def false_positives(
    model: Literal["linear", "rank", "logistic", "ordinal", "mixed"],
    runs: int,
    rng: np.random.Generator,
    *,
    level: float,
    carriers: int,
) -> np.ndarray:
    """Share of p up to the level (runs,) where the site alone moves 40 skewed features and one marker, 80 patients.

    The site is a covariate, features are rank-normalised as the workflow does it; the random effect of a mixed model is
    one of eight readers that have none.
    """
    n = 80
    shown = np.zeros(runs)
    for run in range(runs):
        site = (np.arange(n) < n / 2).astype(float)
        g = np.zeros((n, 1))
        g[rng.permutation(n // 2)[: carriers // 4]] = 1
        g[n // 2 + rng.permutation(n // 2)[: carriers - carriers // 4]] = 1
        g[:: n // 4] = np.where(rng.random((4, 1)) < 0.5, np.nan, g[:: n // 4])
        y = rank_normal(np.exp(rng.normal(size=(n, 40)) + site[:, None]))
        mixed = model == "mixed"
        options = Association(model=model, min_carriers=2, random_effect="reader" if mixed else None)
        design, reader = np.column_stack([np.ones(n), site]), Levels(np.arange(n) % 8)
        scan = scan_of(options, y, {"": design}, 1, reader if mixed else None)
        shown[run] = (scan.fit(g.T)[""].p <= level).mean()
    return shown


def icc_covered(model: Model, runs: int, rng: np.random.Generator) -> np.ndarray:
    """Whether the 95 % interval holds the true coefficient (runs,), 15 targets and 4 raters."""
    n, k, target = 15, 4, 1.5
    rater = 0 if model == Model.ONE_WAY else 0.5
    ratings = rng.normal(size=(n, k, runs)) + target * rng.normal(size=(n, 1, runs))
    ratings += rater * rng.normal(size=(1, k, runs))
    true = target**2 / (target**2 + 1 + (rater**2 if model == Model.TWO_WAY_RANDOM else 0))
    found = icc(ratings, model)
    return ((found.low <= true) & (true <= found.high)).astype(float)


def specificity_covered(runs: int, rng: np.random.Generator, *, clump: int) -> np.ndarray:
    """Whether the 95 % interval holds the true ratio (runs,), 50 controls whose hits come ``clump`` at a time."""
    mean, hits = 6.0, 100
    shown = np.zeros(runs)
    for run in range(runs):
        found = controls.specificity(hits, clump * rng.poisson(mean / clump, 50))
        shown[run] = found.low <= hits / mean <= found.high
    return shown


def rates(scale: int) -> list[Rate]:
    """Every simulation, with ``scale`` times 100 runs."""
    rng = np.random.default_rng(SEED)
    runs, level = 100 * scale, 0.05
    found = []
    for name, method in (
        ("Benjamini–Hochberg", multiplicity.benjamini_hochberg),
        ("Benjamini–Yekutieli", multiplicity.benjamini_yekutieli),
        ("Holm", multiplicity.holm),
    ):
        for effects in (0, 30):
            shown = false_shares(method, runs, rng, level=level, effects=effects)
            found.append(rate(name, f"FDR, {effects} of 300 true, shared factor", level, shown))
    genes = gene_false_shares(runs, rng, level=level)
    found.append(rate("two levels", "FDR of genes", level, genes["two levels"]))
    found.append(rate("two levels", "FDR of pairs inside selected genes", level, genes["inside"]))
    found.append(rate("pooled BH", "FDR of genes (not promised)", level, genes["pooled"]))
    for tails in ("normal", "heavy"):
        for missing, part in ((0.0, 1), (0.15, 4)):
            shown = family_wise_errors(runs // part, rng, level=level, tails=tails, missing=missing)
            setting = f"FWER, all follow the site, {tails} tails, {missing:.0%} missing"
            found.append(rate("max-T", setting, level, shown))
    for name in ("linear", "rank", "logistic", "ordinal", "mixed"):
        for carriers in (6, 12, 32):
            for p in (0.05, 0.002):
                shown = false_positives(name, runs, rng, level=p, carriers=carriers)
                found.append(rate(name, f"p up to {p:g} of 40 features and a marker of {carriers} in 80", p, shown))
    for model in Model:
        found.append(
            rate(model.value, "coverage of the 95 % interval", 0.95, icc_covered(model, 10 * runs, rng), at_least=True)
        )
    for clump in (1, 8):
        shown = specificity_covered(runs, rng, clump=clump)
        found.append(rate("specificity", f"coverage, hits in clumps of {clump}", 0.95, shown, at_least=True))
    return found


def main() -> None:
    for one in rates(20):
        mark = "" if one.kept else "  <-- beyond three standard errors"
        print(f"{one.procedure:<20} {one.setting:<68} {one.rate:.3f} ± {one.se:.3f} of {one.promised:.2f}{mark}")


if __name__ == "__main__":
    main()
