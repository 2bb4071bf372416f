"""Convolutional filters after IBSI-2, and those of pyradiomics."""
