"""The precision of matrix products in training; evaluation is always in full fp32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

from trainer.contract.config import Config, Precision
from trainer.contract.files import Problem


@dataclass(frozen=True)
class Arithmetic:
    """The precision of matrix products, and the library for those of fp32 on a CPU.

    `blas` is PyTorch's BLAS, MKL on x86, which is slow on processors not made by Intel; `onednn` is part of
    PyTorch too. Products in bf16 always use oneDNN.
    """

    precision: Precision
    library: Literal["blas", "onednn"] = "blas"

    @property
    def dtype(self) -> torch.dtype:
        """The type of the products of wide layers."""
        return torch.bfloat16 if self.precision == "bf16" else torch.float32

    @property
    def name(self) -> str:
        """A name for logs and tables."""
        return f"{self.precision} by oneDNN" if self.library == "onednn" else self.precision

    @property
    def allows(self) -> str:
        """The value for `torch.set_float32_matmul_precision`; `medium` selects oneDNN on a CPU."""
        return "high" if self.precision == "tf32" else "medium" if self.library == "onednn" else "highest"


# The choices of `auto` by device, simplest first; on a CPU `trainer.engine.precision_trial` measures.
AUTO: dict[str, tuple[Arithmetic, ...]] = {
    "cuda": (Arithmetic("tf32"),),
    "mps": (Arithmetic("fp32"),),
    "cpu": (Arithmetic("fp32"), Arithmetic("fp32", "onednn"), Arithmetic("bf16")),
}


def candidates(config: Config, device: torch.device) -> tuple[Arithmetic, ...]:
    """Return the choices for `config.precision` on `device`, simplest first; several are to be measured.

    `auto` keeps the arithmetic that the run was trained with before. Raises `Problem` for tf32 without CUDA.
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


def training_precision(arithmetic: Arithmetic) -> AbstractContextManager[None]:
    """Compute fp32 products as `arithmetic` allows; a setting of the whole process."""
    return _matmul_precision(arithmetic.allows)


def full_precision() -> AbstractContextManager[None]:
    """Compute in full fp32, whatever the training allows."""
    return _matmul_precision("highest")


@contextmanager
def _matmul_precision(wanted: str) -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(wanted)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
