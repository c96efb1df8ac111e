"""Reads in threads what is wanted and not here: models that are large, test images, codes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.app import App
from textual.message import Message
from textual.worker import get_current_worker

from trainer.run import MODEL
from vaetui import codes
from vaetui.codes import Codes
from vaetui.library import Run
from vaetui.tui import store
from vaetui.tui.store import Loaded
from vaetui.tui.study import CODES, IMAGES, MODELS, Study
from vaetui.tui.troubles import TROUBLES, sentence
from vaetui.tui.waits import SLOW_SECONDS
from vaetui.vae import Vae

Take = Callable[[], object]


@dataclass
class Came(Message):
    """What was waited for is here, or never will be: `take` hands it over."""

    what: Hashable
    take: Take


class Reader:
    """What can go wrong with files, or for want of memory, is handed over as a sentence; a bug stays loud."""

    def __init__(
        self,
        app: App[Any],
        study: Study,
        data_folder: Path,
        update: Callable[[], object],
        tell: Callable[[str], object],
    ) -> None:
        self._app, self._study, self._data_folder = app, study, data_folder
        self._update, self._tell = update, tell
        self._coding: Vae | None = None
        self._is_telling = False

    def read(self, needs_model: bool, needs_codes: bool) -> None:
        """Begin with what is wanted and not on its way."""
        study, run = self._study, self._study.browser.run
        dataset = study.dataset()
        if dataset and not study.has_images() and (IMAGES, dataset) not in study.waits:
            fail = functools.partial(study.take_images, dataset, None)
            work = functools.partial(self._images, dataset)
            self._begin((IMAGES, dataset), "loading test images …", work, fail)
        # One model at a time: who pages over large ones wants the last, not all of them at once.
        if run and needs_model and study.models.is_wanted(run) and not study.waits.any_of(MODELS):
            self._read_model(run)
        if needs_codes:
            self._read_codes()

    def take(self, message: Came) -> None:
        """Hand over what has come."""
        self._study.waits.end(message.what)
        message.take()

    def _read_model(self, run: Run) -> None:
        seen, models = store.stamp(run.path / MODEL), self._study.models
        size = f"{seen[1] / 1e6:.0f} MB" if seen else "no size"

        def fail(sentence: str) -> None:
            models.take(run, Loaded(seen, None, sentence))

        def work() -> Take:
            return functools.partial(models.take, run, store.load(run))

        self._begin((MODELS, run.path), f"reading a model of {size} …", work, fail)

    def _images(self, dataset: str) -> Take:
        return functools.partial(
            self._study.take_images, dataset, *store.test_images(dataset, self._data_folder)
        )

    def _read_codes(self) -> None:
        scene = self._study.scene(True)
        run, vae, shown = scene.run, scene.vae, scene.shown
        if not (run and vae and shown) or scene.codes or self._study.has_no_codes(vae):
            return
        what = (CODES, vae)
        if what in self._study.waits:
            return
        if self._coding is not None:
            self._study.waits.end((CODES, self._coding))  # nobody wants them any more
        self._coding = vae

        def work() -> Take | None:
            worker = get_current_worker()

            def goes_on(part: float) -> bool:
                self._study.waits.advance(what, part)
                return not worker.is_cancelled

            found = codes.of_test(run.path, vae, lambda: shown.images, goes_on)
            return functools.partial(self._take_codes, vae, found) if found else None

        fail = functools.partial(self._study.fail_codes, vae)
        self._begin(what, "encoding images …", work, fail, group=CODES)

    def _take_codes(self, vae: Vae, found: Codes) -> None:
        self._study.take_codes(vae, found)
        if found.notice:
            self._tell(found.notice)

    def _begin(
        self,
        what: Hashable,
        told: str,
        work: Callable[[], Take | None],
        fail: Callable[[str], object],
        group: str = "",
    ) -> None:
        """Let `work` run in a thread; a `group` has one at a time, the newest."""

        def run() -> None:
            try:
                take = work()
            except TROUBLES as error:
                take = functools.partial(fail, sentence(error))
            if take is not None:
                self._app.post_message(Came(what, take))

        self._study.waits.begin(what, told)
        self._app.run_worker(run, thread=True, group=group or "default", exclusive=bool(group))
        if not self._is_telling:
            self._is_telling = True
            self._app.set_timer(SLOW_SECONDS, self._repeat)

    def _repeat(self) -> None:
        """Tell of what takes long, again and again as it goes on."""
        self._is_telling = bool(self._study.waits)
        if self._is_telling:
            self._update()
            self._app.set_timer(SLOW_SECONDS, self._repeat)
