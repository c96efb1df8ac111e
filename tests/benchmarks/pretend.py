"""A part of a proof that does as it is told: `python -m tests.benchmarks.pretend FILE [fails|hangs]`."""

import sys
import time
from pathlib import Path

if __name__ == "__main__":
    results, *manner = sys.argv[1:]
    Path(results).write_text("found")
    if manner == ["fails"]:
        raise RuntimeError("CUDA error: out of luck")
    if manner == ["hangs"]:
        time.sleep(60)
