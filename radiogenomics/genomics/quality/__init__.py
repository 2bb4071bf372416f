"""Quality of samples and sites: what genotypes say of themselves, of each other and of a person's sex."""
