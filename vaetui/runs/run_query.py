"""Filter and sort runs by what a user types, such as `lr<1e-3 kind:vae` and `-elbo`."""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.contract.run_dir import EXAMPLES
from vaetui.runs.run_fields import RunField, find_field
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup

_CONDITION = re.compile(r"([^:<>=!]+)(<=|>=|!=|:|=|<|>)(.*)")
_WORD = re.compile(r"[\s-]+")  # between the words of a run, those of its name too
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
Holds = Callable[[Run], bool]


@dataclass(frozen=True)
class RunFilter:
    """A filter that was read: a run passes if it has all `words` and every condition holds."""

    text: str = ""
    words: tuple[str, ...] = ()
    conditions: tuple[Holds, ...] = ()

    def __call__(self, run: Run) -> bool:
        """Return whether `run` passes."""
        if not all(holds(run) for holds in self.conditions):
            return False
        text = run_words(run) if self.words else ""
        return all(word in text for word in self.words)

    def nearest_first(self, runs: Iterable[Run]) -> list[Run]:
        """Return the runs that pass, those first that have most words whole: `b4` finds β 4 before β 40."""
        passing = [run for run in runs if self(run)]
        if not self.words:
            return passing
        wanted = set(self.words)
        return sorted(passing, key=lambda run: -len(wanted.intersection(_WORD.split(run_words(run)))))


def parse_filter(text: str) -> RunFilter:
    """Read a filter: conditions `FIELD:VALUE[,VALUE]` (also = != < <= > >=) and words, divided by blanks.

    A word holds for runs that contain it in their name, note, dataset, kind, sizes or state. `age` takes
    units: 90s, 5m, 2h, 3d. Raises `ValueError`, one sentence.
    """
    tokens = list(dict.fromkeys(folded(text).split()))
    conditions = {token: match for token in tokens if (match := _CONDITION.fullmatch(token))}
    words = tuple(token for token in tokens if token not in conditions)
    return RunFilter(text, words, tuple(_holds(*pair) for pair in conditions.items()))


def _holds(token: str, condition: re.Match[str]) -> Holds:
    name, sign, wanted = condition.groups()
    field = find_field(name)
    if not wanted:
        raise ValueError(f"{token} has no value: write {name}{sign}VALUE")
    if sign in _ORDERS:
        return _order(field, token, _ORDERS[sign], wanted)
    is_equal = sign != "!="
    if field.is_number:
        numbers = [_number(field, token, value) for value in wanted.split(",")]
        return lambda run: (field.value(run) in numbers) is is_equal
    texts = [value.replace("x", "×") if field.name == "hidden" else value for value in wanted.split(",")]
    return lambda run: _begins(field.value(run), texts) is is_equal


def _order(field: RunField, token: str, is_so: Callable[[float, float], bool], wanted: str) -> Holds:
    if not field.is_number:
        raise ValueError(f"{token}: {field.name} is not a number, write {field.name}:{wanted}")
    limit = _number(field, token, wanted)

    def holds(run: Run) -> bool:
        value = field.value(run)
        return isinstance(value, float) and is_so(value, limit)

    return holds


def _number(field: RunField, token: str, text: str) -> float:
    """Read a number; a time such as 2h where the field is an age."""
    unit = _SECONDS.get(text[-1:], 1.0) if field.name == "age" else 1.0
    try:
        return float(text.rstrip("smhd") if unit != 1.0 or field.name == "age" else text) * unit
    except ValueError:
        takes = "a time such as 30m, 2h or 3d" if field.name == "age" else "a number"
        raise ValueError(f"{token}: {field.name} takes {takes}, not {text!r}") from None


def _begins(value: object, wanted: Sequence[object]) -> bool:
    """Return whether a text, or a word of it, begins with one of `wanted`: `ae` is not found in `vae`."""
    texts = [str(text) for text in wanted]
    words = [value, *value.split()] if isinstance(value, str) else []
    return any(word.startswith(text) for word in words for text in texts)


def run_words(run: Run) -> str:
    """Return the words that a run is found by: its name, note, dataset, kind, sizes and state."""
    config = run.config
    beta = f"{config.objective.beta:g}"
    words = [run.name, run.note, config.data.name, config.model.kind, f"z{config.model.latent}", run.state]
    words += [EXAMPLES] if config.is_example else []
    words += [f"b{beta}", f"β{beta}"] if config.model.is_vae else []
    words.append(run.status_text)
    return folded(" ".join(words))


def folded(text: str) -> str:
    """Return `text` for comparison: composed characters in lower case."""
    return unicodedata.normalize("NFC", text).lower()


@dataclass(frozen=True)
class RunOrder:
    """An order of runs by one field; runs without a value are last."""

    field: RunField
    descending: bool = False

    def sorted(self, runs: Iterable[Run]) -> list[Run]:
        """Return `runs` in this order; equal ones keep theirs."""
        pairs = [(self.field.value(run), run) for run in runs]
        with_value = [(value, run) for value, run in pairs if value is not None]
        with_value.sort(key=lambda pair: pair[0], reverse=self.descending)
        return [run for _, run in with_value] + [run for value, run in pairs if value is None]

    def sorted_groups(self, groups: Iterable[SeedGroup]) -> list[SeedGroup]:
        """Return models in this order: by the mean of numbers over seeds, else by the first seed."""
        pairs = [(self._value(group), group) for group in groups]
        with_value = [(value, group) for value, group in pairs if value is not None]
        with_value.sort(key=lambda pair: pair[0], reverse=self.descending)
        return [group for _, group in with_value] + [group for value, group in pairs if value is None]

    def _value(self, group: SeedGroup) -> Any:
        if not self.field.is_number or self.field.is_setting:
            return self.field.value(group.first)

        def read(run: Run) -> float | None:
            value = self.field.value(run)
            return value if isinstance(value, float) else None

        spread = group.spread(read)
        return spread.mean if spread else read(group.first)


def parse_order(text: str) -> RunOrder:
    """Read an order: a field, with a minus sign in front for the largest first. Raises `ValueError`."""
    name = folded(text.strip())
    return RunOrder(find_field(name.removeprefix("-")), name.startswith("-"))
