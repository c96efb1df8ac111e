"""The run list beside the view, on wide terminals."""

from __future__ import annotations

from vaetui.render.terminal import Terminal
from vaetui.render.theme import BRIGHT, DIM, LINE
from vaetui.runs.run_fields import find_field
from vaetui.runs.run_table import RunTable, run_table
from vaetui.runs.run_watcher import Run
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted
from vaetui.tui.state.app_state import AppState
from vaetui.tui.state.run_list import RunPicked, RunsChanged
from vaetui.tui.widgets.layout import Rect
from vaetui.tui.widgets.run_table import RunRows, draw_run_table, figures_caption

ROOM_FOR_PANE = 200  # columns
AGE_SECONDS = 30.0  # after which ages are written again


class RunPane(Painted):
    """The runs that pass the filter of the run list, in its order; a click opens one or sorts."""

    def __init__(self, state: AppState, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._state = state
        self._table = RunTable((), ())
        self._listed: tuple[Run, ...] = ()

    def on_mount(self) -> None:
        """Keep the ages true."""
        self.set_interval(AGE_SECONDS, self.repaint)

    def follow(self) -> None:
        """Show what has become of the runs, and which of them is selected."""
        runs, settings = self._state.runs, self._state.run_list
        shown = runs.shown_runs
        if shown != self._table.runs:
            self._table = run_table(shown)
        self._listed = settings.listed(shown)
        selected = runs.run.path if runs.run else None
        self.repaint_if_changed(self._listed, self._table, settings, selected, runs.marked)

    def action_pick(self, place: int) -> None:
        """Open the run in a row."""
        if place < len(self._listed):
            self.post_message(RunPicked(self._listed[place].path))

    def action_sort(self, name: str) -> None:
        """Sort by the column `name`; by that already, in reverse."""
        self._state.run_list = self._state.run_list.sorted_by(find_field(name))
        self.post_message(RunsChanged())

    def paint(self, canvas: Canvas) -> None:
        """Paint title, caption and table beside a rule."""
        for y in range(canvas.height):
            canvas.text(0, y, "│", LINE)
        runs, settings = self._state.runs, self._state.run_list
        count = f"{len(self._listed)} of {len(self._table.runs)}"
        end = canvas.right(canvas.width - 1, 0, count, DIM) - 1
        column = canvas.text(2, 0, "runs", BRIGHT, bold=True) + 2
        canvas.text(column, 0, fit(settings.filter.text or figures_caption(self._listed), end - column), DIM)
        selected = runs.run.path if runs.run else None
        marked = {run.path for run in runs.marked}
        rows = RunRows(self._listed, settings.order, selected, selected, marked)
        draw_run_table(canvas, Rect(2, 1, canvas.width - 3, canvas.height - 1), self._table, rows)
