"""Fake part of the GPU report: `python -m tests.benchmarks.fake_part FILE [fails|hangs]`."""

import sys
import time
from pathlib import Path

if __name__ == "__main__":
    results, *behaviour = sys.argv[1:]
    Path(results).write_text("found")
    if behaviour == ["fails"]:
        raise RuntimeError("CUDA error: out of luck")
    if behaviour == ["hangs"]:
        time.sleep(60)
