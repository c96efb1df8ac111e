"""Errors of a device: out of memory, and failures of a GPU."""

from __future__ import annotations

import re

import torch

from trainer.contract.files import clean

# Allocations on a GPU outside PyTorch's allocator: the driver, CUDA graphs, cuBLAS.
_GPU_FULL = re.compile(r"CUDA error: out of memory|CU\w+_STATUS_ALLOC_FAILED")
_DEVICE_ERROR = re.compile(r".*\b(CUDA|HIP|MPS|cuDNN|cuBLAS)\b.*\b(error|failure).*", re.IGNORECASE)


class NotEnoughMemory(Exception):
    """Models that together need more memory than is free."""


def exhausted_memory(error: Exception) -> str:
    """Return the name of the memory that was exhausted, "" for any other error."""
    if isinstance(error, torch.cuda.OutOfMemoryError) or _GPU_FULL.search(str(error)):
        return "GPU memory"
    in_host = isinstance(error, MemoryError | NotEnoughMemory) or "DefaultCPUAllocator" in str(error)
    return "the memory of this machine" if in_host else ""


def device_failure(error: Exception) -> str:
    """Return the line of `error` that reports a failed GPU, "" for any other error."""
    found = _DEVICE_ERROR.match(str(error))
    return clean(found[0], 200) if found else ""
