"""The trace for people: as text for a terminal, as a picture, and as a capture file."""
