"""Devices, and the differences between training on a GPU and on a CPU.

All code that distinguishes them uses these functions, so that tests can run the GPU's code on a CPU.
"""

from __future__ import annotations

import torch

from trainer.contract.files import Problem


def stacks_models(device: torch.device) -> bool:
    """Return whether all models of a grid are one stacked network on `device`; on a CPU each has its own."""
    return device.type != "cpu"


def uses_cuda_graphs(device: torch.device) -> bool:
    """Return whether steps are captured as a graph: they must not wait for the host."""
    return device.type == "cuda"


def resolve_device(wanted: str) -> torch.device:
    """Return the device for `wanted`; `auto` is the GPU if PyTorch sees one. Raises `Problem`."""
    is_available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    available = [name for name, can_be_used in is_available.items() if can_be_used]
    if wanted == "auto":
        wanted = available[0]
    if wanted not in available:
        others = " or ".join(available)
        raise Problem(f"PyTorch sees no {wanted} device on this machine: use --device {others}")
    return torch.device(wanted)
