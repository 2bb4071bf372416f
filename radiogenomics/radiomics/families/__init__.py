"""One module per family of features: arrays in, values by name out."""
