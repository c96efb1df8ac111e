"""The dialogs of the explorer, and what follows from their answers."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from textual.strip import Strip

from vaetui.runs import launch
from vaetui.runs.training_preview import Placed, Surveyor
from vaetui.runs.training_request import Order, order_of
from vaetui.tui import keys
from vaetui.tui.dialogs.export import Export
from vaetui.tui.dialogs.export import Order as Writing
from vaetui.tui.dialogs.find import Find
from vaetui.tui.dialogs.stop import Stop
from vaetui.tui.dialogs.train import Train
from vaetui.tui.screen.painted import Painted
from vaetui.tui.views import contents
from vaetui.tui.views.base import News

if TYPE_CHECKING:
    from vaetui.tui.app import Explorer

PATH_SECONDS = 30.0  # that the path of a file is told: it is to be read with care


class Asking:
    """Opens the dialogs of one app."""

    def __init__(self, app: Explorer) -> None:
        self._app = app

    def train(self) -> None:
        """What to train, beginning with what the selected run was trained with."""
        app, browser = self._app, self._app.study.browser
        order = order_of(browser.run.config) if browser.run else Order()
        surveyor = Surveyor(browser.library.folder, app.data_folder)
        app.push_screen(Train(order, surveyor, self._begin, app.terminal))

    def _begin(self, placed: Placed) -> None:
        """Have runs that were prepared trained, and look at the first."""
        app = self._app
        app.errands.start(placed)
        app.study.poll()
        app.study.browser.await_run(placed.paths[0])
        if app.study.has_images_of(placed.dataset):
            app.reader.read_images(placed.dataset)  # they may have been downloaded for it
        app.action_view(keys.VIEWS[0])

    def stop(self) -> None:
        """Whether to stop the training of the selected run, and with it its companions."""
        app, run = self._app, self._app.study.browser.run
        if run is not None and run.alive:
            others = len(launch.companions(run, app.study.browser.library.runs))
            ask = Stop(run.name, others, app.terminal)
            app.push_screen(ask, lambda yes: app.errands.stop(run) if yes else None)

    def find(self) -> None:
        """Which run to look at, by name, size, β or state."""
        app, browser = self._app, self._app.study.browser
        if browser.run is not None:
            runs = [run for family in browser.families for run in family.runs]
            app.push_screen(Find(runs, browser.run.path, app.terminal), self._look_at)

    def _look_at(self, path: Path | None) -> None:
        if path is not None:
            self._app.study.browser.await_run(path)
            self._app.look()

    def export(self) -> None:
        """Which file to write of what is seen."""
        app = self._app
        seen = contents.screen(_in_cells(app))
        content = dataclasses.replace(app.view.content(), screen=seen)
        app.push_screen(Export(app.view.title, content, app.terminal), self._export)

    def _export(self, order: Writing | None) -> None:
        app = self._app
        if order is not None:
            app.run_worker(lambda: app.post_message(News(order.fill(), PATH_SECONDS)), thread=True)


def _in_cells(app: Explorer) -> list[Strip]:
    """The screen line by line, its digits as characters where the terminal shows them as pictures."""
    screen, album = app.screen_stack[0], app.album
    if album is None:
        return screen._compositor.render_strips()
    painted = list(screen.query(Painted))
    app.album = None
    try:
        for widget in painted:
            widget.paint_anew()
        return screen._compositor.render_strips()
    finally:
        app.album = album
        for widget in painted:
            widget.paint_anew()
