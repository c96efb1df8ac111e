"""Figures of the codes of the test images, coloured by class: scatter, principal axes, t-SNE."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vaetui.arrays import Floats
from vaetui.format import thousands
from vaetui.latent import nearest
from vaetui.latent.posteriors import SUBSET_SEED
from vaetui.latent.tsne import MIN_CODES, perplexity
from vaetui.latent.tsne_cache import MOST, load_or_run_tsne
from vaetui.report import plotting
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.document import ReportFigure
from vaetui.report.label_places import move_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL_POINTS = 12.5  # diameter of the circle around the number of a class
Centres = dict[int, Floats]  # of classes, in units of the plot
Narrate = Callable[[str], None]


def scatters(report: ReportData) -> Iterator[ReportFigure]:
    """Draw codes of two dimensions, and others along their two largest principal axes."""
    runs = [run for run in report.featured if run.latent >= 2]
    if not runs:
        return
    figure, axes = _panels(len(runs))
    centres: list[Centres] = []
    for axis, run in zip(axes, runs, strict=True):
        if run.latent == 2:
            points, names = run.mean, ("z₁", "z₂")
        else:
            points = run.axes.project(run.mean)
            first, second = run.axes.explained[:2].tolist()
            names = (f"PC 1 ({first:.0%} of the variance)", f"PC 2 ({second:.0%})")
        points = points[run.codes.random_images(MOST), :2]
        _scatter(axis, run, points)
        axis.set_xlabel(names[0])
        axis.set_ylabel(names[1])
        centres.append(_class_centres(run, points))
    _label_classes(figure, axes, centres)
    caption = (
        "Codes of the test images (posterior means) by class: of two dimensions as they are, of more along "
        "their two largest principal axes (PC) with the share of the variance. "
        f"{_protocol(runs)}{_shown(runs)}."
    )
    yield plotting.picture("codes.png", figure, caption, "Scatter of codes by class")


def spectra(report: ReportData) -> Iterator[ReportFigure]:
    """Draw how much of the codes' variance the first principal axes explain."""
    runs = [run for run in report.featured if run.latent > 2]
    if not runs:
        return
    figure, (axis,) = plotting.panels(1, 1, 7.0)
    styles = plotting.styles([run.label for run in runs])
    for run in runs:
        shares = 100 * run.axes.explained.cumsum()
        every = max(1, len(shares) // 12)
        numbers = range(1, len(shares) + 1)
        axis.plot(numbers, shares, label=run.label, markevery=every, **styles[run.label])
    axis.set_xlabel("principal components")
    axis.set_ylabel("explained variance, %")
    axis.set_ylim(0, 102)
    axis.legend(loc="lower right")
    two = "; ".join(f"{run.label}: {run.axes.explained[:2].sum():.1%}" for run in runs)
    caption = (
        f"Explained variance of the codes by principal components; two explain {two}. {_protocol(runs)}."
    )
    yield plotting.picture("spectrum.png", figure, caption, "Explained variance")


def neighbourhoods(report: ReportData, narrate: Narrate) -> Iterator[ReportFigure]:
    """Draw t-SNE of codes of more than two dimensions, which is cached beside the model."""
    runs = [run for run in report.featured if run.latent > 2 and len(run.mean) >= MIN_CODES]
    if not runs:
        return
    figure, axes = _panels(len(runs))
    centres: list[Centres] = []
    for axis, run in zip(axes, runs, strict=True):
        narrate(f"t-SNE of {run.label} (about ten seconds, then cached)")
        points, notice = load_or_run_tsne(run.run.path, run.codes, lambda _: None)
        if notice:
            narrate(notice)
        _scatter(axis, run, points)
        axis.set_xticks([])
        axis.set_yticks([])
        centres.append(_class_centres(run, points))
    _label_classes(figure, axes, centres)
    count = min(MOST, len(runs[0].mean))
    random = f" random (seed {SUBSET_SEED})" if count < len(runs[0].mean) else ""
    caption = (
        f"t-SNE (van der Maaten & Hinton 2008; perplexity {perplexity(count):g}, seed 0) of the codes of "
        f"{thousands(count)}{random} test images by class: neighbours are alike; distances between groups "
        "and axes have no meaning."
    )
    yield plotting.picture("tsne.png", figure, caption, "t-SNE of codes by class")


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """Return a figure of `count` panels with one legend of the classes."""
    from matplotlib.lines import Line2D

    across = count if count <= 3 else 2 if count == 4 else 3
    figure, axes = plotting.panels(count, across, {1: 9.5, 2: 8.2, 3: 6.2}[across])
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=4, color=colour, label=str(label))
        for label, colour in enumerate(plotting.CLASSES)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=10, handletextpad=0.1, title="class")
    return figure, axes


def _scatter(axis: Axes, run: ReportRun, points: Floats) -> None:
    """Draw the `points` `(images, 2)` of random test images in the colours of their classes."""
    shown = nearest.finite(points)
    labels = run.codes.labels[run.codes.random_images(len(shown))]
    colours = [plotting.CLASSES[label] for label in labels.tolist()]
    axis.scatter(shown[:, 0], shown[:, 1], s=2.2, c=colours, linewidths=0, alpha=0.75)
    low, high = np.quantile(shown, [0.002, 0.998], axis=0)
    room = 0.08 * (high - low) + 1e-6 * np.maximum(np.abs(high), 1)  # all points may be one
    axis.set_xlim(low[0] - room[0], high[0] + room[0])
    axis.set_ylim(low[1] - room[1], high[1] + room[1])
    axis.set_title(run.label)


def _class_centres(run: ReportRun, points: Floats) -> Centres:
    """Return the median of the shown `points` `(images, 2)` of each class, by class."""
    shown = nearest.finite(points)
    labels = run.codes.labels[run.codes.random_images(len(shown))]
    return {int(label): np.median(shown[labels == label], axis=0) for label in np.unique(labels)}


def _label_classes(figure: Figure, axes: Sequence[Axes], centres: Sequence[Centres]) -> None:
    """Write each class at its centre; where that would cover another, beside it with a line to the centre."""
    figure.draw_without_rendering()  # lays out the axes, so that places on the page are known
    diameter = LABEL_POINTS * figure.dpi / 72
    for axis, by_class in zip(axes, centres, strict=True):
        ends = np.array(list(by_class.values()), np.float64)
        box, pixels = axis.get_window_extent(), axis.transData
        corner = np.array([box.x0, box.y0])
        moved = move_apart(pixels.transform(ends) - corner, diameter, (box.width, box.height)) + corner
        places = pixels.inverted().transform(moved)
        for label, end, place in zip(by_class, ends.tolist(), places.tolist(), strict=True):
            _label(axis, label, end, place)


def _label(axis: Axes, label: int, end: list[float], place: list[float]) -> None:
    """Write a class at `place` over a line to `end`, which the label hides where both are the same."""
    colour = plotting.CLASSES[label]
    axis.plot(*zip(end, place, strict=True), color="#222222", linewidth=0.7)
    box = {"boxstyle": "circle,pad=0.18", "facecolor": "white", "edgecolor": colour, "linewidth": 0.8}
    axis.text(place[0], place[1], str(label), ha="center", va="center", weight="bold", fontsize=7.5, bbox=box)


def _protocol(runs: Sequence[ReportRun]) -> str:
    return "; or ".join(dict.fromkeys(run.codes_protocol for run in runs))


def _shown(runs: Sequence[ReportRun]) -> str:
    """Return how many of the codes are drawn, where not all are: more would hide each other."""
    is_subset = len(runs[0].mean) > MOST
    return f"; {thousands(MOST)} of them shown, chosen at random (seed {SUBSET_SEED})" if is_subset else ""
