"""The explorer: its actions, dialogs and jobs.

The dialogs are imported when one is opened: the first frame does without them.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.markup import escape
from textual.screen import Screen
from textual.strip import Strip

from trainer.contract.files import Problem, clean
from trainer.contract.run_dir import LOG
from vaetui import commands
from vaetui.render.theme import THEMES, use_theme
from vaetui.runs.families import Column
from vaetui.runs.grid_metric import METRICS
from vaetui.runs.run_watcher import Run
from vaetui.tui import keys
from vaetui.tui.base_app import BaseApp
from vaetui.tui.dialogs.help import Help
from vaetui.tui.dialogs.palette import CommandSearch, Palette
from vaetui.tui.loading import jobs
from vaetui.tui.screen.painted import Painted
from vaetui.tui.state.loaded import Loaded
from vaetui.tui.state.notice import Notice
from vaetui.tui.state.run_list import RunPicked
from vaetui.tui.state.run_selection import BETA, LATENT
from vaetui.tui.views.base import CommandRequested

if TYPE_CHECKING:
    from vaetui.runs.report_request import ReportRequest
    from vaetui.runs.training_preview import PreparedRuns
    from vaetui.tui.dialogs.export import ExportRequest as Writing

PATH_SECONDS = 30.0  # that the path of a written file is shown


class Explorer(BaseApp):
    """The whole app. Tests give it a `terminal`; `explore` gives it the one that was detected."""

    COMMANDS = {CommandSearch}  # noqa: RUF012 - Textual's interface
    trainers: tuple[jobs.Trainer, ...] = ()  # started here and not known to have ended

    # --- runs and the grid

    def show_selected(self, is_other: bool = True) -> None:
        """Show the selected run, if it is another."""
        if is_other:
            self.read_stamps()
            self.update()

    def action_latent(self, by: int) -> None:
        """Select the checkpoint with the next latent size."""
        self._move(LATENT, by, "latent size")

    def action_beta(self, by: int) -> None:
        """Select the checkpoint with the next β."""
        self._move(BETA, by, "β")

    def _move(self, axis: int, by: int, name: str) -> None:
        if self.state.runs.move(axis, by):
            self.show_selected()
        else:
            self.show_hint(f"there is no {'larger' if by > 0 else 'smaller'} {name} in this grid")

    def action_select(self, latent: int, column: Column) -> None:
        """Select the checkpoint in a cell of the grid."""
        self.show_selected(self.state.runs.select(latent, column))

    def action_seed(self, by: int) -> None:
        """Select the run of the next seed of this model, or the previous one with `by` −1."""
        self.show_selected(self.state.runs.step_seed(by))

    def action_family(self, by: int) -> None:
        """Select the next family of runs, or the previous one with `by` −1."""
        self.show_selected(self.state.runs.step_family(by))

    def action_training(self) -> None:
        """Select the next run in training, whatever its family."""
        if self.state.runs.next_training():
            self.show_selected()
        else:
            self.show_hint("no other run is in training: t trains some")

    def action_mark(self) -> None:
        """Mark or unmark the run under the cursor of the view, which usually is the selected one."""
        self._mark(self.view.pointed_run)

    def action_mark_selected(self) -> None:
        """Mark or unmark the selected run."""
        self._mark(self.state.runs.run)

    def _mark(self, run: Run | None) -> None:
        self.state.runs.mark(run)
        self.update()

    def action_unmark_all(self) -> None:
        """Clear all marks."""
        self.state.runs.marked = ()
        self.update()

    def action_metric(self) -> None:
        """Colour the grid by the next metric."""
        self.metric = METRICS[(METRICS.index(self.metric) + 1) % len(METRICS)]
        self.update()

    def action_sidebar(self) -> None:
        """Show or hide the grid."""
        self._wants_grid = self.screen_stack[0].has_class("-folded")
        self._arrange(self.size.width, self.size.height)

    # --- themes, views, help and the palette

    def action_theme(self) -> None:
        """Use the next theme."""
        names = list(THEMES)
        if "colours" in self.facts:
            self.use_theme(names[(names.index(self.theme) + 1) % len(names)])

    def use_theme(self, name: str) -> None:
        """Paint everything in the colours of a theme and save the session."""
        use_theme(name)
        self.theme = name
        for widget in self.screen_stack[0].query(Painted):
            widget.repaint()
        self.on_unmount()
        if self.session.write_error:
            self.show_notice(self.session.take_write_error())

    def action_view(self, title: str) -> None:
        """Show another view."""
        self._active = title
        self.update()

    def action_next_view(self, by: int) -> None:
        """Show the next view (previous: −1), cyclically."""
        self.action_view(keys.VIEWS[(keys.VIEWS.index(self.view.title) + by) % len(keys.VIEWS)])

    def action_help(self) -> None:
        """Show every key and what it does."""
        self.push_screen(Help(self.view.title, self.view.about, self.terminal))

    def action_messages(self) -> None:
        """Show the last messages with their times."""
        from vaetui.tui.dialogs.messages import Messages

        self.push_screen(Messages(self.state.log.entries, self.terminal))

    def action_command_palette(self) -> None:
        """Open the command palette."""
        self.push_screen(Palette(id="--command-palette"))

    def action_press(self, key: str) -> None:
        """Press a key, for the mouse and the palette."""
        self.simulate_key(key)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """Return the commands of the palette: every key of this view, the themes, the keys of other views."""
        here = self.view.title
        rows = [(row, key) for row, key in keys.distinct() if key.action != "command_palette"]
        for row, key in rows:
            if row.view in ("", here):
                press = functools.partial(self.action_press, key.name)
                yield SystemCommand(key.help, _command_help(row, key), press)
        for theme in THEMES.values() if "colours" in self.facts else ():
            use = functools.partial(self.use_theme, theme.name)
            yield SystemCommand(f"theme {theme.name}", theme.description, use)
        for row, key in rows:
            if row.view not in ("", here):
                press = functools.partial(self._press_in, row.view, key.name)
                title, does = f"{row.view}: {key.help}", _command_help(row, key)
                yield SystemCommand(title, does, press, discover=False)

    def _press_in(self, view: str, key: str) -> None:
        """Show a view and press a key there, for the palette."""
        self.action_view(view)
        self.action_press(key)

    # --- training

    def action_train(self) -> None:
        """Open the train dialog with the settings of the selected run."""
        from vaetui.runs.training_preview import TrainingPreviewer
        from vaetui.runs.training_request import TrainingRequest, request_of
        from vaetui.tui.dialogs.train import TrainDialog

        runs = self.state.runs
        request = request_of(runs.run.config) if runs.run else TrainingRequest()
        previewer = TrainingPreviewer(runs.library.folder, self.data_folder, runs.library.runs)
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
        running = [trainer for trainer in (*self.trainers, process) if trainer.poll() is None]
        self.trainers = tuple(running)
        if process.returncode:
            log = clean(str(prepared.paths[0] / LOG))
            self.show_notice(
                f"the trainer ended at once with code {process.returncode}: see {log}", is_trouble=True
            )
        else:
            self.show_notice(prepared.sentence)
            if prepared.warning:
                self.show_notice(prepared.warning, is_trouble=True)

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

    def action_run_list(self, is_filtering: bool = False) -> None:
        """Open the run list; `is_filtering` to type a filter first."""
        from vaetui.tui.dialogs.run_list import RunListDialog

        if self.state.runs.run is not None:
            dialog = RunListDialog(self.state, self.terminal, is_filtering=is_filtering)
            self.push_screen(dialog, self._show_run)

    def on_runs_changed(self) -> None:
        """Show runs that were marked, renamed or deleted in the run list."""
        self._arrange(self.size.width, self.size.height)
        self.read_stamps()
        self.update()

    def on_run_picked(self, message: RunPicked) -> None:
        """Open a run of the pane beside the view."""
        self._show_run(message.path)

    def _show_run(self, path: Path | None) -> None:
        if path is not None:
            self.state.runs.await_run(path)
            self.show_selected()

    def action_export(self) -> None:
        """Open the export dialog; the file is written in the background."""
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

    def action_report(self) -> None:
        """Open the report dialog, and read what a report can be on."""
        from vaetui.runs.report_request import subjects
        from vaetui.tui.dialogs.report import ReportDialog

        folder, runs = self.state.runs.library.folder, self.state.runs.library.runs
        dialog = ReportDialog(folder, self.data_folder, self.terminal)
        self.push_screen(dialog, self._report)
        read = functools.partial(subjects, folder, self.state.runs.family, runs)
        self.loader.start(jobs.report_subjects(read, dialog.show_subjects))

    def _report(self, request: ReportRequest | None) -> None:
        """Write a report in the background, unless another is being written."""
        if request is None:
            return
        words = request.words(self.state.runs.library.folder, self.data_folder)
        job = jobs.report(words, request.subject.title, self._reported)
        if self.loader.is_busy(*job.key):
            self.show_notice("a report is being written: start the next when that is done", is_trouble=True)
            return
        self.state.notice = Notice()
        self.loader.start(job)
        self.update()

    def _reported(self, loaded: Loaded[str]) -> None:
        if loaded.value is None:
            self.show_notice(loaded.sentence, is_trouble=True)
        else:
            self.show_notice(f"report written: {loaded.value}", seconds=PATH_SECONDS)

    def action_copy(self) -> None:
        """Copy the command for this view, after the changes of earlier keys."""
        self.view.post_message(CommandRequested())

    def on_command_requested(self) -> None:
        """Copy the command for this view by OSC 52."""
        runs = self.state.runs.library.folder
        line = commands.copyable_command(self.view.command(), runs, self.data_folder)
        self.copy_to_clipboard(line)
        self.show_notice(commands.copied_message(line))

    def action_download(self) -> None:
        """Download this dataset."""
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


def _command_help(row: keys.KeyGroup, key: keys.Key) -> str:
    """Return the key of a command, its view, and other words for it, as the markup of the palette."""
    words = keys.SYNONYMS.get(key.action, "").split()
    return escape(
        "; also: ".join(filter(None, (f"{key.cap} in {row.view or 'every view'}", ", ".join(words))))
    )
