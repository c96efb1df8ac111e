"""How training uses a device: one stacked network or one a model, plain steps or CUDA graphs.

Everything that treats a GPU otherwise than a CPU asks here, so that tests can run the GPU's way on a CPU.
"""

from __future__ import annotations

import torch

from trainer.contract.files import Problem


def stacks_models(device: torch.device) -> bool:
    """Whether all models of a grid are one stacked network there (a CPU has one a model)."""
    return device.type != "cpu"


def uses_cuda_graphs(device: torch.device) -> bool:
    """Whether steps are captured as a graph there: nothing in them may wait for the host or be a number."""
    return device.type == "cuda"


def resolve_device(wanted: str) -> torch.device:
    """`auto` is the GPU where PyTorch sees one. Raises `Problem` for a device that is not there."""
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        wanted = next(name for name, available in there.items() if available)
    if not there.get(wanted, False):
        others = " or ".join(name for name, available in there.items() if available)
        raise Problem(f"PyTorch sees no {wanted} device on this machine: use --device {others}")
    return torch.device(wanted)
