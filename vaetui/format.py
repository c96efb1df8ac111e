"""Numbers, counts and lists as text, one way in the command line, the explorer and reports.

Texts are for people: values for programs (JSON, CSV, command lines) are written by Python itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

MINUS = "−"
WHOLE = 99_999.5  # from which on a compact number has an exponent
LONGEST = 10  # characters of a fixed-point number; a longer one gets an exponent
MEGABYTE = 1e6
MEBIBYTE, GIBIBYTE = float(1 << 20), float(1 << 30)
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
AGE_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


def fixed(value: float, digits: int = 2) -> str:
    """Format `value` with `digits` decimals, with an exponent where that needs more than ten characters."""
    text = f"{abs(value):.{digits}f}"
    if len(text) > LONGEST:
        text = _short_exponent(f"{abs(value):.3g}")
    return f"{MINUS}{text}" if value < 0 and text.strip("0.") else text


def fixed_or(value: float | None, digits: int = 2, absent: str = "") -> str:
    """Format as `fixed`; None is `absent`."""
    return absent if value is None else fixed(value, digits)


def signed(value: float, digits: int = 2, width: int = 0) -> str:
    """Format as `fixed`, as `compact` if there is a `width`, with a plus sign before positive numbers.

    Zero has no sign.
    """
    text = compact(value, digits, width) if width else fixed(value, digits)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def compact(value: float, digits: int = 2, width: int = 4) -> str:
    """Format with at most `digits` decimals, as many as fit into `width` characters besides the sign.

    Whole numbers are written out up to five digits, larger ones as 1e5.
    """
    for decimals in range(digits, 0, -1):
        text = fixed(value, decimals)
        if len(text.removeprefix(MINUS)) <= width:
            return text
    if abs(value) < WHOLE:
        return fixed(value, 0)
    return f"{MINUS if value < 0 else ''}{_short_exponent(f'{abs(value):.0e}')}"


def coordinate(value: float) -> str:
    """Format a position in latent space or on an axis, in at most six characters besides the exponent."""
    return compact(value, width=5)


def interval(low: float, high: float, digits: int = 2) -> str:
    """Format the ends of an interval, such as "−0.31 to +1.20"."""
    return f"{signed(low, digits)} to {signed(high, digits)}"


def dimension_name(number: int) -> str:
    """Name a latent dimension, counted from 1: z₁₀, which no latent size is written as."""
    return f"z{str(number).translate(_SUBSCRIPTS)}"


def checkpoint_name(latent: int, beta: float | None) -> str:
    """Name a checkpoint beside others of its family: "z=10 β=1", or "z=10 AE" for an autoencoder."""
    return f"z={latent} AE" if beta is None else f"z={latent} β={beta:g}"


def thousands(count: float) -> str:
    """Format a whole number with spaces between its thousands."""
    return f"{count:,.0f}".replace(",", " ")


def ordinal(number: int) -> str:
    """Format a rank: 1st, 2nd, 3rd, 4th …"""
    ends = {1: "st", 2: "nd", 3: "rd"} if number // 10 % 10 != 1 else {}
    return f"{thousands(number)}{ends.get(number % 10, 'th')}"


def duration(seconds: float) -> str:
    """Format a duration as minutes and seconds, with hours where there are any: 1:05, 2:00:00."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(seconds: float, now: float) -> str:
    """Format the local time of a moment, with its date if that is not the day of `now`."""
    moment, today = time.localtime(seconds), time.localtime(now)
    day = "" if moment[:3] == today[:3] else "%Y-%m-%d "
    return time.strftime(f"{day}%H:%M:%S", moment)


def age(seconds: float) -> str:
    """Format a time ago in whole numbers of its largest unit: 3 d, 2 h, 10 min, 5 s."""
    for unit, length in AGE_UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(max(0, seconds))} s"


def megabytes(count: float, digits: int = 0) -> str:
    """Format the bytes of a file or a download, in units of 1 000 000 bytes."""
    return f"{count / MEGABYTE:.{digits}f} MB"


def memory(count: float) -> str:
    """Format the bytes of a memory or a disk, in MiB or GiB."""
    return f"{count / GIBIBYTE:.1f} GiB" if count >= GIBIBYTE else f"{count / MEBIBYTE:.0f} MiB"


def memory_of(part: float, total: float) -> str:
    """Format a part of a memory in the unit of the whole, such as "30.0 of 80.0 GiB"."""
    return f"{part / GIBIBYTE:.1f} of {total / GIBIBYTE:.1f} GiB"


def plural(count: int, noun: str) -> str:
    """Format a count of things: "1 run", "12 000 runs"."""
    return f"{thousands(count)} {noun}{'' if count == 1 else 's'}"


def name_or_count(names: Sequence[str], nouns: str = "runs") -> str:
    """Return the name of a single thing, else how many there are: "4 runs"."""
    return names[0] if len(names) == 1 else f"{len(names)} {nouns}"


def first_names(names: Sequence[str], most: int = 1) -> str:
    """Return the first names and how many more there are: "a, b and 3 more"."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def alternatives(words: Sequence[str], last: str = "or") -> str:
    """Join words as in "a, b or c"."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]


def _short_exponent(text: str) -> str:
    return text.replace("e+0", "e").replace("e+", "e")
