"""A terminal workbench for variational autoencoders: reads what `trainer` writes, without PyTorch."""

from trainer.contract import __version__

__all__ = ["__version__"]
