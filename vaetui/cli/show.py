"""`vaetui show`: test images over their reconstructions."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer.contract.likelihoods import LIKELIHOODS
from vaetui.cli.image_output import ImageOutput
from vaetui.cli.loaded_run import load_run
from vaetui.cli.tiles import draw, grey_rows
from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.format import fixed
from vaetui.runs.timeline import animate_training
from vaetui.settings import KEPT_WEIGHTS_TEXTS, PIXEL_TEXTS

COUNT = 10  # images in a file without --count


def show(
    name: str, runs: Path | None, data: Path | None, output: ImageOutput, *, digits: str, count: int | None
) -> int:
    """Print originals over reconstructions, or write them to a file; return the exit code."""
    output.check()
    is_training = output.check_training(*(["--digits"] if digits else []))
    loaded = load_run(name, runs, data)
    named = [loaded.choose(part.strip()) for part in digits.split(",")] if digits else []
    shape = output.layout(len(named) or count)
    numbers = named or by_class_in_turn(
        loaded.images.labels, count or (COUNT if output.out else shape.across)
    )
    model, config, pixels = loaded.model, loaded.model.config, loaded.pixels(numbers)
    labels, posterior = loaded.images.labels[numbers], model.encode(pixels)
    reconstructions = model.decode(posterior.mean)
    distortions = model.distortion(pixels, posterior.mean).tolist()
    protocol = (
        f"test images ({PIXEL_TEXTS[config.data.binarize]}) over reconstructions (posterior mean) · "
        f"distortion in {LIKELIHOODS[config.objective.likelihood].unit} · {KEPT_WEIGHTS_TEXTS[loaded.keep]}"
    )

    columns = {
        "image": numbers,
        "label": labels.tolist(),
        "distortion": distortions,
        "rate": model.rate(posterior).tolist(),
        "original": map(grey_rows, pixels),
        "reconstruction": map(grey_rows, reconstructions),
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    above = [f"{label}  #{number}" for label, number in zip(labels, numbers, strict=True)]
    below = [f"{fixed(distortion, 1)} nats" for distortion in distortions]
    return output.emit(
        loaded,
        {"split": "test", "protocol": protocol, "digits": rows},
        content=lambda: (
            ExportContent(animation=functools.partial(animate_training, loaded.run.path, "probes", count))
            if is_training
            else content.reconstruction_content(model, pixels, labels, numbers)
        ),
        draw=lambda: draw(
            list(zip(above, pixels, reconstructions, below, strict=True)), shape, output.terminal
        ),
    )


def by_class_in_turn(labels: npt.NDArray[np.uint8], count: int) -> list[int]:
    """Return the numbers of `count` images: the first of each class, then the second of each, and so on."""
    rank = np.empty(len(labels), np.int64)  # of each image within its class
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank[members] = np.arange(len(members))
    numbers: list[int] = np.lexsort((labels, rank))[:count].tolist()
    return numbers
