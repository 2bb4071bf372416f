"""From what was counted to the rows of the tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from radiogenomics.config.genomics import Quality
from radiogenomics.failures import Failures
from radiogenomics.genomics.quality.components import Components
from radiogenomics.genomics.quality.errors import OF_FLAG
from radiogenomics.genomics.quality.files import Part, Reading
from radiogenomics.genomics.quality.joint import KEPT
from radiogenomics.genomics.quality.people import Person
from radiogenomics.genomics.quality.relatedness import Pair

Row = dict[str, object]
# Frequencies of fewer samples than this give no F.
MIN_SAMPLES = 10
NO_GENOTYPES, VARIANTS_ONLY, FEW_SAMPLES, FEW_SITES = "no_genotypes", "variants_only", "few_samples", "few_sites"
_OWN = ("het_hom_ratio", "ti_tv", "mean_depth", "mean_quality", "unbalanced_het", "foreign_reads")
_COUNTED = ("het", "hom_alt", "snv", "indel")


def sample_rows(reading: Reading, people: Sequence[Person], related: set[int], options: Quality) -> list[Row]:
    """One row for each of ``people``; ``related`` are numbers of ``reading.people``."""
    rows = {
        person.patient_id: _empty(person) | {"note": reading.notes.get(person.patient_id, NO_GENOTYPES)}
        for person in people
    }
    for part in reading.parts:
        for number, person in enumerate(part.people):
            rows[person.patient_id] |= _own(part, number)
    enough = {
        person.patient_id
        for part in reading.parts
        for person, n in zip(part.people, part.counts.counts["compared"], strict=True)
        if n >= options.min_sites
    }
    few = len(reading.people) < MIN_SAMPLES
    if reading.joint:
        sex = reading.joint.sex
        inferred = sex.inferred()
        for number, person in enumerate(reading.people):
            row = rows[person.patient_id]
            row |= {"x_haploid": _number(sex.x_haploid, number), "y_call_rate": _number(sex.y_call_rate, number)}
            if not few:
                row |= {"x_f": _number(sex.x_f, number), "inferred_sex": inferred[number]}
            if not reading.joint.enough and not row["note"]:
                row["note"] = FEW_SITES
            flags = _flags(row, number in related, options)
            row["flags"] = ";".join(flag for flag in flags if flag != "heterozygosity" or person.patient_id in enough)
    return [rows[name] for name in sorted(rows)]


def pair_rows(people: Sequence[Person], pairs: Sequence[Pair]) -> list[Row]:
    """Related pairs by patient."""
    rows: list[Row] = []
    for pair in pairs:
        first, second = sorted((people[pair.first].patient_id, people[pair.second].patient_id))
        numbers = {"kinship": pair.kinship, "n_sites": pair.n_sites, "ibs0": pair.ibs0}
        rows.append({"patient_1": first, "patient_2": second, "degree": pair.degree, **numbers})
    return sorted(rows, key=lambda row: (str(row["patient_1"]), str(row["patient_2"])))


def component_rows(people: Sequence[Person], found: Components | None, fitted: npt.NDArray[np.bool_]) -> list[Row]:
    """Patient by component, in the order of patients."""
    if found is None:
        return []
    return [
        {
            "patient_id": people[number].patient_id,
            "component": component + 1,
            "coordinate": _number(found.coordinates[:, component], number),
            "fitted": bool(fitted[number]),
            "eigenvalue": float(value),
        }
        for number in sorted(range(len(people)), key=lambda number: people[number].patient_id)
        for component, value in enumerate(found.eigenvalues)
    ]


def site_rows(reading: Reading) -> list[Row]:
    """How many sites were left out in each step, by reason, and how many went on."""
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for part in reading.parts:
        seen[part.path.name] = seen.get(part.path.name, 0) + 1
        name = part.path.name if seen[part.path.name] == 1 else f"{part.path.name} ({seen[part.path.name]})"
        counted = [*sorted(part.source.left_out.items()), (KEPT, part.counts.n_sites)]
        rows += [{"file": name, "step": "reading", "reason": reason, "n_sites": n} for reason, n in counted]
    steps = reading.joint.steps() if reading.joint else []
    return rows + [{"file": "", "step": step, "reason": reason, "n_sites": n} for step, reason, n in steps]


def exclude(failed: Failures, rows: Sequence[Row], options: Quality) -> None:
    """Record a failure for each flag of a patient that the study excludes for."""
    for row in rows:
        for flag in (flag for flag in str(row["flags"]).split(";") if flag in options.exclude):
            with failed.guard(str(row["patient_id"])):
                raise OF_FLAG[flag](_fact(flag, row))


def _empty(person: Person) -> Row:
    names = ("call_rate", "heterozygosity", "f", "n_sites", "n_singleton", "x_f", "x_haploid", "y_call_rate")
    nothing = dict.fromkeys((*names, *_OWN, *(f"n_{name}" for name in _COUNTED)))
    stated = {"stated_sex": person.stated_sex, "inferred_sex": "", "group": person.group}
    return {
        "patient_id": person.patient_id,
        "sample_id": person.sample_id,
        "file": "",
        "flags": "",
        **stated,
        **nothing,
    }


def _own(part: Part, number: int) -> Row:
    """What a sample's file says of it alone, and beside the other samples of the file."""
    counts = part.counts
    row: Row = {"sample_id": part.names[number], "file": part.path.name, "note": "", "n_sites": counts.n_sites}
    row |= {f"n_{name}": int(counts.counts[name][number]) for name in _COUNTED}
    row |= {name: _number(getattr(counts, name), number) for name in _OWN}
    if not part.has_reference:
        return row | {"note": VARIANTS_ONLY}
    row |= {name: _number(getattr(counts, name), number) for name in ("call_rate", "heterozygosity")}
    row["n_singleton"] = int(counts.counts["singleton"][number])
    if len(part.people) < MIN_SAMPLES:
        return row | {"note": FEW_SAMPLES}
    return row | {"f": _number(counts.f, number)}


def _flags(row: Mapping[str, Any], related: bool, options: Quality) -> list[str]:
    states = {
        "low_call_rate": row["call_rate"] is not None and row["call_rate"] < options.min_call_rate,
        "heterozygosity": row["f"] is not None and abs(row["f"]) > options.max_abs_f,
        "sex_mismatch": bool(row["stated_sex"] and row["inferred_sex"]) and row["stated_sex"] != row["inferred_sex"],
        "sex_unclear": row["x_f"] is not None and not row["inferred_sex"],
        "related": related,
    }
    return [flag for flag, holds in states.items() if holds]


def _fact(flag: str, row: Row) -> str:
    return {
        "low_call_rate": "{call_rate:.4f} of the genotypes are called",
        "heterozygosity": "F of the heterozygosity is {f:.3f}",
        "sex_mismatch": "stated as {stated_sex}, {inferred_sex} by F of X",
        "sex_unclear": "no sex by X and Y: F of X is {x_f}, call rate of Y {y_call_rate}",
        "related": "a relative closer than genomics.quality.max_kinship, or the same person, stays in the study",
    }[flag].format(**row)


def _number(values: npt.NDArray[np.float64], number: int) -> float | None:
    value = float(values[number])
    return None if np.isnan(value) else value
