"""A training to order: its settings as texts, as a command line, and in sentences what it comes to.

The command line and the app's train dialog say the same of it, in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainer.contract.config import Config
from trainer.contract.files import clean
from vaetui.commands import command
from vaetui.format import name_or_count, thousands
from vaetui.runs.queue import PlannedRun
from vaetui.runs.run_watcher import Run
from vaetui.settings import LOSS_OF, SETTINGS, WHERE, Setting, TrainingGrid, parse

# What a configuration says of a setting; where and under which name a run was trained is not taken over.
_OF: Mapping[str, Callable[[Config], Any]] = {
    "latent": lambda config: config.model.latent,
    "kind": lambda config: config.model.kind,
    "hidden": lambda config: config.model.hidden,
    "beta": lambda config: config.objective.beta if config.model.is_vae else SETTINGS["beta"].default,
    "beta-warmup": lambda config: config.objective.beta_warmup,
    "loss": lambda config: LOSS_OF[config.objective.likelihood],
    "optimizer": lambda config: config.optimiser.name,
    "lr": lambda config: config.optimiser.lr,
    "batch-size": lambda config: config.optimiser.batch_size,
    "epochs": lambda config: config.optimiser.epochs,
    "patience": lambda config: config.optimiser.patience,
    "keep": lambda config: config.optimiser.keep,
    "seed": lambda config: config.seed,
    "precision": lambda config: config.precision,
    "dataset": lambda config: config.data.name,
    "binarize": lambda config: config.data.binarize,
    "val-fraction": lambda config: config.data.val_fraction,
}


def _no_or_yes(text: str) -> bool:
    if text not in ("no", "yes"):
        raise ValueError
    return text == "yes"


# What an order has a text for: the settings, and whether to train anew what was trained before.
REQUEST_SETTINGS: Mapping[str, Setting] = {
    **SETTINGS,
    "force": Setting(
        WHERE,
        "force",
        "no",
        "no|yes",
        "Whether to train anew what was trained before, whose results are removed.",
        "no or yes",
        _no_or_yes,
    ),
}


@dataclass(frozen=True)
class TrainingRequest:
    """A training as texts, keyed as in `REQUEST_SETTINGS`."""

    texts: Mapping[str, str] = field(
        default_factory=lambda: {key: setting.default for key, setting in REQUEST_SETTINGS.items()}
    )

    def changed(self, key: str, text: str) -> TrainingRequest:
        """With another text for one field."""
        return TrainingRequest({**self.texts, key: text})

    @property
    def force(self) -> bool:
        """Whether to train anew what was trained before."""
        return self.texts["force"] == "yes"

    def options(self) -> TrainingGrid:
        """What is asked for. Raises `ValueError` as `parse` does."""
        return parse({key: self.texts[key] for key in SETTINGS})

    def wrong(self) -> str:
        """Why it cannot be ordered, "" if it can."""
        try:
            self.options()
        except ValueError as error:
            return str(error)
        return ""

    def command(self, runs: Path, data: Path) -> str:
        """The command line that asks for the same: what is as usual is left out."""
        changed = [key for key in SETTINGS if not is_default(key, self.texts[key])]
        words = [word for key in changed for word in (f"--{key}", self.texts[key])]
        return command("train", *words, *(["--force"] if self.force else []), runs=runs, data=data)


def is_valid(key: str, text: str) -> bool:
    """Whether `text` is something that a field takes."""
    try:
        REQUEST_SETTINGS[key].read(text)
    except ValueError:
        return False
    return True


def is_default(key: str, text: str) -> bool:
    """Whether `text` means the default of a field."""
    setting = REQUEST_SETTINGS[key]
    return is_valid(key, text) and bool(setting.read(text) == setting.read(setting.default))


def request_of(config: Config) -> TrainingRequest:
    """The order that trains such a run once more, under the name that its settings make."""
    texts = dict(TrainingRequest().texts)
    for key, read in _OF.items():
        text = _text(read(config))
        texts[key] = texts[key] if is_default(key, text) else text
    return TrainingRequest(texts)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


# --- in sentences ---------------------------------------------------------------------------------------


def plan_sentences(tasks: Sequence[PlannedRun]) -> list[str]:
    """What will be done, what goes on, and what is left alone."""
    data = tasks[0].config.data
    due = [task for task in tasks if task.is_due]
    resumed = [task for task in due if task.action == "resume"]
    kept = [task for task in tasks if task.action == "keep" and not task.early]
    early = [task for task in tasks if task.early]
    left = [task for task in tasks if task.action == "leave"]
    said: list[str] = []
    if due:
        held_out = f", {thousands(data.val)} for validation" if data.val else ""
        said.append(
            f"training {_names(due, 'models')} on {data.name}: {thousands(data.train)} images{held_out}"
        )
    if resumed:
        first, last = min(task.done for task in resumed) + 1, max(task.done for task in resumed) + 1
        which = "" if len(resumed) == len(due) else f"{_names(resumed, 'of them')}: "
        said.append(f"{which}going on with epoch {first}{f' to {last}' if last > first else ''}")
    if kept:
        said.append(
            f"finished already: {_names(kept, 'runs')}; a higher --epochs goes on, --force trains anew"
        )
    if early:
        ended = "finished already, ended early by patience"
        said.append(f"{ended}: {_names(early, 'runs')}; --force trains anew")
    if left:
        what = "trained" if any(task.is_blocked for task in left) else "resumed"
        said.append(f"left out, cannot be {what}: {_names(left, 'runs')}")
    return said


def skipped_sentences(tasks: Sequence[PlannedRun], runs: Path, data: Path, most: int = 3) -> list[str]:
    """Why runs were left out, a sentence for each, and the command that trains it; for `most` of them."""
    left = [task for task in tasks if task.action == "leave"]
    said = [
        task.why
        if task.is_blocked
        else f"{task.why}: `{_retraining(task).command(runs, data)}` retrains it; --name NAME instead of "
        "--force keeps it"
        for task in left[:most]
    ]
    if len(left) > most:
        said.append(f"{_names(left[most:], 'more runs')} left out in the same way")
    return said


def _retraining(task: PlannedRun) -> TrainingRequest:
    order = request_of(task.config).changed("force", "yes")
    return order if task.path.name == task.config.name else order.changed("name", task.path.name)


def stop_sentence(runs: Sequence[Run], chosen: int) -> str:
    """That `runs` were asked to stop of which `chosen` were named, and why there are more."""
    together = ": runs that train together stop together" if len(runs) > chosen else ""
    return f"asked {_names(runs, 'runs')} to stop{together}"


def _names(tasks: Sequence[PlannedRun | Run], noun: str) -> str:
    """The name of one, or how many there are."""
    return name_or_count([clean(task.path.name) for task in tasks], noun)
