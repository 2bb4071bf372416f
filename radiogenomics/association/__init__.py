"""Features against markers: exact least squares, crude, adjusted for volume and for all covariates."""
