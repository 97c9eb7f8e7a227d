"""Sets of pictures with known faults: by them the bounds of the check are chosen, and by others they are judged."""
