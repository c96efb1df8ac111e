"""Read experiments from files: their runs, their question, and the claims that the report checks.

A recipe is a TOML file. Its `[[train]]` tables hold the options of `vaetui train` under the same names; lists
span the grid. Every `[[claim]]` is a sentence and the check that holds it against the runs, with what that
check takes. The published experiments lie beside this file; a file of the user's own works the same.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from trainer.contract.files import Problem, clean, read_bounded
from vaetui.settings import SETTINGS
from vaetui.toml import load_toml
from vaetui.training_grid import TrainingGrid, configs_of, parse

if TYPE_CHECKING:
    from trainer.contract.config import Config
    from trainer.contract.images import Dataset

FOLDER = Path(__file__).parent
SUFFIX = ".toml"
QUICK = "quick"
QUICKER = 10  # a quick recipe has a tenth of the epochs
MAX_BYTES = 1 << 16

_KEYS = ("title", "question", "choices", "train", "claim")
_NOT_IN_FILES = ("name", "device", "precision")  # of the machine and of the recipe as a whole


@dataclass(frozen=True)
class Claim:
    """A published claim, the check that decides it, and the arguments of the check."""

    text: str
    check: str
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Recipe:
    """One experiment: `grids` are the options of what it trains, `choices` what its source leaves open."""

    name: str
    title: str
    question: str
    choices: tuple[str, ...]
    grids: tuple[TrainingGrid, ...]
    claims: tuple[Claim, ...]
    is_quick: bool = False

    @property
    def dataset(self) -> str:
        """Return the one dataset of all its runs."""
        return str(self.grids[0]["dataset"])

    @property
    def prefix(self) -> str:
        """Return the beginning of its runs' names, so that runs of other experiments are never used."""
        return f"{self.name}-{QUICK}" if self.is_quick else self.name

    @property
    def models(self) -> int:
        """Return how many models it trains; those that two of its grids have count twice."""
        return sum(grid.count() for grid in self.grids)

    @property
    def epochs(self) -> int:
        """Return the epochs of its longest run."""
        return max(int(grid["epochs"]) for grid in self.grids)

    def quick(self) -> Recipe:
        """Return the recipe at a tenth of its length, with names that say so."""
        grids = tuple(grid.changed("epochs", max(round(grid["epochs"] / QUICKER), 1)) for grid in self.grids)
        return replace(self, grids=grids, is_quick=True)

    def configs(self, dataset: Dataset) -> list[Config]:
        """Return a configuration for every run, each once."""
        return configs_of(self.grids, dataset)


def names() -> tuple[str, ...]:
    """Return the names of the published experiments."""
    return tuple(sorted(path.stem for path in FOLDER.glob(f"*{SUFFIX}")))


def load(text: str, given: Mapping[str, str] | None = None) -> Recipe:
    """Load the recipe called `text`, or the file `text`; `given` options override it.

    Raises `Problem` where it is missing or invalid, with the file, the place and a similar name.
    """
    path = Path(text)
    if not text.lower().endswith(SUFFIX):
        if text not in names():
            raise Problem(f"there is no recipe {_quote(text)}{_near(text, names())}, or name a {SUFFIX} file")
        path = FOLDER / f"{text}{SUFFIX}"
    content = read_bounded(path, MAX_BYTES)
    try:
        return read(unicodedata.normalize("NFC", clean(path.stem)), load_toml(content), given or {})
    except ValueError as error:  # of TOML, or of `read`
        raise Problem(f"recipe {clean(text)}: {clean(str(error))}") from None


def read(name: str, content: Mapping[str, Any], given: Mapping[str, str]) -> Recipe:
    """Check the recipe of a parsed file. Raises `ValueError`, a sentence."""
    _check_keys(content, _KEYS, "the recipe")
    try:
        SETTINGS["name"].read(f"{name}-{QUICK}")
    except ValueError:
        raise ValueError(f"its name becomes part of folders: {SETTINGS['name'].takes}") from None
    tables = content.get("train")
    if not isinstance(tables, list) or not tables:
        _refuse("it has no [[train]] table")
    grids = tuple(_grid(table, given) for table in tables)
    if len({grid["dataset"] for grid in grids}) > 1:
        _refuse("its [[train]] tables name several datasets, and a recipe is about one")
    return Recipe(
        name,
        title=_text(content, "title", name),
        question=_text(content, "question", ""),
        choices=tuple(map(str, _list(content, "choices"))),
        grids=grids,
        claims=tuple(map(_claim, _list(content, "claim"))),
    )


def _grid(table: Any, given: Mapping[str, str]) -> TrainingGrid:
    if not isinstance(table, dict):
        _refuse("train is not a [[train]] table")
    keys = [key for key in SETTINGS if key not in _NOT_IN_FILES]
    _check_keys(table, keys, "[[train]]")
    return parse({key: _as_text(key, value) for key, value in table.items()} | dict(given))


def _as_text(key: str, value: Any) -> str:
    """Return a value of the file as it is written on the command line."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool) or not isinstance(item, int | float | str) for item in values):
        _refuse(f"{key} takes numbers or words, not {clean(repr(value), 40)}")
    return ",".join(map(str, values))


def _claim(table: Any) -> Claim:
    if not isinstance(table, dict):
        _refuse("claim is not a [[claim]] table")
    values = {key: value for key, value in table.items() if key not in ("text", "check")}
    for key in ("text", "check"):
        if not isinstance(table.get(key), str):
            _refuse(f"a [[claim]] has no {key}")
    return Claim(clean(table["text"]), clean(table["check"]), MappingProxyType(values))


def _text(content: Mapping[str, Any], key: str, default: str) -> str:
    value = content.get(key, default)
    if not isinstance(value, str):
        _refuse(f"{key} is not a text")
    return clean(value)


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key, [])
    if not isinstance(value, list):
        _refuse(f"{key} is not a list")
    return [clean(item) if isinstance(item, str) else item for item in value]


def _check_keys(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            _refuse(f"{where} has no key {_quote(key)}{_near(key, known)}")


def _refuse(sentence: str) -> NoReturn:
    raise ValueError(sentence)


def _near(text: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(text, known, n=1, cutoff=0.5)
    return f": near is {near[0]}" if near else f"; there are {', '.join(known)}"


def _quote(text: str) -> str:
    return f"`{clean(text, 60)}`"
