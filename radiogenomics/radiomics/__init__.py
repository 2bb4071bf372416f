"""Volumes and masks to features."""
