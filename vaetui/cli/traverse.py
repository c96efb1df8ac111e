"""`vaetui traverse`: what each latent dimension does to a digit, those that carry most first."""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vaetui.cli.out import check, write
from vaetui.cli.read import Subject, codes_of, open_subject, print_head, print_json, print_protocol
from vaetui.cli.say import Usage
from vaetui.cli.strip import Floats, Tile, draw, grey_rows, layout
from vaetui.export import content
from vaetui.export.files import Array
from vaetui.latent.dimensions import RankedDimensions, measured_kl, rank_dimensions
from vaetui.latent.traversal import TraversalOffsets
from vaetui.render.terminal import Terminal
from vaetui.settings import distinct_texts

LEAST_STEPS = 5  # fewer show no way
STEPS = 13  # in a file that nobody gave a number for
GREY, PLAIN = "\x1b[90m", "\x1b[39m"

_SORTED_BY = {
    "KL": "sorted by KL as measured",
    "digit's KL": "sorted by the KL of this digit, no other is known",
    "variance": "sorted by the variance of codes, an autoencoder has no KL",
}


@dataclass(frozen=True)
class Asked:
    """What to traverse; `dims` are counted from 1, none for all, `moved` are pairs of such and a value."""

    digit: str
    dims: tuple[int, ...]
    moved: tuple[tuple[int, float], ...]
    low: float
    high: float
    steps: int | None


def asked(digit: str, dims: str, moved: str, low: float, high: float, steps: int | None) -> Asked:
    """The options as one. Raises `Usage` where one means nothing."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise Usage(
            f"--from takes a number below that of --to, not {' and '.join(distinct_texts(low, high))}"
        )
    pairs = [part.partition("=") for part in moved.split(",")] if moved else []
    values = tuple((_dim(name, "--set"), _value(value)) for name, _, value in pairs)
    return Asked(digit, tuple(_dim(name, "--dim") for name in _parts(dims)), values, low, high, steps)


def _parts(text: str) -> list[str]:
    return text.split(",") if text else []


def _dim(text: str, option: str) -> int:
    """A dimension by its number or name: 3 or z3."""
    number = text.strip().removeprefix("z")
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 7):
        raise Usage(f"{option} takes numbers of dimensions as in 3 or z3, not {text[:40]!r}")
    return int(number)


def _value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Usage(f"--set takes dimensions and their values as in 3=1.5, not a value of {text[:40]!r}")
    return value


@dataclass(frozen=True, eq=False)
class Way:
    """The traversals `z` `(dims, steps, latent)` of the dimensions of `ranks`, at `values` `(steps,)`."""

    dims: RankedDimensions
    ranks: list[int]
    values: Floats
    z: Floats

    def words(self, row: int) -> str:
        """Which dimension a row is of, and what it carries."""
        rank_, dims = self.ranks[row], self.dims
        assert dims.figure is not None
        figure = float(dims.figure[rank_])
        carries = f"variance {figure:.3f}" if dims.source == "variance" else f"KL {figure:.2f} nats"
        collapsed = ", collapsed" if dims.is_dead[rank_] else ""
        return f"{dims.name(rank_)}  {carries}, this digit at {float(dims.mean[rank_]):+.2f}{collapsed}"


def traverse(
    text: str,
    runs: Path | None,
    data: Path | None,
    wanted: Asked,
    *,
    small: bool,
    terminal: Terminal,
    out: Path | None,
    as_json: bool,
) -> int:
    """Print the traversals of a digit's dimensions, or write them to `out`; returns the exit code."""
    check(out, moves=True)
    subject = open_subject(text, runs, data)
    number = subject.choose(wanted.digit)
    shape = layout(terminal.columns, wanted.steps or LEAST_STEPS, small=small)
    steps = wanted.steps or (STEPS if out else _odd(max(shape.across, LEAST_STEPS)))
    way = _way(subject, data, number, wanted, steps)
    numbers = [int(way.dims.number[place]) for place in way.ranks]
    made = content.traversal_content(subject.model, way.z, way.values, numbers)
    images = np.asarray(made.arrays["images"], np.float32)
    if out:
        about: dict[str, Array] = {"digit": np.array(number), "code": way.dims.code(TraversalOffsets())}
        whole = dataclasses.replace(made, arrays={**about, **made.arrays})
        write(out, subject.run.name, subject.model, whole)
    protocol = _protocol(subject, number, way.dims, wanted.moved)
    if as_json:
        facts = {"protocol": protocol, "digit": number, "label": int(subject.images.labels[number])}
        facts |= {"sorted_by": way.dims.source, "code": way.dims.code(TraversalOffsets()).tolist()}
        return print_json(subject, facts | {"dims": _rows(way, images)})
    if not out:
        print_head(subject)
        for row in range(len(way.ranks)):
            _heading(way, row, terminal)
            draw(_tiles(way.values, images[row], row == 0 or steps > shape.across), shape, terminal)
        print_protocol(protocol, terminal)
    return 0


def _odd(count: int) -> int:
    """At most `count`, so that one is in the middle."""
    return count - (count + 1) % 2


def _way(subject: Subject, data: Path | None, number: int, wanted: Asked, steps: int) -> Way:
    """Every point. Raises `Usage` for a dimension that there is not."""
    model = subject.model
    for dim in (*wanted.dims, *(dim for dim, _ in wanted.moved)):
        if not 1 <= dim <= model.latent:
            raise Usage(f"{subject.run.name} has dimensions z1 to z{model.latent}, not z{dim}")
    posterior = model.encode(subject.pixels([number]))
    dims = rank_dimensions(posterior, measured_kl(subject.run.epochs, model), codes_of(subject, data))
    place = {int(dim) + 1: found for found, dim in enumerate(dims.number)}
    moves = TraversalOffsets(values=tuple(sorted((place[dim], value) for dim, value in wanted.moved)))
    ranks = [place[dim] for dim in wanted.dims] or list(range(len(dims)))
    values = np.linspace(wanted.low, wanted.high, steps, dtype=np.float32)
    return Way(dims, ranks, values, np.stack([dims.traversal(moves, found, values) for found in ranks]))


def _protocol(
    subject: Subject, number: int, dims: RankedDimensions, moved: tuple[tuple[int, float], ...]
) -> str:
    drawn = "" if subject.model.config.data.binarize == "none" else "binarised "
    rest = "".join(f", z{dim} at {value:+.2f}" for dim, value in moved)
    others = f"the other dimensions as in its code{rest}"
    whose = "of the codes, from their mean" if dims.source == "variance" else "of the prior"
    image = f"{drawn}test image #{number}, a {subject.images.labels[number]}"
    return f"{image} · {others} · values in standard deviations {whose} · {_SORTED_BY[dims.source]}"


def _rows(way: Way, images: Floats) -> list[dict[str, Any]]:
    """Each dimension with its digits, for JSON."""
    assert way.dims.figure is not None
    return [
        {
            "dim": int(way.dims.number[place]) + 1,
            "figure": float(way.dims.figure[place]),
            "is_collapsed": bool(way.dims.is_dead[place]),
            "own": float(way.dims.mean[place]),
            "digits": [
                {"value": value, "z": z.tolist(), "image": grey_rows(image)}
                for value, z, image in zip(way.values.tolist(), way.z[row], images[row], strict=True)
            ],
        }
        for row, place in enumerate(way.ranks)
    ]


def _heading(way: Way, row: int, terminal: Terminal) -> None:
    """A line on a dimension, grey where it has collapsed."""
    text = way.words(row)
    if way.dims.is_dead[way.ranks[row]] and terminal.depth != "none":
        text = f"{GREY}{text}{PLAIN}"
    sys.stdout.write(("\n" if row else "") + text + "\n")


def _tiles(values: Floats, images: Floats, has_captions: bool) -> list[Tile]:
    """The digits of one dimension, under their values where these are not told above."""
    if not has_captions:
        return [(image,) for image in images]
    return [(f"{value:+.2f}", image) for value, image in zip(values.tolist(), images, strict=True)]
