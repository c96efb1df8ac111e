"""Preferences on the terminal: from options, else the environment, else a file.

The first of the three that is set counts, also if it is "auto", which leaves the answer to detection. The
file is `config.toml` in the user's configuration folder, with the keys `glyphs`, `colors` and `background`;
the last has no option.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, get_args

import platformdirs

from trainer.contract.files import MissingFile, Problem, clean, read_bounded
from vaetui.format import alternatives
from vaetui.render.terminal import Background, Depth, Glyphs, Requested, Terminal, detect

AUTO = "auto"
CHOICES: Mapping[str, tuple[str, ...]] = {
    "glyphs": (AUTO, *get_args(Glyphs)),
    "colors": (AUTO, *get_args(Depth)),
    "background": (AUTO, *get_args(Background)),
}
MOST_BYTES = 64 << 10  # of the file


@dataclass(frozen=True)
class Preferences:
    """What the user set; None leaves the answer to detection."""

    glyphs: Requested[Glyphs] | None = None
    colors: Requested[Depth] | None = None
    background: Requested[Background] | None = None

    def detect(self, env: Mapping[str, str], stream: TextIO) -> Terminal:
        """Detect the terminal of `stream`. Raises `ValueError` where a preference is impossible there."""
        return detect(env, stream, glyphs=self.glyphs, colors=self.colors, background=self.background)


DEFAULTS = Preferences()


def default_path() -> Path:
    """Return the path of the file, in XDG's configuration folder."""
    return platformdirs.user_config_path("vaetui") / "config.toml"


def load_preferences(env: Mapping[str, str], path: Path, glyphs: str = "", colors: str = "") -> Preferences:
    """Return the options `glyphs` and `colors` ("" if absent), else the variables, else the file at `path`.

    All three are checked, also those that another one overrides. Raises `ValueError` with a sentence that
    names the option, variable or file and key, and the values that it takes.
    """
    file = _read_file(path)
    options = {"glyphs": glyphs, "colors": colors, "background": ""}
    chosen: dict[str, Any] = {key: _choose(key, text, env, file, path) for key, text in options.items()}
    return Preferences(**chosen)


def variable(key: str) -> str:
    """Return the environment variable of a key of the file."""
    return f"VAETUI_{key.upper()}"


def _choose(
    key: str, option: str, env: Mapping[str, str], file: Mapping[str, str], path: Path
) -> Requested[str] | None:
    given = [
        Requested(word, by, is_here)
        for word, by, is_here in (
            (option or None, f"--{key}", True),
            (env.get(variable(key)) or None, variable(key), False),
            (file.get(key), f"{key} in {clean(str(path))}", False),
        )
        if word is not None
    ]
    for choice in given:
        if choice.word not in CHOICES[key]:
            words = alternatives(CHOICES[key])
            raise ValueError(f"{choice.by} takes {words}, not {clean(choice.word, 40)!r}")
    return given[0] if given and given[0].word != AUTO else None


def _read_file(path: Path) -> dict[str, str]:
    """Return the file's values, unchecked; none where there is no file."""
    try:
        content = read_bounded(path, MOST_BYTES)
    except MissingFile:
        return {}
    except Problem as problem:
        raise ValueError(str(problem)) from None
    from vaetui.toml import load_toml  # imported only for users who have a file

    try:
        table = load_toml(content)
    except ValueError as error:
        raise ValueError(f"{clean(str(path))} is not valid TOML: {error}") from None
    for key in table:
        if key not in CHOICES:
            near = difflib.get_close_matches(key, CHOICES, n=1)
            known = f"did you mean {near[0]}?" if near else f"keys are {alternatives(tuple(CHOICES), 'and')}"
            raise ValueError(f"{clean(str(path))} has no key `{clean(key, 60)}`: {known}")
    return {key: _as_text(value) for key, value in table.items()}


def _as_text(value: Any) -> str:
    """Return a value of the file as the text of an option; `colors = 256` needs no quotes."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if isinstance(value, str) or is_number else repr(value)
