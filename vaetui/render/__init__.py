"""Pixels to characters, and what this terminal can show; knows nothing of runs."""
