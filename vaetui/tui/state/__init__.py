"""What the explorer shows, as values and pure functions."""
