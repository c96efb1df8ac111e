"""What the user wants a terminal to be taken for: by an option, else in the environment, else in a file.

The first of the three that says something counts, "auto" among it: what was to be found is found then. The
file is `config.toml` in the user's configuration folder, with the keys `glyphs`, `colors` and `background`;
the last has no option.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import platformdirs

from trainer.contract.files import MissingFile, Problem, clean, read_bounded
from vaetui.render.cells import Depth
from vaetui.render.terminal import Background, Glyphs, Requested

AUTO = "auto"
CHOICES: Mapping[str, tuple[str, ...]] = {
    "glyphs": (AUTO, *get_args(Glyphs)),
    "colors": (AUTO, *get_args(Depth)),
    "background": (AUTO, *get_args(Background)),
}
MOST_BYTES = 64 << 10

Word = TypeVar("Word", bound=str)


@dataclass(frozen=True)
class Preferences:
    """What was asked for; None is what detection finds."""

    glyphs: Requested[Glyphs] | None = None
    colors: Requested[Depth] | None = None
    background: Requested[Background] | None = None


NOTHING = Preferences()


def default_path() -> Path:
    """Where the file is: in XDG's configuration folder."""
    return platformdirs.user_config_path("vaetui") / "config.toml"


def preferences(env: Mapping[str, str], path: Path, glyphs: str = "", colors: str = "") -> Preferences:
    """The options `glyphs` and `colors`, "" for one not given, then the variables, then the file at `path`.

    All three are held against what there is, whether they decide or not. Raises `ValueError`, a sentence that
    names option, variable or file and key, and what may stand there.
    """
    file = _read(path)
    return Preferences(
        cast("Requested[Glyphs] | None", _asked("glyphs", glyphs, env, file, path)),
        cast("Requested[Depth] | None", _asked("colors", colors, env, file, path)),
        cast("Requested[Background] | None", _asked("background", "", env, file, path)),
    )


def variable(key: str) -> str:
    """The environment's name for a key of the file."""
    return f"VAETUI_{key.upper()}"


def _asked(
    key: str, option: str, env: Mapping[str, str], file: Mapping[str, str], path: Path
) -> Requested[str] | None:
    said = [
        Requested(word, by, is_here)
        for word, by, is_here in (
            (option or None, f"--{key}", True),
            (env.get(variable(key)) or None, variable(key), False),
            (file.get(key), f"{key} in {clean(str(path))}", False),
        )
        if word is not None
    ]
    for asked in said:
        if asked.word not in CHOICES[key]:
            wanted = _either(CHOICES[key], "or")
            raise ValueError(f"{asked.by} takes {wanted}, not {clean(asked.word, 40)!r}")
    return said[0] if said and said[0].word != AUTO else None


def _read(path: Path) -> dict[str, str]:
    """What the file says, nothing where there is none; its values are not looked at yet."""
    try:
        content = read_bounded(path, MOST_BYTES)
    except MissingFile:
        return {}
    except Problem as problem:
        raise ValueError(str(problem)) from None
    from vaetui.toml import load_toml  # only who has a file waits for it

    try:
        table = load_toml(content)
    except ValueError as error:
        raise ValueError(f"{clean(str(path))} is not valid TOML: {error}") from None
    for key in table:
        if key not in CHOICES:
            near = difflib.get_close_matches(key, CHOICES, n=1)
            known = f"near is {near[0]}" if near else f"there are {_either(tuple(CHOICES), 'and')}"
            raise ValueError(f"{clean(str(path))} has no key `{clean(key, 60)}`: {known}")
    return {key: _text(value) for key, value in table.items()}


def _either(words: tuple[str, ...], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _text(value: Any) -> str:
    """A value of the file as an option would have it; `colors = 256` needs no quotes."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if isinstance(value, str) or is_number else repr(value)
