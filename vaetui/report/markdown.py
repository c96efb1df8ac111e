"""A report as Markdown, its figures in files beside it."""

from __future__ import annotations

import re

from vaetui.report.document import Block, Bullets, Document, Heading, Picture, Table, Text, numbered

FIGURES = "figures"


def markdown(document: Document) -> str:
    """The whole text."""
    parts = [f"# {_plain(document.title)}"]
    parts += [_block(block, number) for block, number in numbered(document.blocks)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block, number: str) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_plain(block.text)}"
        case Text():
            return f"> **{_plain(block.text)}**" if block.is_loud else _plain(block.text)
        case Bullets():
            return "\n".join(f"- {_plain(item)}" for item in block.items)
        case Table():
            return _table(block, number)
        case Picture():
            alt = _plain(block.alt)
            return f"![{alt}]({FIGURES}/{block.file})\n\n*{number} {_plain(block.caption)}*"


def _table(table: Table, number: str) -> str:
    marks = ["---" if place < table.left else "---:" for place in range(len(table.heads))]
    head, *rows = [f"| {' | '.join(map(_plain, line))} |" for line in (table.heads, *table.rows)]
    lines = [head, f"|{'|'.join(marks)}|", *rows]
    return f"*{number} {_plain(table.caption)}*\n\n" + "\n".join(lines)


def _plain(text: str) -> str:
    """`text` with nothing in it that Markdown or HTML would read as more than text, but for `code`."""
    parts = re.split(r"(`[^`|]+`)", text)
    return "".join(part if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    text = re.sub(r"([\\`*_\[\]|])", r"\\\1", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
