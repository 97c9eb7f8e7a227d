"""The figures that the site quotes, each beside its peers, measured in one run."""
