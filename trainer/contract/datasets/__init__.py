"""Data sets as uint8 arrays: one row for each, found on disk, downloaded, checked and read."""
