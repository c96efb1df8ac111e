"""Help text wrapped to the terminal, with options grouped under headings."""

from __future__ import annotations

import functools
import textwrap
from typing import Any

from typer.core import TyperCommand, TyperGroup

TERM_WIDTH = 28  # of an option with its metavar; a longer one gets a line of its own
NARROW = 60  # columns below which the terms get little room, so that the texts fit
NARROW_TERM_WIDTH = 12
FIRST = "Options"  # panel of the options before the first with a panel
HINT = 70  # characters: the first sentence of a command is shown whole, on several lines if necessary
HELP_COLUMNS = (40, 100)  # narrowest and widest terminal that help is wrapped to


def help_width(columns: int) -> int:
    """Return the width of help text on a terminal with `columns` columns."""
    least, most = HELP_COLUMNS
    return max(least, min(columns, most)) - 2


class _Fitted:
    """Wraps all lines, tables and examples included, to terminals of at least 40 columns."""

    def get_help(self, ctx: Any) -> str:
        """Return the help; no line is wider than the terminal."""
        text: str = super().get_help(ctx)  # type: ignore[misc]
        columns = (ctx.terminal_width or help_width(80)) + 2
        return "\n".join(wrapped.rstrip() for line in text.splitlines() for wrapped in wrap(line, columns))

    def get_short_help_str(self, limit: int = HINT) -> str:
        """Return the first sentence."""
        text: str = super().get_short_help_str(max(limit, HINT))  # type: ignore[misc]
        return text

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write options and their help in two columns; the first is narrower on narrow terminals."""
        if formatter.width < NARROW:
            formatter.write_dl = functools.partial(formatter.write_dl, col_max=NARROW_TERM_WIDTH)
        super().format_options(ctx, formatter)  # type: ignore[misc]


class HelpGroup(_Fitted, TyperGroup):
    """The group of all commands."""


class HelpCommand(_Fitted, TyperCommand):
    """A command."""


class PanelCommand(HelpCommand):
    """A command whose help groups its options by panels, in the order of their first options.

    Typer does so only with Rich, which is slow to import.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section per panel, their texts in one column, no line break within a default."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                panel = getattr(parameter, "rich_help_panel", None) or next(reversed(panels), FIRST)
                term, text = record
                panels.setdefault(panel, []).append((term, text.replace("default: ", "default:\xa0")))
        most = NARROW_TERM_WIDTH if formatter.width < NARROW else TERM_WIDTH
        width = max(len(term) for rows in panels.values() for term, _ in rows if len(term) <= most)
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl([(term.ljust(width), text) for term, text in rows], col_max=width)
        formatter.buffer[:] = [part.replace("\xa0", " ") for part in formatter.buffer]


def wrap(line: str, columns: int) -> list[str]:
    """Wrap `line` to `columns` with a hanging indent; choices break after a bar."""
    if len(line) <= columns:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    breakable = line.replace("|", "|\0 ")
    lines = textwrap.wrap(breakable, columns, subsequent_indent=f"{indent}    ", break_on_hyphens=False)
    return [one.replace("\0 ", "").replace("\0", "") for one in lines]
