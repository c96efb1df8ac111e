"""The comparison of a family's checkpoints: rate–distortion plane, table, bars by class, one digit by all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from trainer.contract.likelihoods import LIKELIHOODS
from vaetui.render.terminal import Terminal
from vaetui.runs import compare, lookup
from vaetui.runs.families import cell_of
from vaetui.runs.run_watcher import Run
from vaetui.tui.keys import bindings
from vaetui.tui.loading import sources
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import TEXT
from vaetui.tui.state.loaded import RECONSTRUCTIONS, Loaded
from vaetui.tui.state.view_state import Reconstruction, ViewState
from vaetui.tui.views.base import RoomChanged, View
from vaetui.tui.views.compare.rate_distortion import plane
from vaetui.tui.views.compare.table import classes, table
from vaetui.tui.widgets.board import ORDERS, Board, Rect, ordered
from vaetui.tui.widgets.wall import wall

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent

TITLE = "Compare"
PANES = ("plane", "table", "classes", "cells")
ROOM = (150, 36)  # columns and rows from which on all four panes are seen


class Compare(View):
    """All four panes where there is room, else one at a time."""

    title: ClassVar[str] = TITLE
    BINDINGS = bindings(TITLE)
    KINDS = frozenset()

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.pane = 0
        self.order = 0
        self.by_latent = True
        self.by_error = False
        self.cursor: Path | None = None
        self._followed: Path | None = None  # the app's run when the cursor was last put on it

    # --- the state

    @property
    def concerns(self) -> tuple[object, ...]:
        """The family's figures, which run is open, and the digit."""
        state = self.state
        return (state.family, state.run and state.run.path, state.shown, state.selection.digit, state.waiting)

    @property
    def has_all(self) -> bool:
        """Whether all panes are seen."""
        return self.room.width >= ROOM[0] and self.room.height >= ROOM[1]

    @property
    def facts(self) -> frozenset[str]:
        """Which panes are seen, whether there are others, and whether there is more than one checkpoint."""
        if self.state.family is None:
            return frozenset()
        seen = set(PANES) if self.has_all else {PANES[self.pane], "panes"}
        return frozenset(seen | ({"checkpoints"} if len(self.state.family.runs) > 1 else set()))

    def requests(self, state: ViewState, _: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:
        """Return what every checkpoint makes of the selected digit, where that is seen."""
        shown, family = state.shown, state.family
        if shown is not None and family is not None and (self.has_all or PANES[self.pane] == "cells"):
            digit = min(state.selection.digit, len(shown) - 1)
            yield sources.reconstructions(TITLE, family.runs, shown, digit, state)

    def show(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> None:
        """Show another state, the cursor on the run that was opened since."""
        if state.run is not None and state.run.path != self._followed:
            self.cursor = self._followed = state.run.path
        super().show(state, loaded)

    @property
    def _made(self) -> Loaded[dict[Path, Reconstruction]]:
        """The selected digit by run directory, as far as it is reconstructed."""
        return self.loaded.get(RECONSTRUCTIONS, Loaded())

    def board(self) -> Board:
        """The comparison of the family's runs as they are now."""
        runs: Sequence[Run] = self.state.family.runs if self.state.family else ()
        found = compare.compared_runs([run.record for run in runs])
        groups = compare.group_by_protocol(found)
        order = ORDERS[self.order]
        ranked, apart = (groups[0], groups[1:]) if groups else ([], [])
        return Board(
            ordered(ranked, order),
            [ordered(group, order) for group in apart],
            len(runs) - len(found),
            compare.choose_by_validation(ranked),
            self.cursor,
            order,
            self.by_latent,
            self.by_error,
        )

    # --- keys

    def _again(self) -> None:
        self.repaint()
        self.post_message(RoomChanged())  # other keys may do something now

    def action_pane(self) -> None:
        """The next pane."""
        self.pane = (self.pane + 1) % len(PANES)
        self._again()

    def action_order(self) -> None:
        """Sort by the next column."""
        self.order = (self.order + 1) % len(ORDERS)
        self.repaint()

    def action_sort(self, column: str) -> None:
        """Sort by one column."""
        self.order = next(place for place, order in enumerate(ORDERS) if order.column == column)
        self.repaint()

    def action_join(self) -> None:
        """Join points of one latent size, or of one β."""
        self.by_latent = not self.by_latent
        self.repaint()

    def action_error(self) -> None:
        """Distortion or squared error by class."""
        self.by_error = not self.by_error
        self.repaint()

    def action_digit(self, by: int) -> None:
        """Another test digit."""
        if self.state.shown:
            images = len(self.state.shown)
            self.change(lambda selection: selection.moved(by, images))

    def action_mark(self, by: int) -> None:
        """The cursor to the next checkpoint of the table, runs without figures after those that have some."""
        paths = [entry.path for entry in self.board().shown]
        paths += [run.path for run in self._runs() if run.path not in paths]
        if paths:
            at = paths.index(self.cursor) if self.cursor in paths else -by
            self.cursor = paths[min(max(at + by, 0), len(paths) - 1)]
            self.repaint()

    async def action_open(self) -> None:
        """Look at the checkpoint under the cursor, here and in every view."""
        run = next((run for run in self._runs() if run.path == self.cursor), None)
        if run is not None:
            latent, column = cell_of(run)
            await self.run_action(f"app.select({latent}, {column!r})")

    async def action_pick(self, place: int) -> None:
        """Open the entry at a place of the table."""
        shown = self.board().shown
        if place < len(shown):
            self.cursor = shown[place].path
            self.repaint()
            await self.action_open()

    async def action_pick_run(self, place: int) -> None:
        """Open a run of the grid."""
        if place < len(self._runs()):
            self.cursor = self._runs()[place].path
            self.repaint()
            await self.action_open()

    def _runs(self) -> Sequence[Run]:
        return self.state.family.runs if self.state.family else ()

    # --- painting

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:  # noqa: ARG002
        """All four panes in two columns, or the one that is chosen."""
        board = self.board()
        width, height = canvas.width - 2, canvas.height
        if not (canvas.width >= ROOM[0] and canvas.height >= ROOM[1]):
            self._pane(canvas, PANES[self.pane], Rect(1, 0, width, height), board)
            return
        half, foot = width // 2 - 1, min(max(len(board.shown) + 6, 12), height // 2)
        right = 1 + width - half
        self._pane(canvas, "plane", Rect(1, 0, half, height - foot - 1), board)
        self._pane(canvas, "table", Rect(1, height - foot, half, foot), board)
        self._pane(canvas, "cells", Rect(right, 0, half, height - 13), board)
        self._pane(canvas, "classes", Rect(right, height - 12, half, 12), board)

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
        index = min(self.state.selection.digit, len(shown) - 1)
        drawn = "binarised " if shown.is_binarised else ""
        cost = f"{LIKELIHOODS[family.key.likelihood].distortion} at the mean"
        name = f"a {shown.label(index)}, {drawn}{shown.name} test {index}, {cost}"
        original = (shown.pixels([index])[0], name)
        made = self._made
        wall(canvas, rect, family, made.value or {}, original, self.cursor, made.sentence)

    def content(self) -> ExportContent:
        """The table, and the same digit by every checkpoint."""
        from vaetui.tui.views.compare.content import content_of

        return content_of(self.title, self.state, self.board(), self._made.value or {})

    def command(self) -> list[str]:
        """Rank the family's runs."""
        return ["compare", *lookup.run_arguments(self._runs())]
