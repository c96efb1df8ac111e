"""A training request: its settings as texts and as a command line, and sentences on what it would do.

The command line and the app's train dialog share both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.contract.config import EXAMPLE, Config
from trainer.contract.files import Problem, clean
from vaetui import recipes
from vaetui.commands import command
from vaetui.format import name_or_count, plural, thousands
from vaetui.recipes import Recipe
from vaetui.runs.queue import PlannedRun
from vaetui.runs.run_watcher import Run
from vaetui.settings import SETTINGS, WHERE, Setting, choice, words
from vaetui.training_grid import TrainingGrid, parse

REPRODUCE, RECIPE, QUICK, OWN_SETTINGS = "Reproduce an experiment", "recipe", "quick", "none"


def _recipe_words() -> Mapping[str, str]:
    return {name: name for name in (OWN_SETTINGS, *recipes.names())}


# The fields of a request: the settings, whether to retrain finished runs, and a recipe in their place.
REQUEST_SETTINGS: Mapping[str, Setting] = {
    **SETTINGS,
    "force": choice(
        *("", "force", WHERE, "force", words("no", "yes")),
        help="Retrain finished runs, whose results are removed.",
    ),
    RECIPE: choice(
        *("", "recipe", REPRODUCE, RECIPE, _recipe_words),
        help="Train a published experiment: its settings are its own, beside device and force.",
    ),
    QUICK: choice(
        *("", "quick", REPRODUCE, QUICK, words("no", "yes")),
        help="Train a tenth of the experiment's epochs; the runs are marked quick.",
    ),
}


@dataclass(frozen=True)
class TrainingRequest:
    """The settings of a training as texts, keyed as in `REQUEST_SETTINGS`."""

    texts: Mapping[str, str] = field(
        default_factory=lambda: {key: setting.default for key, setting in REQUEST_SETTINGS.items()}
    )

    def changed(self, key: str, text: str) -> TrainingRequest:
        """Return the request with another text for one setting."""
        return TrainingRequest({**self.texts, key: text})

    @property
    def force(self) -> bool:
        """Return whether to retrain finished runs."""
        return self.texts["force"] == "yes"

    def grid(self) -> TrainingGrid:
        """Read the settings. Raises `ValueError` as `parse` does."""
        return parse({key: self.texts[key] for key in SETTINGS})

    @property
    def recipe(self) -> Recipe | None:
        """Load the experiment that it reproduces, None where it has its own settings. Raises `Problem`."""
        if self.texts[RECIPE] == OWN_SETTINGS:
            return None
        recipe = recipes.load(self.texts[RECIPE], {"device": self.texts["device"]})
        return recipe.quick() if self.texts[QUICK] == "yes" else recipe

    def grids(self) -> tuple[Sequence[TrainingGrid], str]:
        """Return what it trains, and the name of its runs, "" for that of their settings.

        Raises `ValueError` as `parse` does, and `Problem` for a recipe that cannot be read.
        """
        if recipe := self.recipe:
            return recipe.grids, recipe.prefix
        grid = self.grid()
        return (grid,), grid["name"]

    def error(self) -> str:
        """Return why it cannot be trained, "" if it can."""
        try:
            self.grids()
        except (ValueError, Problem) as error:
            return str(error)
        return ""

    def explanation(self, key: str) -> str:
        """Return the help of a setting; of the recipe, once one is chosen, its question."""
        setting = REQUEST_SETTINGS[key]
        if key == RECIPE and not self.error() and (recipe := self.recipe):
            return f"{recipe.title}. {recipe.question}"
        return f"{setting.help} Takes {setting.accepted}."

    def command(self, runs: Path, data: Path) -> str:
        """Return the command line that trains the same; defaults are left out."""
        is_own = self.texts[RECIPE] == OWN_SETTINGS
        keys = SETTINGS if is_own else (RECIPE, "device")
        changed = [key for key in keys if not REQUEST_SETTINGS[key].is_default(self.texts[key])]
        options = [word for key in changed for word in (f"--{key}", self.texts[key])]
        quick = [] if is_own or self.texts[QUICK] == "no" else ["--quick"]
        return command("train", *options, *quick, *(["--force"] if self.force else []), runs=runs, data=data)


def request_of(config: Config) -> TrainingRequest:
    """Return the request that trains such a run again, on any device, under the name of its settings."""
    texts = {key: setting.command_text(config) for key, setting in SETTINGS.items() if setting.path}
    return TrainingRequest({**TrainingRequest().texts, **texts, "device": SETTINGS["device"].default})


# --- sentences ------------------------------------------------------------------------------------------


def plan_sentences(planned: Sequence[PlannedRun]) -> list[str]:
    """Say which runs are trained, continued, finished already and skipped."""
    data = planned[0].config.data
    due = [run for run in planned if run.is_due]
    resumed = [run for run in due if run.action == "resume"]
    kept = [run for run in planned if run.action == "keep" and not run.early]
    early = [run for run in planned if run.early]
    skipped = [run for run in planned if run.action == "skip"]
    sentences: list[str] = []
    if due:
        held_out = f", {thousands(data.val)} for validation" if data.val else ""
        models = _names(due, "models")
        sentences.append(f"training {models} on {data.name}: {thousands(data.train)} images{held_out}")
    if resumed:
        first, last = min(run.done for run in resumed) + 1, max(run.done for run in resumed) + 1
        which = "" if len(resumed) == len(due) else f"{_names(resumed, 'of them')}: "
        sentences.append(f"{which}continuing with epoch {first}{f' to {last}' if last > first else ''}")
    if kept:
        advice = "raise --epochs to continue, or --force to retrain"
        sentences.append(f"finished already: {_names(kept, 'runs')}; {advice}")
    if early:
        runs = _names(early, "runs")
        sentences.append(f"finished already by early stopping: {runs}; --force to retrain")
    if skipped:
        what = "trained" if any(run.is_blocked for run in skipped) else "resumed"
        sentences.append(f"skipped, cannot be {what}: {_names(skipped, 'runs')}")
    return sentences


def finished_sentence(run: PlannedRun) -> str:
    """Say that a run is finished, and which changes of the request train something."""
    changes = ["another seed or setting trains another run"]
    if run.config.origin != EXAMPLE:
        changes.append("force retrains this one")
        if not run.early:
            changes.insert(0, f"more than {plural(run.done, 'epoch')} continue it")
    how = "finished already, by early stopping" if run.early else "finished already"
    return f"{how}: {clean(run.path.name)}. What is to change? {'; '.join(changes)}"


def skipped_sentences(planned: Sequence[PlannedRun], runs: Path, data: Path, most: int = 3) -> list[str]:
    """Say why runs are skipped and which command retrains them, a sentence for each of the first `most`."""
    skipped = [run for run in planned if run.action == "skip"]
    sentences = [
        run.why
        if run.is_blocked
        else f"{run.why}: `{_retraining(run).command(runs, data)}` retrains it; --name NAME instead of "
        "--force keeps it"
        for run in skipped[:most]
    ]
    if len(skipped) > most:
        sentences.append(f"{_names(skipped[most:], 'more runs')} skipped for the same reason")
    return sentences


def _retraining(run: PlannedRun) -> TrainingRequest:
    request = request_of(run.config).changed("force", "yes")
    return request if run.path.name == run.config.name else request.changed("name", run.path.name)


def stop_sentence(runs: Sequence[Run], chosen: int) -> str:
    """Say that `runs` were asked to stop, and why they are more than the `chosen` number."""
    together = ": runs that train together stop together" if len(runs) > chosen else ""
    return f"asked {_names(runs, 'runs')} to stop{together}"


def _names(runs: Sequence[PlannedRun | Run], noun: str) -> str:
    """Return the name of a single run, else how many there are."""
    return name_or_count([clean(run.path.name) for run in runs], noun)
