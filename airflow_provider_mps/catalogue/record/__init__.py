"""What is known of a catalogue: a log of events, and how it is written."""
