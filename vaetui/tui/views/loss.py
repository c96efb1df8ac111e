"""View 1: total, distortion and rate over the epochs, training and held-out, growing while a run trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from trainer.run import Config, Epoch, Figures
from vaetui.export import Content
from vaetui.library import Run
from vaetui.render.cells import half_blocks, thumbnail
from vaetui.tui import contents, look
from vaetui.tui.canvas import Canvas
from vaetui.tui.keys import bindings
from vaetui.tui.look import ACCENT, BRIGHT, DIM, TEXT
from vaetui.tui.scene import Floats, Scene
from vaetui.tui.views.view import View, write_lines
from vaetui.tui.widgets.charts import Curve, chart

NARROWEST = 40  # columns of a chart that stands beside others
TALL = 36  # rows from which on the rates of the dimensions are shown below
MOST_RATES = 10  # rows for them; more dimensions than fit are averaged


@dataclass(frozen=True)
class Quantity:
    """What a chart shows: its title for a configuration, and its value."""

    title: Callable[[Config], str]
    value: Callable[[Figures, float], float]


def _has_room(width: int) -> bool:
    """Whether all charts fit side by side."""
    return width // NARROWEST >= len(QUANTITIES)


def _total(config: Config) -> str:
    if not config.model.is_vae:
        return "total = distortion"
    beta = config.objective.beta
    return "total = distortion + rate = −ELBO" if beta == 1 else f"total = distortion + {beta:g}·rate"


def _distortion(config: Config) -> str:
    is_gaussian = config.objective.likelihood == "gaussian"
    return "distortion: squared error" if is_gaussian else "distortion −E log p(x|z)"


RATE = Quantity(lambda _: "rate KL(q(z|x) ‖ p(z))", lambda figures, _: figures.rate)
QUANTITIES = (
    Quantity(_total, lambda figures, beta: figures.distortion + beta * figures.rate),
    Quantity(_distortion, lambda figures, _: figures.distortion),
    RATE,
)


class Loss(View):
    """One chart at a time, or all of them side by side where there is room."""

    title: ClassVar[str] = "Loss"
    BINDINGS = bindings("Loss")
    needs_model: ClassVar[bool] = False
    quantity = 0
    is_log = False

    @property
    def concerns(self) -> tuple[object, ...]:
        """The curves, and how far it is until there are any."""
        run, advice = self.scene.run, self.scene.advice
        return (run.path, run.epochs or run.status, run.state) if run else (advice,)

    @property
    def facts(self) -> frozenset[str]:
        """Whether there are charts that are not seen."""
        has_others = bool(self.scene.run and self.scene.run.epochs) and not _has_room(self.room.width)
        return frozenset({"charts"}) if has_others else frozenset()

    def action_curve(self) -> None:
        """The next chart."""
        self.quantity = (self.quantity + 1) % len(QUANTITIES)
        self.repaint()

    def action_log(self) -> None:
        """A logarithmic axis, or a linear one again."""
        self.is_log = not self.is_log
        self.repaint()

    def paint_scene(self, canvas: Canvas, scene: Scene) -> None:
        """The charts of the run."""
        assert scene.run is not None
        if not scene.run.epochs:
            write_lines(canvas, (_nothing_yet(scene.run),))
            return
        rates = _rates(scene.run.epochs) if canvas.height >= TALL else None
        lines = 0 if rates is None else min(len(rates), MOST_RATES)
        height = canvas.height - (lines + 2 if lines else 0)
        shown = QUANTITIES if _has_room(canvas.width) else (QUANTITIES[self.quantity],)
        width = canvas.width // len(shown)
        for place, quantity in enumerate(shown):
            self._chart(canvas, scene.run, quantity, place * width + 1, width - 2, height)
        if rates is not None:
            _heat(canvas, rates, scene.run.epochs, height + 1, lines)

    def _chart(self, canvas: Canvas, run: Run, quantity: Quantity, x: int, width: int, height: int) -> None:
        column = canvas.text(x, 0, quantity.title(run.config), BRIGHT, bold=True)
        if quantity is RATE and not run.config.model.is_vae:
            canvas.text(x, 1, "an autoencoder has none: its code is a point", DIM)
            return
        canvas.text(column + 2, 0, "nats per image", DIM)
        curves = _curves(run, quantity)
        column = x
        for curve in curves:
            column = canvas.text(column, 1, "━━ ", curve.colour)
            column = canvas.text(column, 1, f"{curve.name} ", TEXT)
            column = canvas.text(column, 1, f"{curve.ys[-1]:.1f}", BRIGHT) + 2
        if self.is_log:
            canvas.right(x + width, 1, "log axis", DIM)
        if not chart(canvas, x, 2, width, height - 2, curves, self.is_log):
            canvas.text(x, 3, "nothing above 0 for a logarithmic axis: press l", DIM)

    def content(self) -> Content:
        """The curves."""
        return contents.loss(self.title, self.scene)


def _nothing_yet(run: Run) -> str:
    if run.state == "running":
        return f"The first epoch is {run.status.progress:.0%} done; its figures come at its end."
    if run.state == "queued":
        return "Queued: no figures yet, they come at the end of the first epoch."
    return "No figures: this run ended before its first epoch did."


def _curves(run: Run, quantity: Quantity) -> list[Curve]:
    beta = run.config.objective.beta

    def curve(name: str, colour: tuple[int, int, int], read: Callable[[Epoch], Figures | None]) -> Curve:
        points = [(epoch.epoch, read(epoch)) for epoch in run.epochs]
        there = [(number, figures) for number, figures in points if figures is not None]
        xs = tuple(float(number) for number, _ in there)
        return Curve(name, colour, xs, tuple(quantity.value(figures, beta) for _, figures in there))

    both = (
        curve("training", DIM, lambda epoch: epoch.train),
        curve("validation", ACCENT, lambda epoch: epoch.val),
    )
    return [found for found in both if found.xs]


def _rates(epochs: tuple[Epoch, ...]) -> Floats | None:
    """The rate of each latent dimension over the epochs `(latent, epochs)`, the largest of the last first."""
    latent = len(epochs[-1].kl_per_dim)
    rows = [epoch.kl_per_dim if len(epoch.kl_per_dim) == latent else (0.0,) * latent for epoch in epochs]
    rates = np.array(rows, np.float32).T
    return rates[np.argsort(-rates[:, -1])] if rates.max(initial=0.0) > 0 else None


def _heat(canvas: Canvas, rates: Floats, epochs: tuple[Epoch, ...], y: int, lines: int) -> None:
    """`rates` as `lines` rows of colours under a title with their scale."""
    most = float(rates.max())
    column = canvas.text(1, y, "rate of each dimension", BRIGHT, bold=True)
    span = f"epoch {epochs[0].epoch} to {epochs[-1].epoch}, the largest of {len(rates)} at the top"
    canvas.text(column + 2, y, span, DIM)
    end = canvas.right(canvas.width - 1, y, f"{most:.2f} nats", TEXT) - 1
    for step in range(12):
        canvas.text(end - 12 + step, y, " ", bg=look.scale(step / 11))
    canvas.right(end - 13, y, "0", TEXT)
    width = canvas.width - 2
    across = np.linspace(0, len(epochs) - 1, width).round().astype(int)
    picture = thumbnail(rates[:, across] / most, 2 * lines, width)
    canvas.picture(1, y + 1, half_blocks(picture, colours=look.scales))
