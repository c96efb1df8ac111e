"""Read untrusted TOML; every error is one short sentence."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from trainer.contract.files import clean, decode

DEEPEST = 20  # tables and lists within each other
# A key of more parts, which takes the parser seconds before it comes to nothing.
_DEEP_KEY = re.compile(rb"""(?<![\w"'-])(?:[\w"'-]+[ \t]*\.[ \t]*){%d}""" % DEEPEST)


def load_toml(content: bytes) -> dict[str, Any]:
    """Return the table in `content`. Raises `ValueError`, a short sentence."""
    if _DEEP_KEY.search(content):
        raise ValueError("it is nested too deeply")
    text = decode(content)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(clean(str(error))) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:  # what Python says of them is not for readers of TOML
        raise ValueError("it has a number of too many digits") from None
    level: list[Any] = [table]
    for _ in range(DEEPEST):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _parts(outer)]
    if level:
        raise ValueError("it is nested too deeply")
    return table


def _parts(outer: dict[str, Any] | list[Any]) -> list[Any]:
    return list(outer.values()) if isinstance(outer, dict) else outer
