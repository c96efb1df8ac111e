"""Measurements, each a command: `python -m benchmarks.NAME`."""

from trainer import waiting

waiting.limit()  # before PyTorch is loaded, as the trainer does
