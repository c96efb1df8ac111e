"""Seeds of random generators."""

from __future__ import annotations

import hashlib


def seed_of(*parts: object) -> int:
    """Return a generator seed that depends on all of `parts` and on nothing else."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
