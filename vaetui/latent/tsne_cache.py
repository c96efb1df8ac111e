"""Cache the t-SNE of a model's codes in a file beside it."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from trainer.contract.evaluation_dir import results_folder
from trainer.contract.files import Problem
from trainer.contract.tensors import read_tensors, write_tensors
from vaetui.arrays import Floats
from vaetui.errors import sentence
from vaetui.latent.posteriors import Codes
from vaetui.latent.tsne import perplexity, run_tsne
from vaetui.models.autoencoder import MAX_VALUE as MOST_VALUE

FILE: Final = "tsne.safetensors"
MOST: Final = 2000  # codes: ten seconds on two cores, half a minute on busy ones


def load_or_run_tsne(run: Path, codes: Codes, progress: Callable[[float], object]) -> tuple[Floats, str]:
    """Return the embedding of `codes.random_images(MOST)`, `(at most 2000, 2)`: from a file, else computed.

    The file is in the folder of `run`, or beside it where that is only read, and carries the checksum of the
    very codes it was made of. With the points comes a sentence on why they could not be kept, else "".
    `progress` gets the part done, 0 to 1. Raises `Problem` where the codes are too few.
    """
    mean = np.nan_to_num(codes.mean[codes.random_images(MOST)])
    made_of = f"{zlib.crc32(np.ascontiguousarray(mean).tobytes()):08x} perplexity {perplexity(len(mean)):g}"
    folder = results_folder(run)
    with contextlib.suppress(Problem):
        file = read_tensors(folder / FILE, {"points": (len(mean), 2)})
        kept = file.arrays["points"]
        is_drawable = kept.dtype == np.float32 and np.abs(kept).max() < MOST_VALUE
        if file.metadata.get("codes") == made_of and is_drawable:
            return kept, ""
    points = run_tsne(mean, progress)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_tensors(folder / FILE, {"points": points}, {"codes": made_of})
    except OSError as error:
        return points, f"t-SNE is not kept for the next time: {sentence(error)}"
    return points, ""
