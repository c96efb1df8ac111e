"""Freed memory goes back to the system."""

import platform
import subprocess
import sys

import pytest

# All blocks of 100 MB are freed but the last, which keeps glibc from returning the others by itself.
SCRIPT = """
from pathlib import Path
from vaetui import heap

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

blocks = [bytes(2000) for _ in range(50_000)]
blocks[:-1] = []
before = held()
heap.trim()
print(before - held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has malloc_trim")
def test_freed_memory_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 50  # MB
