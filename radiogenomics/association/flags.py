"""Codes of ``tables.NOT_TESTED_REASONS``, in their order."""

from radiogenomics.tables import NOT_TESTED_REASONS

(
    TESTED,
    FEW_PATIENTS,
    FEW_CARRIERS,
    CONSTANT,
    COLLINEAR,
    NO_DF,
    NO_RESIDUAL,
    ONE_PATIENT,
    UNSETTLED,
    NOT_BINARY,
    UNSTABLE,
) = range(len(NOT_TESTED_REASONS))
