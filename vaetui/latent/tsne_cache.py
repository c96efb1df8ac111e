"""t-SNE of the codes: worked out once for a model, kept beside it, or in memory where that cannot be."""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from trainer.contract.evaluation_dir import results_folder
from trainer.contract.files import Problem, clean
from trainer.contract.tensors import read_tensors, write_tensors
from vaetui.arrays import Floats
from vaetui.errors import sentence
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes, tsne_projection
from vaetui.latent.tsne import perplexity, run_tsne
from vaetui.models.mlp import MAX_VALUE as MOST_VALUE

FILE: Final = "tsne.safetensors"
MOST = 2000  # codes: ten seconds on two cores, half a minute on busy ones


def load_or_run_tsne(run: Path, codes: Codes, tell: Callable[[float], object]) -> tuple[Floats, str]:
    """Where the first codes of `codes` lie on the map, `(at most 2000, 2)`: from a file, else worked out.

    The file is in the folder of `run`, or beside it where that is only read, and carries the checksum of the
    very codes it was made of. With the points comes a sentence on why they could not be kept, else "". `tell`
    is told how much is done, 0 to 1. Raises `Problem` where the codes are too few.
    """
    mean = np.nan_to_num(codes.mean[:MOST])
    made_of = f"{zlib.crc32(np.ascontiguousarray(mean).tobytes()):08x} perplexity {perplexity(len(mean)):g}"
    folder = results_folder(run)
    with contextlib.suppress(Problem):
        file = read_tensors(folder / FILE, {"points": (len(mean), 2)})
        kept = file.arrays["points"]
        is_drawable = kept.dtype == np.float32 and np.abs(kept).max() < MOST_VALUE
        if file.metadata.get("codes") == made_of and is_drawable:
            return kept, ""
    points = run_tsne(mean, tell)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_tensors(folder / FILE, {"points": points}, {"codes": made_of})
    except OSError as error:
        return points, f"t-SNE is not kept for the next time: {sentence(error)}"
    return points, ""


class Maps:
    """Maps by their codes, worked out one at a time.

    `report` is called in the thread that did it, `advance` whenever more of it is done: `part`, 0 to 1. The
    thread does not keep the app from being left.
    """

    def __init__(
        self, report: Callable[[Codes, Floats | str, str], object], advance: Callable[[], object]
    ) -> None:
        self._report, self._advance = report, advance
        self.part = 0.0
        self._found: WeakKeyDictionary[Codes, ProjectedCodes | str] = WeakKeyDictionary()
        self._is_busy = False

    def get(self, run: Path, codes: Codes) -> ProjectedCodes | str | None:
        """The map, or why there is none; None while it has to be waited for. Asking begins the work."""
        found = self._found.get(codes)
        if found is None and not self._is_busy:
            self._is_busy, self.part = True, 0.0
            threading.Thread(target=self._work, args=(run, codes), daemon=True).start()
        return found

    def take(self, codes: Codes, found: Floats | str) -> None:
        """Keep what was reported; the next one may begin."""
        self._is_busy = False
        self._found[codes] = found if isinstance(found, str) else tsne_projection(codes, found)

    def _tell(self, part: float) -> None:
        self.part = part
        with contextlib.suppress(RuntimeError):  # the app has been left
            self._advance()

    def _work(self, run: Path, codes: Codes) -> None:
        found: Floats | str
        try:
            found, notice = load_or_run_tsne(run, codes, self._tell)
        except Exception as error:  # the numbers may be a stranger's: whatever is wrong, the app goes on
            found, notice = f"no t-SNE: {clean(sentence(error))}", ""
        with contextlib.suppress(RuntimeError):  # the app has been left
            self._report(codes, found, notice)
