"""Write the GPU, driver and package versions as JSON: `python -m benchmarks.gpu.card FILE`."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmarks.gpu.parts import Section, table
from trainer.contract import __version__

REHEARSAL = "**A rehearsal on a CPU, with little work in each part: no GPU has run this.**"


def no_gpu(command: str) -> str:
    """Return one sentence saying why no GPU is usable and what to do, or "" where one is."""
    if torch.cuda.is_available():
        return ""
    if torch.version.cuda is None:
        why = f"PyTorch {torch.__version__} is built without CUDA: install a build with CUDA"
    else:
        why = f"PyTorch {torch.__version__} sees no NVIDIA GPU: check that `nvidia-smi` lists one"
    return f"{why}, or rehearse on a CPU with `python -m {command} --rehearse`"


def facts() -> dict[str, str]:
    """Return the hardware and versions that the measurements depend on; without a GPU, the CPU."""
    device = {"card": f"none: {platform.machine()}, {torch.get_num_threads()} threads"}
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        device = {
            "card": card.name,
            "memory": f"{card.total_memory / 2**30:.0f} GiB",
            "compute capability": f"{card.major}.{card.minor}, {card.multi_processor_count} multiprocessors",
            "driver": driver(),
        }
    return {
        **device,
        "CUDA of PyTorch": str(torch.version.cuda),
        "PyTorch": str(torch.__version__),
        "vaetui": __version__,
        "Python": platform.python_version(),
        "system": platform.platform(terse=True),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def driver() -> str:
    """Return the version of NVIDIA's driver, from nvidia-smi."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        return f"unknown ({type(error).__name__} of nvidia-smi)"


def show(results: Path) -> Section:
    """Return the facts as a table."""
    return Section(table(("what", "is"), json.loads(results.read_text()).items()))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(facts()))
