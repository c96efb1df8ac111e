"""What is read from disk and kept: models, test images, codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.files import Problem, read_tensors
from trainer.run import LATENTS, MODEL
from vaetui import vae as model
from vaetui.library import Run
from vaetui.tui.scene import Codes, Floats, Shown
from vaetui.vae import Vae

STAND_IN = "digits"
MOST_BYTES = 32 << 20  # of weights kept, beside the model that is looked at
CHUNK = 500  # images encoded at once, so that a worker whose result nobody wants any more ends soon

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
    """Models by run directory. Only `look` touches the disk for what is already here."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most  # bytes of weights kept, None for MOST_BYTES
        self._loaded: dict[Path, Loaded] = {}

    def get(self, run: Run) -> Loaded:
        """The model of `run`, read when it is first asked for."""
        loaded = self._loaded.pop(run.path, None) or _load(run)
        self._loaded[run.path] = loaded  # last used, last dropped
        self._drop()
        return loaded

    def look(self, run: Run) -> bool:
        """Whether the model's file is another than the one that was read; then it is forgotten."""
        loaded = self._loaded.get(run.path)
        if loaded is None or loaded.stamp == stamp(run.path / MODEL):
            return False
        del self._loaded[run.path]
        return True

    def _drop(self) -> None:
        sizes = [_bytes(loaded.vae) for loaded in self._loaded.values()]
        while len(sizes) > 1 and sum(sizes[:-1]) > (self._most or MOST_BYTES):
            del self._loaded[next(iter(self._loaded))]
            del sizes[0]


def _load(run: Run) -> Loaded:
    seen = stamp(run.path / MODEL)  # before the reading: a change during it is noticed by the next look
    if seen is None:
        return Loaded(None, None, "")
    try:
        return Loaded(seen, model.load(run.path, run.config), "")
    except Problem as problem:
        return Loaded(seen, None, str(problem))


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
    ended = "ended before its model was saved: the same `vaetui train` goes on with it"
    return f"{run.name} {sentences.get(run.state, ended)}"


def _bytes(vae: Vae | None) -> int:
    if vae is None:
        return 0
    heads = (vae.mean,) if vae.log_var is None else (vae.mean, vae.log_var)
    return sum(weight.nbytes + bias.nbytes for weight, bias in (*vae.encoder, *heads, *vae.decoder))


def test_images(dataset: str, folder: Path) -> tuple[Shown | None, str]:
    """The test images of `dataset`, or bundled ones and why; none and why where neither loads."""
    from trainer import data

    try:
        return Shown(dataset, data.load_test(dataset, folder)), ""
    except Problem as problem:
        why = str(problem)
    absent = is_absent(dataset, folder)
    cause = ", which is not here: D downloads it, --data names a folder that has it" if absent else f": {why}"
    try:
        shown = Shown(STAND_IN, data.load_test(STAND_IN, folder))
    except Problem as problem:
        return None, f"{why}; {problem}"
    return shown, f"{STAND_IN} stand in for {dataset}{cause}"


def is_absent(dataset: str, folder: Path) -> bool:
    """Whether files of `dataset` are missing that can be downloaded."""
    from trainer import data

    return data.megabytes(dataset) > 0 and not data.is_here(dataset, folder)


def binarised(shown: Shown) -> Shown:
    """`shown` as models are judged on it that train with binarised images."""
    from trainer import data

    return Shown(shown.name, data.as_judged(shown.images, "fixed", f"{shown.name}/test"), is_binarised=True)


def codes(run: Path, vae: Vae, shown: Shown, is_unwanted: Callable[[], bool]) -> Codes | None:
    """The codes of the test images: those the trainer wrote with these very weights, else encoded here.

    None once `is_unwanted` says so.
    """
    return _written(run, vae) or _encode(vae, shown, is_unwanted)


def _written(run: Path, vae: Vae) -> Codes | None:
    try:
        file = read_tensors(run / LATENTS)
    except Problem:
        return None  # no test codes yet, or not to be trusted: they are made anew
    mean, labels = file.arrays.get("mean"), file.arrays.get("labels")
    if mean is None or labels is None or mean.ndim != 2 or labels.shape != mean.shape[:1]:
        return None
    fresh = file.metadata.get("epoch") == str(vae.epoch)
    fits = mean.shape[1] == vae.latent and len(mean) and mean.dtype == np.float32
    return Codes(mean, np.asarray(labels, np.uint8)) if fresh and fits else None


def _encode(vae: Vae, shown: Shown, is_unwanted: Callable[[], bool]) -> Codes | None:
    parts: list[Floats] = []
    for start in range(0, len(shown), CHUNK):
        if is_unwanted():
            return None
        indices = list(range(start, min(start + CHUNK, len(shown))))
        parts.append(vae.encode(shown.pixels(indices)).mean)
    return Codes(np.concatenate(parts), shown.images.labels) if parts else None
