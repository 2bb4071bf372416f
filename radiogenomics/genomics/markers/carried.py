"""What the cohort carries: sites, who has how many copies, and whose genotype is missing there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.genomics.markers.rows import FloatArray

Codes = NDArray[np.intp]
SITE = ["variant", "gene", "consequence_class"]


@dataclass(frozen=True)
class Cohort:
    """Carried variants of a cohort.

    ``sites`` has a row for each variant, gene and class, with ``amino_acid_change``; ``carriers`` (patient, site,
    alt_copies) and ``gaps`` (patient, site) name them, and the patients, by number. ``gene_of`` is the number of each
    site's gene in ``genes``. A gap is a genotype that lacks an allele and shows no copy.
    """

    patients: Sequence[str]
    genes: Sequence[str]
    sites: pd.DataFrame
    gene_of: Codes
    carriers: pd.DataFrame
    gaps: pd.DataFrame

    def frequencies(self) -> FloatArray:
        """Frequency of each site's allele: copies over twice the patients with a genotype."""
        copies = np.bincount(self.carriers["site"], self.carriers["alt_copies"], minlength=len(self.sites))
        called = len(self.patients) - np.bincount(self.gaps["site"], minlength=len(self.sites))
        found: FloatArray = copies / (2 * np.maximum(called, 1))
        return found


def read_cohort(
    variants: Sequence[Path], missing: Sequence[Path], patients: Sequence[str], common: Collection[str]
) -> Cohort:
    """Read the variants and missing tables of all batches, without the variants that are too common to count.

    A variant that a patient has in two rows, on two transcripts, counts once, with the larger number of copies.
    """
    wanted = [*SITE, "patient_id", "alt_copies", "amino_acid_change"]
    rows = _joined([tables.VARIANTS.read(path, wanted)[wanted] for path in variants], tables.VARIANTS.frame([])[wanted])
    if common:
        rows = rows[~rows["variant"].isin(common)]
    place = rows.groupby(SITE, observed=True, sort=True)
    number = place.ngroup()
    sites = rows.assign(site=number).drop_duplicates("site").sort_values("site")
    sites = sites[[*SITE, "amino_acid_change"]].astype(str).reset_index(drop=True)
    carriers = pd.DataFrame(
        {"patient": _codes(rows["patient_id"], patients), "site": number, "alt_copies": rows["alt_copies"]}
    )
    carriers = carriers.groupby(["patient", "site"], sort=True, as_index=False).max()
    genes = sorted(sites["gene"].unique())
    gaps = _gaps(missing, sites, patients).drop_duplicates(ignore_index=True)
    # A file that states an allele twice may show a copy in one record and lack the genotype in the other.
    shown = pd.MultiIndex.from_frame(gaps).isin(pd.MultiIndex.from_frame(carriers[["patient", "site"]]))
    return Cohort(patients, genes, sites, _codes(sites["gene"], genes), carriers, gaps[~shown])


def _gaps(missing: Sequence[Path], sites: pd.DataFrame, patients: Sequence[str]) -> pd.DataFrame:
    """Missing genotypes at sites that somebody carries."""
    rows = _joined([tables.MISSING.read(path) for path in missing], tables.MISSING.frame([]))
    # A patient without any genotype is not among the samples that were read.
    rows = rows[rows["variant"].isin(sites["variant"]) & rows["patient_id"].isin(patients)]
    rows = rows.astype(dict.fromkeys([*SITE, "patient_id"], str))
    found = rows.merge(sites.reset_index(names="site")[[*SITE, "site"]], on=SITE)
    return pd.DataFrame({"patient": _codes(found["patient_id"], patients), "site": found["site"]})


def _joined(parts: Sequence[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """Parts below each other; categories are joined, not spelled out."""
    frame = pd.concat(parts, ignore_index=True) if parts else empty
    return frame.astype(dict.fromkeys([*SITE, "patient_id"], "category"))


def _codes(column: pd.Series, names: Sequence[str]) -> Codes:
    """Place of each value in ``names``."""
    values = column.astype("category").cat
    place = {name: index for index, name in enumerate(names)}
    places = np.array([place[str(name)] for name in values.categories], np.intp)
    codes: Codes = places[values.codes.to_numpy()] if len(places) else np.zeros(0, np.intp)
    return codes
