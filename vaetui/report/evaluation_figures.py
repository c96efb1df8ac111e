"""Figures of the evaluation: errors by class and latent size, the rate–distortion plane."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vaetui.report import plotting
from vaetui.report.data import ReportData, ReportModel, by_beta
from vaetui.report.document import ReportFigure
from vaetui.report.training_figures import MSE, NATS
from vaetui.runs.compare import CLASS_NAMES, ComparedRun, entropy_bound, iso_line, parameter_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAR = 10.0  # ratio of rates from which on their axis is logarithmic
LEAST_RATE = 0.01  # nats: the edge of a logarithmic axis

# --- by class ---------------------------------------------------------------------------------------------


def by_class(report: ReportData) -> Iterator[ReportFigure]:
    """Draw the squared error of each class, by latent size if there are several, else by run."""
    for number, family in enumerate(report.families):
        groups = [
            members
            for members in by_beta(family).values()
            if len(members) == len({model.latent for model in members}) > 2
        ]
        is_of_one_beta = len({model.beta for model in family if model.is_vae}) < 2
        yield _by_size(groups, number, is_of_one_beta) if groups else _by_run(family, number)


def _by_size(groups: Sequence[Sequence[ReportModel]], number: int, is_of_one_beta: bool) -> ReportFigure:
    figure, axes = plotting.panels(len(groups), 2, 8.0, sharey=True)
    for axis, members in zip(axes, groups, strict=True):
        beta = members[0].beta
        vaes = "VAEs" if is_of_one_beta or beta is None else f"VAEs, β = {beta:g}"
        sizes = [model.latent for model in members]
        for label in CLASS_NAMES:
            values = [_class_error(model, label) for model in members]
            colour = plotting.CLASSES[int(label)]
            axis.plot(sizes, values, color=colour, linewidth=0.9)
            axis.plot(sizes, values, "o", color="white", markersize=7)
            axis.plot(sizes, values, color=colour, marker=f"${label}$", markersize=5.5, linestyle="none")
        axis.set_xscale("log")
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.minorticks_off()
        axis.set_title("Autoencoders" if beta is None else vaes)
        axis.set_xlabel("latent size z")
        axis.set_ylabel(MSE)
        axis.set_ylim(bottom=0)
        axis.label_outer()
    protocol = _protocol(groups[0])
    caption = f"Reconstruction error of each class 0–9 (marked by its number) by latent size. {protocol}"
    return plotting.picture(
        plotting.numbered("classes", number), figure, caption, "Error by class and latent size"
    )


def _by_run(family: Sequence[ReportModel], number: int) -> ReportFigure:
    figure, (axis,) = plotting.panels(1, 1, 7.5)
    styles = plotting.styles([model.label for model in family])
    for model in family:
        values = [_class_error(model, label) for label in CLASS_NAMES]
        axis.plot(range(10), values, linestyle=":", linewidth=0.8, label=model.label, **styles[model.label])
    axis.set_xticks(range(10), CLASS_NAMES)
    axis.set_xlabel("class")
    axis.set_ylabel(MSE)
    axis.set_ylim(bottom=0)
    axis.legend(ncols=2 if len(family) > 3 else 1)
    caption = f"Reconstruction error of each class. {_protocol(family)}"
    return plotting.picture(plotting.numbered("classes", number), figure, caption, "Error by class")


def _class_error(model: ReportModel, label: str) -> float:
    """Return the squared error of a class, over several seeds their mean; NaN where it was not measured."""
    found = model.spread(lambda run: run.evaluation.per_class_mse.get(label))
    return found.mean if found else math.nan


def _protocol(models: Sequence[ReportModel]) -> str:
    protocols = dict.fromkeys(run.protocol for model in models for run in model.runs)
    several = max(len(model.runs) for model in models)
    means = f"; means over {several} seeds" if several > 1 else ""
    return f"{MSE[0].upper()}{MSE[1:]}; {'; or '.join(protocols)}{means}."


# --- the plane --------------------------------------------------------------------------------------------


def planes(report: ReportData) -> Iterator[ReportFigure]:
    """Draw rate and distortion of the VAEs of each protocol, if there are several."""
    rankings = [ranked for ranked in report.rankings if ranked.is_of_vaes and len(ranked.entries) > 1]
    for number, ranked in enumerate(rankings):
        yield _plane(report, ranked.entries, number)


def _plane(report: ReportData, entries: Sequence[ComparedRun], number: int) -> ReportFigure:
    figure, (axis,) = plotting.panels(1, 1, 9.0)
    has_seeds = any(entry.members for entry in entries)
    by_latent = len({entry.beta for entry in entries}) > 1
    for curve in parameter_curves(entries, by_latent):
        rates, costs = zip(*((entry.figures.rate, entry.figures.distortion) for entry in curve), strict=True)
        axis.plot(rates, costs, color="#bbbbbb", linewidth=0.9, zorder=1)
    entry_of = {report.of(entry): entry for entry in entries}
    runs = [run for run in report.runs if run in entry_of]
    styles = plotting.styles([run.label for run in runs])
    for run in runs:
        style = styles[run.label] | {"linestyle": "none", "markersize": 5.5, "zorder": 3}
        found = entry_of[run].figures
        axis.plot([found.rate], [found.distortion], label=run.label, **style)
        _seeds(axis, entry_of[run], styles[run.label]["color"])
    _frame(axis, entries)
    _iso_lines(axis)
    entropy = entropy_bound(entries)
    if entropy is not None:
        _entropy_line(axis, entropy)
    axis.set_xlabel(f"rate, {NATS}")
    axis.set_ylabel(f"distortion, {NATS}")
    axis.legend(ncols=2 if len(runs) > 8 else 1, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    caption = (
        "The rate–distortion plane: along a dashed line rate + distortion, −ELBO, is the number beside it. "
        f"Grey lines join models of one {'latent size' if by_latent else 'β'}. On "
        f"{entries[0].protocol.description}{'; small points are seeds' if has_seeds else ''}."
        f"{_entropy_note(entropy)}"
    )
    return plotting.picture(
        plotting.numbered("plane", number), figure, caption, "Rate–distortion plane", width=0.75
    )


def _seeds(axis: Axes, entry: ComparedRun, colour: Any) -> None:
    """Draw a small point for each seed of a model."""
    for member in entry.members:
        axis.plot(
            [member.figures.rate], [member.figures.distortion], ".", color=colour, markersize=3, zorder=2
        )


def _entropy_note(entropy: float | None) -> str:
    if entropy is None:
        return ""
    return (
        f" The solid line is the lowest −log p(x) that was measured, {entropy:.2f}: the entropy of the data "
        "is at most that, and no model has distortion + rate below the entropy (Alemi et al. 2018)."
    )


def _entropy_line(axis: Axes, entropy: float) -> None:
    """Draw the line of distortion + rate = `entropy`, where it crosses the frame."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    ends = iso_line(entropy, (left, right, bottom, top))
    if ends is None:
        return
    rates = np.linspace(ends[0][0], ends[1][0], 200)
    axis.plot(rates, entropy - rates, color="#555555", linewidth=1.0, zorder=1)
    place = ends[0] if axis.get_xscale() == "log" else ends[1]
    axis.annotate("entropy ≤", place, fontsize=6.5, color="#555555", ha="right", va="top")


def _frame(axis: Axes, entries: Sequence[ComparedRun]) -> None:
    """Frame all VAEs; rates that differ much, as at β = 0, on a logarithmic axis."""
    rates = [entry.figures.rate for entry in entries]
    costs = [entry.figures.distortion for entry in entries]
    up = 0.12 * (max(costs) - min(costs)) or 1.0
    axis.set_ylim(min(costs) - up, max(costs) + up)
    low, high = max(min(rates), LEAST_RATE), max(rates)
    if high > FAR * low:
        axis.set_xscale("log")
        axis.set_xlim(low / 1.4, high * 1.4)
        axis.xaxis.set_major_formatter("{x:g}")
    else:
        across = 0.12 * (high - low) or 1.0
        axis.set_xlim(max(0.0, low - across), high + across)


def _iso_lines(axis: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    is_log = axis.get_xscale() == "log"
    highest = left + top if is_log else right + top  # in logarithms the rest would crowd at the right
    for bound in MaxNLocator(11).tick_values(left + bottom, highest):
        ends = iso_line(float(bound), (left, right, bottom, top))
        if ends is None:
            continue
        (start, first), (end, last) = ends
        rates = np.geomspace(start, end, 60) if is_log else np.array([start, end])
        axis.plot(rates, bound - rates, color="#cccccc", linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
        place, side = ((start, first), "left") if is_log else ((end, last), "right")
        axis.annotate(f"{bound:g}", place, fontsize=6.5, color="#888888", ha=side, va="bottom")
    axis.set_xlim(left, right)
    axis.set_ylim(bottom, top)
