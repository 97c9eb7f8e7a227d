"""What of a catalogue a run makes, and why."""
