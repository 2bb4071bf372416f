"""Every table that the pipeline writes, specified once: columns, types, units, meaning.

Reading, writing, checks, the data dictionary in the report and docs/tables.md all come from these specifications.
"""

from radiogenomics.table import Table
from radiogenomics.tables.association import (
    ADJUSTMENTS as ADJUSTMENTS,
)
from radiogenomics.tables.association import (
    EFFECTS as EFFECTS,
)
from radiogenomics.tables.association import (
    METHODS as METHODS,
)
from radiogenomics.tables.association import (
    NOT_TESTED_COUNTS as NOT_TESTED_COUNTS,
)
from radiogenomics.tables.association import (
    NOT_TESTED_REASONS as NOT_TESTED_REASONS,
)
from radiogenomics.tables.association import (
    QUANTILES as QUANTILES,
)
from radiogenomics.tables.association import (
    RESULTS as RESULTS,
)
from radiogenomics.tables.association import (
    SUMMARY as SUMMARY,
)
from radiogenomics.tables.audits import (
    CONFOUNDING as CONFOUNDING,
)
from radiogenomics.tables.audits import (
    CONTROL_KINDS as CONTROL_KINDS,
)
from radiogenomics.tables.audits import (
    CONTROLS as CONTROLS,
)
from radiogenomics.tables.audits import (
    EFFECTIVE_TESTS as EFFECTIVE_TESTS,
)
from radiogenomics.tables.audits import (
    EXCEEDANCE as EXCEEDANCE,
)
from radiogenomics.tables.audits import (
    HARMONISATION as HARMONISATION,
)
from radiogenomics.tables.audits import (
    HARMONISATION_REASONS as HARMONISATION_REASONS,
)
from radiogenomics.tables.audits import (
    HARMONISED as HARMONISED,
)
from radiogenomics.tables.audits import (
    LEFT_OUT_REASONS as LEFT_OUT_REASONS,
)
from radiogenomics.tables.audits import (
    MEASURES as MEASURES,
)
from radiogenomics.tables.audits import (
    META as META,
)
from radiogenomics.tables.audits import (
    META_METHODS as META_METHODS,
)
from radiogenomics.tables.audits import (
    PAIRED_KINDS as PAIRED_KINDS,
)
from radiogenomics.tables.audits import (
    PERMUTATION as PERMUTATION,
)
from radiogenomics.tables.audits import (
    PERSISTENCE as PERSISTENCE,
)
from radiogenomics.tables.audits import (
    POWER as POWER,
)
from radiogenomics.tables.audits import (
    REDUNDANCY as REDUNDANCY,
)
from radiogenomics.tables.audits import (
    SITES as SITES,
)
from radiogenomics.tables.audits import (
    STABILITY as STABILITY,
)
from radiogenomics.tables.audits import (
    UNSTABLE_REASONS as UNSTABLE_REASONS,
)
from radiogenomics.tables.cohort import (
    LEDGER as LEDGER,
)
from radiogenomics.tables.cohort import (
    OUTCOMES as OUTCOMES,
)
from radiogenomics.tables.cohort import (
    PATIENTS as PATIENTS,
)
from radiogenomics.tables.genomics import (
    ALTERATIONS as ALTERATIONS,
)
from radiogenomics.tables.genomics import (
    ANNOTATIONS as ANNOTATIONS,
)
from radiogenomics.tables.genomics import (
    ASSAYS as ASSAYS,
)
from radiogenomics.tables.genomics import (
    BURDEN as BURDEN,
)
from radiogenomics.tables.genomics import (
    BURDEN_NOTES as BURDEN_NOTES,
)
from radiogenomics.tables.genomics import (
    JOINS as JOINS,
)
from radiogenomics.tables.genomics import (
    MISSING as MISSING,
)
from radiogenomics.tables.genomics import (
    REMARKS as REMARKS,
)
from radiogenomics.tables.genomics import (
    SAMPLES as SAMPLES,
)
from radiogenomics.tables.genomics import (
    SET_GENOTYPES as SET_GENOTYPES,
)
from radiogenomics.tables.genomics import (
    SPECTRUM as SPECTRUM,
)
from radiogenomics.tables.genomics import (
    STATE_NOTES as STATE_NOTES,
)
from radiogenomics.tables.genomics import (
    VARIANT_CLASSES as VARIANT_CLASSES,
)
from radiogenomics.tables.genomics import (
    VARIANTS as VARIANTS,
)
from radiogenomics.tables.imaging import (
    ACQUISITION as ACQUISITION,
)
from radiogenomics.tables.imaging import (
    FAILURES as FAILURES,
)
from radiogenomics.tables.imaging import (
    IMAGES as IMAGES,
)
from radiogenomics.tables.imaging import (
    SCALE as SCALE,
)
from radiogenomics.tables.imaging import (
    STAGES as STAGES,
)
from radiogenomics.tables.quality import (
    COMPONENTS as COMPONENTS,
)
from radiogenomics.tables.quality import (
    RELATEDNESS as RELATEDNESS,
)
from radiogenomics.tables.quality import (
    SAMPLE_QUALITY as SAMPLE_QUALITY,
)
from radiogenomics.tables.quality import (
    SITE_COUNTS as SITE_COUNTS,
)
from radiogenomics.tables.radiomics import (
    COPIES as COPIES,
)
from radiogenomics.tables.radiomics import (
    COPY_KINDS as COPY_KINDS,
)
from radiogenomics.tables.radiomics import (
    FEATURES as FEATURES,
)
from radiogenomics.tables.radiomics import (
    SELFTEST as SELFTEST,
)
from radiogenomics.tables.sets import (
    SET_METHODS as SET_METHODS,
)
from radiogenomics.tables.sets import (
    SET_P_METHODS as SET_P_METHODS,
)
from radiogenomics.tables.sets import (
    SET_QUANTILES as SET_QUANTILES,
)
from radiogenomics.tables.sets import (
    SET_REASONS as SET_REASONS,
)
from radiogenomics.tables.sets import (
    SET_RESULTS as SET_RESULTS,
)
from radiogenomics.tables.sets import (
    SET_SUMMARY as SET_SUMMARY,
)
from radiogenomics.tables.survival import (
    SURVIVAL as SURVIVAL,
)
from radiogenomics.tables.survival import (
    SURVIVAL_CURVES as SURVIVAL_CURVES,
)
from radiogenomics.tables.survival import (
    SURVIVAL_GROUPS as SURVIVAL_GROUPS,
)
from radiogenomics.tables.survival import (
    SURVIVAL_KINDS as SURVIVAL_KINDS,
)
from radiogenomics.tables.survival import (
    SURVIVAL_METHODS as SURVIVAL_METHODS,
)
from radiogenomics.tables.survival import (
    SURVIVAL_NOT_TESTED as SURVIVAL_NOT_TESTED,
)

ALL: tuple[Table, ...] = (
    IMAGES,
    ACQUISITION,
    SCALE,
    FEATURES,
    COPIES,
    SELFTEST,
    SAMPLES,
    ASSAYS,
    REMARKS,
    VARIANTS,
    MISSING,
    ANNOTATIONS,
    JOINS,
    BURDEN,
    SPECTRUM,
    ALTERATIONS,
    SET_GENOTYPES,
    SAMPLE_QUALITY,
    RELATEDNESS,
    COMPONENTS,
    SITE_COUNTS,
    PATIENTS,
    OUTCOMES,
    LEDGER,
    RESULTS,
    SUMMARY,
    QUANTILES,
    CONFOUNDING,
    POWER,
    EFFECTIVE_TESTS,
    REDUNDANCY,
    PERMUTATION,
    CONTROLS,
    EXCEEDANCE,
    META,
    SITES,
    STABILITY,
    PERSISTENCE,
    HARMONISATION,
    HARMONISED,
    SET_RESULTS,
    SET_SUMMARY,
    SET_QUANTILES,
    SURVIVAL,
    SURVIVAL_CURVES,
    FAILURES,
)
