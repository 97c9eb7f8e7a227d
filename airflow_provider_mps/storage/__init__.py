"""Files: in COS, in other object storages, on the disk; and what must not be seen of their addresses."""
