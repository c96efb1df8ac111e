"""The one table of what runs are filtered, sorted and listed by: settings, state and figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trainer.contract.metrics import Figures
from vaetui.format import age, fixed_or
from vaetui.runs.run_watcher import Run
from vaetui.settings import STORED, Setting, loss_of

Value = float | str | None


@dataclass(frozen=True)
class RunField:
    """One property of runs: its names in filters, its heading, and how it is read from a run.

    `value` is a number (compared by size) or a text; None where a run has none, such as the β of an
    autoencoder. `text` is how it is listed.
    """

    names: tuple[str, ...]
    label: str
    value: Callable[[Run], Value]
    text: Callable[[Run], str]
    is_number: bool = True
    is_setting: bool = False

    @property
    def name(self) -> str:
        """The name that lists and messages use."""
        return self.names[0]


def _setting_field(row: Setting) -> RunField:
    """Return the field of a training setting."""
    names = [name.lower().replace(" ", "-") for name in (row.option, row.label, row.json, row.head) if name]

    def value(run: Run) -> Value:
        if not row.applies(run.config):
            return None
        result = loss_of(row.result(run.config)) if row.option == "loss" else row.result(run.config)
        return float(result) if isinstance(result, int | float) else row.text(run.config).lower()

    is_number = row.option not in ("kind", "hidden") and _is_number(row)
    return RunField(
        tuple(dict.fromkeys(names)),
        row.head or row.option or row.label,
        value,
        lambda run: row.text(run.config),
        is_number,
        is_setting=True,
    )


def _is_number(row: Setting) -> bool:
    """Return whether a setting is a number, by its default."""
    try:
        float(row.default or "0")
    except ValueError:
        return False
    return row.path not in ("data.checksum",)


def _held_out(of: Callable[[Figures], float], *, of_vaes: bool = False) -> Callable[[Run], float | None]:
    """Return a reader of a figure of the held-out images at the last epoch."""

    def value(run: Run) -> float | None:
        if run.latest is None or (of_vaes and not run.config.model.is_vae):
            return None
        return of(run.latest.held_out)

    return value


def _figure(names: str, label: str, value: Callable[[Run], float | None], digits: int = 2) -> RunField:
    return RunField(tuple(names.split()), label, value, lambda run: fixed_or(value(run), digits))


def _active(run: Run) -> float | None:
    return float(run.latest.active_units) if run.latest else None


def _age(run: Run) -> float | None:
    """Return the seconds since its status was written."""
    return max(time.time() - run.status.updated, 0.0) if run.status.updated else None


def _age_text(run: Run) -> str:
    seconds = _age(run)
    return "" if seconds is None else age(seconds)


FIELDS: tuple[RunField, ...] = (
    RunField(("name", "run"), "run", lambda run: run.name.lower(), lambda run: run.name, is_number=False),
    *(_setting_field(row) for row in STORED),
    RunField(
        ("state",),
        "state",
        lambda run: f"{run.status_text} {run.state}",
        lambda run: run.status_text,
        is_number=False,
    ),
    RunField(
        ("epoch",),
        "epoch",
        lambda run: float(run.status.epoch),
        lambda run: f"{run.status.epoch}/{run.status.epochs}",
    ),
    _figure("elbo", "−ELBO", _held_out(lambda figures: -figures.elbo, of_vaes=True)),
    _figure("distortion d", "distortion", _held_out(lambda figures: figures.distortion)),
    _figure("rate r", "rate", _held_out(lambda figures: figures.rate, of_vaes=True)),
    _figure("mse", "MSE draw", _held_out(lambda figures: figures.mse), 4),
    _figure("active", "active", _active, 0),
    RunField(("age",), "age", _age, _age_text),
    RunField(("note",), "note", lambda run: run.note.lower() or None, lambda run: run.note, is_number=False),
)
BY_NAME = {name: field for field in reversed(FIELDS) for name in field.names}


def find_field(name: str) -> RunField:
    """Return the field called `name`. Raises `ValueError`, one sentence with the names, if there is none."""
    try:
        return BY_NAME[name.lower()]
    except KeyError:
        known = ", ".join(field.name for field in FIELDS)
        raise ValueError(f"runs have no {name!r}: take one of {known}") from None


def differing(runs: Sequence[Run]) -> list[RunField]:
    """Return the settings in which `runs` differ, in the order of the table."""
    settings = [field for field in FIELDS if field.is_setting]
    return [field for field in settings if len({field.value(run) for run in runs} - {None}) > 1]
