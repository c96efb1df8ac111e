"""Check PyTorch, the driver, GPUs and precision; PyTorch is imported in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainer.contract.files import clean
from trainer.contract.values import build
from vaetui.doctor.world import Answer, Finding, Section, World
from vaetui.format import memory_of, plural
from vaetui.runs.launch import MACHINE

TORCH_SECONDS = 120.0  # a first import from a network drive takes its time
SMI_SECONDS = 15.0  # a driver in trouble lets it hang
SMI = ("nvidia-smi", "--query-gpu=driver_version,name", "--format=csv,noheader")


@dataclass(frozen=True)
class Gpu:
    """A GPU that PyTorch sees; memory in bytes, `trouble` is why it cannot be used."""

    name: str
    free: int
    total: int
    bf16: bool
    trouble: str


@dataclass(frozen=True)
class Machine:
    """The answer of `trainer.machine`."""

    torch: str
    cuda: str | None
    is_available: bool
    warning: str
    device: str
    precision: str
    measured: str
    gpus: tuple[Gpu, ...]


def section(world: World) -> Section:
    """Report on PyTorch, the driver, the GPUs and the defaults of a training."""
    answer = world.run(MACHINE, TORCH_SECONDS)
    driver = world.run(SMI, SMI_SECONDS)
    try:
        machine = _machine(answer)
    except ValueError as error:
        mend = "install it again: `pip install --force-reinstall torch`"
        return Section("training", (Finding("PyTorch", str(error), "broken", mend), *_driver(driver)))
    built = f"built for CUDA {machine.cuda}" if machine.cuda else "built without CUDA"
    measured = f" (a step of 784-400-20: {machine.measured})" if machine.measured else ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Section(
        "training",
        (
            Finding("PyTorch", f"{machine.torch}, {built}"),
            *_driver(driver),
            *(_gpus(machine.gpus) or [_no_gpu(machine, driver, world.env)]),
            Finding("CPU", f"{plural(cores, 'core')} for this process"),
            Finding("default", f"trains on {machine.device} in {machine.precision}{measured}"),
        ),
    )


def _machine(answer: Answer | None) -> Machine:
    """Parse the answer. Raises `ValueError`, a sentence, where there is none."""
    import json

    if answer is None or answer.trouble:
        raise ValueError(answer.trouble if answer else "there is no Python to ask it")
    try:
        machine: Machine = build(Machine, json.loads(answer.output))
    except ValueError:
        raise ValueError(f"it answers {clean(answer.output, 80)!r}") from None
    return machine


def _driver(answer: Answer | None) -> list[Finding]:
    if answer is None:
        return []
    if answer.trouble or not answer.output.strip():
        mend = "install or load the driver again; after an update of it, restart the machine"
        return [Finding("driver", f"nvidia-smi fails: {answer.trouble or 'it sees no GPU'}", "hint", mend)]
    return [Finding("driver", f"NVIDIA {clean(answer.output.partition(',')[0], 40)}")]


def _gpus(gpus: Sequence[Gpu]) -> list[Finding]:
    findings = []
    for number, gpu in enumerate(gpus):
        text = f"{gpu.name}, {memory_of(gpu.free, gpu.total)} free"
        about = f"GPU {number}" if len(gpus) > 1 else "GPU"
        if gpu.trouble:
            mend = "train with --device cpu, or free the GPU, or install a PyTorch that has code for it"
            findings.append(Finding(about, f"{text}, cannot be used: {gpu.trouble}", "broken", mend))
        else:
            findings.append(Finding(about, f"{text}, bf16 {'yes' if gpu.bf16 else 'no'}"))
    return findings


def _no_gpu(machine: Machine, driver: Answer | None, env: Mapping[str, str]) -> Finding:
    """Report why PyTorch sees no GPU; that is no fault where the driver sees none either."""
    first = driver.output.strip().partition("\n")[0] if driver and not driver.trouble else ""
    if not first:
        return Finding(
            "GPU", "none, so trainings run on the CPU" if machine.device == "cpu" else machine.device
        )
    name = clean(first.partition(",")[2].strip(), 40)
    if machine.cuda is None:
        mend = "install a PyTorch with CUDA: `pip install --force-reinstall torch`"
        return Finding("GPU", f"{name}, which this PyTorch is not built for", "hint", mend)
    if "CUDA_VISIBLE_DEVICES" in env:
        hidden = f"CUDA_VISIBLE_DEVICES={clean(env['CUDA_VISIBLE_DEVICES'], 40)}"
        return Finding("GPU", f"{name}, hidden by {hidden}", "hint", "`unset CUDA_VISIBLE_DEVICES`")
    mend = "update the driver, or install a PyTorch built for an older CUDA"
    why = f": {machine.warning}" if machine.warning else ""
    return Finding("GPU", f"{name}, which PyTorch cannot use{why}", "hint", mend)
