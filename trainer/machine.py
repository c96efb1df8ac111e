"""`python -m trainer.machine`: report what PyTorch finds on this machine, as one JSON object on stdout.

    {"torch": version, "cuda": version it is built for, or null, "is_available": whether it can use a GPU,
     "warning": its warning, if any, "device" and "precision": those that `auto` selects for a training,
     "measured": the milliseconds of a step by which it selects, "" where nothing was measured,
     "gpus": [{"name", "free", "total" (bytes), "bf16", "trouble": why it cannot be used, or ""}]}

A process of its own, since PyTorch takes seconds to import and a broken one may crash. Any failure to import
it is one sentence on stderr and exit code 1.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

from trainer.contract.files import clean
from trainer.engine import openmp


def main() -> int:
    """Write the facts to stdout; returns the exit code."""
    openmp.limit_spinning()  # so that a step takes as long as in a training
    try:
        from trainer.engine import denormals  # PyTorch, here, where it may fail
    except Exception as error:
        sys.stderr.write(f"PyTorch cannot be imported: {clean(f'{type(error).__name__}: {error}')}\n")
        return 1
    denormals.flush()
    sys.stdout.write(json.dumps(facts()) + "\n")
    return 0


def facts() -> dict[str, Any]:
    """Return the facts that the module's docstring lists."""
    import torch

    from trainer.engine.device import resolve_device
    from trainer.engine.precision_trial import automatic

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        is_available = torch.cuda.is_available()
        device = resolve_device("auto")
        trial = automatic(device)
    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "is_available": is_available,
        "warning": clean(str(caught[0].message)) if caught else "",
        "device": device.type,
        "precision": trial.chosen.name,
        "measured": str(trial),
        "gpus": [_gpu(number) for number in range(torch.cuda.device_count())] if is_available else [],
    }


def _gpu(number: int) -> dict[str, Any]:
    """Test one GPU with a product: PyTorch may list a GPU for which it has no code."""
    import torch

    found = {"name": torch.cuda.get_device_name(number), "free": 0, "total": 0, "bf16": False, "trouble": ""}
    try:
        found["free"], found["total"] = torch.cuda.mem_get_info(number)
        with torch.cuda.device(number):
            found["bf16"] = torch.cuda.is_bf16_supported()
            ones = torch.ones(16, 16, device="cuda")
            (ones @ ones).sum().item()
    except RuntimeError as error:  # torch.AcceleratorError and OutOfMemoryError among them
        found["trouble"] = clean(str(error).splitlines()[0])
    return found


if __name__ == "__main__":
    sys.exit(main())
