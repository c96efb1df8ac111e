"""What the explorer reads or computes beside the screen."""
