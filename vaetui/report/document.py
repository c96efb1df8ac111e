"""What a report consists of, whatever it is written as: headings, texts, tables, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heading:
    """Of a section, or of a part of one where `level` is 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph; `is_loud` where nobody should pass over it."""

    text: str
    is_loud: bool = False


@dataclass(frozen=True)
class Bullets:
    """Points, one below the other."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A heading over each column; the first `left` columns hold words, the others numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    left: int = 1

    def without_empty(self) -> Table:
        """Without the columns that say nothing."""
        kept = [place for place in range(len(self.heads)) if any(row[place] for row in self.rows)]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        left = sum(place < self.left for place in kept)
        return Table(tuple(self.heads[place] for place in kept), rows, self.caption, left)


@dataclass(frozen=True)
class Picture:
    """A figure: the `data` of `file` below the report's figures/, and what it shows.

    `width` is of the page's, 0…1.
    """

    file: str
    data: bytes = field(repr=False)
    caption: str
    alt: str
    width: float = 1.0

    @property
    def kind(self) -> str:
        """What the file is, as browsers call it."""
        return "image/gif" if self.file.endswith(".gif") else "image/png"


Block = Heading | Text | Bullets | Table | Picture


@dataclass(frozen=True)
class Document:
    """A title and what stands below it."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def pictures(self) -> list[Picture]:
        """All of them, in their order."""
        return [block for block in self.blocks if isinstance(block, Picture)]


def numbered(blocks: Sequence[Block]) -> list[tuple[Block, str]]:
    """Each block with what its caption begins with, such as "Figure 3."; "" where it has none."""
    counts = {Table: 0, Picture: 0}
    found: list[tuple[Block, str]] = []
    for block in blocks:
        if isinstance(block, Table | Picture):
            counts[type(block)] += 1
            name = "Table" if isinstance(block, Table) else "Figure"
            found.append((block, f"{name} {counts[type(block)]}."))
        else:
            found.append((block, ""))
    return found
