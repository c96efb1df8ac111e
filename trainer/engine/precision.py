"""In which arithmetic products are taken while training; evaluation is in full fp32 always."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

from trainer.contract.config import Config, Precision
from trainer.contract.files import Problem

Library = Literal["blas", "onednn"]


@dataclass(frozen=True)
class Arithmetic:
    """The precision of products, and which library takes those of fp32 on a CPU.

    `blas` is what PyTorch was built with, MKL on x86, which leaves half of what other makers' processors can
    do unused; `onednn` comes with PyTorch as well. Products of bf16 are oneDNN's anyway.
    """

    precision: Precision
    library: Library = "blas"

    @property
    def dtype(self) -> torch.dtype:
        """The type in which wide layers are multiplied."""
        return torch.bfloat16 if self.precision == "bf16" else torch.float32

    @property
    def name(self) -> str:
        """What a person reads."""
        return f"{self.precision} by oneDNN" if self.library == "onednn" else self.precision

    @property
    def allows(self) -> str:
        """PyTorch's word for what fp32 products may become; with `medium` a CPU asks oneDNN."""
        return "high" if self.precision == "tf32" else "medium" if self.library == "onednn" else "highest"


# What `auto` may come to, by device, simplest first; on a CPU `trainer.engine.precision_trial` measures.
AUTO: dict[str, tuple[Arithmetic, ...]] = {
    "cuda": (Arithmetic("tf32"),),
    "mps": (Arithmetic("fp32"),),
    "cpu": (Arithmetic("fp32"), Arithmetic("fp32", "onednn"), Arithmetic("bf16")),
}


def candidates(config: Config, device: torch.device) -> tuple[Arithmetic, ...]:
    """What `config.precision` may come to on `device`: one, or some to be measured, simplest first.

    `auto` stays what the run was trained in before. Raises `Problem` for tf32 where there is none.
    """
    if config.precision == "tf32" and device.type != "cuda":
        raise Problem(f"tf32 is for NVIDIA GPUs and this is the {device.type}: use --precision fp32 or auto")
    if config.precision != "auto":
        return (Arithmetic(config.precision),)
    before = config.versions.get("precision"), config.versions.get("library", "blas")
    known = {
        (one.precision, one.library): one
        for one in (Arithmetic("fp32"), Arithmetic("bf16"), *AUTO[device.type])
    }
    return (known[before],) if before in known else AUTO[device.type]


@contextmanager
def training_precision(arithmetic: Arithmetic) -> Iterator[None]:
    """Let fp32 products be taken as `arithmetic` says; a setting of the whole process."""
    with _matmul_precision(arithmetic.allows):
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
