"""The actions of the explorer that open a dialog, and what follows from the answers.

The dialogs are imported when one is opened: the first frame does without them.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from textual.strip import Strip

from vaetui.render.terminal import Terminal
from vaetui.tui import keys
from vaetui.tui.app_state import Study
from vaetui.tui.jobs import Jobs
from vaetui.tui.reader import Reader
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.terminal_app import TerminalApp
from vaetui.tui.views.base import News, View

if TYPE_CHECKING:
    from vaetui.runs.training_preview import PreparedRuns
    from vaetui.tui.dialogs.export import ExportRequest as Writing
    from vaetui.tui.screen.kitty_pictures import KittyPictures

PATH_SECONDS = 30.0  # that the path of a file is shown: it is to be read with care


class DialogActions(TerminalApp[None]):
    """The base of the explorer with the actions that ask something before they do it."""

    terminal: Terminal
    kitty_pictures: KittyPictures | None
    study: Study
    jobs: Jobs
    reader: Reader
    data_folder: Path

    @property
    def view(self) -> View:
        """The view that is shown."""
        raise NotImplementedError

    def action_view(self, title: str) -> None:
        """Show another view."""
        raise NotImplementedError

    def look(self, is_other: bool = True) -> None:
        """Show the selected run, if it is another."""
        raise NotImplementedError

    def action_train(self) -> None:
        """Ask what to train, beginning with the settings of the selected run."""
        from vaetui.runs.training_preview import TrainingPreviewer
        from vaetui.runs.training_request import TrainingRequest, request_of
        from vaetui.tui.dialogs.train import TrainDialog

        browser = self.study.browser
        order = request_of(browser.run.config) if browser.run else TrainingRequest()
        surveyor = TrainingPreviewer(browser.library.folder, self.data_folder)
        self.push_screen(TrainDialog(order, surveyor, self._train, self.terminal))

    def _train(self, placed: PreparedRuns) -> None:
        """Train the runs that were prepared, and show the first of them."""
        self.jobs.start(placed)
        self.study.poll()
        self.study.browser.await_run(placed.paths[0])
        if self.study.has_images_of(placed.dataset):
            self.reader.read_images(placed.dataset)  # they may have been downloaded for it
        self.action_view(keys.VIEWS[0])

    def action_stop(self) -> None:
        """Ask whether to stop the training of the selected run, and of those that train with it."""
        from vaetui.runs import launch
        from vaetui.tui.dialogs.stop import Stop

        run = self.study.browser.run
        if run is not None and run.alive:
            others = len(launch.companions(run, self.study.browser.library.runs))
            ask = Stop(run.name, others, self.terminal)
            self.push_screen(ask, lambda yes: self.jobs.stop(run) if yes else None)

    def action_find(self) -> None:
        """Find a run by name, size, β or state."""
        from vaetui.tui.dialogs.find import Find

        browser = self.study.browser
        if browser.run is not None:
            runs = [run for family in browser.families for run in family.runs]
            self.push_screen(Find(runs, browser.run.path, self.terminal), self._show_run)

    def _show_run(self, path: Path | None) -> None:
        if path is not None:
            self.study.browser.await_run(path)
            self.look()

    def action_export(self) -> None:
        """Ask which file to write of what the view shows, and write it in the background."""
        from vaetui.tui.dialogs.export import Export
        from vaetui.tui.screen import screenshot

        seen = screenshot.screen_drawing(self._in_cells())
        content = dataclasses.replace(self.view.content(), screen=seen)
        self.push_screen(Export(self.view.title, content, self.terminal), self._export)

    def _export(self, order: Writing | None) -> None:
        if order is not None:
            self.run_worker(lambda: self.post_message(News(order.fill(), PATH_SECONDS)), thread=True)

    def _in_cells(self) -> list[Strip]:
        """Return the lines of the screen, with characters in place of kitty's pictures."""
        screen, kitty_pictures = self.screen_stack[0], self.kitty_pictures
        if kitty_pictures is None:
            return screen._compositor.render_strips()
        painted = list(screen.query(Painted))
        self.kitty_pictures = None
        try:
            for widget in painted:
                widget.invalidate()
            return screen._compositor.render_strips()
        finally:
            self.kitty_pictures = kitty_pictures
            for widget in painted:
                widget.invalidate()
