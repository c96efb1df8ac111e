"""Figures of the evaluation: errors by class and latent size, the rate–distortion plane."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vaetui.report import plotting
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.document import Picture
from vaetui.report.training_figures import MSE, NATS, Panel
from vaetui.runs.compare import CLASS_NAMES, ComparedRun, iso_line, parameter_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAR = 10.0  # ratio of rates from which on their axis is logarithmic
LEAST_RATE = 0.01  # nats: the edge of a logarithmic axis

# --- by class ---------------------------------------------------------------------------------------------


def by_class(report: ReportData) -> Iterator[Picture]:
    """Draw the squared error of each class, by latent size if there are several, else by run."""
    for number, family in enumerate(report.families):
        mark = f"-{number + 1}" if number else ""
        groups = [
            (title, members)
            for title, members in _by_size_alone(family)
            if len({one.latent for one in members}) > 2
            and len(members) == len({one.latent for one in members})
        ]
        yield _by_size(groups, mark) if groups else _by_run(family, mark)


def _by_size_alone(family: Sequence[ReportRun]) -> list[Panel]:
    """Return the runs that differ only in latent size, by kind and β."""
    found: dict[tuple[bool, float | None], list[ReportRun]] = {}
    for subject in family:
        found.setdefault((subject.is_vae, subject.beta), []).append(subject)
    several = len({beta for is_vae, beta in found if is_vae}) > 1
    titles = {
        key: "Autoencoders" if not key[0] else f"VAEs, β = {key[1]:g}" if several else "VAEs" for key in found
    }
    return [(titles[key], members) for key, members in found.items()]


def _by_size(groups: Sequence[Panel], mark: str) -> Picture:
    figure, axes = plotting.panels(len(groups), 2, 8.0, sharey=True)
    for axis, (title, members) in zip(axes, groups, strict=True):
        places = range(len(members))
        for label in CLASS_NAMES:
            values = [one.evaluation.per_class_mse.get(label, math.nan) for one in members]
            colour = plotting.CLASSES[int(label)]
            axis.plot(places, values, color=colour, linewidth=0.9)
            axis.plot(places, values, "o", color="white", markersize=7)
            axis.plot(places, values, color=colour, marker=f"${label}$", markersize=5.5, linestyle="none")
        axis.set_xticks(list(places), [str(one.latent) for one in members])
        axis.set_title(title)
        axis.set_xlabel("latent size z")
        axis.set_ylabel(MSE)
        axis.set_ylim(bottom=0)
        axis.label_outer()
    caption = (
        f"Reconstruction error of each class 0–9 (its digit marks it) by latent size. {_tested(groups[0][1])}"
    )
    width = plotting.share_of_page(figure)
    return Picture(
        f"classes{mark}.png", plotting.png(figure), caption, "Error by class and latent size", width
    )


def _by_run(family: Sequence[ReportRun], mark: str) -> Picture:
    figure, (axis,) = plotting.panels(1, 1, 7.5)
    styles = plotting.styles([one.label for one in family])
    for subject in family:
        values = [subject.evaluation.per_class_mse.get(label, math.nan) for label in CLASS_NAMES]
        axis.plot(
            range(10), values, linestyle=":", linewidth=0.8, label=subject.label, **styles[subject.label]
        )
    axis.set_xticks(range(10), CLASS_NAMES)
    axis.set_xlabel("class")
    axis.set_ylabel(MSE)
    axis.set_ylim(bottom=0)
    axis.legend(ncols=2 if len(family) > 3 else 1)
    caption = f"Reconstruction error of each class. {_tested(family)}"
    return Picture(f"classes{mark}.png", plotting.png(figure), caption, "Error by class", 0.66)


def _tested(members: Sequence[ReportRun]) -> str:
    protocols = dict.fromkeys(one.protocol for one in members)
    return f"{MSE[0].upper()}{MSE[1:]}; {'; or '.join(protocols)}."


# --- the plane --------------------------------------------------------------------------------------------


def plane(report: ReportData) -> Iterator[Picture]:
    """Draw rate and distortion of the VAEs of each protocol, if there are several."""
    for number, one in enumerate(r for r in report.rankings if r.is_of_vaes and len(r.entries) > 1):
        yield _plane(report, one.entries, f"-{number + 1}" if number else "")


def _plane(report: ReportData, entries: Sequence[ComparedRun], mark: str) -> Picture:
    figure, (axis,) = plotting.panels(1, 1, 9.0)
    subjects = [report.of(entry) for entry in entries]
    alike = sorted(zip(subjects, entries, strict=True), key=lambda pair: report.subjects.index(pair[0]))
    by_latent = len({entry.beta for entry in entries}) > 1
    for curve in parameter_curves(entries, by_latent):
        rates = [one.figures.rate for one in curve]
        axis.plot(rates, [one.figures.distortion for one in curve], color="#bbbbbb", linewidth=0.9, zorder=1)
    styles = plotting.styles([subject.label for subject, _ in alike])
    for subject, entry in alike:
        style = styles[subject.label] | {"linestyle": "none", "markersize": 5.5, "zorder": 3}
        axis.plot([entry.figures.rate], [entry.figures.distortion], label=subject.label, **style)
    _frame(axis, entries)
    _iso_lines(axis)
    axis.set_xlabel(f"rate, {NATS}")
    axis.set_ylabel(f"distortion, {NATS}")
    axis.legend(ncols=2 if len(alike) > 8 else 1, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    protocol = entries[0].protocol.description
    caption = (
        "The rate–distortion plane: along a dashed line rate + distortion, −ELBO, is the number beside it. "
        f"Grey lines join runs of one {'latent size' if by_latent else 'β'}. On {protocol}."
    )
    return Picture(f"plane{mark}.png", plotting.png(figure), caption, "Rate–distortion plane", 0.75)


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
