"""How much memory training takes on a CPU, and how much there is.

Linux grants memory that it does not have and later ends a process that uses it, so a grid that is too large
would end without a word: it is counted before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from trainer.precision import Arithmetic
from trainer.run import Config, weight_shapes

SHARE = 0.8  # of what is free: the rest is for buffers of batches, saving, and other programs
FP32, BF16 = 4, 2  # bytes a number

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")  # of this process; inside a container its own
CGROUP_OF_SELF = Path("/proc/self/cgroup")


def taken(configs: Sequence[Config], arithmetic: Arithmetic) -> int:
    """Bytes of the weights of so many models and of all that is kept beside them while they are trained."""
    return sum(_of_model(config, arithmetic) for config in configs)


def _of_model(config: Config, arithmetic: Arithmetic) -> int:
    weights = sum(math.prod(shape) for shape in weight_shapes(config.model).values())
    copies = 3 + (config.optimiser.keep == "best")  # with both moments of Adam
    return weights * (copies * FP32 + BF16 * (arithmetic.precision == "bf16"))


def free() -> float:
    """Bytes that this machine, or the container in it, can still give; infinite where it does not say."""
    return min(_free_of_machine(), _free_of_container())


def _free_of_machine() -> float:
    return _table(MEMINFO, ":").get("MemAvailable", math.inf) * 1024


def _free_of_container() -> float:
    """What the control group allows, less what it holds and cannot drop."""
    try:
        lines = CGROUP_OF_SELF.read_text().splitlines()
    except OSError:
        return math.inf
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if own is None:
        return math.inf
    group = CGROUP / own
    limit = _number(group / "memory.max")
    if math.isinf(limit):
        return math.inf
    held = _number(group / "memory.current")
    dropped = _table(group / "memory.stat", " ").get("inactive_file", 0.0)
    return max(limit - held + dropped, 0.0)


def _number(path: Path) -> float:
    """The number in a file, infinity where there is none: a limit may be `max`."""
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return math.inf


def _table(path: Path, separator: str) -> dict[str, float]:
    """Name → number of each line of a file; empty where it cannot be read."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    rows = ((name, rest.split()) for name, _, rest in (line.partition(separator) for line in lines))
    return {name: float(words[0]) for name, words in rows if words and words[0].isdecimal()}
