"""Figures of the training: losses, their parts and errors over the epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.metrics import Figures
from vaetui.format import thousands
from vaetui.report import plotting
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.document import Picture
from vaetui.settings import PIXEL_TEXTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Read = Callable[[Figures], float]
Panel = tuple[str, list[ReportRun]]

NATS, MSE = "nats per image", "squared error per pixel"
MOST_LINES = 7  # in a panel, if it can be split by β
HEIGHT = 6.6  # centimetres of a row of panels
LEAST_EPOCHS = 5  # from which on the first epoch may be outside the frame


def all_curves(report: ReportData) -> Iterator[Picture]:
    """Yield the figures of losses, of their parts and of errors of every family."""
    for number, family in enumerate(report.families):
        mark = f"-{number + 1}" if number else ""
        yield losses(family, mark)
        vaes = [subject for subject in family if subject.is_vae]
        if vaes:
            yield parts(vaes, mark)
        if LIKELIHOODS[family[0].config.objective.likelihood].note:
            yield errors_by_epoch(family, mark)


def losses(family: Sequence[ReportRun], mark: str = "") -> Picture:
    """Draw distortion of autoencoders and −ELBO of VAEs over the epochs, training and validation."""

    def read(subject: ReportRun) -> Read:
        return (lambda one: -one.elbo) if subject.is_vae else (lambda one: one.distortion)

    data, width = _over_epochs(by_kind(family), read, NATS, is_shared=False)
    what = "−ELBO of VAEs" if all(one.is_vae for one in family) else "distortion of autoencoders"
    if len({one.is_vae for one in family}) > 1:
        what = "distortion of autoencoders and −ELBO of VAEs"
    caption = f"Loss over the epochs: {what}, {NATS}{_cost(family)}. {_splits(family)}"
    return Picture(f"loss{mark}.png", data, caption, f"Curves of {what} over the epochs", width)


def parts(vaes: Sequence[ReportRun], mark: str = "") -> Picture:
    """Draw the two parts of the loss of VAEs: distortion and rate."""
    members = list(vaes)
    shown: list[Panel] = [("Distortion", members), ("Rate: KL(q(z|x) ‖ p(z))", members)]
    reads: list[Read] = [lambda one: one.distortion, lambda one: one.rate]
    figure, axes = plotting.panels(2, 2, HEIGHT + 0.4)
    styles = plotting.styles([subject.label for subject in members])
    for axis, (title, _), read in zip(axes, shown, reads, strict=True):
        for subject in members:
            _curve(axis, subject, read, styles[subject.label], subject.label)
        _dress(axis, title, NATS, members, read)
    _legend(figure, axes[:1])
    caption = f"The parts of the VAEs' loss over the epochs, {NATS}{_cost(members)}. {_splits(members)}"
    alt = "Curves of distortion and rate over the epochs"
    return Picture(f"parts{mark}.png", plotting.png(figure), caption, alt)


def errors_by_epoch(family: Sequence[ReportRun], mark: str = "") -> Picture:
    """Draw the squared error over the epochs, kinds side by side on one scale."""
    data, width = _over_epochs(by_kind(family), lambda _: lambda one: one.mse, MSE, is_shared=True)
    caption = f"Squared error per pixel (MSE), at one posterior draw, over the epochs. {_splits(family)}"
    return Picture(f"mse{mark}.png", data, caption, "Curves of the squared error over the epochs", width)


def by_kind(family: Sequence[ReportRun]) -> list[Panel]:
    """Return a panel of autoencoders and one of VAEs, or one per β if there are many."""
    panels: list[Panel] = []
    if others := [subject for subject in family if not subject.is_vae]:
        panels.append(("Autoencoders", others))
    vaes = [subject for subject in family if subject.is_vae]
    betas = sorted({subject.beta or 0.0 for subject in vaes})
    if len(vaes) > MOST_LINES and len(betas) > 1:
        panels += [(f"VAEs, β = {beta:g}", [one for one in vaes if one.beta == beta]) for beta in betas]
    elif vaes:
        panels.append(("VAEs", vaes))
    return panels


def _over_epochs(
    shown: Sequence[Panel], read: Callable[[ReportRun], Read], unit: str, *, is_shared: bool
) -> tuple[bytes, float]:
    figure, axes = plotting.panels(len(shown), 2 if len(shown) % 3 else 3, HEIGHT, sharey=is_shared)
    styles = plotting.styles([_variant(one) for _, members in shown for one in members])
    everyone = [one for _, members in shown for one in members]
    for axis, (title, members) in zip(axes, shown, strict=True):
        for subject in members:
            _curve(axis, subject, read(subject), styles[_variant(subject)], _variant(subject))
        _dress(axis, title, unit, everyone if is_shared else members, read(members[0]))
        if is_shared:
            axis.label_outer()
    _legend(figure, axes)
    return plotting.png(figure), plotting.share_of_page(figure)


def _variant(subject: ReportRun) -> str:
    """Return a label without the kind, which is the title of the panel."""
    return subject.label.removeprefix("VAE ").removeprefix("AE ")


def _curve(axis: Axes, subject: ReportRun, read: Read, style: dict[str, object], label: str) -> None:
    rows = subject.run.epochs
    numbers = [row.epoch for row in rows]
    is_short = len(rows) < 3
    line = {**style, "marker": style["marker"] if is_short else None}
    axis.plot(numbers, [read(row.train) for row in rows], linestyle="--", alpha=0.65, **line)  # type: ignore[arg-type]
    held_out = [(row.epoch, read(row.val)) for row in rows if row.val]
    if held_out:
        every = max(1, len(rows) // 8)
        axis.plot(*zip(*held_out, strict=True), label=label, markevery=every, **style)  # type: ignore[arg-type]
    else:
        axis.plot([], [], label=label, **style)  # type: ignore[arg-type]


def _dress(axis: Axes, title: str, unit: str, members: Sequence[ReportRun], read: Read) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_title(title)
    axis.set_xlabel("epoch")
    axis.set_ylabel(unit)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    values = _later(members, read)
    if values:
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
        axis.set_ylim(max(low - room, min(0.0, low)), high + room)


def _later(members: Sequence[ReportRun], read: Read) -> list[float]:
    """Return the values that must fit into the frame: of long runs all but the first epoch."""
    values = []
    for subject in members:
        rows = subject.run.epochs
        for row in rows[1:] if len(rows) >= LEAST_EPOCHS else rows:
            values += [read(one) for one in (row.train, row.val) if one]
    return [value for value in values if math.isfinite(value)]


def _legend(figure: Figure, axes: Sequence[Axes]) -> None:
    """Draw one legend for all panels below them."""
    lines: dict[str, Any] = {}
    for axis in axes:
        handles, names = axis.get_legend_handles_labels()
        lines |= dict(zip(names, handles, strict=True))
    across = 6 if len(figure.axes) > 1 else 4
    figure.legend(
        list(lines.values()), list(lines), loc="outside lower center", ncols=min(across, len(lines))
    )


def _cost(family: Sequence[ReportRun]) -> str:
    note = LIKELIHOODS[family[0].config.objective.likelihood].note
    return f" ({note})" if note else ""


def _splits(family: Sequence[ReportRun]) -> str:
    data = family[0].config.data
    solid = (
        f"Solid: {thousands(data.val)} validation images at the epoch's end"
        if data.val
        else "No validation images"
    )
    cut = " The first epoch may lie above the frame." if _is_long(family) else ""
    pixels = PIXEL_TEXTS[data.binarize]
    return (
        f"{solid}; dashed: running mean over the epoch's {thousands(data.train)} training images; "
        f"{pixels}, one posterior draw an image (none for an autoencoder).{cut}"
    )


def _is_long(family: Sequence[ReportRun]) -> bool:
    return any(len(one.run.epochs) >= LEAST_EPOCHS for one in family)


# --- one run ----------------------------------------------------------------------------------------------


def chosen_curve(subject: ReportRun, number: int) -> Picture:
    """Draw training and validation of the chosen model."""
    figure, (axis,) = plotting.panels(1, 1, 7.0)
    read: Read = (lambda one: -one.elbo) if subject.is_vae else (lambda one: one.distortion)
    what = "−ELBO" if subject.is_vae else "distortion"
    blue, orange = plotting.FEW[:2]
    rows = subject.run.epochs
    axis.plot(
        [row.epoch for row in rows], [read(row.train) for row in rows], "--", color=orange, label="training"
    )
    held_out = [(row.epoch, read(row.val)) for row in rows if row.val]
    if held_out:
        axis.plot(*zip(*held_out, strict=True), color=blue, label="validation")
    test = read(subject.evaluation.figures)
    axis.axhline(test, color="#666666", linewidth=0.9, linestyle=":", label="test, of the kept weights")
    _dress(axis, f"{subject.label}: {what}", NATS, [subject], read)
    axis.legend()
    caption = (
        f"The chosen model, {subject.label}: {what} in {NATS} of training (running mean) and validation over "
        f"the epochs, and {test:.2f} on {subject.protocol}."
    )
    name = f"chosen{f'-{number}' if number > 1 else ''}.png"
    return Picture(name, plotting.png(figure), caption, f"Training and validation {what}", 0.66)
