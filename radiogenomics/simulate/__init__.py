"""Cohorts with planted truth (DICOM, segmentations, variants, sheets), and the scoring of results against it."""
