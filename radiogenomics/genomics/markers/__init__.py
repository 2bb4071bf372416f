"""Markers of a patient: one module for each source of them."""
