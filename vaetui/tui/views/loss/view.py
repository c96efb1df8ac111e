"""View 1: total, distortion, rate and active units over the epochs, of one run or several."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events

from trainer.contract.metrics import Epoch
from vaetui.render.terminal import Terminal
from vaetui.runs.run_watcher import Run
from vaetui.tui.keys import bindings
from vaetui.tui.screen import theme
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.theme import BRIGHT, DIM
from vaetui.tui.state.chart_settings import ChartSettings
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.base import View, write_lines
from vaetui.tui.views.loss import curves, pages, paint, rates
from vaetui.tui.views.loss.curves import ACTIVE, KL, QUANTITIES, Courses, Overlay
from vaetui.tui.views.loss.paint import Asked
from vaetui.tui.views.loss.rates import Rates
from vaetui.tui.widgets.board import Rect
from vaetui.tui.widgets.charts import Frame, epoch_label

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent

FOOT = 14  # rows of the second band of charts


class Loss(View):
    """As many charts as there is room for; ← and → move the epoch at which all are read off."""

    title: ClassVar[str] = "Loss"
    BINDINGS = bindings("Loss")
    KINDS = frozenset()

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._frames: list[Frame] = []
        self._courses = Courses()
        self._rates: tuple[tuple[Epoch, ...], Rates] | None = None

    @property
    def concerns(self) -> tuple[object, ...]:
        """The curves, where they are read off, and how far it is until there are any."""
        run, advice = self.state.run, self.state.advice
        marked = tuple((other.path, other.epochs) for other in self.state.marked)
        return (run.path, run.epochs or run.status, run.state, marked, self._reading) if run else (advice,)

    @property
    def _reading(self) -> ChartSettings:
        return self.state.selection.charts

    @property
    def _shown(self) -> Overlay | None:
        """The runs of the charts, None before any of them has an epoch."""
        if self.state.run is None:
            return None
        shown = curves.overlay(self.state.run, self.state.marked)
        return shown if shown.epochs else None

    @property
    def facts(self) -> frozenset[str]:
        """Whether there are charts, curves with axes, those of two splits, epochs to move between."""
        shown = self._shown
        if shown is None or shown.epochs is None:
            return frozenset()
        page = pages.page(pages.pages(*self.room), self._reading.chart)
        seen = [QUANTITIES[name] for band in page for name in band if name not in (KL, ACTIVE)]
        has_curves = any(shown.has_vae or not quantity.of_vaes_only for quantity in seen)
        found = {
            "charts": True,
            "axis": has_curves,
            "splits": has_curves and shown.has_validation,
            "epochs": shown.epochs[0] < shown.epochs[1],
        }
        return frozenset(fact for fact, holds in found.items() if holds)

    # --- keys and mouse

    def _turn(self, apply: Callable[[ChartSettings], ChartSettings]) -> None:
        self.change(lambda selection: dataclasses.replace(selection, charts=apply(selection.charts)))

    def action_chart(self) -> None:
        """The next chart, or the next ones."""
        every = pages.pages(*self.room)
        self._turn(lambda reading: reading.turned_to(pages.after(every, reading.chart)))

    def action_log(self) -> None:
        """A logarithmic axis, or a linear one again."""
        self._turn(ChartSettings.rescaled)

    def action_split(self) -> None:
        """Validation, training, both."""
        shown = self._shown
        if shown is not None and shown.has_validation:
            is_alone = shown.is_alone
            self._turn(lambda reading: reading.next_split(is_alone))

    def action_epoch(self, by: int) -> None:
        """The cursor some epochs on."""
        epochs = self._shown.epochs if self._shown else None
        if epochs is not None:
            first, last = epochs
            self._turn(lambda reading: reading.moved(by, first, last))

    def action_first(self) -> None:
        """The cursor to the first epoch."""
        self._go_to(0)

    def action_last(self) -> None:
        """The cursor to the last epoch, where it follows what comes."""
        self._turn(ChartSettings.following)

    def _go_to(self, epoch: int) -> None:
        epochs = self._shown.epochs if self._shown else None
        if epochs is not None:
            first, last = epochs
            self._turn(lambda reading: reading.at(epoch, first, last))

    async def on_click(self, event: events.Click) -> None:
        """The cursor goes where a chart is clicked."""
        frame = next((frame for frame in self._frames if frame.holds(event.x, event.y)), None)
        if frame is not None:
            self._go_to(frame.epoch(event.x))

    # --- painting

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """The charts of the run and of those marked."""
        assert state.run is not None
        self._frames = []
        shown, reading = self._shown, self._reading
        if shown is None or shown.epochs is None:
            write_lines(canvas, (_nothing_yet(state.run),))
            return
        split = reading.of(shown.is_alone) if shown.has_validation else "training"
        asked = Asked(shown, split, reading.is_log, shown.epochs, reading.place(*shown.epochs))
        page = pages.page(pages.pages(canvas.width, canvas.height), reading.chart)
        foot = canvas.height - FOOT if len(page) > 1 else canvas.height + 1
        for band, y, height in zip(page, (0, foot), (foot - 1, FOOT), strict=False):
            self._band(canvas, band, asked, y, height)

    def _band(self, canvas: Canvas, band: tuple[str, ...], asked: Asked, y: int, height: int) -> None:
        """Charts side by side; the strip of rates is as wide as two."""
        share = canvas.width // sum(map(_shares, band))
        x = 1
        for name in band:
            width = share * _shares(name) if len(band) > 1 else canvas.width
            rect = Rect(x, y, width - 2, height)
            x += width
            frame = self._chart(canvas, rect, name, asked)
            if frame is not None:
                self._frames.append(frame)

    def _chart(self, canvas: Canvas, rect: Rect, name: str, asked: Asked) -> Frame | None:
        if name == KL:
            return self._strip(canvas, rect, asked)
        in_letters = theme.needs_letters(canvas.terminal)
        lines = curves.lines(asked.shown, name, asked.split, self._courses, in_letters)
        return paint.paint(canvas, rect, name, asked, lines)

    def _strip(self, canvas: Canvas, rect: Rect, asked: Asked) -> Frame | None:
        """The rates of the selected run's dimensions, or why there are none."""
        run = asked.shown.runs[0]
        if not run.epochs or not run.config.model.is_vae:
            canvas.text(rect.x, rect.y, "rate of each dimension", BRIGHT, bold=True)
            lack = paint.NO_RATE if not run.config.model.is_vae else _nothing_yet(run)
            canvas.text(rect.x, rect.y + 1, fit(lack, rect.width), DIM)
            return None
        if self._rates is None or self._rates[0] is not run.epochs:
            self._rates = run.epochs, rates.rates(run.epochs)
        epoch = run.epochs[-1].epoch if asked.is_end else asked.epoch
        frame = rates.paint(canvas, rect, self._rates[1], asked.epochs, epoch)
        epoch_label(canvas, rect.x, rect.y + rect.height - 1, frame, epoch)
        return frame

    def content(self) -> ExportContent:
        """The curves."""
        from vaetui.tui.views.loss.content import content_of

        return content_of(self.title, self.state)


def _shares(name: str) -> int:
    return 2 if name == KL else 1


def _nothing_yet(run: Run) -> str:
    if run.state == "running":
        return f"The first epoch is {run.status.progress:.0%} done; its figures come at its end."
    if run.state == "queued":
        return "Queued: no figures yet, they come at the end of the first epoch."
    return "No figures: this run ended before its first epoch did."
