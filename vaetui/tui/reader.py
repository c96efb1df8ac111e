"""Reads in threads what is wanted and not here: models that are large, test images, codes …"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.app import App
from textual.message import Message
from textual.worker import get_current_worker

from trainer.contract.run_dir import MODEL, TIMELINE
from vaetui.errors import TROUBLES, sentence
from vaetui.latent import posteriors
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet
from vaetui.models.mlp import Vae
from vaetui.runs.run_watcher import Run
from vaetui.tui.app_state import CODES, IMAGES, MODELS, RANKINGS, TIMELINES, Study
from vaetui.tui.loading import store, timelines
from vaetui.tui.loading.progress import SLOW_SECONDS
from vaetui.tui.loading.store import Loaded
from vaetui.tui.loading.timelines import Found

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
        self._ranking: Vae | None = None
        self._is_telling = False
        self._begun: tuple[str, Future[tuple[ImageSet | None, str]]] | None = None

    def begin(self) -> None:
        """Read the first images while the app starts; they are taken when it asks for them."""
        if dataset := self._study.dataset():
            pool = ThreadPoolExecutor(1)
            self._begun = dataset, pool.submit(store.test_images, dataset, self._data_folder)
            pool.shutdown(wait=False)

    def read(self, needs_model: bool, wants: frozenset[str]) -> None:
        """Begin with what is wanted and not on its way."""
        study, run = self._study, self._study.browser.run
        dataset = study.dataset()
        if dataset and not study.has_images():
            self.read_images(dataset)
        # One model at a time: who pages over large ones wants the last, not all of them at once.
        if run and needs_model and study.models.is_wanted(run) and not study.waits.any_of(MODELS):
            self._read_model(run)
        if CODES in wants:
            self._read_codes()
        if run and TIMELINES in wants and study.timelines.is_wanted(run):
            self._read_timeline(run)
        if RANKINGS in wants:
            self._rank()

    def read_images(self, dataset: str) -> None:
        """Read the test images of `dataset`, once more where others stand in for them."""
        if (IMAGES, dataset) not in self._study.waits:
            fail = functools.partial(self._study.take_images, dataset, None)
            work = functools.partial(self._images, dataset)
            self._begin((IMAGES, dataset), "loading test images …", work, fail)

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
        begun, self._begun = self._begun, None
        if begun and begun[0] == dataset:
            shown, notice = begun[1].result()
        else:
            shown, notice = store.test_images(dataset, self._data_folder)
        is_absent = bool(notice) and store.is_absent(dataset, self._data_folder)
        return functools.partial(self._study.take_images, dataset, shown, notice, is_absent)

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
            found = posteriors.load_test_codes(run.results, vae, lambda: shown.images, self._goes_on(what))
            return functools.partial(self._take_codes, vae, found) if found else None

        fail = functools.partial(self._study.fail_codes, vae)
        self._begin(what, "encoding images …", work, fail, group=CODES)

    def _take_codes(self, vae: Vae, found: Codes) -> None:
        self._study.take_codes(vae, found)
        if found.notice:
            self._tell(found.notice)

    def _read_timeline(self, run: Run) -> None:
        what, keep = (TIMELINES, run.path), self._study.timelines.take
        if what in self._study.waits:
            return

        def fail(sentence: str) -> None:
            keep(run, Found(store.stamp(run.path / TIMELINE), None, sentence))

        def work() -> Take:
            return functools.partial(keep, run, timelines.load(run))

        self._begin(what, "reading the timeline …", work, fail)

    def _rank(self) -> None:
        scene = self._study.scene(True)
        vae, shown = scene.vae, scene.shown
        if vae is None or shown is None or self._study.has_ranking(vae):
            return
        what, keep = (RANKINGS, vae), functools.partial(self._study.take_ranking, vae)
        if what in self._study.waits:
            return
        self._study.waits.end((RANKINGS, self._ranking))  # nobody wants it any more
        self._ranking = vae

        def work() -> Take | None:
            found = store.ranked(vae, shown, self._goes_on(what))
            return functools.partial(keep, found) if found else None

        self._begin(what, f"ordering {len(shown)} digits by distortion …", work, keep, group=RANKINGS)

    def _goes_on(self, what: Hashable) -> Callable[[float], bool]:
        """For a thread at work: says how much is done, and hears whether it is still wanted."""
        worker = get_current_worker()

        def goes_on(part: float) -> bool:
            self._study.waits.advance(what, part)
            return not worker.is_cancelled

        return goes_on

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
