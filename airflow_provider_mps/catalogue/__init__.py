"""A catalogue that is refreshed: its manifest, what of it is wanted, and what is known of it."""
