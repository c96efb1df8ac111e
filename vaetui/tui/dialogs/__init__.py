"""What opens over the explorer and asks for something."""
