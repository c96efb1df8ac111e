"""View 7: checkpoints compared in the rate–distortion plane, a table, bars by class, and one image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from trainer.contract.likelihoods import LIKELIHOODS
from vaetui.render.terminal import Terminal
from vaetui.render.theme import TEXT
from vaetui.runs import lookup
from vaetui.runs.compare import ComparedRun
from vaetui.runs.comparison import ORDERS, Comparison, compare_runs
from vaetui.runs.families import AE, Column, cell_of
from vaetui.runs.run_watcher import Run
from vaetui.tui.loading import sources
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import RECONSTRUCTIONS, Loaded
from vaetui.tui.state.view_state import Reconstruction, ViewState
from vaetui.tui.views.base import RoomChanged, View, that_hold
from vaetui.tui.views.compare.board import Board
from vaetui.tui.views.compare.classes import classes
from vaetui.tui.views.compare.rate_distortion import plane
from vaetui.tui.views.compare.table import height as table_height
from vaetui.tui.views.compare.table import table
from vaetui.tui.widgets.checkpoint_grid import draw_checkpoint_grid
from vaetui.tui.widgets.layout import Rect

TITLE = "Compare"
PANES = ("plane", "table", "classes", "cells")
ROOM = (150, 36)  # columns and rows that all four panes need


class Compare(View):
    """All four panes, or one at a time in a small window."""

    title: ClassVar[str] = TITLE
    about: ClassVar[str] = (
        "All checkpoints of the grid: rate against distortion, a table with the one that validation"
        " chooses, metrics by class, and one image by each. A higher β buys a lower rate with distortion:"
        " for z = 20 on MNIST from 77.6 + 25.7 nats at β = 1 to 107.4 + 9.8 at β = 4."
    )
    KINDS = frozenset()

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.pane = 0
        self.order = 0
        self.by_latent = True
        self.by_error = False
        self.cursor: Path | None = None
        self._followed: Path | None = None  # the selected run that the cursor last moved to

    # --- state

    @property
    def concerns(self) -> tuple[object, ...]:
        """Return the family's metrics, the selected run, the marked ones and the image."""
        state = self.state
        return (
            *(state.family, state.models, state.run and state.run.path, state.marked_paths),
            *(state.shown, state.selection.image, state.waiting),
        )

    @property
    def has_all(self) -> bool:
        """Return whether all panes are shown."""
        return self.room.width >= ROOM[0] and self.room.height >= ROOM[1]

    @property
    def facts(self) -> frozenset[str]:
        """Return which panes are shown, whether there are others, and whether there are several runs."""
        if self.state.family is None:
            return frozenset()
        seen = PANES if self.has_all else (PANES[self.pane], "panes")
        return frozenset(seen) | that_hold(checkpoints=len(self.state.family.runs) > 1)

    def requests(self, state: ViewState, _: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:
        """Return the request for the reconstructions of the selected image, if they are shown."""
        shown, family = state.shown, state.family
        if shown is not None and family is not None and (self.has_all or PANES[self.pane] == "cells"):
            image = min(state.selection.image, len(shown) - 1)
            yield sources.reconstructions(TITLE, family.runs, shown, image, state)

    def show(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> None:
        """Show another state, with the cursor on the selected run if that has changed."""
        if state.run is not None and state.run.path != self._followed:
            self.cursor = self._followed = state.run.path
        super().show(state, loaded)

    @property
    def pointed_run(self) -> Run | None:
        """Return the run under the cursor, of the selected seed if its model has that."""
        return next((run for run in self._runs() if run.path == self.cursor), None)

    @property
    def reconstructions(self) -> Loaded[dict[Path, Reconstruction]]:
        """Return the reconstructions of the selected image, by run directory."""
        return self.loaded.get(RECONSTRUCTIONS, Loaded())

    def comparison(self) -> Comparison:
        """Compare the family's models as they are now; runs of several seeds are one."""
        return compare_runs(self.state.models.runs if self.state.models else (), ORDERS[self.order])

    def run_of(self, entry: ComparedRun) -> Run | None:
        """Return the run whose image is shown for a model: of the selected seed if it has that."""
        column: Column = AE if entry.beta is None else entry.beta
        return self.state.family.at(entry.latent, column) if self.state.family else None

    # --- keys

    def action_pane(self) -> None:
        """Show the next pane."""
        self.pane = (self.pane + 1) % len(PANES)
        self.repaint()
        self.post_message(RoomChanged())  # other keys are active in another pane

    def action_order(self) -> None:
        """Sort by the next column."""
        self.order = (self.order + 1) % len(ORDERS)
        self.repaint()

    def action_sort(self, column: str) -> None:
        """Sort by one column."""
        self.order = next(place for place, order in enumerate(ORDERS) if order.title == column)
        self.repaint()

    def action_join(self) -> None:
        """Join points of one latent size, or of one β."""
        self.by_latent = not self.by_latent
        self.repaint()

    def action_error(self) -> None:
        """Show distortion or squared error by class."""
        self.by_error = not self.by_error
        self.repaint()

    def action_cursor(self, by: int) -> None:
        """Move the cursor to the next checkpoint of the table; runs without metrics come last."""
        paths = [run.path for entry in self.comparison().shown if (run := self.run_of(entry))]
        paths += [run.path for run in self._runs() if run.path not in paths]
        if paths:
            at = paths.index(self.cursor) if self.cursor in paths else -by
            self.cursor = paths[min(max(at + by, 0), len(paths) - 1)]
            self.repaint()

    async def action_open(self) -> None:
        """Select the checkpoint under the cursor, in every view."""
        run = self.pointed_run
        if run is not None:
            latent, column = cell_of(run)
            await self.run_action(f"app.select({latent}, {column!r})")

    async def action_pick_run(self, place: int) -> None:
        """Select the run at a place of the family."""
        if place < len(self._runs()):
            self.cursor = self._runs()[place].path
            self.repaint()
            await self.action_open()

    def _runs(self) -> Sequence[Run]:
        """Return one run a cell."""
        return self.state.family.runs if self.state.family else ()

    # --- painting

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:  # noqa: ARG002
        """Paint all four panes in two columns, or the one that is chosen."""
        board = self._board()
        width, height = canvas.width - 2, canvas.height
        if canvas.width < ROOM[0] or canvas.height < ROOM[1]:
            self._pane(canvas, PANES[self.pane], Rect(1, 0, width, height), board)
            return
        half = width // 2 - 1
        foot = min(table_height(board, half), height // 2)
        right = 1 + width - half
        self._pane(canvas, "plane", Rect(1, 0, half, height - foot - 1), board)
        self._pane(canvas, "table", Rect(1, height - foot, half, foot), board)
        self._pane(canvas, "cells", Rect(right, 0, half, height - 14), board)
        self._pane(canvas, "classes", Rect(right, height - 13, half, 13), board)

    def _board(self) -> Board:
        """Return what the panes show, where a model goes by the path of its entry."""
        comparison, places = self.comparison(), {run.path: place for place, run in enumerate(self._runs())}
        runs = {entry.path: run for entry in comparison.shown if (run := self.run_of(entry))}
        groups = self.state.models.group_of if self.state.models else None
        marked = self.state.marked_paths
        return Board(
            comparison,
            {path: places[run.path] for path, run in runs.items()},
            next((path for path, run in runs.items() if run.path == self.cursor), None),
            {p for p, run in runs.items() if groups and any(one.path in marked for one in groups(run).runs)},
            *(ORDERS[self.order], self.by_latent, self.by_error),
        )

    def _pane(self, canvas: Canvas, name: str, rect: Rect, board: Board) -> None:
        if name == "cells":
            self._cells(canvas, rect)
        else:
            {"plane": plane, "table": table, "classes": classes}[name](canvas, rect, board)

    def _cells(self, canvas: Canvas, rect: Rect) -> None:
        shown, family = self.state.shown, self.state.family
        if shown is None or family is None:
            canvas.text(rect.x, rect.y + rect.height // 4, self.state.waiting, TEXT)
            return
        index = min(self.state.selection.image, len(shown) - 1)
        cost = f"{LIKELIHOODS[family.key['loss']].distortion} at the mean"
        run, models = self.state.run, self.state.models
        whose = f", seed {run.config.seed}" if run and models and len(models.runs) > len(family.runs) else ""
        title = f"a {shown.label(index)}, {shown.title} {index}, {cost}{whose}"
        original = (shown.pixels([index])[0], title)
        signs = (self.cursor, self.state.marked_paths)
        draw_checkpoint_grid(canvas, rect, family, self.reconstructions, original, *signs)

    def command(self) -> list[str]:
        """Rank the family's models."""
        return ["compare", *lookup.run_arguments(self.state.models.runs if self.state.models else ())]
