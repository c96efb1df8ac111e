"""Lines that cost few bytes, for slow connections."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color, ColorSystem
from rich.console import Console
from textual.strip import Strip

_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}


class LeanStrip(Strip):
    """A strip that writes what changes from one segment to the next, where Textual writes all and a reset.

    That is a third less for a digit. Segments carry colours and bold only.
    """

    def render(self, console: Console) -> str:
        """The line as text and escape codes."""
        if self._render_cache is None:
            self._render_cache = self._write(_SYSTEMS[console.color_system or "truecolor"])
        return self._render_cache

    def _write(self, system: ColorSystem) -> str:
        parts: list[str] = []
        bold, foreground, background = "", "", ""
        for text, style, _ in self._segments:
            new_bold = "1" if style is not None and style.bold else ""
            new_back = _code(style.bgcolor, system, False) if style is not None else ""
            # What a space has in front is not seen.
            new_fore = foreground
            if not text.isspace():
                new_fore = _code(style.color, system, True) if style is not None else ""
            ends = (bold and not new_bold, foreground and not new_fore, background and not new_back)
            if any(ends):
                parts.append("\x1b[0m")
                bold = foreground = background = ""
            changes = [
                new
                for new, old in ((new_bold, bold), (new_fore, foreground), (new_back, background))
                if new != old
            ]
            if changes:
                parts.append(f"\x1b[{';'.join(changes)}m")
            parts.append(text)
            bold, foreground, background = new_bold, new_fore, new_back
        parts.append("\x1b[0m")
        return "".join(parts)


@lru_cache(maxsize=4096)
def _code(colour: Color | None, system: ColorSystem, is_foreground: bool) -> str:
    if colour is None:
        return ""
    return ";".join(colour.downgrade(system).get_ansi_codes(is_foreground))
