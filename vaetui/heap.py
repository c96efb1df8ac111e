"""Return freed memory to the system.

Every epoch of a training that is watched brings new weights, codes and pictures. glibc's allocator keeps the
memory of the old ones where small blocks that are still used lie behind them, so the process would grow by
half a megabyte an epoch without holding more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

TRIM_SECONDS = 20.0


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    """Return glibc's `malloc_trim`, None with another C library."""
    import ctypes  # the first frame does not wait for it

    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return None


def trim() -> None:
    """Return the free memory of the heap to the system."""
    if malloc_trim := _malloc_trim():
        malloc_trim(0)
