"""`vaetui traverse`: what each latent dimension changes in an image, highest KL first."""

from __future__ import annotations

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
from vaetui.cli.tiles import Tile, grey_rows
from vaetui.export import content
from vaetui.export.files import Array, ExportContent
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
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"--set takes dimensions and their values as in 3=1.5, not a value of {text[:40]!r}")
    return value


@dataclass(frozen=True, eq=False)
class Traversals:
    """The points `z` `(dims, steps, latent)` of the dimensions of `ranks`, at `values` `(steps,)`."""

    dims: RankedDimensions
    ranks: list[int]
    values: Floats
    z: Floats

    def heading(self, row: int, terminal: Terminal) -> str:
        """Return the line above a row: its dimension, KL or variance; grey where it has collapsed."""
        rank_, dims = self.ranks[row], self.dims
        assert dims.score is not None
        figure = float(dims.score[rank_])
        amount = f"variance {fixed(figure, 3)}" if dims.source == "variance" else f"KL {fixed(figure)} nats"
        collapsed = ", collapsed" if dims.is_dead[rank_] else ""
        text = f"{dims.name(rank_)}  {amount}, this digit at {signed(float(dims.mean[rank_]))}{collapsed}"
        return f"{GREY}{text}{PLAIN}" if collapsed and terminal.depth != "none" else text

    def tiles(self, images: Floats, has_captions: bool) -> list[Tile]:
        """Return the images of a dimension, with their values if these are not printed above."""
        if not has_captions:
            return [(image,) for image in images]
        return [(signed(value), image) for value, image in zip(self.values.tolist(), images, strict=True)]

    def facts(self, images: Floats) -> list[dict[str, Any]]:
        """Return each dimension and its images `(dims, steps, 784)`, for JSON."""
        dims, figure = self.dims, self.dims.score
        assert figure is not None
        return [
            {
                "dim": int(dims.number[place]) + 1,
                "figure": float(figure[place]),
                "is_collapsed": bool(dims.is_dead[place]),
                "own": float(dims.mean[place]),
                "digits": [
                    {"value": value, "z": z.tolist(), "image": grey_rows(image)}
                    for value, z, image in zip(self.values.tolist(), self.z[row], images[row], strict=True)
                ],
            }
            for row, place in enumerate(self.ranks)
        ]


def traverse(
    name: str, runs: Path | None, data: Path | None, output: ImageOutput, request: TraversalRequest
) -> int:
    """Print the traversals of an image's dimensions, or write them to a file; return the exit code."""
    output.check(can_animate=True)
    loaded = load_run(name, runs, data)
    number = loaded.choose(request.digit)
    shape = output.layout(request.steps or LEAST_STEPS)
    across = max(shape.across, LEAST_STEPS)
    steps = request.steps or (STEPS if output.out else across - (across + 1) % 2)  # odd: the middle is 0
    found = _traversals(loaded, data, number, request, steps)
    dims, code = found.dims, found.dims.code(TraversalOffsets())
    made = content.traversal_content(
        loaded.model, found.z, found.values, [int(dims.number[r]) for r in found.ranks]
    )
    images = np.asarray(made.arrays["images"], np.float32)
    protocol = _protocol(loaded, number, dims, request.moved)

    def whole() -> ExportContent:
        image: dict[str, Array] = {"digit": np.array(number), "code": code}
        return dataclasses.replace(made, arrays={**image, **made.arrays})

    def facts() -> dict[str, Any]:
        image = {"digit": number, "label": int(loaded.images.labels[number]), "sorted_by": dims.source}
        return {"protocol": protocol, **image, "code": code.tolist(), "dims": found.facts(images)}

    def draw() -> None:
        for row in range(len(found.ranks)):
            sys.stdout.write(("\n" if row else "") + found.heading(row, output.terminal) + "\n")
            output.draw(found.tiles(images[row], row == 0 or steps > shape.across), shape)

    return output.emit(loaded, protocol, content=whole, facts=facts, draw=draw)


def _traversals(
    loaded: LoadedRun, data: Path | None, number: int, request: TraversalRequest, steps: int
) -> Traversals:
    """Return all points. Raises `UsageError` for a dimension that the model has not."""
    model = loaded.model
    for dim in (*request.dims, *(dim for dim, _ in request.moved)):
        if not 1 <= dim <= model.latent:
            raise UsageError(f"{loaded.run.name} has dimensions z1 to z{model.latent}, not z{dim}")
    posterior = model.encode(loaded.pixels([number]))
    dims = rank_dimensions(posterior, measured_kl(loaded.run.epochs, model), load_codes(loaded, data))
    rank_of = {int(dim) + 1: place for place, dim in enumerate(dims.number)}
    moves = TraversalOffsets(values=tuple(sorted((rank_of[dim], value) for dim, value in request.moved)))
    ranks = [rank_of[dim] for dim in request.dims] or list(range(len(dims)))
    values = np.linspace(request.low, request.high, steps, dtype=np.float32)
    return Traversals(dims, ranks, values, np.stack([dims.traversal(moves, one, values) for one in ranks]))


def _protocol(
    loaded: LoadedRun, number: int, dims: RankedDimensions, moved: tuple[tuple[int, float], ...]
) -> str:
    image = f"{loaded.binarised}test image #{number}, a {loaded.images.labels[number]}"
    others = "the other dimensions as in its code" + "".join(f", z{dim} at {x:+.2f}" for dim, x in moved)
    unit = "of the codes, from their mean" if dims.source == "variance" else "of the prior"
    return f"{image} · {others} · values in standard deviations {unit} · {_SORTED_BY[dims.source]}"
