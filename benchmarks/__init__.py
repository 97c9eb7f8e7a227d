"""The figures that the README quotes, each beside its peers, measured in one run."""
