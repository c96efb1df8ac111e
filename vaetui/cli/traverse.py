"""`vaetui traverse`: what each latent dimension changes in an image, highest KL first."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vaetui.arrays import Floats
from vaetui.cli.image_output import ImageOutput
from vaetui.cli.loaded_run import LoadedRun, load_codes, load_run
from vaetui.cli.messages import UsageError
from vaetui.cli.tiles import Tile, draw, grey_rows
from vaetui.export import content
from vaetui.export.images import Array
from vaetui.format import fixed, signed
from vaetui.latent.dimensions import RankedDimensions, measured_kl, rank_dimensions
from vaetui.latent.traversal import TraversalOffsets
from vaetui.render.terminal import Terminal
from vaetui.settings import distinct_texts

LEAST_STEPS = 5  # images that show a traversal
STEPS = 13  # in a file without --steps
GREY, PLAIN = "\x1b[90m", "\x1b[39m"

_SORTED_BY = {
    "KL": "sorted by KL as measured",
    "digit's KL": "sorted by the KL of this digit, no other is known",
    "variance": "sorted by the variance of codes, an autoencoder has no KL",
}


@dataclass(frozen=True)
class TraversalRequest:
    """The options of a traversal; `dims` count from 1, none for all, `moved` are dimensions and values."""

    digit: str
    dims: tuple[int, ...]
    moved: tuple[tuple[int, float], ...]
    low: float
    high: float
    steps: int | None


def parse_request(
    digit: str, dims: str, moved: str, low: float, high: float, steps: int | None
) -> TraversalRequest:
    """Return the checked options. Raises `UsageError` for one that cannot be read."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(
            f"--from takes a number below that of --to, not {' and '.join(distinct_texts(low, high))}"
        )
    pairs = [part.partition("=") for part in moved.split(",")] if moved else []
    values = tuple((_parse_dim(name, "--set"), _parse_value(value)) for name, _, value in pairs)
    numbers = tuple(_parse_dim(name, "--dim") for name in dims.split(",")) if dims else ()
    return TraversalRequest(digit, numbers, values, low, high, steps)


def _parse_dim(text: str, option: str) -> int:
    """Return a dimension from its number or name: 3 or z3."""
    number = text.strip().removeprefix("z")
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 7):
        raise UsageError(f"{option} takes numbers of dimensions as in 3 or z3, not {text[:40]!r}")
    return int(number)


def _parse_value(text: str) -> float:
    with contextlib.suppress(ValueError):
        if math.isfinite(value := float(text)):
            return value
    raise UsageError(f"--set takes dimensions and their values as in 3=1.5, not a value of {text[:40]!r}")


def traverse(
    name: str, runs: Path | None, data: Path | None, output: ImageOutput, request: TraversalRequest
) -> int:
    """Print the traversals of an image's dimensions, or write them to a file; return the exit code."""
    output.check()
    loaded = load_run(name, runs, data)
    number, model = loaded.choose(request.digit), loaded.model
    for dim in (*request.dims, *(dim for dim, _ in request.moved)):
        if not 1 <= dim <= model.latent:
            raise UsageError(f"{loaded.run.name} has dimensions 1 to {model.latent}, not {dim}")
    shape = output.layout(request.steps or LEAST_STEPS)
    across = max(shape.across, LEAST_STEPS)
    steps = request.steps or (STEPS if output.out else across - (across + 1) % 2)  # odd: the middle is 0
    values = np.linspace(request.low, request.high, steps, dtype=np.float32)
    posterior = model.encode(loaded.pixels([number]))
    dims = rank_dimensions(posterior, measured_kl(loaded.run.epochs, model), load_codes(loaded, data))
    rank_of = {int(dim) + 1: rank for rank, dim in enumerate(dims.number)}
    offsets = TraversalOffsets(values=tuple(sorted((rank_of[dim], value) for dim, value in request.moved)))
    ranks = [rank_of[dim] for dim in request.dims] or list(range(len(dims)))
    z = np.stack([dims.traversal(offsets, rank, values) for rank in ranks])
    exported = content.traversal_content(
        model,
        z,
        values,
        [int(dims.number[rank]) for rank in ranks],
        [f"{_name(dims, rank)}\n{_amount(dims, rank)}" for rank in ranks],
    )
    images, code = np.asarray(exported.arrays["images"], np.float32), dims.code(TraversalOffsets())
    image: dict[str, Array] = {"digit": np.array(number), "code": code}
    facts = {
        "protocol": _protocol(loaded, number, dims, request.moved),
        "digit": number,
        "label": int(loaded.images.labels[number]),
        "sorted_by": dims.source,
        "code": code.tolist(),
        "dims": [_facts(dims, rank, values, *points) for rank, *points in zip(ranks, z, images, strict=True)],
    }

    def draw_rows() -> None:
        for row, rank in enumerate(ranks):
            sys.stdout.write(("\n" if row else "") + _heading(dims, rank, output.terminal) + "\n")
            tiles: list[Tile] = [(pixels,) for pixels in images[row]]
            if row == 0 or steps > shape.across:  # else the values are above an earlier row
                tiles = [(signed(value), *tile) for value, tile in zip(values.tolist(), tiles, strict=True)]
            draw(tiles, shape, output.terminal)

    return output.emit(
        loaded,
        facts,
        content=lambda: dataclasses.replace(exported, arrays={**image, **exported.arrays}),
        draw=draw_rows,
    )


def _heading(dims: RankedDimensions, rank: int, terminal: Terminal) -> str:
    """Return the line above a row: its dimension, KL or variance; grey where it has collapsed."""
    collapsed = ", collapsed" if dims.is_dead[rank] else ""
    own = signed(float(dims.mean[rank]))
    text = f"{_name(dims, rank)}  {_amount(dims, rank)}, this image at {own}{collapsed}"
    return f"{GREY}{text}{PLAIN}" if collapsed and terminal.depth != "none" else text


def _name(dims: RankedDimensions, rank: int) -> str:
    """Return the name of a dimension, counted from 1."""
    return f"dim {dims.number[rank] + 1}"


def _amount(dims: RankedDimensions, rank: int) -> str:
    """Return the KL or variance of a dimension in words."""
    figure = _figure(dims, rank)
    return f"variance {fixed(figure, 3)}" if dims.source == "variance" else f"KL {fixed(figure)} nats"


def _facts(dims: RankedDimensions, rank: int, values: Floats, z: Floats, images: Floats) -> dict[str, Any]:
    """Return a dimension, its points `z` `(steps, latent)` and `images` `(steps, 784)`, for JSON."""
    return {
        "dim": int(dims.number[rank]) + 1,
        "figure": _figure(dims, rank),
        "is_collapsed": bool(dims.is_dead[rank]),
        "own": float(dims.mean[rank]),
        "digits": [
            {"value": value, "z": point.tolist(), "image": grey_rows(image)}
            for value, point, image in zip(values.tolist(), z, images, strict=True)
        ],
    }


def _figure(dims: RankedDimensions, rank: int) -> float:
    """Return the KL of a dimension in nats, or the variance of its codes."""
    assert dims.score is not None
    return float(dims.score[rank])


def _protocol(
    loaded: LoadedRun, number: int, dims: RankedDimensions, moved: tuple[tuple[int, float], ...]
) -> str:
    image = f"{loaded.binarised}test image #{number}, a {loaded.images.labels[number]}"
    changes = "".join(f", dim {dim} at {signed(value)}" for dim, value in moved)
    others = f"the other dimensions as in its code{changes}"
    unit = "of the codes, from their mean" if dims.source == "variance" else "of the prior"
    return f"{image} · {others} · values in standard deviations {unit} · {_SORTED_BY[dims.source]}"
