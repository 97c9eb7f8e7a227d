"""Label pictures that tasks have made, or that are published: in results, in files of lines, in a catalogue."""
