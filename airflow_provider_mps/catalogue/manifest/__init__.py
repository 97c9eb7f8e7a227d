"""Read the manifest of a catalogue: rows of whatever it was written in."""
