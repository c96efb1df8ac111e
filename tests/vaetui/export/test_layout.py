"""Images with the texts around them: every text is there, none covers an image or leaves the page."""

import io
import math
from itertools import product

import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from trainer.contract.config import SIDE
from trainer.contract.tensors import Array
from vaetui.export import encode, layout
from vaetui.export.images import Animation, ImageSheet, Label, numbered_rows, row_lengths, sheet_of_rows
from vaetui.export.layout import LARGE, LETTER, SCALE
from vaetui.render.drawing import Drawing, DrawnText

LABEL = Label("vae-z10-b4-bce-s0", "mnist", 30, "samples of the prior, " + "and more words " * 12)


def images(count: int, level: float = 1.0) -> Array:
    return np.full((count, SIDE * SIDE), level, np.float32)


def box(words: DrawnText) -> tuple[float, float, float, float]:
    """The room of a text in units: left, top, right, bottom."""
    width = len(words.text) * LETTER * words.size
    left = words.x - (width / 2 if words.anchor == "middle" else 0)
    return left, words.y - words.size + 1, left + width, words.y


def texts(drawing: Drawing) -> list[str]:
    return [words.text for words in drawing.words]


SHEETS = {
    "one image": ImageSheet((images(1),), 1),
    "captions": ImageSheet(
        (images(5), images(5)), 3, ("7  80.1 nats",) * 5, row_names=("original", "made") * 2
    ),
    "columns": ImageSheet(
        (images(6),), 3, column_names=("−3.00", "0.00", "+3.00"), row_names=("dim 1\nKL 1.63 nats",) * 2
    ),
    "uneven rows": sheet_of_rows([range(7), range(6, 9)], images(9), ["t 0.50"] * 9, ["2 → 3", "3 → 8"]),
}


@pytest.mark.parametrize("name", SHEETS)
def test_no_text_covers_an_image_or_another_or_leaves_the_page(name: str) -> None:
    drawing = layout.sheet(SHEETS[name], LABEL)
    tiles = [(x, y, x + width, y + height) for x, y, width, height, _ in drawing.boxes]
    rooms = [box(words) for words in drawing.words]
    for left, top, right, bottom in (*tiles, *rooms):
        assert left >= 0
        assert right <= drawing.width
        assert top >= 0
        assert bottom <= drawing.height
    for one, other in product(rooms, tiles):
        assert not _overlap(one, other)
    for place, one in enumerate(rooms):
        assert not any(_overlap(one, other) for other in rooms[:place])


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("name", SHEETS)
def test_every_text_is_written_once(name: str) -> None:
    sheet = SHEETS[name]
    found = texts(layout.sheet(sheet, LABEL))
    assert found[0] == "vae-z10-b4-bce-s0 · mnist · epoch 30"
    assert LABEL.description.strip() in " ".join(found)
    names = [
        line for text in (*sheet.captions, *sheet.column_names, *sheet.row_names) for line in text.split("\n")
    ]
    assert sorted(found[-2 - len(names) : -2]) == sorted(names)
    assert found[-2:] == ["pixel value 0", "1"]


def test_images_alone_have_no_texts() -> None:
    assert texts(layout.sheet(SHEETS["captions"].plain())) == []


def test_the_scale_goes_from_black_to_white() -> None:
    drawing = layout.sheet(ImageSheet((images(1, 0.0),), 1), LABEL)
    greys = [mark.colour[0] for mark in drawing.marks]
    assert (greys[0], greys[-1], greys == sorted(greys)) == (0, 255, True)


@pytest.mark.parametrize(("count", "most"), [(21, 26), (101, 26), (26, 26), (27, 26), (1, 26)])
def test_rows_are_nearly_equal(count: int, most: int) -> None:
    lengths = row_lengths(count, most)
    assert sum(lengths) == count
    assert len(lengths) == math.ceil(count / most)
    assert max(lengths) - min(lengths) <= 1


def test_rows_are_numbered() -> None:
    assert numbered_rows(17, 8) == ("1–8", "9–16", "17")


# --- animations


@pytest.mark.parametrize("count", [1, 3])
def test_frames_have_title_names_and_captions_around_their_images(count: int) -> None:
    frames = np.stack([images(count, 0.0), images(count, 1.0)])
    names = tuple(f"dim {number}" for number in range(count))
    animation = Animation(frames, 2, names=names, captions=("epoch 1", "epoch 2"))
    plan = layout.animation_layout(animation, LABEL)
    assert texts(plan.base)[0] == LABEL.title
    assert [text for text in texts(plan.base) if text.startswith("dim ")] == list(names)
    with GifImageFile(io.BytesIO(encode.gif(animation, LABEL))) as movie:
        assert movie.size == (plan.base.width * SCALE, plan.base.height * SCALE)
        assert movie.info["comment"].decode() == LABEL.comment
        seen = []
        for place in range(2):
            movie.seek(place)
            seen.append(np.asarray(movie.convert("L")).astype(int))
    side = SIDE * (LARGE if count == 1 else SCALE)
    inside = np.zeros(seen[0].shape, bool)
    for x, y in plan.places:
        inside[y * SCALE : y * SCALE + side, x * SCALE : x * SCALE + side] = True
    assert (seen[0][inside] == 0).all()
    assert (seen[1][inside] == 255).all()
    x, y = (place * SCALE for place in plan.caption)
    apart = np.argwhere((seen[0] != seen[1]) & ~inside)
    assert len(apart), "the captions of the frames differ"
    assert y - SCALE <= apart[:, 0].min() <= apart[:, 0].max() <= y + 4 * SCALE


# --- metadata


def test_metadata_is_in_every_kind_of_file() -> None:
    drawing = layout.sheet(SHEETS["one image"], LABEL)
    with Image.open(io.BytesIO(encode.png(drawing, LABEL))) as picture:
        assert picture.text == LABEL.facts  # type: ignore[attr-defined]
    data = encode.svg(drawing, Label("<a&b>", "mnist", None, "x < y")).decode()
    assert "<title>&lt;a&amp;b&gt; · mnist</title>" in data
    assert "Description: x &lt; y\nRun: &lt;a&amp;b&gt;\nDataset: mnist\nSoftware: vaetui " in data
    plain = layout.sheet(SHEETS["one image"])
    with Image.open(io.BytesIO(encode.png(plain))) as picture:
        assert picture.text == {}  # type: ignore[attr-defined]
    assert b"<title>" not in encode.svg(plain)
    assert b"vaetui" not in encode.gif(Animation(images(2)[:, None]))
