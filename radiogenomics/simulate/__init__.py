"""Cohorts with planted truth: DICOM, segmentations, variants and sheets whose associations are known, and their scoring."""
