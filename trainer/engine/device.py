"""How training uses a device: one stacked network or one a model, plain steps or CUDA graphs.

Everything that treats a GPU otherwise than a CPU asks here, so that tests can run the GPU's way on a CPU.
"""

from __future__ import annotations

import torch


def stacks(device: torch.device) -> bool:
    """Whether all models of a grid are one stacked network there (a CPU has one a model)."""
    return device.type != "cpu"


def captures(device: torch.device) -> bool:
    """Whether steps are captured as a graph there: nothing in them may wait for the host or be a number."""
    return device.type == "cuda"
