"""How long a thread of a team spins for the others before it sleeps.

Spinning on, as OpenMP would, two busy processes on the same cores slow each other down many times; sleeping
at once costs a quiet machine a third of its speed (docs/performance.md).
"""

from __future__ import annotations

import os

VARIABLE, SPIN_COUNT = "GOMP_SPINCOUNT", "1000"  # some 16 µs


def limit_spinning() -> None:
    """Let threads spin briefly, unless the environment says how long; PyTorch reads it when it is loaded."""
    os.environ.setdefault(VARIABLE, SPIN_COUNT)
