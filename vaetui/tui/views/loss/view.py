"""View 1: total, distortion, rate and active units over the epochs, of one run or several."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from textual import events

from trainer.contract.metrics import Epoch
from vaetui.render.terminal import Terminal
from vaetui.render.theme import BRIGHT, DIM
from vaetui.runs import curves
from vaetui.runs.curves import ACTIVE, KL, QUANTITIES, CurveCache, PlottedRuns, Rates
from vaetui.runs.run_watcher import Run
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.state.chart_settings import ChartSettings
from vaetui.tui.state.loaded import Loaded
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.base import View, that_hold, write_lines
from vaetui.tui.views.loss import pages, paint, rates
from vaetui.tui.views.loss.paint import PlotSettings
from vaetui.tui.widgets.charts import EpochAxis, epoch_label
from vaetui.tui.widgets.layout import Rect

FOOT = 14  # rows of the second band of charts


class Loss(View):
    """As many charts as fit; ← and → move the cursor over the epochs."""

    title: ClassVar[str] = "Loss"
    about: ClassVar[str] = (
        "The loss and its parts by epoch, in nats per image: total = distortion + β·rate, on validation and"
        " on training images; lower is better. On MNIST the validation −ELBO ends near 104 nats for z = 20"
        " and near 151 for z = 2 (β = 1, 30 epochs)."
    )
    KINDS = frozenset()

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._frames: list[EpochAxis] = []
        self._curves = CurveCache()
        self._rates: tuple[tuple[Epoch, ...], Rates] | None = None
        self._shown: tuple[object, PlottedRuns | None] = None, None

    @property
    def concerns(self) -> tuple[object, ...]:
        """Return the curves, the cursor, and the progress until there are any."""
        run, advice = self.state.run, self.state.advice
        marked = tuple(other.path for other in self.state.marked)
        groups = self.state.groups
        shown = [run, *self.state.marked] if run else []
        models = [groups[one.path].runs if one.path in groups else (one,) for one in shown]
        epochs = tuple((one.path, one.epochs) for model in models for one in model)
        progress = run.epochs or run.status if run else None
        return (run.path, progress, run.state, marked, epochs, self._charts) if run else (advice,)

    @property
    def _charts(self) -> ChartSettings:
        return self.state.selection.charts

    @property
    def _plotted(self) -> PlottedRuns | None:
        state, run = self.state, self.state.run
        if state is not self._shown[0]:
            self._shown = state, curves.plotted(run, state.marked, state.groups) if run else None
        return self._shown[1]

    @property
    def _epochs(self) -> tuple[int, int] | None:
        """Return the first and the last epoch of the charts, None before there is one."""
        return self._plotted.epochs if self._plotted else None

    @property
    def facts(self) -> frozenset[str]:
        """Return whether there are charts, curves with axes, two splits, and several epochs."""
        plotted, epochs = self._plotted, self._epochs
        if plotted is None or epochs is None:
            return frozenset()
        page = pages.page(pages.pages(*self.room), self._charts.chart)
        shown = [QUANTITIES[name] for band in page for name in band if name not in (KL, ACTIVE)]
        has_curves = any(plotted.has_vae or not quantity.of_vaes_only for quantity in shown)
        return that_hold(
            charts=True,
            axis=has_curves,
            splits=has_curves and plotted.has_validation,
            epochs=epochs[0] < epochs[1],
        )

    def show(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> None:
        """Show another state; the header and the sidebar show the figures of the cursor's epoch."""
        super().show(state, loaded)
        run, epochs = state.run, self._epochs
        cursor = self._charts.place(*epochs) if epochs else 0
        is_past = run is not None and run.latest is not None and 0 < cursor < run.latest.epoch
        self.past_epoch = cursor if is_past else None

    # --- keys and mouse

    def _update(self, apply: Callable[[ChartSettings], ChartSettings]) -> None:
        self.change(lambda selection: dataclasses.replace(selection, charts=apply(selection.charts)))

    def action_chart(self) -> None:
        """Show the next page of charts."""
        every = pages.pages(*self.room)
        self._update(lambda charts: dataclasses.replace(charts, chart=pages.after(every, charts.chart)))

    def action_log(self) -> None:
        """Switch between a logarithmic and a linear axis."""
        self._update(lambda charts: dataclasses.replace(charts, is_log=not charts.is_log))

    def action_range(self) -> None:
        """Switch between an axis of all epochs and one that leaves out first epochs that are outliers."""
        self._update(lambda charts: dataclasses.replace(charts, is_robust=not charts.is_robust))

    def action_split(self) -> None:
        """Show the next of validation, training, both."""
        plotted = self._plotted
        if plotted is not None and plotted.has_validation:
            self._update(lambda charts: charts.next_split(plotted.is_single))

    def action_epoch(self, by: int) -> None:
        """Move the cursor by some epochs."""
        if epochs := self._epochs:
            self._update(lambda charts: charts.moved(by, *epochs))

    def action_first(self) -> None:
        """Move the cursor to the first epoch."""
        self._go_to(0)

    def action_last(self) -> None:
        """Move the cursor to the last epoch, where it follows new ones."""
        self._update(lambda charts: dataclasses.replace(charts, epoch=None))

    def _go_to(self, epoch: int) -> None:
        if epochs := self._epochs:
            self._update(lambda charts: charts.at(epoch, *epochs))

    async def on_click(self, event: events.Click) -> None:
        """Move the cursor to the epoch at which a chart is clicked."""
        frame = next((frame for frame in self._frames if frame.holds(event.x, event.y)), None)
        if frame is not None:
            self._go_to(frame.epoch(event.x))

    # --- painting

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """Paint the charts of the selected and the marked runs."""
        assert state.run is not None
        self._frames = []
        plotted, epochs, charts = self._plotted, self._epochs, self._charts
        if plotted is None or epochs is None:
            write_lines(canvas, (_no_epochs(state.run),))
            return
        split = charts.split_of(plotted.is_single) if plotted.has_validation else "training"
        place = charts.place(*epochs)
        settings = PlotSettings(plotted, split, charts.is_log, charts.is_robust, epochs, place)
        page = pages.page(pages.pages(canvas.width, canvas.height), charts.chart)
        foot = canvas.height - FOOT if len(page) > 1 else canvas.height + 1
        for band, y, height in zip(page, (0, foot), (foot - 1, FOOT), strict=False):
            self._paint_band(canvas, band, settings, y, height)

    def _paint_band(
        self, canvas: Canvas, band: tuple[str, ...], settings: PlotSettings, y: int, height: int
    ) -> None:
        """Paint charts side by side; the heat map of rates is as wide as two."""
        shares = [2 if name == KL else 1 for name in band]
        x = 1
        for name, share in zip(band, shares, strict=True):
            width = canvas.width // sum(shares) * share if len(band) > 1 else canvas.width
            rect = Rect(x, y, width - 2, height)
            x += width
            if name == KL:
                frame = self._paint_rates(canvas, rect, settings)
            else:
                frame = paint.paint(canvas, rect, name, settings, self._curves)
            if frame is not None:
                self._frames.append(frame)

    def _paint_rates(self, canvas: Canvas, rect: Rect, settings: PlotSettings) -> EpochAxis | None:
        """Paint the rates of the selected run's dimensions, or why there are none."""
        run = settings.shown.runs[0]
        if not run.epochs or not run.config.model.is_vae:
            canvas.text(rect.x, rect.y, rates.TITLE, BRIGHT, bold=True)
            missing = _no_epochs(run) if run.config.model.is_vae else paint.NO_RATE
            canvas.text(rect.x, rect.y + 1, fit(missing, rect.width), DIM)
            return None
        if self._rates is None or self._rates[0] is not run.epochs:
            self._rates = run.epochs, curves.rates(run.epochs)
        whose = "" if settings.shown.models[0].is_single else f", seed {run.config.seed}"
        frame = rates.paint(canvas, rect, self._rates[1], settings.epochs, settings.epoch, whose)
        epoch_label(canvas, rect.x, rect.y + rect.height - 1, frame, settings.epoch)
        return frame


def _no_epochs(run: Run) -> str:
    if run.state == "running":
        return f"The first epoch is {run.status.progress:.0%} done; metrics follow at its end."
    if run.is_starting:
        return "Starting: metrics follow after the first epoch."
    if run.state == "queued":
        return "Queued: metrics follow after the first epoch."
    return "No metrics: this run ended before its first epoch did."
