"""Data sets as uint8 arrays: one row each, found on disk, downloaded, checked and read."""
