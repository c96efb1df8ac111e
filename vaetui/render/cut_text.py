"""Shorten texts to a number of terminal cells."""

from __future__ import annotations

import itertools

from rich.cells import cell_len


def shorten(text: str, width: int) -> str:
    """Shorten `text` to `width` terminal cells, with … in the middle; two thirds are of its beginning.

    Letters keep their combining accents.
    """
    if cell_len(text) <= width:
        return text
    room = max(0, width - 1)
    letters = _letters(text)
    first = _as_many(letters, room - room // 3)
    last = _as_many(letters[::-1], room - sum(map(cell_len, first)))
    return "".join([*first, "…", *last[::-1]])


def _letters(text: str) -> list[str]:
    """Split `text` into characters, each with the zero-width characters that follow it."""
    letters: list[str] = []
    for character in text:
        if letters and not cell_len(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _as_many(letters: list[str], width: int) -> list[str]:
    """Return the first letters that fit in `width` cells."""
    totals = itertools.accumulate(map(cell_len, letters))
    return letters[: sum(total <= width for total in totals)]
