"""The parts of a report, independent of its format: headings, texts, tables, pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heading:
    """The heading of a section (`level` 2) or subsection (3)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph, emphasised if `is_loud`."""

    text: str
    is_loud: bool = False


@dataclass(frozen=True)
class Bullets:
    """A bulleted list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table; the first `left` columns hold text, the others numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    left: int = 1

    def without_empty(self) -> Table:
        """Return the table without empty columns."""
        kept = [place for place in range(len(self.heads)) if any(row[place] for row in self.rows)]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        left = sum(place < self.left for place in kept)
        return Table(tuple(self.heads[place] for place in kept), rows, self.caption, left)


@dataclass(frozen=True)
class ReportFigure:
    """A figure: the `data` of `file` in the folder figures/, and its caption.

    `width` is relative to the page, 0…1.
    """

    file: str
    data: bytes = field(repr=False)
    caption: str
    alt: str
    width: float = 1.0

    @property
    def kind(self) -> str:
        """The media type of the file."""
        return "image/gif" if self.file.endswith(".gif") else "image/png"


Block = Heading | Text | Bullets | Table | ReportFigure


@dataclass(frozen=True)
class Document:
    """A title and the blocks below it."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def pictures(self) -> list[ReportFigure]:
        """All pictures in order."""
        return [block for block in self.blocks if isinstance(block, ReportFigure)]


def numbered(blocks: Sequence[Block]) -> list[tuple[Block, str]]:
    """Return each block with the beginning of its caption, such as "Figure 3."; "" if it has none."""
    names = {Table: "Table", ReportFigure: "Figure"}
    counts = Counter[type[Block]]()
    counted = []
    for block in blocks:
        counts[type(block)] += 1
        name = names.get(type(block))
        counted.append((block, f"{name} {counts[type(block)]}." if name else ""))
    return counted
