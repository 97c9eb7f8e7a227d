"""Make the lines of a plan in a batch, and put on record what came of them."""
