"""The sidebar: the latent × β grid coloured by a metric, and the selected run under it."""

from __future__ import annotations

from collections.abc import Sequence

from vaetui.render import theme
from vaetui.render.theme import ACCENT, BACKGROUND, BRIGHT, DIM, LINE, TEXT
from vaetui.runs.families import AE, Column, Family, cell_of
from vaetui.runs.grid_metric import METRICS, Metric
from vaetui.runs.metric_scale import MetricScale
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup, seeds_text
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted
from vaetui.tui.widgets import run_summary
from vaetui.tui.widgets.layout import window
from vaetui.tui.widgets.run_summary import MARK, state_of

FIRST, PITCH = 7, 4  # column of the first cell; columns from one cell to the next
SCALE_LINES = 3  # with the blank one before
_DENSITY = "░▒▓█"
_OF_NOTE = ("running", "queued", "failed", "interrupted")  # marked in their cells


class Sidebar(Painted):
    """A cell a checkpoint; ‹ › around the selected one."""

    family: Family | None = None
    run: Run | None = None
    metric: Metric = METRICS[0]
    marked: Sequence[Run] = ()
    epoch: int | None = None  # of the figures below the grid, None for the last

    def show(self, family: Family | None, run: Run | None, metric: Metric, marked: Sequence[Run]) -> None:
        """Show another family, selection, metric or marked runs."""
        self.family, self.run, self.metric, self.marked = family, run, metric, marked
        self._repaint()

    def show_epoch(self, epoch: int | None) -> None:
        """Show the figures of another epoch, None for the last."""
        self.epoch = epoch
        self._repaint()

    def _repaint(self) -> None:
        self.repaint_if_changed(self.family, self.run, self.metric, tuple(self.marked), self.epoch)

    def paint(self, canvas: Canvas) -> None:
        """Paint the grid, the scale of its colours, then the selected run; a rule at the right."""
        for y in range(canvas.height):
            canvas.text(canvas.width - 1, y, "│", LINE)
        if self.family is None or self.run is None:
            return
        width = canvas.width - 1
        spreads = [group.spread(self.metric.read) for group in self.family.groups.values()]
        ends = MetricScale.of([spread.mean for spread in spreads if spread])
        room = canvas.height - run_summary.LINES - SCALE_LINES - 2
        room -= 2 * (not self.family.group_of(self.run).is_single)
        y = self._grid(canvas, self.family, self.run, ends, (width, max(room, 1)))
        y = self._scale(canvas, ends, width, y + 1)
        if self.epoch is not None:
            canvas.text(1, y, "each run's last epoch", DIM)
        y = self._seeds(canvas, self.family.group_of(self.run), width, y)
        run_summary.write(canvas, self.run, width, y + 1, self.epoch)

    def _seeds(self, canvas: Canvas, group: SeedGroup, width: int, y: int) -> int:
        """Write the metric of the selected model over its seeds, and which one follows; returns the row."""
        if group.is_single or self.run is None:
            return y
        spread = group.spread(self.metric.read)
        y += 1 + (self.epoch is not None)
        canvas.text(1, y, f"n = {spread.count if spread else 0}", DIM)
        canvas.right(width - 1, y, spread.text(self.metric.digits) if spread else "no metrics yet", BRIGHT)
        canvas.text(1, y + 1, f"seed {self.run.config.seed}", BRIGHT, bold=True)
        canvas.right(width - 1, y + 1, f"of {seeds_text(group.seeds)}", DIM)
        canvas.click(1, y + 1, width - 1, 1, "app.seed(1)")
        return y + 1

    def _grid(
        self, canvas: Canvas, family: Family, run: Run, ends: MetricScale | None, room: tuple[int, int]
    ) -> int:
        """Draw header and cells as far as there is `room` (columns, rows); returns the row after them."""
        latent, column = cell_of(run)
        latents = window(family.latents, latent, room[1])
        columns = window(family.columns, column, max((room[0] - FIRST + 1) // PITCH, 1))
        canvas.text(1, 0, "z╲β", DIM)
        if len(columns) < len(family.columns):
            canvas.text(4, 0, "…", DIM)
        if len(latents) < len(family.latents):
            canvas.text(1, len(latents), "…", DIM)
        for y, size in enumerate(latents, 1):
            canvas.right(6, y, str(size), BRIGHT if size == latent else DIM, bold=size == latent)
        for x, other in enumerate(columns):
            x = FIRST + PITCH * x
            canvas.right(x + 2, 0, _head(other), BRIGHT if other == column else DIM, bold=other == column)
            for y, size in enumerate(latents, 1):
                if (size, other) in family.groups:
                    self._cell(canvas, x, y, family.groups[size, other], ends)
                    canvas.click(x - 1, y, PITCH, 1, f"app.select({size}, {other!r})")
        x, y = FIRST + PITCH * columns.index(column), 1 + latents.index(latent)
        canvas.text(x - 1, y, "‹", ACCENT, bold=True)
        canvas.text(x + 2, y, "›", ACCENT, bold=True)
        return 1 + len(latents)

    def _cell(self, canvas: Canvas, x: int, y: int, group: SeedGroup, ends: MetricScale | None) -> None:
        """Paint two columns: the metric as a colour, the state if it is not finished, and the mark.

        Of several seeds the metric is the mean; a seed that is not finished, or is marked, counts for all.
        """
        run = next((run for run in group.runs if run.state in _OF_NOTE), group.first)
        sign, _, colour = state_of(run)
        sign = sign if run.state in _OF_NOTE else ""
        mark = MARK if any(run in self.marked for run in group.runs) else ""
        spread = group.spread(self.metric.read)
        if spread is None or ends is None:
            nothing = "─" if any(run.latest for run in group.runs) else "·"  # none at all, or none yet
            canvas.text(x, y, sign or nothing, colour if sign else DIM)
            canvas.text(
                x + 1, y, mark or (" " if sign else nothing), ACCENT if mark else DIM, bold=bool(mark)
            )
            return
        value = ends.place(spread.mean)
        if theme.has_colours(canvas.terminal):
            ink = BRIGHT if value < 0.5 else BACKGROUND
            canvas.text(x, y, f"{sign:1}{mark:1}", ink, theme.scale_colour(value), bold=True)
            return
        _block(canvas, x, y, 2 - len(sign + mark), value)
        for column, letter in zip((x, x + 1)[-len(sign + mark) :], sign + mark, strict=False):
            canvas.text(column, y, letter, ACCENT if letter == mark else colour, bold=True)

    def _split(self) -> str:
        """Return the split of the metrics; a family shares how many images are held out."""
        latest = [run.latest for run in self.family.runs if run.latest] if self.family else []
        return "" if not latest else "val" if latest[0].val else "train"

    def _scale(self, canvas: Canvas, ends: MetricScale | None, width: int, y: int) -> int:
        """Paint the name of the metric and the colours between its ends; returns the row after them."""
        ink = TEXT if self.epoch is None else DIM
        column = canvas.text(1, y, self.metric.name, ink)
        canvas.text(column + 1, y, self.metric.unit, DIM)
        canvas.right(width - 1, y, self._split(), DIM)
        canvas.click(1, y, width - 1, 2, "app.metric")
        if ends is None:
            canvas.text(1, y + 1, "no metrics yet", DIM)
            return y + 2
        low, high = "≤" * ends.has_lower, "≥" * ends.has_higher
        start = canvas.text(1, y + 1, low + self.metric.write(ends.low), ink) + 1
        end = canvas.right(width - 1, y + 1, high + self.metric.write(ends.high), ink) - 1
        for x in range(start, end):
            _block(canvas, x, y + 1, 1, (x - start) / max(end - start - 1, 1))
        return y + 2


def _head(column: Column) -> str:
    """Format a β in three columns at most; the header has the selected one in full."""
    if column == AE:
        return AE
    text = f"{column:g}" if column < 1000 else f"{column:.0e}".replace("e+0", "e")
    return fit(text.removeprefix("0") if 0 < column < 1 and len(text) > 3 else text, 3)


def _block(canvas: Canvas, x: int, y: int, width: int, value: float) -> None:
    """Fill cells with the colour of 0…1, or its density where colours are few."""
    if theme.has_colours(canvas.terminal):
        canvas.text(x, y, " " * width, bg=theme.scale_colour(value))
    else:
        canvas.text(x, y, _DENSITY[min(int(value * 4), 3)] * width, TEXT)
