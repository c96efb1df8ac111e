"""Read the steps of docs/guide.md: the keys to press and the words that are then on the screen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_suffix(".md")
COMMAND = "vaetui explore --examples"
# Keys whose name in Textual is another.
NAMES = {"↑": "up", "↓": "down", "←": "left", "→": "right", "Enter": "enter", "Esc": "escape"}


@dataclass(frozen=True)
class Step:
    """A section of the guide: title, keys by Textual's names, quoted words, name of the picture."""

    title: str
    keys: tuple[str, ...]
    words: tuple[str, ...]
    picture: str


def steps() -> list[Step]:
    """Return the steps in their order; each continues where the one before has ended."""
    _, *sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)
    return [_step(section) for section in sections]


def _step(section: str) -> Step:
    (pressed,) = re.findall(r"^Press (.*)\.$", section, re.M)
    (picture,) = re.findall(r"\(pictures/(.*)\.svg\)", section)
    keys = tuple(NAMES.get(key, key) for key in re.findall(r"`([^`]+)`", pressed))
    return Step(section.partition("\n")[0], keys, tuple(re.findall(r"“([^”]+)”", section)), picture)
