"""Images for a file: sheets and animations with the texts beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.contract.position import Position
from vaetui import __version__
from vaetui.arrays import Bytes, Floats
from vaetui.render.pixels import to_unit

Array = npt.NDArray[Any]

MOST_ACROSS = 12  # images in a row of a sheet, by default


@dataclass(frozen=True)
class Label:
    """What stands above the images of a file, and in its metadata.

    `epoch` is that of the weights, `step` the steps of the next one; None where there is no model or every
    epoch is shown.
    """

    run: str
    dataset: str
    epoch: int | None
    description: str
    step: int = 0

    @property
    def title(self) -> str:
        """Return run, dataset and epoch on one line."""
        epoch = "" if self.epoch is None else Position(self.epoch, self.step).text
        return " · ".join(filter(None, (self.run, self.dataset, epoch)))

    @property
    def facts(self) -> dict[str, str]:
        """Return the metadata by name, without what is unknown."""
        facts = {
            "Title": self.title,
            "Description": self.description,
            "Run": self.run,
            "Dataset": self.dataset,
            "Epoch": "" if self.epoch is None else str(self.epoch),
            "Software": f"vaetui {__version__}",
        }
        return {name: text for name, text in facts.items() if text}

    @property
    def comment(self) -> str:
        """Return the metadata as lines of text."""
        return "\n".join(f"{name}: {text}" for name, text in self.facts.items())


@dataclass(frozen=True, eq=False)
class ImageSheet:
    """Columns of images in rows.

    `layers` are arrays `(columns, 784)` in 0…1: the images of each column from top to bottom. A row has
    `across` columns, or as many as `lengths` says of each row. The texts, none by default, are `captions`
    below the columns, one each; `column_names` above the first row; `row_names` at the left, one for each
    layer of each row.
    """

    layers: tuple[Floats, ...]
    across: int
    captions: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    row_names: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()

    @property
    def rows(self) -> Iterator[range]:
        """Yield the columns of each row."""
        count = len(self.layers[0])
        ends = [*accumulate(self.lengths)] or [*range(self.across, count, self.across), count]
        return (range(start, end) for start, end in pairwise([0, *ends]))

    def plain(self) -> ImageSheet:
        """Return the images without texts."""
        return dataclasses.replace(self, captions=(), column_names=(), row_names=())


@dataclass(frozen=True, eq=False)
class Animation:
    """Frames `(frames, images, 784)` of an animation, `across` images in a row.

    Pixels are in 0…1, or uint8. `names` of the images and `captions` of the frames are none by default.
    Frames of several epochs have a `description` of their own.
    """

    images: Array
    across: int = 1
    is_returning: bool = True  # ping-pong
    names: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    description: str = ""


def columns_for(count: int) -> int:
    """Return how many images to put in a row so that rows are full, or nearly."""
    rows = -(-count // MOST_ACROSS)
    return max(-(-count // max(rows, 1)), 1)


def row_lengths(count: int, most: int) -> list[int]:
    """Return the lengths of the fewest rows of at most `most` that hold `count` images, nearly equal."""
    rows = -(-count // most)
    return [count // rows + (row < count % rows) for row in range(rows)]


def numbered_rows(count: int, across: int) -> tuple[str, ...]:
    """Return the names of rows by the numbers of their images: "1–8", "9–16" …"""
    ends = [(start + 1, min(start + across, count)) for start in range(0, count, across)]
    return tuple(f"{first}–{last}" if last > first else str(first) for first, last in ends)


def sheet_of_rows(
    rows: Sequence[Sequence[int]], images: Floats, captions: Sequence[str], names: Sequence[str]
) -> ImageSheet:
    """Return a sheet with a row for each of `rows`, the numbers of its `images` `(images, 784)`.

    An image may be in several rows; `captions` are one an image, `names` one a row.
    """
    numbers = [number for row in rows for number in row]
    lengths = tuple(map(len, rows))
    texts = tuple(captions[number] for number in numbers)
    return ImageSheet((images[numbers],), max(lengths), texts, row_names=tuple(names), lengths=lengths)


def levels(pixels: Array) -> Bytes:
    """Convert 0…1 to 0…255; NaN becomes 0."""
    return np.asarray(np.rint(to_unit(pixels).clip(0, 1) * 255), np.uint8)
