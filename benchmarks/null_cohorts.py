"""How often each model of the workflow errs on whole simulated cohorts, and what it finds where there is something.

    python benchmarks/null_cohorts.py [--cohorts N]

A cohort has 120 patients of three sites, which differ in their images and in their tumours: the site moves half of 300
skewed features, correlated in blocks of 30, and the prevalence of half of 30 genes with 6 to 50 carriers; age moves
features too. 2 % of the genotypes are missing. Without effects every finding is wrong:

- the share of p up to 0.05, 0.01 and 0.0001 under ``full`` (site and age), with ``crude`` as a warning beside it;
  with ``mixed`` the site has a random effect under both;
- the share of cohorts with any finding at a false discovery rate of 5 %, by two levels and by Benjamini-Hochberg, and
  of those where max-T finds any at a family-wise rate of 5 %.

``cox`` tests the same features and carriers on times that depend on site and age alone, 40 % of them censored: score
tests, and likelihood ratios where p is up to 0.05, as the workflow does.

Then three genes of 24 carriers move 30 features each by 0.5, 1.0 and 1.5 standard deviations of what the covariates
leave: the share of these pairs that is found by two levels, and the share of false genes among those found.

A rate is marked that lies more than three standard errors above its promise. Errors are those of the mean over
cohorts, since tests of one cohort depend on each other.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from radiogenomics.association import cox, multiplicity, permutation
from radiogenomics.association.covariance import Levels
from radiogenomics.association.design import rank_normal
from radiogenomics.association.models import scan_of
from radiogenomics.config.association import Association

SEED, COHORTS, PATIENTS, GENES, FEATURES, BLOCK = 7, 200, 120, 30, 300, 30
LEVELS, EFFECTS, TRUE_GENES = (0.05, 0.01, 0.0001), (0.5, 1.0, 1.5), 3
MODELS = get_args(Association.model_fields["model"].annotation)
Array = NDArray[np.float64]
# What is counted, the rate promised, a value for each cohort, and tests a cohort that each is the share of.
Seen = tuple[str, float, list[float], int]


@dataclass(frozen=True)
class Cohort:
    """Rank-normalised features (n, features), carriers (n, genes), and the designs of both adjustments."""

    features: Array
    markers: Array
    designs: dict[str, Array]
    site: NDArray[np.int64]


def cohort(rng: np.random.Generator, effect: float = 0.0) -> Cohort:
    """One cohort; the first three genes move the first features of as many blocks by ``effect``."""
    site = rng.choice(3, PATIENTS, p=[0.5, 0.3, 0.2])
    age = rng.normal(size=PATIENTS)
    shared = np.repeat(rng.normal(size=(PATIENTS, FEATURES // BLOCK)), BLOCK, axis=1)
    noise = 0.7 * shared + np.sqrt(1 - 0.7**2) * rng.normal(size=(PATIENTS, FEATURES))
    markers = np.zeros((PATIENTS, GENES))
    for gene in range(GENES):
        carriers = 24 if gene < TRUE_GENES else rng.integers(6, 51)
        weight = np.where(gene % 2 == 0, np.array([0.6, 1.0, 1.8])[site], 1.0)
        markers[rng.choice(PATIENTS, carriers, replace=False, p=weight / weight.sum()), gene] = 1
    for gene in range(TRUE_GENES):
        noise[:, gene * BLOCK : (gene + 1) * BLOCK] += effect * markers[:, [gene]]
    moved = np.where(np.arange(FEATURES) % 2 == 0, 0.8, 0.0) * site[:, None] + 0.4 * age[:, None]
    features = rank_normal(np.exp(0.5 * (noise + moved)))
    markers[rng.random(markers.shape) < 0.02] = np.nan
    one = np.ones(PATIENTS)
    full = np.column_stack([one, site == 1, site == 2, age])
    return Cohort(features, markers, {"crude": one[:, None], "full": full}, site)


def p_values(model: str, data: Cohort, adjustment: str) -> Array:
    """The p-values (genes, features) as the workflow's model gives them."""
    design, mixed = data.designs[adjustment], model == "mixed"
    options = Association.model_validate({"model": model, "random_effect": "site" if mixed else None})
    if mixed:  # the site has a random effect, under every adjustment, and no fixed one
        design = np.delete(design, slice(1, 3), axis=1)
    scan = scan_of(options, data.features, {adjustment: design}, 1, Levels(data.site) if mixed else None)
    return scan.fit(np.ascontiguousarray(data.markers.T))[adjustment].p.T


@dataclass
class Errors:
    """What null cohorts show of one model, a value for each cohort."""

    shares: dict[tuple[str, float], list[float]] = field(default_factory=dict)
    any_found: dict[str, list[float]] = field(default_factory=dict)

    def add(self, p: dict[str, Array]) -> None:
        """Add the p-values of a cohort by adjustment."""
        for adjustment, values in p.items():
            tested = values[np.isfinite(values)]
            for level in LEVELS:
                self.shares.setdefault((adjustment, level), []).append(float((tested <= level).mean()))
        full = p["full"]
        genes = np.repeat(np.arange(full.shape[0]), full.shape[1])
        found = {
            "two levels": multiplicity.two_level(full.ravel(), genes).group_q,
            "Benjamini-Hochberg": multiplicity.benjamini_hochberg(full.ravel()),
        }
        for name, q in found.items():
            self.any_found.setdefault(name, []).append(float(np.nanmin(q) <= LEVELS[0]))

    def lines(self) -> Iterator[Seen]:
        """What was promised and seen under ``full``."""
        for level in LEVELS:
            yield f"p up to {level:g}", level, self.shares["full", level], GENES * FEATURES
        for name, found in self.any_found.items():
            yield f"any finding, {name}", LEVELS[0], found, 1


def errors(model: str, cohorts: int) -> Errors:
    """The errors of a model on null cohorts; the cohorts are the same for every model."""
    rng, seen = np.random.default_rng(SEED), Errors()
    for _ in range(cohorts):
        data = cohort(rng)
        seen.add({name: p_values(model, data, name) for name in data.designs})
    return seen


def survival_errors(cohorts: int) -> Iterator[Seen]:
    """What Cox models promise and show on null cohorts: features, and carriers, on one outcome."""
    rng, shares, found = np.random.default_rng(SEED), {}, []
    for _ in range(cohorts):
        data = cohort(rng)
        covariates = data.designs["full"][:, 1:]
        time = rng.exponential(np.exp(-covariates @ [0.4, 0.8, 0.5]))
        end = rng.exponential(np.quantile(time, 0.75), PATIENTS)
        event = (time <= end).astype(float)
        for kind, x in (("features", data.features), ("carriers", data.markers)):
            p = cox.score_tests(np.minimum(time, end), event, x, covariates).p
            again = np.flatnonzero(p <= Association().fit_p_below)
            fits = cox.fits(np.minimum(time, end), event, x[:, again], covariates)
            p[again] = np.where(fits.flag == 0, stats.chi2.sf(fits.lr, 1), p[again])
            for level in LEVELS:
                shares.setdefault((kind, level), []).append(float((p[np.isfinite(p)] <= level).mean()))
            if kind == "features":
                found.append(float(np.nanmin(multiplicity.benjamini_hochberg(p)) <= LEVELS[0]))
    for (kind, level), seen in shares.items():
        yield f"p up to {level:g}, {kind}", level, seen, FEATURES if kind == "features" else GENES
    yield "any feature found, Benjamini-Hochberg", LEVELS[0], found, 1


def family_wise(cohorts: int) -> list[float]:
    """Whether max-T with 199 permutations inside sites finds anything in a null cohort."""
    rng, found = np.random.default_rng(SEED), []
    for _ in range(cohorts):
        data = cohort(rng)
        result = permutation.max_t(
            data.features,
            data.markers,
            data.designs["full"],
            groups=data.site,
            n_permutations=199,
            rng=np.random.default_rng(rng.integers(2**32)),
        )
        found.append(float(np.nanmin(result.step_down) <= LEVELS[0]))
    return found


def power(model: str, effect: float, cohorts: int) -> tuple[list[float], list[float]]:
    """Share of the true pairs found by two levels at 5 %, and of false genes among those found."""
    rng, found, false = np.random.default_rng(SEED + 1), [], []
    for _ in range(cohorts):
        p = p_values(model, cohort(rng, effect), "full")
        genes = np.repeat(np.arange(GENES), FEATURES)
        result = multiplicity.two_level(p.ravel(), genes)
        q = result.q.reshape(p.shape)
        hits = [q[gene, gene * BLOCK : (gene + 1) * BLOCK] <= LEVELS[0] for gene in range(TRUE_GENES)]
        found.append(float(np.mean(hits)))
        selected = result.group_q <= LEVELS[0]
        false.append(float(selected[TRUE_GENES:].sum() / max(selected.sum(), 1)))
    return found, false


def excess(promised: float, seen: list[float], tests: int) -> tuple[float, float, bool]:
    """Mean, its standard error, and whether it lies three of them above what was promised.

    The error is not taken below that of ``tests`` independent tests a cohort at the promised rate.
    """
    values = np.array(seen)
    least = np.sqrt(promised * (1 - promised) / (len(values) * tests))
    error = max(float(values.std() / np.sqrt(len(values))), float(least))
    return float(values.mean()), error, bool(values.mean() - promised > 3 * error)


def line(model: str, name: str, promised: float, seen: list[float], tests: int) -> str:
    """One line of the output."""
    rate, error, beyond = excess(promised, seen, tests)
    return f"{model:<10} {name:<38} {rate:.5f} ± {error:.5f} of {promised:g}{'  <-- beyond' if beyond else ''}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=COHORTS)
    cohorts = parser.parse_args().cohorts
    print(f"{cohorts} null cohorts, {GENES * FEATURES:,} pairs each")
    for model in MODELS:
        seen = errors(model, cohorts)
        for each in seen.lines():
            print(line(model, *each))
        crude = np.mean(seen.shares["crude", LEVELS[0]])
        print(f"{model:<10} {'p up to 0.05 without covariates':<38} {crude:.5f}, for comparison")
    for each in survival_errors(cohorts):
        print(line("cox", *each))
    print(line("max-T", "any finding, step down", LEVELS[0], family_wise(cohorts), 1))
    print("\n| model | effect in SD | true pairs found | false genes among those found |\n|---|---|---|---|")
    for model in MODELS:
        for effect in EFFECTS:
            found, false = power(model, effect, max(cohorts // 4, 1))
            print(f"| {model} | {effect:g} | {np.mean(found):.2f} | {np.mean(false):.3f} |")


if __name__ == "__main__":
    main()
