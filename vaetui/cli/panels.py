"""Help under headings, for a command that has many options."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

TERM_WIDTH = 28  # of an option with its metavar; what is longer has a line of its own
FIRST = "Options"  # what has no panel and comes before any that has


class Panelled(TyperCommand):
    """A command whose help groups its options by their panels, in the order in which these come up.

    Typer itself does so with Rich only, which help goes without since it is slow to import.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section a panel, the texts of all in one column and no default torn apart."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                panel = getattr(parameter, "rich_help_panel", None) or next(reversed(panels), FIRST)
                term, text = record
                panels.setdefault(panel, []).append((term, text.replace("default: ", "default:\xa0")))
        width = max(len(term) for rows in panels.values() for term, _ in rows if len(term) <= TERM_WIDTH)
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl([(term.ljust(width), text) for term, text in rows], col_max=width)
        formatter.buffer[:] = [part.replace("\xa0", " ") for part in formatter.buffer]
