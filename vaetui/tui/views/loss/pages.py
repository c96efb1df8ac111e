"""Pages of charts: those that are shown together in a window of some size."""

from __future__ import annotations

from vaetui.runs.curves import ACTIVE, BOUND, DISTORTION, KL, RATE, TOTAL

Page = tuple[tuple[str, ...], ...]  # the charts of each band, from the top

SEVERAL = 120  # columns for three charts side by side
TALL = 36  # rows from which on there is a second band

ONE_BY_ONE: tuple[Page, ...] = tuple(((name,),) for name in (TOTAL, DISTORTION, RATE, BOUND, KL, ACTIVE))
OVER_RATES: tuple[Page, ...] = tuple(((name,), (KL,)) for name in (TOTAL, DISTORTION, RATE, BOUND, ACTIVE))
_BANDS = (TOTAL, DISTORTION, RATE), (BOUND, DISTORTION, RATE), (KL, ACTIVE)
SIDE_BY_SIDE: tuple[Page, ...] = tuple((band,) for band in _BANDS)
ALL: tuple[Page, ...] = tuple((band, _BANDS[2]) for band in _BANDS[:2])


def pages(width: int, height: int) -> tuple[Page, ...]:
    """Return the pages of a view of this size."""
    if width >= SEVERAL:
        return ALL if height >= TALL else SIDE_BY_SIDE
    return OVER_RATES if height >= TALL else ONE_BY_ONE


def page(every: tuple[Page, ...], chart: str) -> Page:
    """Return the page with `chart`, the first page where none has it."""
    return next((page for page in every if any(chart in band for band in page)), every[0])


def after(every: tuple[Page, ...], chart: str) -> str:
    """Return the first chart of the page after the one with `chart`."""
    place = every.index(page(every, chart)) + 1
    return every[place % len(every)][0][0]
