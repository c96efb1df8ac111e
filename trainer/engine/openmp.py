"""Limit how long an OpenMP thread spins for its team before it sleeps.

With OpenMP's default, two busy processes on the same cores slow each other down many times; sleeping at once
costs a third of the speed on an idle machine (docs/performance.md).
"""

from __future__ import annotations

import os

VARIABLE, SPIN_COUNT = "GOMP_SPINCOUNT", "1000"  # about 16 µs


def limit_spinning() -> None:
    """Let threads spin briefly, unless the environment sets it; PyTorch reads it when it is loaded."""
    os.environ.setdefault(VARIABLE, SPIN_COUNT)
