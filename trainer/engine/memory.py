"""Estimate the memory of training on a CPU, and find how much is free.

Linux overcommits memory and later kills the process that uses it, so the need of a grid is checked before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.config import PIXELS, Config, weight_shapes
from trainer.engine.precision import Arithmetic

USABLE_SHARE = 0.8  # of what is free: the rest is for buffers of batches, saving, and other programs
FP32, BF16 = 4, 2  # bytes a number
SAVING = 3  # copies of what is saved: the arrays, and twice the bytes of the file
# Tensors that autograd holds at once of each layer of the decoder, for all samples of the IWAE bound: four
# were measured for the pixels, and there are the noise and the gradients.
SAMPLED = 5

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
CGROUP_OF_SELF = Path("/proc/self/cgroup")


def training_bytes(configs: Sequence[Config], arithmetic: Arithmetic, at_once: int) -> int:
    """Return the peak memory of training these models, `at_once` of them learning, without batches.

    One model is saved at a time, in several copies, which matters for large models. Batches count where each
    image is decoded several times, for the IWAE bound.
    """
    always = saving = learning = 0  # the last two for one model
    for config in configs:
        weights = sum(math.prod(shape) for shape in weight_shapes(config.model).values())
        narrow = weights * BF16 * (arithmetic.precision == "bf16")
        state = weights * FP32 * (3 + (config.optimiser.keep == "best"))  # with both moments of Adam
        always += state + narrow
        saving = max(saving, SAVING * state)
        learning = max(learning, weights * FP32 + narrow + sampled_bytes(config))
    return always + saving + min(at_once, len(configs)) * learning


def sampled_bytes(config: Config) -> int:
    """Return the bytes of a step's activations with several samples per image, 0 with one."""
    samples, batch = config.objective.samples, min(config.optimiser.batch_size, config.data.train)
    widths = sum((PIXELS, config.model.latent, *config.model.hidden))
    return FP32 * SAMPLED * samples * batch * widths if samples > 1 else 0


def free_bytes() -> float:
    """Return the bytes that the machine or its container has free; infinite if unknown."""
    of_machine = _table(MEMINFO, ":").get("MemAvailable", math.inf) * 1024
    return min(of_machine, *(_free_of_group(group, files) for group, files in _groups()), math.inf)


@dataclass(frozen=True)
class _GroupFiles:
    """The folder of a version of control groups, below `CGROUP`, and its file names."""

    folder: str
    limit: str
    used: str
    cached: str  # of memory.stat: pages of files, which are released when memory is needed


_VERSIONS = {  # by the controllers of a line of /proc/self/cgroup
    "": _GroupFiles("", "memory.max", "memory.current", "inactive_file"),
    "memory": _GroupFiles("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def _groups() -> Iterator[tuple[Path, _GroupFiles]]:
    """Yield the control groups of this process and all that contain them, each of which may have a limit.

    In a container its own one may have the name that the host uses; then only the outermost exists.
    """
    for line in _lines(CGROUP_OF_SELF):
        _, _, rest = line.partition(":")
        controllers, _, own = rest.partition(":")
        if files := _VERSIONS.get(controllers):
            root = CGROUP / files.folder
            group = root / own.lstrip("/")
            around = [] if ".." in group.parts else [g for g in group.parents if g.is_relative_to(root)]
            yield from ((one, files) for one in {root, group, *around})


def _free_of_group(group: Path, files: _GroupFiles) -> float:
    """Return the limit of `group` less its use without cached files; infinite if unknown."""
    limit, used = _number(group / files.limit), _number(group / files.used)
    if math.isinf(limit) or math.isinf(used):
        return math.inf
    cached = _table(group / "memory.stat", " ").get(files.cached, 0.0)
    return max(limit - used + cached, 0.0)


def _number(path: Path) -> float:
    """Return the number in a file, infinity where there is none: a limit may be `max`."""
    try:
        return float(int(" ".join(_lines(path))))
    except ValueError:
        return math.inf


def _table(path: Path, separator: str) -> dict[str, float]:
    """Return name → number of each line of a file."""
    rows = ((name, rest.split()) for name, _, rest in (line.partition(separator) for line in _lines(path)))
    return {name: float(words[0]) for name, words in rows if words and words[0].isdecimal()}


def _lines(path: Path) -> list[str]:
    """Return the lines of a kernel file, none where it cannot be read; names in it may be any bytes."""
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
