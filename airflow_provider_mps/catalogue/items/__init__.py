"""What a row is in each look: an item, with its request and its final key."""
