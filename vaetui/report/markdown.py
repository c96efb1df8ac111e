"""Write a report as Markdown, with its figures in files."""

from __future__ import annotations

import re

from vaetui.report.document import Block, Bullets, Document, Heading, ReportFigure, Table, Text, numbered

FIGURES = "figures"

# Characters with a meaning in CommonMark, or in GitHub's tables, strikethrough and formulas.
_INLINE = re.compile(r"([\\`*_\[\]|~$])")
# The beginning of a heading, a list or a rule, with the character that a backslash escapes.
_FIRST = re.compile(r"^(\d*)([#+\-=:.)])")
_LAST = re.compile(r"#$")  # at the end of a heading it would close the heading
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def markdown(document: Document) -> str:
    """Return the document as Markdown."""
    parts = [f"# {escape(document.title)}"]
    parts += [_block(block, number) for block, number in numbered(document.blocks)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Escape `text` for a paragraph or a heading."""
    return _FIRST.sub(r"\1\\\2", _LAST.sub(r"\#", _cell(text)))


def _cell(text: str) -> str:
    """Escape `text` for a cell of a table, in which no block can begin."""
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
        case ReportFigure():
            alt = escape(block.alt)
            return f"![{alt}]({FIGURES}/{block.file})\n\n*{number} {escape(block.caption)}*"


def _table(table: Table, number: str) -> str:
    marks = ["---" if place < table.left else "---:" for place in range(len(table.heads))]
    head, *rows = [f"| {' | '.join(map(_cell, line))} |" for line in (table.heads, *table.rows)]
    lines = [head, f"|{'|'.join(marks)}|", *rows]
    return f"*{number} {escape(table.caption)}*\n\n" + "\n".join(lines)
