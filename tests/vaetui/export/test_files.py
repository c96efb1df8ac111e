"""The formats of a content, and files written whole."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from trainer.contract.files import Problem
from vaetui.export import files, layout
from vaetui.export.files import ExportContent
from vaetui.export.images import Animation, ImageSheet, Label

LABEL = Label("run", "mnist", 3, "samples")


def images(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.zeros((count, 784), np.float32)


def test_the_formats_are_those_of_what_is_there() -> None:
    assert ExportContent().formats == ()
    digits, frames = ImageSheet((images(1),), 1), Animation(images(2)[:, None])
    whole = ExportContent("x", {"a": np.zeros(1)}, digits, lambda: frames, layout.sheet(digits))
    assert whole.formats == files.FORMATS
    assert [one.ending for one in dataclasses.replace(whole, screen=None).formats] == [
        ".png",
        ".svg",
        ".gif",
        ".npz",
    ]
    starts = {".png": b"\x89PNG", ".svg": b"<svg", ".gif": b"GIF89a", ".npz": b"PK"}
    for one in whole.formats:
        assert whole.encode(one).startswith(starts[one.ending])
        assert whole.encode(one) == whole.encode(one)


def test_plain_files_have_neither_titles_nor_metadata() -> None:
    sheet = ImageSheet((images(2),), 2, ("one", "two"))
    moving = Animation(images(2)[:, None], captions=("epoch 1", "epoch 2"))
    labelled = ExportContent("x", {}, sheet, lambda: moving, layout.sheet(sheet), label=LABEL)
    bare = ExportContent("x", {}, sheet.plain(), lambda: Animation(images(2)[:, None]), layout.sheet(sheet))
    for one in labelled.formats:
        assert labelled.plain().encode(one) == bare.encode(one)
        assert labelled.encode(one) != bare.encode(one)
        assert (b"run" in labelled.encode(one)) is True


def test_an_animation_of_several_epochs_names_none_in_its_title() -> None:
    moving = Animation(images(2)[:, None], description="every epoch")
    content = ExportContent("x", animation=lambda: moving, label=LABEL)
    data = content.encode(next(one for one in files.FORMATS if one.part == "animation"))
    assert b"Description: every epoch\n" in data
    assert b"Epoch: 3" not in data


def test_a_name_that_is_taken_gets_the_next_number(tmp_path: Path) -> None:
    path = tmp_path / "a.b.png"
    assert files.unused_path(path) == path
    for name in ("a.b.png", "a.b-2.png"):
        (tmp_path / name).touch()
    assert files.unused_path(path).name == "a.b-3.png"


def test_a_file_is_written_whole_over_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for data in (b"one", b"two"):
        files.save({path: data})
        assert path.read_bytes() == data
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".", "is a folder"),
        ("none/a.png", "make its folder"),
        ("a" * 300, "cannot be written: File name too long"),
    ],
)
def test_what_cannot_be_written_says_why(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(Problem, match=why):
        files.save({tmp_path / name: b""})
    assert list(tmp_path.iterdir()) == []


def test_a_title_says_that_weights_are_from_within_an_epoch() -> None:
    assert Label("run", "mnist", 0, "samples", step=4).title == "run · mnist · partway through epoch 1"
