"""The contents of files and their formats: images (.png, .svg), animations (.gif) and arrays (.npz).

`ExportContent` holds what can be exported; an `ExportFormat` is one file type.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from trainer.contract.files import Problem, clean, write_files
from vaetui.export import encode, layout
from vaetui.export.images import Animation, Array, ImageSheet, Label
from vaetui.render.drawing import Drawing

Part = Literal["screen", "sheet", "animation", "arrays"]  # fields of `ExportContent`


@dataclass(frozen=True, eq=False)
class ExportContent:
    """The parts that can be exported, None or empty if they cannot; `name` begins the names of its files.

    `animation` returns the frames when they are needed, since it may have to read a file. `description` says
    what the images are. `label` stands above them and in the metadata; without one, there are only images.
    """

    name: str = ""
    arrays: Mapping[str, Array] = field(default_factory=dict)
    sheet: ImageSheet | None = None
    animation: Callable[[], Animation] | None = None
    screen: Drawing | None = None
    description: str = ""
    label: Label | None = None

    @property
    def formats(self) -> tuple[ExportFormat, ...]:
        """Return the formats that this content can be exported to."""
        return tuple(each for each in FORMATS if getattr(self, each.part))

    def encode(self, wanted: ExportFormat) -> bytes:
        """Encode the content. Raises `Problem` where an animation cannot be read."""
        if wanted.part == "arrays":
            return encode.npz(self.arrays)
        if wanted.part == "animation":
            assert self.animation is not None
            frames, label = self.animation(), self.label
            if label and frames.description:
                label = dataclasses.replace(label, epoch=None, description=frames.description)
            return encode.gif(frames, label)
        drawing = self.screen
        if wanted.part == "sheet" and self.sheet is not None:
            drawing = layout.sheet(self.sheet, self.label)
        assert drawing is not None
        return (encode.png if wanted.ending == ".png" else encode.svg)(drawing, self.label)

    def plain(self) -> ExportContent:
        """Return the content without texts in images and metadata."""
        return dataclasses.replace(self, label=None, sheet=self.sheet and self.sheet.plain())


@dataclass(frozen=True)
class ExportFormat:
    """One file type: its name, its ending, and the part of a content that it holds."""

    name: str
    ending: str
    part: Part

    @property
    def mark(self) -> str:
        """Return what precedes the ending in file names, to tell the formats of one content apart."""
        return "-screen" if self.part == "screen" else ""


FORMATS = (
    ExportFormat("images only", ".png", "sheet"),
    ExportFormat("images only", ".svg", "sheet"),
    ExportFormat("animated images", ".gif", "animation"),
    ExportFormat("the whole screen", ".png", "screen"),
    ExportFormat("the whole screen", ".svg", "screen"),
    ExportFormat("arrays for numpy", ".npz", "arrays"),
)
ENDINGS = tuple(dict.fromkeys(each.ending for each in FORMATS))


def writable_folder() -> Path:
    """Return the folder of files named without one: the current folder, or home if that is read-only."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # removed since
        return Path.home()
    return here if os.access(here, os.W_OK) else Path.home()


def unused_path(path: Path) -> Path:
    """Return `path`, or the first free of picture-2.png, picture-3.png …

    A path that cannot be read counts as free: writing will say why.
    """
    number, unused = 1, path
    while os.path.exists(unused):  # noqa: PTH110 - no error for names that are too long, unlike Path.exists
        number += 1
        unused = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return unused


def save(files: Mapping[Path, bytes]) -> None:
    """Write files atomically, over existing ones: if one cannot be written, none is replaced.

    Raises `Problem` if one cannot be written.
    """
    try:
        for path in files:
            shown = clean(str(path))
            if path.is_dir():
                raise Problem(f"{shown} is a folder: name a file in it")
            if not path.parent.is_dir():
                raise Problem(f"{shown} cannot be written: make its folder first")
        write_files(files.items())
    except OSError as error:
        shown = clean(str(next(iter(files)) if len(files) == 1 else next(iter(files)).parent))
        raise Problem(f"{shown} cannot be written: {error.strerror}") from None
