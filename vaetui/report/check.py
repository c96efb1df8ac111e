"""The parts of checks of claims: tables of checks, types of values, selection of runs, protocols."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from trainer.contract.evaluation import Quality
from vaetui.arrays import Floats
from vaetui.format import thousands
from vaetui.latent.posteriors import read_latents
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.statistic import Statistic
from vaetui.runs.compare import compared_runs
from vaetui.runs.ranking import image_metrics
from vaetui.settings import Kind

Measure = TypeVar("Measure", bound=Callable[..., "Findings"])

KIND_NAMES: Mapping[Kind, str] = {"vae": "VAE", "ae": "autoencoder"}


class UndecidedError(Exception):
    """Raised where the runs cannot decide a claim, with the reason."""


@dataclass(frozen=True)
class Findings:
    """The statistics of one seed's runs, and how they were measured."""

    statistics: tuple[Statistic, ...]
    protocol: str


# --- types of values ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ValueType:
    """A type of values of a claim: its description, and whether a value of the TOML file is `valid`."""

    description: str
    valid: Callable[[Any], bool]
    is_optional: bool = False

    @property
    def optional(self) -> ValueType:
        """Return the type of a value that a claim may leave out."""
        return replace(self, is_optional=True)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_list(value: Any, valid: Callable[[Any], bool], least: int) -> bool:
    return isinstance(value, list) and len(value) >= least and all(map(valid, value))


def _is_class(value: Any) -> bool:
    return _is_integer(value) and 0 <= value <= 9


INTEGER = ValueType("a whole number", _is_integer)
NUMBER = ValueType("a number", _is_number)
NUMBERS = ValueType("a list of numbers", lambda value: _is_list(value, _is_number, 1))
INTEGERS = ValueType("a list of whole numbers", lambda value: _is_list(value, _is_integer, 2))
CLASSES = ValueType("a list of classes, 0 to 9", lambda value: _is_list(value, _is_class, 1))
CLASS_PAIR = ValueType(
    "two classes, 0 to 9", lambda value: _is_list(value, _is_class, 2) and len(set(value)) == len(value) == 2
)
POSITIVE_TRIPLE = ValueType(
    "three numbers above 0",
    lambda value: _is_list(value, _is_number, 3) and len(value) == 3 and min(value) > 0,
)
KIND = ValueType('"vae" or "ae"', lambda value: value in ("vae", "ae"))


# --- tables of checks -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """A check: `rule` is what it measures and when a claim holds, `values` are the arguments of `measure`.

    It is called with the runs of one seed. Keys of `values` are those of the recipe, with hyphens where the
    arguments have underscores.
    """

    measure: Callable[..., Findings]
    rule: str
    values: Mapping[str, ValueType]


class Checks(dict[str, Check]):
    """Checks by the name that recipes use, which is the name of the function."""

    def add(self, rule: str, **values: ValueType) -> Callable[[Measure], Measure]:
        """Return a decorator that adds a function with its rule and the types of its values."""
        types = {name.replace("_", "-"): value for name, value in values.items()}

        def decorate(measure: Measure) -> Measure:
            self[measure.__name__] = Check(measure, rule, types)
            return measure

        return decorate


# --- runs and qualities ---------------------------------------------------------------------------------


def select_run(
    report: ReportData, kind: Kind = "vae", latent: int | None = None, beta: float | None = None
) -> ReportRun:
    """Return the run of a claim: of several the one that validation chooses, else the first."""
    selected = report.select(kind, latent, beta)
    if not selected:
        words = [f"z = {latent}" if latent is not None else "", f"β = {beta:g}" if beta is not None else ""]
        which = " and ".join(filter(None, words))
        raise UndecidedError(f"no {KIND_NAMES[kind]}{f' with {which}' if which else ''} is among the runs")
    return next((run for run in report.chosen if run in selected), selected[0])


def runs_by_latent(report: ReportData, kind: Kind) -> list[ReportRun]:
    """Return a run per latent size, ascending, of one β."""
    beta = select_run(report, kind).beta
    sizes = {run.latent for run in report.select(kind, beta=beta)}
    if len(sizes) < 2:
        raise UndecidedError(f"there is only one latent size of {KIND_NAMES[kind]}s")
    return [select_run(report, kind, size, beta) for size in sorted(sizes)]


def run_at_beta_1(report: ReportData, run: ReportRun) -> ReportRun | None:
    """Return another VAE of the same latent size at β = 1, None if there is none."""
    return next((other for other in report.select("vae", run.latent, 1.0) if other is not run), None)


def quality(run: ReportRun) -> Quality:
    """Return the classifier figures of a run."""
    if run.evaluation.quality is None:
        raise UndecidedError(f"no classifier figures of {run.run.name}: evaluate that run first")
    return run.evaluation.quality


def run_distortions(run: ReportRun) -> Floats | None:
    """Return the distortion of each test image `(images,)` in nats, None if it was not saved."""
    (entry,) = compared_runs([run.run])
    if image_metrics(entry) is None:  # of other weights, or not kept
        return None
    return read_latents(entry.results, entry.latent, entry.protocol.images, is_vae=run.is_vae).distortion


def validation_loss(run: ReportRun) -> float:
    """Return the loss of the kept weights on the validation images in nats; infinite without any."""
    kept = run.run.kept_epoch
    return run.loss(kept.val) if kept and kept.val else math.inf


# --- protocols ------------------------------------------------------------------------------------------


def distinct(texts: Iterable[str]) -> str:
    """Join different texts."""
    return "; ".join(dict.fromkeys(texts))


def test_protocol(*runs: ReportRun) -> str:
    """Return how test figures were measured."""
    return distinct(run.protocol for run in runs)


def classifier_protocol(*runs: ReportRun) -> str:
    """Return how classifier figures were measured."""
    return distinct(
        f"test, {thousands(found.draws)} images, decoder means, classifier "
        f"{found.classifier} ({found.classifier_accuracy:.1%} right), epoch {run.evaluation.epoch}"
        for run in runs
        if (found := run.evaluation.quality) is not None
    )


def codes_protocol(*runs: ReportRun) -> str:
    """Return how codes were computed."""
    return distinct(run.codes_protocol for run in runs)


def validation_protocol(*runs: ReportRun) -> str:
    """Return how validation figures were measured."""
    epochs = ", ".join(dict.fromkeys(str(run.vae.epoch) for run in runs))
    images = thousands(runs[0].config.data.val)
    return f"validation, {images} images, one posterior draw, epoch {epochs}"
