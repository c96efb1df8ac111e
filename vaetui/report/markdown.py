"""A report as Markdown, its figures in files beside it."""

from __future__ import annotations

import re

from vaetui.report.document import Block, Bullets, Document, Heading, Picture, Table, Text, numbered

FIGURES = "figures"

# What CommonMark, and GitHub's tables, strikethrough and formulas, read as more than text.
_INLINE = re.compile(r"([\\`*_\[\]|~$])")
# What begins a heading, a list or a line, and the mark in it that a backslash takes that meaning from.
_FIRST = re.compile(r"^(\d*)([#+\-=:.)])")
_LAST = re.compile(r"#$")  # at the end of a heading, where it would belong to the mark
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def markdown(document: Document) -> str:
    """The whole text."""
    parts = [f"# {escape(document.title)}"]
    parts += [_block(block, number) for block, number in numbered(document.blocks)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Return `text` so that Markdown shows it and reads nothing in it: in a paragraph or a heading."""
    return _FIRST.sub(r"\1\\\2", _LAST.sub(r"\#", _cell(text)))


def _cell(text: str) -> str:
    """Return `text` for a cell of a table, where nothing begins a block."""
    return _INLINE.sub(r"\\\1", " ".join(text.split())).translate(_ENTITIES)


def _block(block: Block, number: str) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {escape(block.text)}"
        case Text():
            return f"> **{escape(block.text)}**" if block.is_loud else escape(block.text)
        case Bullets():
            return "\n".join(f"- {escape(item)}" for item in block.items)
        case Table():
            return _table(block, number)
        case Picture():
            alt = escape(block.alt)
            return f"![{alt}]({FIGURES}/{block.file})\n\n*{number} {escape(block.caption)}*"


def _table(table: Table, number: str) -> str:
    marks = ["---" if place < table.left else "---:" for place in range(len(table.heads))]
    head, *rows = [f"| {' | '.join(map(_cell, line))} |" for line in (table.heads, *table.rows)]
    lines = [head, f"|{'|'.join(marks)}|", *rows]
    return f"*{number} {escape(table.caption)}*\n\n" + "\n".join(lines)
