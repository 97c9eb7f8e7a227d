"""Whether pictures are right, before they are published."""
