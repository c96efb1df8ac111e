"""How much memory training takes on a CPU, and how much there is.

Linux grants memory that it does not have and later ends a process that uses it, so a grid that is too large
would end without a word: it is counted before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.config import Config, weight_shapes
from trainer.engine.precision import Arithmetic

USABLE_SHARE = 0.8  # of what is free: the rest is for buffers of batches, saving, and other programs
FP32, BF16 = 4, 2  # bytes a number
SAVING = 3  # copies of what is saved: the arrays, and twice the bytes of the file

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
CGROUP_OF_SELF = Path("/proc/self/cgroup")


def training_bytes(configs: Sequence[Config], arithmetic: Arithmetic, at_once: int) -> int:
    """Bytes that training these models takes at its peak, `at_once` of them learning; batches not counted.

    One model is saved at a time, in copies; next to that, a large grid's are few, and two large models' many.
    """
    models = [_ModelBytes.of(config, arithmetic) for config in configs]
    learning = min(at_once, len(models)) * max(one.learning for one in models)
    return sum(one.kept for one in models) + max(one.saving for one in models) + learning


@dataclass(frozen=True)
class _ModelBytes:
    """Bytes for one model: those that are kept, more while it is saved, and more while it learns."""

    kept: int
    saving: int
    learning: int

    @staticmethod
    def of(config: Config, arithmetic: Arithmetic) -> _ModelBytes:
        """Of the model of `config`."""
        weights = sum(math.prod(shape) for shape in weight_shapes(config.model).values())
        narrow = weights * BF16 * (arithmetic.precision == "bf16")
        state = weights * FP32 * (3 + (config.optimiser.keep == "best"))  # with both moments of Adam
        return _ModelBytes(state + narrow, SAVING * state, weights * FP32 + narrow)


def free_bytes() -> float:
    """Bytes that this machine, or the container in it, can still give; infinite where it does not say."""
    return min(_free_of_machine(), _free_of_container())


def _free_of_machine() -> float:
    return _table(MEMINFO, ":").get("MemAvailable", math.inf) * 1024


def _free_of_container() -> float:
    """What the control group of this process allows, or one that it lies in."""
    return min((_left(group, form) for group, form in _groups()), default=math.inf)


@dataclass(frozen=True)
class _Form:
    """Where a version of control groups lies, below `CGROUP`, and how it names what is asked here."""

    folder: str
    limit: str
    held: str
    dropped: str  # of memory.stat: pages of files, which are dropped when memory is needed


_FORMS = {  # by the controllers of a line of /proc/self/cgroup
    "": _Form("", "memory.max", "memory.current", "inactive_file"),
    "memory": _Form("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def _groups() -> Iterator[tuple[Path, _Form]]:
    """The control groups of this process: its own and all around it, each of which may have a limit.

    In a container the own one may be named as the machine sees it; only the outermost is there then.
    """
    for line in _lines(CGROUP_OF_SELF):
        _, _, rest = line.partition(":")
        controllers, _, own = rest.partition(":")
        if form := _FORMS.get(controllers):
            root = CGROUP / form.folder
            group = root / own.lstrip("/")
            around = [] if ".." in group.parts else [g for g in group.parents if g.is_relative_to(root)]
            yield from ((one, form) for one in {root, group, *around})


def _left(group: Path, form: _Form) -> float:
    """The limit of `group`, less what it holds and cannot drop; infinite where it does not say."""
    limit, held = _number(group / form.limit), _number(group / form.held)
    if math.isinf(limit) or math.isinf(held):
        return math.inf
    dropped = _table(group / "memory.stat", " ").get(form.dropped, 0.0)
    return max(limit - held + dropped, 0.0)


def _number(path: Path) -> float:
    """The number in a file, infinity where there is none: a limit may be `max`."""
    try:
        return float(int(" ".join(_lines(path))))
    except ValueError:
        return math.inf


def _table(path: Path, separator: str) -> dict[str, float]:
    """Name → number of each line of a file."""
    rows = ((name, rest.split()) for name, _, rest in (line.partition(separator) for line in _lines(path)))
    return {name: float(words[0]) for name, words in rows if words and words[0].isdecimal()}


def _lines(path: Path) -> list[str]:
    """The lines of a file of the kernel, none where it cannot be read; names in it may be any bytes."""
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
