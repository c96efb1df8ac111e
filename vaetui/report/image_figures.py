"""Figures of images: data, reconstructions, samples, interpolations, and decoded grids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.contract.config import PIXELS, SIDE
from vaetui.arrays import Floats
from vaetui.export import encode
from vaetui.export.images import Animation
from vaetui.format import fixed
from vaetui.latent import nearest, path, prior
from vaetui.latent.interpolation import CLASSIC_CLASSES
from vaetui.latent.samplers import SampleSources, sample
from vaetui.latent.sources import Source
from vaetui.report import plotting
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.document import ReportFigure
from vaetui.settings import PIXEL_TEXTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 2
ACROSS = 10
MOST_ROWS = 13  # runs in one sheet of reconstructions
LINE = 1.55  # centimetres of a row of ten images across the page, with its label
PLANE = 15  # images along a side of the plane
STRIP, FRAMES = 12, 12  # images of a printed interpolation, and frames of a segment of an animated one
SEED = 0


def tiled(images: Floats, across: int) -> Floats:
    """Return images `(images, 784)` as one, white on black, with white gaps."""
    rows = -(-len(images) // across)
    pitch = SIDE + GAP
    grid = np.ones((rows * pitch - GAP, across * pitch - GAP), np.float32)
    for place, image in enumerate(np.nan_to_num(images).clip(0, 1)):
        y, x = place // across * pitch, place % across * pitch
        grid[y : y + SIDE, x : x + SIDE] = image.reshape(SIDE, SIDE)
    return grid


def _sheet(rows: Sequence[tuple[str, Floats]]) -> Figure:
    """Draw rows of images `(images, 784)` with their names at the left."""
    across = max(len(images) for _, images in rows)
    padded = np.ones((len(rows), across, PIXELS), np.float32)
    for row, (_, images) in zip(padded, rows, strict=True):
        row[: len(images)] = images
    figure = plotting.sheet(LINE * len(rows) * ACROSS / max(across, ACROSS) + 0.3)
    axis = figure.subplots()
    _show(axis, padded.reshape(-1, PIXELS), across)
    pitch = SIDE + GAP
    axis.set_yticks([place * pitch + SIDE / 2 for place in range(len(rows))], [name for name, _ in rows])
    return figure


def _show(axis: Axes, images: Floats, across: int, **settings: Any) -> None:
    """Show images `(images, 784)` in rows of `across`, without frame and ticks."""
    axis.imshow(tiled(images, across), cmap="gray", vmin=0, vmax=1, **settings)
    axis.grid(visible=False)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _first_images(run: ReportRun, classes: Sequence[int]) -> Floats:
    """Return the first test image of each of `classes`, `(classes, 784)`."""
    return run.pixels[[int(np.flatnonzero(run.codes.labels == label)[0]) for label in classes]]


# --- data and reconstructions ---------------------------------------------------------------------------


def data(report: ReportData) -> ReportFigure:
    """Draw four test images of each class."""
    run = report.shown[0]
    labels = run.codes.labels
    columns = [np.flatnonzero(labels == label)[:4] for label in np.unique(labels)]
    deep = max(map(len, columns))
    rows = [
        ("", run.pixels[[column[min(place, len(column) - 1)] for column in columns]]) for place in range(deep)
    ]
    pixels = PIXEL_TEXTS[run.config.data.binarize]
    caption = f"The data: the first {deep} test images of each class of {report.dataset} ({pixels})."
    return plotting.picture("data.png", _sheet(rows), caption, "Test images of each class")


def reconstructions(report: ReportData) -> Iterator[ReportFigure]:
    """Draw originals over the reconstructions of each model."""
    sheets = -(-len(report.shown) // MOST_ROWS)
    each = -(-len(report.shown) // sheets)
    for number in range(sheets):
        runs = report.shown[number * each : (number + 1) * each]
        classes = np.unique(runs[0].codes.labels).tolist()
        rows = [("original", _first_images(runs[0], classes))]
        for run in runs:
            posterior = run.vae.encode(_first_images(run, classes))
            rows.append((run.label, run.vae.decode(posterior.mean)))
        caption = (
            "Originals (the first test image of each class) over their reconstructions through the posterior "
            f"mean{_epochs(runs)}."
        )
        file = plotting.numbered("reconstructions", number)
        yield plotting.picture(file, _sheet(rows), caption, "Originals over reconstructions")


def _epochs(runs: Sequence[ReportRun]) -> str:
    epochs = {run.vae.epoch for run in runs}
    return f", weights of epoch {epochs.pop()}" if len(epochs) == 1 else ""


# --- samples --------------------------------------------------------------------------------------------


def samples(report: ReportData) -> ReportFigure:
    """Draw decoded samples of the prior and of the aggregated posterior."""
    runs = report.featured
    across, deep = 8, 4
    sources: tuple[Source, ...] = ("prior", "aggregate")
    figure = plotting.sheet(4.3 * len(runs) + 0.6)
    axes = figure.subplots(len(runs), 2, squeeze=False)
    for row, run in zip(axes, runs, strict=True):
        known = SampleSources(run.latent, codes=run.codes.posterior)
        for axis, source in zip(row, sources, strict=True):
            z = nearest.finite(sample(source, known, across * deep, SEED).z)
            _show(axis, run.vae.decode(z), across)
        row[0].set_ylabel(run.label)
    axes[0][0].set_title("samples of the prior N(0, I)")
    axes[0][1].set_title("samples around the data")
    has_points = any(not run.is_vae for run in runs)
    points = "; an autoencoder has no posterior, so its codes themselves are decoded" if has_points else ""
    caption = (
        f"Decoded samples: {across * deep} of the prior, and {across * deep} of the posteriors of as many "
        f"test images{points}. Seed {SEED}, decoder means{_epochs(runs)}; the same noise for every run."
    )
    alt = "Samples of the prior beside samples around data"
    return plotting.picture("samples.png", figure, caption, alt)


def planes(report: ReportData) -> Iterator[ReportFigure]:
    """Draw the decoded grid of latent spaces of two dimensions."""
    planar = [run for run in report.shown if run.latent == 2]
    for number, start in enumerate(range(0, len(planar), 6)):
        runs = planar[start : start + 6]
        across = min(len(runs), 2 if len(runs) in (2, 4) else 3)
        figure, axes = plotting.panels(len(runs), across, 17.0 / max(across, 2) + 0.4)
        for axis, run in zip(axes, runs, strict=True):
            xs, ys = _grid_axes(run)
            _show(axis, run.vae.decode(path.grid_points(xs, ys)), PLANE, interpolation="antialiased")
            marks = [0, PLANE // 2, PLANE - 1]
            places = [mark * (SIDE + GAP) + SIDE / 2 for mark in marks]
            axis.set_xticks(places, [fixed(float(xs[mark]), 1) for mark in marks])
            axis.set_yticks(places, [fixed(float(ys[::-1][mark]), 1) for mark in marks])
            axis.set_title(run.label)
            axis.set_xlabel("z₁")
            axis.set_ylabel("z₂")
        caption = (
            f"The decoded plane of z = 2: {PLANE} × {PLANE} points, for a VAE at evenly spaced quantiles of "
            f"the prior, for an autoencoder evenly over the middle 98% of its test codes{_epochs(runs)}."
        )
        yield plotting.picture(plotting.numbered("plane-of-z2", number), figure, caption, "Decoding grid")


def _grid_axes(run: ReportRun) -> tuple[Floats, Floats]:
    """Return the coordinates of the grid along both axes."""
    if run.is_vae:
        return prior.normal_quantiles(PLANE), prior.normal_quantiles(PLANE)
    low, high = np.quantile(run.mean, [0.01, 0.99], axis=0)
    xs, ys = np.linspace(low, high, PLANE, dtype=np.float32).T
    return xs, ys


# --- interpolations -------------------------------------------------------------------------------------


def interpolations(report: ReportData) -> Iterator[ReportFigure]:
    """Draw interpolations between classes: the classic ones in two dimensions, 2 and 1 in more."""
    planar = [run for run in report.featured if run.latent == 2]
    others = [run for run in report.featured if run.latent != 2]
    if planar:
        yield from _interpolation(planar, CLASSIC_CLASSES)
    if others:
        yield from _interpolation(others, (2, 1))


def _interpolation(runs: Sequence[ReportRun], classes: Sequence[int]) -> Iterator[ReportFigure]:
    """Draw one interpolation as a strip and as an animation."""
    file = "interpolation-" + "".join(map(str, classes))
    stops = " → ".join(map(str, classes))
    segments = len(classes) - 1
    steps = max(STRIP, 2 * segments + 1) // segments * segments + 1
    rows = [(run.label, _interpolated(run, classes, steps)) for run in runs]
    caption = (
        f"Linear interpolations {stops} in {steps} steps between the posterior means of the first test image "
        f"of each class{_epochs(runs)}."
    )
    yield plotting.picture(f"{file}.png", _sheet(rows), caption, f"Interpolation {stops}")
    steps = FRAMES * segments + 1
    frames = np.stack([_interpolated(run, classes, steps) for run in runs], axis=1)  # (frames, runs, 784)
    animation = Animation(np.nan_to_num(frames).clip(0, 1), across=len(runs))
    names = ", ".join(run.label for run in runs)
    caption = f"The same {stops}, animated, {steps} images there and back; left to right: {names}."
    width = min(1.0, 0.16 * len(runs))
    yield ReportFigure(
        f"{file}.gif", encode.gif(animation), caption, f"Animated interpolation {stops}", width
    )


def _interpolated(run: ReportRun, classes: Sequence[int], steps: int) -> Floats:
    means = run.vae.encode(_first_images(run, classes)).mean
    return run.vae.decode(path.interpolate(nearest.finite(means), steps, "lerp"))
