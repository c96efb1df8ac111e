"""Figures of the training: losses, their parts and errors over the epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.metrics import Figures
from vaetui.format import thousands
from vaetui.report import plotting
from vaetui.report.data import ReportData, ReportModel, ReportRun, by_beta
from vaetui.report.document import ReportFigure
from vaetui.settings import PIXEL_TEXTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Read = Callable[[ReportRun, Figures], float]
Curve = tuple[list[int], list[float]]  # epochs and values
Doubles = npt.NDArray[np.float64]
Panel = tuple[str, Sequence[ReportModel], Read]  # title, models, and what is drawn of each

NATS, MSE = "nats per image", "squared error per pixel"
MOST_LINES = 7  # in a panel, if it can be split by β
HEIGHT = 6.6  # centimetres of a row of panels
LEAST_EPOCHS = 5  # from which on the first epoch may be outside the frame


def all_curves(report: ReportData) -> Iterator[ReportFigure]:
    """Yield the figures of losses, of their parts and of errors of every family."""
    for number, family in enumerate(report.families):
        note = LIKELIHOODS[family[0].first.config.objective.likelihood].note
        yield _losses(family, number, f"{NATS} ({note})" if note else NATS)
        if vaes := [model for model in family if model.is_vae]:
            yield _parts(vaes, number, f"{NATS} ({note})" if note else NATS)
        if note:
            yield _errors(family, number)


def _losses(family: Sequence[ReportModel], number: int, unit: str) -> ReportFigure:
    """Draw distortion of autoencoders and −ELBO of VAEs, training and validation."""
    names = [
        f"{kind} of {runs}"
        for kind, runs in (("distortion", "autoencoders"), ("−ELBO", "VAEs"))
        if any(model.first.loss_name == kind for model in family)
    ]
    what = " and ".join(names)
    caption = f"Loss over the epochs: {what}, {unit}. {_splits(family)}"
    figure = _over_epochs(_by_kind(family, ReportRun.loss), NATS)
    return plotting.picture(
        plotting.numbered("loss", number), figure, caption, f"Curves of {what} over the epochs"
    )


def _parts(vaes: Sequence[ReportModel], number: int, unit: str) -> ReportFigure:
    """Draw the two parts of the loss of VAEs: distortion and rate."""
    panels: list[Panel] = [
        ("Distortion", vaes, lambda _, figures: figures.distortion),
        ("Rate: KL(q(z|x) ‖ p(z))", vaes, lambda _, figures: figures.rate),
    ]
    figure = _over_epochs(panels, NATS, height=HEIGHT + 0.4, label=lambda model: model.label)
    caption = f"The parts of the VAEs' loss over the epochs, {unit}. {_splits(vaes)}"
    alt = "Curves of distortion and rate over the epochs"
    return plotting.picture(plotting.numbered("parts", number), figure, caption, alt)


def _errors(family: Sequence[ReportModel], number: int) -> ReportFigure:
    """Draw the squared error, kinds side by side on one scale."""
    figure = _over_epochs(_by_kind(family, lambda _, figures: figures.mse), MSE, is_shared=True)
    caption = f"Squared error per pixel (MSE), at one posterior draw, over the epochs. {_splits(family)}"
    alt = "Curves of the squared error over the epochs"
    return plotting.picture(plotting.numbered("mse", number), figure, caption, alt)


def _by_kind(family: Sequence[ReportModel], read: Read) -> list[Panel]:
    """Return a panel of autoencoders and one of VAEs, or one per β if there are many."""
    panels: list[Panel] = []
    if others := [model for model in family if not model.is_vae]:
        panels.append(("Autoencoders", others, read))
    vaes = [model for model in family if model.is_vae]
    groups = sorted(by_beta(vaes).items(), key=lambda group: group[0] or 0.0)
    if len(vaes) > MOST_LINES and len(groups) > 1:
        panels += [(f"VAEs, β = {beta:g}", members, read) for beta, members in groups]
    elif vaes:
        panels.append(("VAEs", vaes, read))
    return panels


def _without_kind(model: ReportModel) -> str:
    """Return a label without the kind, which is the title of the panel."""
    return model.label.removeprefix("VAE ").removeprefix("AE ")


def _over_epochs(
    panels: Sequence[Panel],
    unit: str,
    *,
    is_shared: bool = False,
    height: float = HEIGHT,
    label: Callable[[ReportModel], str] = _without_kind,
) -> Figure:
    """Draw curves over the epochs; `is_shared` is whether panels have one scale."""
    figure, axes = plotting.panels(len(panels), 2 if len(panels) % 3 else 3, height, sharey=is_shared)
    everyone = [model for _, members, _ in panels for model in members]
    styles = plotting.styles([label(model) for model in everyone])
    for axis, (title, members, read) in zip(axes, panels, strict=True):
        for model in members:
            _curve(axis, model, read, label=label(model), **styles[label(model)])
        runs = [run for model in (everyone if is_shared else members) for run in model.runs]
        _frame(axis, title, unit, runs, read)
        if is_shared:
            axis.label_outer()
    lines: dict[str, Any] = {}
    for axis in axes:
        handles, names = axis.get_legend_handles_labels()
        lines |= dict(zip(names, handles, strict=True))
    across = 6 if len(figure.axes) > 1 else 4
    figure.legend(lines.values(), lines, loc="outside lower center", ncols=min(across, len(lines)))
    return figure


def _curve(axis: Axes, model: ReportModel, read: Read, *, label: str, **style: Any) -> None:
    """Draw training, dashed, and validation of a model: means over seeds, with a band of ± deviation."""
    dashed = style if len(model.first.run.epochs) < 3 else style | {"marker": None}
    epochs, mean, _ = _over_seeds([_training(run, read) for run in model.runs])
    axis.plot(epochs, mean, linestyle="--", alpha=0.65, **dashed)
    epochs, mean, deviation = _over_seeds([_validation(run, read) for run in model.runs])
    axis.plot(epochs, mean, label=label, markevery=max(1, len(epochs) // 8), **style)
    if len(model.runs) > 1:
        colour = style["color"]
        axis.fill_between(epochs, mean - deviation, mean + deviation, color=colour, alpha=0.2, linewidth=0)


def _over_seeds(curves: Sequence[Curve]) -> tuple[list[int], Doubles, Doubles]:
    """Return the epochs that all `curves` have, and mean and standard deviation over them at each."""
    shared = sorted(set.intersection(*(set(epochs) for epochs, _ in curves)))
    at = [dict(zip(*curve, strict=True)) for curve in curves]
    values = np.array([[values[epoch] for epoch in shared] for values in at])  # (seeds, epochs)
    deviation = values.std(0, ddof=1) if len(values) > 1 else np.zeros(len(shared))
    return shared, values.mean(0), deviation


def _training(run: ReportRun, read: Read) -> Curve:
    """Return epochs and values of the training."""
    rows = run.run.epochs
    return [row.epoch for row in rows], [read(run, row.train) for row in rows]


def _validation(run: ReportRun, read: Read) -> Curve:
    """Return epochs and values of the validation, empty without it."""
    rows = [(row.epoch, row.val) for row in run.run.epochs if row.val]
    return [epoch for epoch, _ in rows], [read(run, figures) for _, figures in rows]


def _frame(axis: Axes, title: str, unit: str, runs: Sequence[ReportRun], read: Read) -> None:
    """Label the axes, and fit the values into the frame: of long runs all but the first epoch."""
    from matplotlib.ticker import MaxNLocator

    axis.set_title(title)
    axis.set_xlabel("epoch")
    axis.set_ylabel(unit)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    values = []
    for run in runs:
        for row in run.run.epochs[int(_is_long(run)) :]:
            values += [read(run, figures) for figures in (row.train, row.val) if figures]
    if values := list(filter(math.isfinite, values)):
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
        axis.set_ylim(max(low - room, min(0.0, low)), high + room)


def _is_long(run: ReportRun) -> bool:
    return len(run.run.epochs) >= LEAST_EPOCHS


def _splits(family: Sequence[ReportModel]) -> str:
    data = family[0].first.config.data
    solid = (
        f"Solid: {thousands(data.val)} validation images at the epoch's end"
        if data.val
        else "No validation images"
    )
    is_cut = any(_is_long(run) for model in family for run in model.runs)
    cut = " The first epoch may lie above the frame." if is_cut else ""
    several = max(len(model.runs) for model in family)
    band = f" Curves are means over {several} seeds, bands their standard deviation." if several > 1 else ""
    pixels = PIXEL_TEXTS[data.binarize]
    return (
        f"{solid}; dashed: running mean over the epoch's {thousands(data.train)} training images; "
        f"{pixels}, one posterior draw an image (none for an autoencoder).{band}{cut}"
    )


# --- one run ----------------------------------------------------------------------------------------------


def chosen_curve(run: ReportRun, number: int) -> ReportFigure:
    """Draw training and validation of the chosen model."""
    figure, (axis,) = plotting.panels(1, 1, 7.0)
    blue, orange = plotting.FEW[:2]
    axis.plot(*_training(run, ReportRun.loss), "--", color=orange, label="training")
    epochs, losses = _validation(run, ReportRun.loss)
    if epochs:
        axis.plot(epochs, losses, color=blue, label="validation")
    test = run.loss(run.evaluation.figures)
    axis.axhline(test, color="#666666", linewidth=0.9, linestyle=":", label="test, of the kept weights")
    _frame(axis, f"{run.label}: {run.loss_name}", NATS, [run], ReportRun.loss)
    axis.legend()
    caption = (
        f"The chosen model, {run.label}, seed {run.seed}: {run.loss_name} in {NATS} of training (running "
        f"mean) and validation over the epochs, and {test:.2f} on {run.protocol}."
    )
    return plotting.picture(
        plotting.numbered("chosen", number), figure, caption, f"Training and validation {run.loss_name}"
    )
