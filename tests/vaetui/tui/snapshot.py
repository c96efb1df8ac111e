"""Screens kept as files: how they looked when somebody last looked at them and was content.

A file holds the text of the screen, then the styles of each line as runs of a palette. What is shown must be
the same to the letter. Pictures may differ by a grey level: processors round matrix products differently.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.style import Style
from textual.strip import Strip

Colour = tuple[int, int, int]
PICTURE = "▀▄█ "  # characters that stand for two pixels
SLACK = 20  # of 255 in each channel: one of 16 grey levels
_RULE = "-" * 8


@dataclass(frozen=True)
class Cell:
    """One character with its colours."""

    character: str
    front: Colour
    back: Colour
    bold: bool

    @property
    def pixels(self) -> tuple[Colour, Colour] | None:
        """The colours of the upper and the lower half, None for a character that is to be read."""
        halves = {"▀": (self.front, self.back), "▄": (self.back, self.front)}
        halves |= {"█": (self.front, self.front), " ": (self.back, self.back)}
        return halves.get(self.character)

    def looks_like(self, other: "Cell") -> bool:
        """The same character in the same colours, or pixels within a grey level."""
        mine, its = self.pixels, other.pixels
        if mine is None or its is None:
            return self == other
        pairs = zip(itertools.chain(*mine), itertools.chain(*its), strict=True)
        return all(abs(one - another) <= SLACK for one, another in pairs)


Screen = list[list[Cell]]


def taken(strips: Iterable[Strip]) -> Screen:
    """The screen as cells."""
    return [
        [_cell(character, segment.style) for segment in strip for character in segment.text]
        for strip in strips
    ]


def _cell(character: str, style: Style | None) -> Cell:
    style = style or Style()
    # What a space has in front is not seen.
    front = (0, 0, 0) if character == " " else _colour(style.color)
    return Cell(character, front, _colour(style.bgcolor), bool(style.bold) and character != " ")


def _colour(colour: object) -> Colour:
    triplet = getattr(colour, "triplet", None)
    return (0, 0, 0) if triplet is None else (triplet.red, triplet.green, triplet.blue)


def write(path: Path, screen: Screen) -> None:
    """Keep `screen` at `path`."""
    styles = [[(cell.front, cell.back, cell.bold) for cell in line] for line in screen]
    palette = list(dict.fromkeys(style for line in styles for style in line))
    lines = ["".join(cell.character for cell in line) + "|" for line in screen]
    lines.append(_RULE)
    lines += [f"{_hex(front)} {_hex(back)}{' bold' * bold}" for front, back, bold in palette]
    lines.append(_RULE)
    numbers = {style: number for number, style in enumerate(palette)}
    for line_of_styles in styles:
        runs = [(numbers[style], len(list(run))) for style, run in itertools.groupby(line_of_styles)]
        lines.append(" ".join(f"{number}" if count == 1 else f"{number}x{count}" for number, count in runs))
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def read(path: Path) -> Screen:
    """The screen that was kept at `path`."""
    lines = path.read_text("utf-8").splitlines()
    first = lines.index(_RULE)
    second = lines.index(_RULE, first + 1)
    palette = [_style(line) for line in lines[first + 1 : second]]
    screen = []
    for text, runs in zip(lines[:first], lines[second + 1 :], strict=True):
        styles = [style for run in runs.split() for style in _run(run, palette)]
        cells = zip(text[:-1], styles, strict=True)
        screen.append([Cell(character, *style) for character, style in cells])
    return screen


def _run(text: str, palette: Sequence[tuple[Colour, Colour, bool]]) -> list[tuple[Colour, Colour, bool]]:
    number, _, count = text.partition("x")
    return [palette[int(number)]] * int(count or 1)


def _style(line: str) -> tuple[Colour, Colour, bool]:
    front, back, *bold = line.split()
    return _unhex(front), _unhex(back), bool(bold)


def _hex(colour: Colour) -> str:
    return bytes(colour).hex()


def _unhex(text: str) -> Colour:
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


def differences(kept: Screen, seen: Screen) -> list[str]:
    """Where the two differ, a line for each differing row: what was kept, what is seen, which columns."""
    if [len(line) for line in kept] != [len(line) for line in seen]:
        return [f"{len(kept)} lines were kept, {len(seen)} are seen, or some are of another width"]
    found = []
    for y, (old, new) in enumerate(zip(kept, seen, strict=True)):
        columns = [x for x, (a, b) in enumerate(zip(old, new, strict=True)) if not a.looks_like(b)]
        if columns:
            was, now = ("".join(cell.character for cell in line).rstrip() for line in (old, new))
            found.append(f"row {y}, {len(columns)} cells from column {columns[0]}:\n  - {was}\n  + {now}")
    return found
