"""Code shared by the trainer and its readers, without PyTorch: run directories, checked files, images."""

__version__ = "0.1.0"
