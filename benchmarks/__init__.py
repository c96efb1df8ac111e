"""Measurements, each a command: `python -m benchmarks.NAME`."""

from trainer.engine import thread_waiting

thread_waiting.limit()  # before PyTorch is loaded, as the trainer does
