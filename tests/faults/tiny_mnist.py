"""The four files of MNIST with ten random images."""

import hashlib
import struct

import numpy as np
import pytest

from trainer.contract.datasets import sources

COUNTS = {"train": 6, "t10k": 4}


def idx(magic: int, shape: tuple[int, ...], values: bytes) -> bytes:
    """Return an IDX file."""
    return struct.pack(f">{1 + len(shape)}i", magic, *shape) + values


def contents() -> dict[str, bytes]:
    """Return the content of each file by name, uncompressed."""
    made, rng = {}, np.random.default_rng(5)
    for stem, count in COUNTS.items():
        pixels = rng.integers(0, 256, (count, 784), np.uint8).tobytes()
        made[f"{stem}-images-idx3-ubyte"] = idx(0x803, (count, 28, 28), pixels)
        made[f"{stem}-labels-idx1-ubyte"] = idx(0x801, (count,), bytes(range(count)))
    return made


def register(monkeypatch: pytest.MonkeyPatch) -> sources.Source:
    """Make these files, with their checksums, the published ones of MNIST."""
    sums = {name: (hashlib.md5(content).hexdigest(), "") for name, content in contents().items()}
    train, test = (
        sources.part(stem, count, sums[f"{stem}-images-idx3-ubyte"], sums[f"{stem}-labels-idx1-ubyte"])
        for stem, count in COUNTS.items()
    )
    made = sources.Source("mnist", "MNIST", 12, train, test)
    monkeypatch.setitem(sources.SOURCES, "mnist", made)
    return made
