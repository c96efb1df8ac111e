"""t-SNE of the codes: worked out once for a model, kept beside it, or in memory where that cannot be."""

from __future__ import annotations

import contextlib
import zlib
from pathlib import Path
from typing import Final

import numpy as np

from trainer.files import Problem, read_tensors, write_tensors
from vaetui.tui.scene import Codes, Floats

FILE: Final = "tsne.safetensors"
MOST = 2000  # codes: some ten seconds on two cores
LEAST = 5  # codes; fewer have no neighbourhoods
PERPLEXITY = 30.0


def embedded(run: Path, codes: Codes) -> Floats:
    """Where the first codes of `codes` lie on the map, `(at most 2000, 2)`: read from `run`, else worked out.

    The file carries the checksum of the very codes it was made of. Raises `Problem` where they are too few.
    """
    mean = np.nan_to_num(codes.mean[:MOST])
    made_of = f"{zlib.crc32(np.ascontiguousarray(mean).tobytes()):08x} perplexity {perplexity(len(mean)):g}"
    with contextlib.suppress(Problem):
        file = read_tensors(run / FILE, {"points": (len(mean), 2)})
        if file.metadata.get("codes") == made_of and file.arrays["points"].dtype == np.float32:
            return file.arrays["points"]
    points = tsne(mean)
    with contextlib.suppress(OSError):  # a folder that belongs to another: the map stays in memory
        write_tensors(run / FILE, {"points": points}, {"codes": made_of})
    return points


def perplexity(count: int) -> float:
    """What t-SNE takes for the number of neighbours of each of `count` points."""
    return min(PERPLEXITY, (count - 1) / 3)


def tsne(codes: Floats) -> Floats:
    """Points `(codes, 2)` for `codes` `(codes, latent)` by van der Maaten & Hinton 2008, always the same."""
    if len(codes) < LEAST:
        raise Problem(f"{len(codes)} codes are too few for t-SNE, which needs {LEAST}")
    from sklearn.manifold import TSNE

    start = "pca" if codes.shape[1] > 1 else "random"
    model = TSNE(perplexity=perplexity(len(codes)), init=start, random_state=0)
    return np.asarray(model.fit_transform(codes), np.float32)
