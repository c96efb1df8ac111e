"""Figures of images: data, reconstructions, samples, interpolations, and decoded grids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.contract.config import PIXELS, SIDE
from vaetui.arrays import Floats
from vaetui.export import files
from vaetui.format import fixed
from vaetui.latent import nearest, path, prior
from vaetui.latent.samplers import SampleSources, Source, sample
from vaetui.report import plotting
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.document import Picture
from vaetui.settings import PIXEL_TEXTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 2
PAPER = 1.0  # white
ACROSS = 10
MOST_ROWS = 13  # runs in one sheet of reconstructions
LINE = 1.55  # centimetres of a row of ten digits across the page, with its label
PLANE = 15  # digits along a side of the plane
TOUR, ERRAND = (2, 3, 8, 7, 9, 1), (2, 1)  # classes that a walk goes by, in a plane and in more dimensions
STRIP, FRAMES = 12, 12  # digits of a walk on paper, and pictures of a leg where it moves
SEED = 0


@dataclass(frozen=True, eq=False)
class Row:
    """Images side by side with a name."""

    name: str
    images: Floats  # (digits, 784), in 0…1


def tiled(images: Floats, across: int) -> Floats:
    """Return images `(images, 784)` as one, white on black, with white gaps."""
    rows = -(-len(images) // across)
    pitch = SIDE + GAP
    grid = np.full((rows * pitch - GAP, across * pitch - GAP), PAPER, np.float32)
    for place, image in enumerate(np.nan_to_num(images).clip(0, 1)):
        y, x = place // across * pitch, place % across * pitch
        grid[y : y + SIDE, x : x + SIDE] = image.reshape(SIDE, SIDE)
    return grid


def rows_of(rows: Sequence[Row]) -> bytes:
    """Draw rows of images with their names at the left."""
    across = max(len(row.images) for row in rows)
    figure = plotting.sheet(LINE * len(rows) * ACROSS / max(across, ACROSS) + 0.3)
    axis = figure.subplots()
    padded = [np.ones((across, PIXELS), np.float32) for _ in rows]
    for blank, row in zip(padded, rows, strict=True):
        blank[: len(row.images)] = row.images
    axis.imshow(tiled(np.concatenate(padded), across), cmap="gray", vmin=0, vmax=1)
    _bare(axis)
    pitch = SIDE + GAP
    axis.set_yticks([place * pitch + SIDE / 2 for place in range(len(rows))], [row.name for row in rows])
    return plotting.png(figure)


def _bare(axis: Axes) -> None:
    axis.grid(visible=False)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)


def first_of_each(subject: ReportRun) -> list[int]:
    """Return the number of the first test image of each class."""
    labels = subject.codes.labels
    return [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)]


# --- data and reconstructions ---------------------------------------------------------------------------


def data(report: ReportData) -> Picture:
    """Draw four test images of each class."""
    subject = report.subjects[0]
    labels = subject.codes.labels
    columns = [np.flatnonzero(labels == label)[:4] for label in np.unique(labels)]
    deep = max(map(len, columns))
    rows = []
    for place in range(deep):
        numbers = [int(column[min(place, len(column) - 1)]) for column in columns]
        rows.append(Row("", subject.pixels[numbers]))
    pixels = PIXEL_TEXTS[subject.config.data.binarize]
    caption = f"The data: the first {deep} test images of each class of {report.dataset} ({pixels})."
    return Picture("data.png", rows_of(rows), caption, "Test images of each class")


def reconstructions(report: ReportData) -> Iterator[Picture]:
    """Draw originals over the reconstructions of each model."""
    subjects = report.subjects
    sheets = -(-len(subjects) // MOST_ROWS)
    each = -(-len(subjects) // sheets)
    for number in range(sheets):
        part = subjects[number * each : (number + 1) * each]
        chosen = first_of_each(part[0])
        rows = [Row("original", part[0].pixels[chosen])]
        for subject in part:
            made = subject.vae.decode(subject.vae.encode(subject.pixels[chosen]).mean)
            rows.append(Row(subject.label, made))
        caption = (
            "Originals (the first test image of each class) over their reconstructions through the posterior "
            f"mean{_epochs(part)}."
        )
        mark = f"-{number + 1}" if number else ""
        yield Picture(f"reconstructions{mark}.png", rows_of(rows), caption, "Originals over reconstructions")


def _epochs(subjects: Sequence[ReportRun]) -> str:
    epochs = sorted({subject.vae.epoch for subject in subjects})
    return f", weights of epoch {epochs[0]}" if len(epochs) == 1 else ""


# --- samples --------------------------------------------------------------------------------------------


def samples(report: ReportData) -> Iterator[Picture]:
    """Draw decoded samples of the prior and of the aggregated posterior."""
    subjects = report.featured
    across, deep = 8, 4
    figure = plotting.sheet(4.3 * len(subjects) + 0.6)
    axes = figure.subplots(len(subjects), 2, squeeze=False)
    for (left, right), subject in zip(axes, subjects, strict=True):
        known = SampleSources(subject.latent, codes=subject.posterior)
        pairs: tuple[tuple[Axes, Source], ...] = ((left, "prior"), (right, "aggregate"))
        for axis, source in pairs:
            z = nearest.finite(sample(source, known, across * deep, SEED).z)
            axis.imshow(tiled(subject.vae.decode(z), across), cmap="gray", vmin=0, vmax=1)
            _bare(axis)
        left.set_ylabel(subject.label)
    axes[0][0].set_title("draws of the prior N(0, I)")
    axes[0][1].set_title("draws around the data")
    has_points = any(not subject.is_vae for subject in subjects)
    points = "; an autoencoder has no posterior, so its codes themselves are decoded" if has_points else ""
    caption = (
        f"Decoded samples: {across * deep} draws of the prior, and {across * deep} of the posteriors of as "
        f"many test images{points}. Seed {SEED}, decoder means{_epochs(subjects)}; the same noise for every "
        "run."
    )
    yield Picture(
        "samples.png", plotting.png(figure), caption, "Samples of the prior beside samples around data"
    )


def planes(report: ReportData) -> Iterator[Picture]:
    """Draw the decoded grid of latent spaces of two dimensions."""
    subjects = [subject for subject in report.subjects if subject.latent == 2]
    for start in range(0, len(subjects), 6):
        part = subjects[start : start + 6]
        across = min(len(part), 2 if len(part) in (2, 4) else 3)
        figure, axes = plotting.panels(len(part), across, 17.0 / max(across, 2) + 0.4)
        for axis, subject in zip(axes, part, strict=True):
            xs, ys = _reach(subject)
            image = tiled(subject.vae.decode(path.grid_points(xs, ys)), PLANE)
            axis.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="antialiased")
            _bare(axis)
            pitch = SIDE + GAP
            marks = [0, PLANE // 2, PLANE - 1]
            places = [mark * pitch + SIDE / 2 for mark in marks]
            axis.set_xticks(places, [fixed(float(xs[mark]), 1) for mark in marks])
            axis.set_yticks(places, [fixed(float(ys[::-1][mark]), 1) for mark in marks])
            axis.set_title(subject.label)
            axis.set_xlabel("z₁")
            axis.set_ylabel("z₂")
        caption = (
            f"The decoded plane of z = 2: {PLANE} × {PLANE} points, for a VAE at evenly spaced quantiles of "
            f"the prior, for an autoencoder evenly over the middle 98% of its test codes{_epochs(part)}."
        )
        mark = f"-{start // 6 + 1}" if start else ""
        yield Picture(
            f"plane-of-z2{mark}.png",
            plotting.png(figure),
            caption,
            "Decoding grid",
            plotting.share_of_page(figure),
        )


def _reach(subject: ReportRun) -> tuple[Floats, Floats]:
    """Return the coordinates of the grid along both axes."""
    if subject.is_vae:
        return prior.normal_quantiles(PLANE), prior.normal_quantiles(PLANE)
    low, high = np.quantile(subject.mean, [0.01, 0.99], axis=0)
    xs, ys = (np.linspace(low[dim], high[dim], PLANE, dtype=np.float32) for dim in (0, 1))
    return xs, ys


# --- interpolations -------------------------------------------------------------------------------------


def interpolations(report: ReportData) -> Iterator[Picture]:
    """Draw interpolations from class to class, as a strip and as an animation."""
    for stops in (TOUR, ERRAND):
        subjects = [one for one in report.featured if _stops(one) == stops]
        if subjects:
            yield _strip(subjects, stops)
            yield _moving(subjects, stops)


def _stops(subject: ReportRun) -> tuple[int, ...]:
    return TOUR if subject.latent == 2 else ERRAND


def _walk(subject: ReportRun, stops: Sequence[int], steps: int) -> Floats:
    firsts = [int(np.flatnonzero(subject.codes.labels == label)[0]) for label in stops]
    means = subject.vae.encode(subject.pixels[firsts]).mean
    return subject.vae.decode(path.interpolate(nearest.finite(means), steps, "lerp"))


def _strip(subjects: Sequence[ReportRun], stops: Sequence[int]) -> Picture:
    legs = len(stops) - 1
    steps = max(STRIP, 2 * legs + 1) // legs * legs + 1
    rows = [Row(one.label, _walk(one, stops, steps)) for one in subjects]
    caption = f"Walks {_way(stops)} in {steps} steps{_how(subjects)}."
    name = "walk-" + "".join(map(str, stops))
    return Picture(f"{name}.png", rows_of(rows), caption, f"Walk {_way(stops)}")


def _moving(subjects: Sequence[ReportRun], stops: Sequence[int]) -> Picture:
    steps = FRAMES * (len(stops) - 1) + 1
    frames = np.stack([_walk(one, stops, steps) for one in subjects], axis=1)  # (frames, runs, 784)
    moving = files.Animation(np.nan_to_num(frames).clip(0, 1), across=len(subjects))
    names = ", ".join(one.label for one in subjects)
    caption = f"The same {_way(stops)}, animated, {steps} images there and back; left to right: {names}."
    name = "walk-" + "".join(map(str, stops))
    return Picture(
        f"{name}.gif", files.gif(moving), caption, f"Moving walk {_way(stops)}", _room(len(subjects))
    )


def _room(count: int) -> float:
    return min(1.0, 0.16 * count)


def _way(stops: Sequence[int]) -> str:
    return " → ".join(map(str, stops))


def _how(subjects: Sequence[ReportRun]) -> str:
    means = "the posterior means of the first test image of each class"
    return f" on straight lines between {means}{_epochs(subjects)}"
