"""In which precision products are taken while training; evaluation is in full fp32 always."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from trainer.files import Problem
from trainer.run import Config, Precision

# What `auto` comes to, by device; on a CPU it depends on the processor.
AUTO: dict[str, Precision] = {"cuda": "tf32", "mps": "fp32"}
BF16_FLAGS = {"avx512_bf16", "amx_bf16"}  # x86 processors that multiply bf16 faster than fp32
CPU_INFO = Path("/proc/cpuinfo")


def resolve_precision(config: Config, device: torch.device) -> Precision:
    """What `config.precision` comes to on `device`; `auto` stays what the run was trained with before.

    Raises `Problem` for tf32 where there is none.
    """
    if config.precision == "tf32" and device.type != "cuda":
        raise Problem(f"tf32 is for NVIDIA GPUs and this is the {device.type}: use --precision fp32 or auto")
    if config.precision != "auto":
        return config.precision
    before = config.versions.get("precision")
    here: dict[str | None, Precision] = {"fp32": "fp32", "bf16": "bf16"}
    if device.type == "cuda":
        here["tf32"] = "tf32"
    return here.get(before, automatic(device))


def automatic(device: torch.device) -> Precision:
    """What `auto` comes to on `device` for a new run."""
    return AUTO.get(device.type) or ("bf16" if multiplies_bf16() else "fp32")


def multiplies_bf16() -> bool:
    """Whether this processor multiplies bf16 natively: PyTorch emulates it elsewhere, slower than fp32."""
    if platform.system() != "Linux":
        return False
    try:
        lines = CPU_INFO.read_text().splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return not BF16_FLAGS.isdisjoint(flags)


def compute_type(precision: Precision) -> torch.dtype:
    """The type in which wide layers are multiplied."""
    return torch.bfloat16 if precision == "bf16" else torch.float32


@contextmanager
def training_precision(precision: Precision) -> Iterator[None]:
    """Let fp32 products be taken in TF32, where that is the precision."""
    with _matmul_precision("high" if precision == "tf32" else "highest"):
        yield


@contextmanager
def full_precision() -> Iterator[None]:
    """Full fp32, whatever the training allows itself."""
    with _matmul_precision("highest"):
        yield


@contextmanager
def _matmul_precision(wanted: str) -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(wanted)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
