"""The actions of the explorer that open a dialog or start a job, and the notices of their results.

The dialogs are imported when one is opened: the first frame does without them.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING

from textual.strip import Strip

from trainer.contract.files import Problem, clean
from trainer.contract.run_dir import LOG
from vaetui import commands
from vaetui.render.terminal import Terminal
from vaetui.runs.run_watcher import Run
from vaetui.tui import keys
from vaetui.tui.loading import jobs
from vaetui.tui.loading.loader import Loader
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.terminal_app import TerminalApp
from vaetui.tui.state.app_state import AppState
from vaetui.tui.state.loaded import Loaded
from vaetui.tui.state.notice import Notice
from vaetui.tui.views.base import CommandRequested, View

if TYPE_CHECKING:
    from vaetui.render.kitty_pictures import KittyPictures
    from vaetui.runs.training_preview import PreparedRuns
    from vaetui.tui.dialogs.export import ExportRequest as Writing

NOTICE_SECONDS = 8.0  # that a notice is shown
PATH_SECONDS = 30.0  # that the path of a written file is shown


class DialogActions(TerminalApp[None]):
    """The base of the explorer with the actions that ask first, or whose results come later."""

    terminal: Terminal
    kitty_pictures: KittyPictures | None
    state: AppState
    loader: Loader
    data_folder: Path
    trainers: list[jobs.Trainer]  # started here and not known to have ended

    @property
    def view(self) -> View:
        """The view that is shown."""
        raise NotImplementedError

    @property
    def facts(self) -> frozenset[str]:
        """What there is to act on now, as the key table names it."""
        raise NotImplementedError

    def update(self) -> None:
        """Show the present state everywhere on the screen."""
        raise NotImplementedError

    def action_view(self, title: str) -> None:
        """Show another view."""
        raise NotImplementedError

    def show_selected(self, is_other: bool = True) -> None:
        """Show the selected run, if it is another."""
        raise NotImplementedError

    def show_notice(self, sentence: str, *, is_trouble: bool = False, seconds: float | None = None) -> None:
        """Show a sentence in the notice line for `seconds`, None for the usual time."""
        seconds = NOTICE_SECONDS if seconds is None else seconds
        notice = self.state.notice = Notice(sentence, is_trouble)
        self.update()
        if seconds < math.inf:
            self.set_timer(seconds, functools.partial(self._remove_notice, notice))

    def _remove_notice(self, notice: Notice) -> None:
        if self.state.notice is notice:
            self.state.notice = Notice()
            self.update()

    def action_train(self) -> None:
        """Ask what to train, beginning with the settings of the selected run."""
        from vaetui.runs.training_preview import TrainingPreviewer
        from vaetui.runs.training_request import TrainingRequest, request_of
        from vaetui.tui.dialogs.train import TrainDialog

        runs = self.state.runs
        request = request_of(runs.run.config) if runs.run else TrainingRequest()
        previewer = TrainingPreviewer(runs.library.folder, self.data_folder)
        self.push_screen(TrainDialog(request, previewer, self._train, self.terminal))

    def _train(self, prepared: PreparedRuns) -> None:
        """Train the runs that were prepared, and show the first of them."""
        self.state.notice = Notice()
        self.loader.start(
            jobs.start_trainer(prepared, self.data_folder, functools.partial(self._started, prepared))
        )
        self.state.runs.poll()
        self.state.runs.await_run(prepared.paths[0])
        self.state.renew_images(prepared.dataset)  # they may have been downloaded for it
        self.show_selected()
        self.action_view(keys.VIEWS[0])

    def _started(self, prepared: PreparedRuns, loaded: Loaded[jobs.Trainer]) -> None:
        process = loaded.value
        if process is None:
            self.show_notice(loaded.sentence, is_trouble=True)
            return
        self.trainers = [trainer for trainer in (*self.trainers, process) if trainer.poll() is None]
        if process.returncode:
            log = clean(str(prepared.paths[0] / LOG))
            self.show_notice(
                f"the trainer ended at once with code {process.returncode}: see {log}", is_trouble=True
            )
        else:
            self.show_notice(prepared.sentence)

    def action_stop(self) -> None:
        """Ask whether to stop the training of the selected run, and of those that train with it."""
        from vaetui.runs import launch
        from vaetui.tui.dialogs.stop import Stop

        run = self.state.runs.run
        if run is not None and run.alive:
            others = len(launch.companions(run, self.state.runs.library.runs))
            ask = Stop(run.name, others, self.terminal)
            self.push_screen(ask, lambda yes: self._stop(run) if yes else None)

    def _stop(self, run: Run) -> None:
        """Ask the trainer of a run to save and stop."""
        from vaetui.runs import launch
        from vaetui.runs.training_request import stop_sentence

        try:
            launch.ask_to_stop(run)
        except Problem as problem:
            self.show_notice(str(problem), is_trouble=True)
        else:
            together = [run, *launch.companions(run, self.state.runs.library.runs)]
            self.show_notice(stop_sentence(together, 1))

    def action_find(self) -> None:
        """Find a run by name, size, β or state."""
        from vaetui.tui.dialogs.find import Find

        browser = self.state.runs
        if browser.run is not None:
            runs = [run for family in browser.families for run in family.runs]
            self.push_screen(Find(runs, browser.run.path, self.terminal), self._show_run)

    def _show_run(self, path: Path | None) -> None:
        if path is not None:
            self.state.runs.await_run(path)
            self.show_selected()

    def action_export(self) -> None:
        """Ask which file to write of what the view shows, and write it in the background."""
        from vaetui.tui.dialogs.export import Export
        from vaetui.tui.screen import screenshot

        seen = screenshot.screen_drawing(self._in_cells())
        content = dataclasses.replace(self.view.content(), screen=seen)
        self.push_screen(Export(self.view.title, content, self.terminal), self._export)

    def _export(self, order: Writing | None) -> None:
        if order is not None:
            self.loader.start(jobs.export(order.write, self._exported))

    def _exported(self, loaded: Loaded[str]) -> None:
        self.show_notice(loaded.value or loaded.sentence, seconds=PATH_SECONDS)

    def _in_cells(self) -> list[Strip]:
        """Return the lines of the screen, with characters in place of kitty's pictures."""
        from vaetui.tui.screen import screenshot

        screen, kitty_pictures = self.screen_stack[0], self.kitty_pictures
        painted = screen.query(Painted) if kitty_pictures else ()
        self.kitty_pictures = None
        try:
            for widget in painted:
                widget.invalidate()
            return screenshot.screen_lines(screen)
        finally:
            self.kitty_pictures = kitty_pictures
            for widget in painted:
                widget.invalidate()

    def action_copy(self) -> None:
        """Copy the command line that makes what is seen, after what the keys before have changed."""
        self.view.post_message(CommandRequested())

    def on_command_requested(self) -> None:
        """Copy it by OSC 52."""
        runs = self.state.runs.library.folder
        line = commands.copyable_command(self.view.command(), runs, self.data_folder)
        self.copy_to_clipboard(line)
        self.show_notice(commands.copied_message(line))

    def action_download(self) -> None:
        """Download the images that others stand in for."""
        if "absent" in self.facts:
            dataset = self.state.dataset
            self.state.notice = Notice()
            self.loader.start(
                jobs.download(dataset, self.data_folder, functools.partial(self._downloaded, dataset))
            )
            self.update()

    def _downloaded(self, dataset: str, loaded: Loaded[str]) -> None:
        self.show_notice(loaded.sentence or f"{dataset} is here now", is_trouble=bool(loaded.sentence))
        if not loaded.sentence:
            self.state.renew_images(dataset)
