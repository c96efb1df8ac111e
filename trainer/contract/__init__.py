"""What the trainer and its readers share, without PyTorch: run directories, checked files, images."""

__version__ = "0.1.0"
