"""Variant calls to a patient × gene table: normalise, call consequences, read genotypes, classify."""
