"""What is read from disk and kept: models and test images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.contract import images
from trainer.contract.files import Problem
from trainer.contract.run_dir import MODEL
from vaetui.arrays import Floats
from vaetui.errors import TROUBLES, sentence
from vaetui.latent.posteriors import CHUNK
from vaetui.latent.test_images import ImageSet
from vaetui.models import mlp as model
from vaetui.models.image_ranking import ImageRanking, model_name, rank_images
from vaetui.models.mlp import Vae
from vaetui.runs.run_watcher import Run

STAND_IN = "digits"
MOST_BYTES = 32 << 20  # of weights kept, beside the model that is looked at
LARGE = 5 << 20  # bytes of a model's file, which take 20 ms to read and check

Stamp = tuple[int, int, int] | None


def stamp(path: Path) -> Stamp:
    """What changes when a file is replaced or written to; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model as its file was at `stamp`, or none and what is wrong with the file, "" if there is no file."""

    stamp: Stamp
    vae: Vae | None
    trouble: str


class Models:
    """Models by run directory. Only `look` touches the disk for what is already here.

    `get` reads what is not; `here` leaves that to another thread where it would take long, `is_wanted` tells
    of what and `take` keeps it. Until then the model as it was before its file changed is here.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most  # bytes of weights kept, None for MOST_BYTES
        self._loaded: dict[Path, Loaded] = {}
        self._old: set[Path] = set()  # whose file is another by now

    def get(self, run: Run) -> Loaded:
        """The model of `run`, read when it is first asked for."""
        is_here = run.path in self._loaded and run.path not in self._old
        return self.take(run, self._loaded[run.path] if is_here else load(run))

    def here(self, run: Run) -> Loaded | None:
        """The model as `get` gives it, or as it was; None where it has to be waited for."""
        if run.path in self._loaded and run.path not in self._old:
            return self.get(run)
        return self._loaded.get(run.path) if _is_large(run) else self.get(run)

    def is_wanted(self, run: Run) -> bool:
        """Whether the model has to be read, and by another thread."""
        is_here = run.path in self._loaded and run.path not in self._old
        return not is_here and _is_large(run)

    def take(self, run: Run, loaded: Loaded) -> Loaded:
        """Keep what was read."""
        self._loaded.pop(run.path, None)
        self._loaded[run.path] = loaded  # last used, last dropped
        self._old.discard(run.path)
        self._drop()
        return loaded

    def look(self, run: Run) -> bool:
        """Whether the model's file is another than the one that was read; then it will be read again."""
        loaded = self._loaded.get(run.path)
        if loaded is None or run.path in self._old or loaded.stamp == stamp(run.path / MODEL):
            return False
        self._old.add(run.path)
        return True

    def _drop(self) -> None:
        sizes = [_bytes(loaded.vae) for loaded in self._loaded.values()]
        while len(sizes) > 1 and sum(sizes[:-1]) > (self._most or MOST_BYTES):
            first = next(iter(self._loaded))
            del self._loaded[first], sizes[0]
            self._old.discard(first)


def _is_large(run: Run) -> bool:
    seen = stamp(run.path / MODEL)
    return seen is not None and seen[1] > LARGE


def load(run: Run) -> Loaded:
    """The model of `run` from its file."""
    seen = stamp(run.path / MODEL)  # before the reading: a change during it is noticed by the next look
    if seen is None:
        return Loaded(None, None, "")
    try:
        return Loaded(seen, model.load(run.path, run.config), "")
    except TROUBLES as trouble:
        return Loaded(seen, None, sentence(trouble))


def trouble(run: Run, loaded: Loaded) -> str:
    """Why there is no model, and what to do: one sentence, "" if there is one."""
    if loaded.vae is not None or loaded.trouble:
        return loaded.trouble
    sentences = {
        "queued": "is queued: its model comes with its first epoch",
        "running": f"is in its first epoch, {run.status.progress:.0%} done: its model comes soon",
        "failed": f"failed: {run.status.error}",
        "finished": f"has no {MODEL}: copy it here, or train the run again",
    }
    ended = "ended before its model was saved: training it with the same options continues"
    return f"{run.name} {sentences.get(run.state, ended)}"


def _bytes(vae: Vae | None) -> int:
    if vae is None:
        return 0
    heads = (vae.mean,) if vae.log_var is None else (vae.mean, vae.log_var)
    return sum(weight.nbytes + bias.nbytes for weight, bias in (*vae.encoder, *heads, *vae.decoder))


def test_images(dataset: str, folder: Path) -> tuple[ImageSet | None, str]:
    """The test images of `dataset`, or bundled ones and why; none and why where neither loads."""
    from trainer.contract.datasets import registry

    try:
        return ImageSet(dataset, registry.load_test(dataset, folder)), ""
    except Problem as problem:
        why = str(problem)
    absent = is_absent(dataset, folder)
    cause = ", which is not here: D downloads it, --data names a folder that has it" if absent else f": {why}"
    try:
        shown = ImageSet(STAND_IN, registry.load_test(STAND_IN, folder))
    except Problem as problem:
        return None, f"{why}; {problem}"
    return shown, f"{STAND_IN} stand in for {dataset}{cause}"


def is_absent(dataset: str, folder: Path) -> bool:
    """Whether files of `dataset` are missing that can be downloaded."""
    from trainer.contract.datasets import registry

    return registry.megabytes(dataset) > 0 and not registry.is_here(dataset, folder)


def binarised(shown: ImageSet) -> ImageSet:
    """`shown` as models are judged on it that train with binarised images."""

    return ImageSet(
        shown.name, images.evaluation_images(shown.images, "fixed", f"{shown.name}/test"), is_binarised=True
    )


def ranked(vae: Vae, shown: ImageSet, goes_on: Callable[[float], bool]) -> ImageRanking | None:
    """The test images by what they cost `vae`; `goes_on` as in `codes.of_test`."""
    nats: list[Floats] = []
    for start in range(0, len(shown), CHUNK):
        if not goes_on(start / len(shown)):
            return None
        pixels = shown.pixels(list(range(start, min(start + CHUNK, len(shown)))))
        nats.append(vae.nats(pixels, vae.encode(pixels).mean))
    return rank_images(model_name(vae), vae.epoch, np.concatenate(nats)) if nats else None
