"""Write a report as one self-contained page of HTML: pictures are embedded, and it has no scripts."""

from __future__ import annotations

import base64
from html import escape

from vaetui.report.document import Block, Bullets, Document, Heading, ReportFigure, Table, Text, numbered

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 Georgia, "Times New Roman", serif; color: #1a1a1a; background: #fff;
  max-width: 46rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1, h2, h3 { font-family: "Helvetica Neue", Arial, sans-serif; line-height: 1.25; }
h1 { font-size: 1.7rem; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; padding-top: .5rem; border-top: 1px solid #bbb; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
figure { margin: 1.4rem 0; break-inside: avoid; }
figure img { display: block; margin: 0 auto; max-width: 100%; height: auto; }
img.pixels { image-rendering: pixelated; }
figcaption, caption { font-size: .87rem; color: #444; text-align: left; }
figcaption { margin-top: .5rem; }
caption { caption-side: top; padding-bottom: .4rem; }
.scroll { overflow-x: auto; margin: 1.2rem 0; }
table { border-collapse: collapse; font: .82rem/1.35 "Helvetica Neue", Arial, sans-serif; width: 100%; }
th, td { padding: .25rem .6rem .25rem 0; text-align: right; vertical-align: top; }
th { border-bottom: 1.5px solid #333; border-top: 1.5px solid #333; }
tr:last-child td { border-bottom: 1.5px solid #333; }
.words { text-align: left; }
.numbers { white-space: nowrap; font-variant-numeric: tabular-nums; }
.loud { border-left: 4px solid #d55e00; padding: .3rem .8rem; font-weight: bold; }
@page { size: A4; margin: 18mm; }
@media print { body { margin: 0; max-width: none; font-size: 10.5pt; } .scroll { overflow: visible; } }
"""


def page(document: Document) -> str:
    """Return the document as HTML."""
    title = escape(document.title)
    body = "\n".join(_block(block, number) for block, number in numbered(document.blocks))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{STYLE}</style>\n'
        f"</head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block, number: str) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
        case Text():
            emphasis = ' class="loud"' if block.is_loud else ""
            return f"<p{emphasis}>{escape(block.text)}</p>"
        case Bullets():
            items = "".join(f"<li>{escape(item)}</li>" for item in block.items)
            return f"<ul>{items}</ul>"
        case Table():
            return _table(block, number)
        case ReportFigure():
            return _figure(block, number)


def _figure(picture: ReportFigure, number: str) -> str:
    source = f"data:{picture.kind};base64,{base64.b64encode(picture.data).decode()}"
    sort = ' class="pixels"' if picture.file.endswith(".gif") else ""
    image = f'<img{sort} style="width:{picture.width:.0%}" alt="{escape(picture.alt)}" src="{source}">'
    return f"<figure>\n{image}\n<figcaption><b>{number}</b> {escape(picture.caption)}</figcaption>\n</figure>"


def _table(table: Table, number: str) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>{}</tr>".format(
            "".join(
                f'<{tag} class="{"words" if place < table.left else "numbers"}">{escape(cell)}</{tag}>'
                for place, cell in enumerate(cells)
            )
        )

    rows = "\n".join(row(cells, "td") for cells in table.rows)
    return (
        f'<div class="scroll"><table>\n<caption><b>{number}</b> {escape(table.caption)}</caption>\n'
        f"<thead>{row(table.heads, 'th')}</thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )
