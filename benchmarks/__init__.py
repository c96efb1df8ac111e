"""Measurements, each a command: `python -m benchmarks.NAME`."""

from trainer.engine import openmp

openmp.limit_spinning()  # before PyTorch is loaded, as the trainer does
