"""One test digit made by many checkpoints, in a thread that reads those that are not here yet."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App
from textual.message import Message
from textual.worker import get_current_worker

from vaetui.arrays import Floats
from vaetui.errors import TROUBLES, sentence
from vaetui.latent.test_images import ImageSet
from vaetui.runs.run_watcher import Run
from vaetui.tui.loading import store
from vaetui.tui.loading.progress import SLOW_SECONDS
from vaetui.tui.loading.store import Loaded
from vaetui.tui.screen.painted import Painted
from vaetui.tui.state.view_state import Made

MOST_BYTES = 96 << 20  # of weights kept, for all views of an app together


@dataclass
class Remade(Message):
    """What the checkpoints make of the digit that `key` stands for."""

    key: tuple[object, ...]
    made: dict[Path, Made]
    trouble: str = ""


class Shelf:
    """Models, read by one worker at a time."""

    def __init__(self) -> None:
        self._models = store.Models(MOST_BYTES)
        self.lock = Lock()

    def get(self, run: Run) -> Loaded:
        """The model of `run` as it is now."""
        self._models.look(run)
        return self._models.get(run)


_shelves: WeakKeyDictionary[App[Any], Shelf] = WeakKeyDictionary()


class Remaker:
    """Has `view` repainted when `made`, by run directory, or `waiting` is another.

    `waiting` is what is told while they are made, or why that has failed.
    """

    def __init__(self, view: Painted) -> None:
        self.made: dict[Path, Made] = {}
        self.waiting = ""
        self._view = view
        self._runs: Sequence[Run] = ()
        self._key: tuple[object, ...] = ()  # of the digit that is made, or on its way
        self._is_done = False
        self._count = 0  # of those that are made

    def want(self, runs: Sequence[Run], shown: ImageSet, digit: int) -> None:
        """Have the digit made by `runs`, where that is not done or on its way."""
        states = tuple((run.path, run.latest and run.latest.epoch, run.state) for run in runs)
        key = (states, shown, digit)
        if key == self._key:
            return
        self._key, self._runs, self._is_done, self.waiting, self._count = key, runs, False, "", 0
        shelf = _shelves.setdefault(self._view.app, Shelf())
        work = functools.partial(self._make, shelf, key, tuple(runs), shown.pixels([digit]))
        self._view.run_worker(work, thread=True, exclusive=True, group="remake")
        self._view.set_timer(SLOW_SECONDS, self._tell_slow)

    def take(self, message: Remade) -> None:
        """Keep what has come, unless another digit is wanted by now."""
        if message.key == self._key:
            self.made, self._is_done, self.waiting = message.made, True, message.trouble
            self._view.repaint()

    def _make(self, shelf: Shelf, key: tuple[object, ...], runs: Sequence[Run], pixels: Floats) -> None:
        worker, made = get_current_worker(), dict[Path, Made]()
        try:
            for self._count, run in enumerate(runs):
                with shelf.lock:
                    if worker.is_cancelled:
                        return
                    loaded = shelf.get(run)
                made[run.path] = _made(run, loaded, pixels)
        except TROUBLES as error:
            self._view.post_message(Remade(key, made, sentence(error)))
        else:
            self._view.post_message(Remade(key, made))

    def _tell_slow(self) -> None:
        if not self._is_done:
            self.waiting = f"reading models … {self._count} of {len(self._runs)}"
            self._view.repaint()
            self._view.set_timer(SLOW_SECONDS, self._tell_slow)


def _made(run: Run, loaded: Loaded, pixels: Floats) -> Made:
    """What one checkpoint makes of the digit `(1, 784)`."""
    if loaded.vae is None:
        return Made(None, 0.0, store.trouble(run, loaded))
    mean = loaded.vae.encode(pixels).mean
    return Made(loaded.vae.decode(mean)[0], float(loaded.vae.nats(pixels, mean)[0]))
