"""The checks of claims: their values, results and protocols."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from trainer.contract.evaluation import Quality, SampleStatistics
from vaetui.format import thousands
from vaetui.report.data import ReportData, ReportRun
from vaetui.settings import Kind

Values = Mapping[str, Any]
Measure = Callable[[ReportData, Values], "CheckResult"]
Reader = Callable[[Any], bool]


class UndecidedError(Exception):
    """Raised where the runs cannot decide a claim, with the reason."""


@dataclass(frozen=True)
class CheckResult:
    """Whether the claim `holds`, None if it cannot be decided, and the numbers that were `measured`."""

    holds: bool | None
    measured: str
    protocol: str

    @property
    def answer(self) -> str:
        """The result in words."""
        return {True: "holds", False: "does not hold", None: "cannot be told"}[self.holds]


# --- types of values ------------------------------------------------------------------------------------


def is_integer(value: Any) -> bool:
    """Return whether it is an integer."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Return whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_integers(value: Any) -> bool:
    """Return whether it is a list of two integers or more."""
    return isinstance(value, list) and len(value) > 1 and all(map(is_integer, value))


def is_classes(value: Any) -> bool:
    """Return whether it is a list of classes 0 to 9."""
    return isinstance(value, list) and bool(value) and all(is_integer(one) and 0 <= one <= 9 for one in value)


def is_pair(value: Any) -> bool:
    """Return whether it is a list of two classes."""
    return is_classes(value) and len(set(value)) == len(value) == 2


def is_positive_triple(value: Any) -> bool:
    """Return whether it is a list of three positive numbers."""
    return isinstance(value, list) and len(value) == 3 and all(is_number(one) and one > 0 for one in value)


def is_kind(value: Any) -> bool:
    """Return whether it is "vae" or "ae"."""
    return value in ("vae", "ae")


@dataclass(frozen=True)
class Check:
    """A check: `rule` describes when a claim holds, `takes` the values that it needs."""

    measure: Measure
    rule: str
    takes: Mapping[str, Reader] = field(default_factory=lambda: MappingProxyType({}))


# --- runs, qualities and protocols ----------------------------------------------------------------------


def select_run(
    report: ReportData, of_kind: Kind = "vae", latent: int | None = None, beta: float | None = None
) -> ReportRun:
    """Return the run of a claim: of several the one that validation chooses, else the first."""
    found = report.select(of_kind, latent, beta)
    if not found:
        words = [f"z = {latent}" if latent is not None else "", f"β = {beta:g}" if beta is not None else ""]
        which = " and ".join(filter(None, words))
        raise UndecidedError(f"no {name_of(of_kind)}{f' with {which}' if which else ''} is among the runs")
    return next((one for one in report.chosen if one in found), found[0])


def runs_by_latent(report: ReportData, of_kind: Kind) -> list[ReportRun]:
    """Return a run per latent size, ascending, of one β."""
    found = report.select(of_kind)
    if not found:
        raise UndecidedError(f"no {name_of(of_kind)} is among the runs")
    beta = select_run(report, of_kind).beta
    sizes = dict.fromkeys(one.latent for one in found if one.beta == beta)
    if len(sizes) < 2:
        raise UndecidedError(f"there is only one latent size of {name_of(of_kind)}s")
    return [select_run(report, of_kind, size, beta) for size in sorted(sizes)]


def name_of(of_kind: Kind) -> str:
    """Return the name of a kind of model."""
    return "VAE" if of_kind == "vae" else "autoencoder"


def quality(subject: ReportRun) -> Quality:
    """Return the classifier figures of a run."""
    found = subject.evaluation.quality
    if found is None:
        name = subject.run.name
        raise UndecidedError(f"no classifier figures of {name}: evaluate that run first")
    return found


def comparable_qualities(*subjects: ReportRun) -> list[Quality]:
    """Return the classifier figures of several runs, by the same classifier."""
    found = [quality(subject) for subject in subjects]
    if len({one.classifier for one in found}) > 1:
        names = ", ".join(subject.run.name for subject in subjects)
        raise UndecidedError(f"the runs were measured with different classifiers: evaluate {names} together")
    return found


def data_samples(subject: ReportRun) -> SampleStatistics:
    """Return the classifier figures of samples of the aggregated posterior."""
    look = quality(subject).around
    if look is None:
        raise UndecidedError(f"{subject.label} is an autoencoder, which has no posterior to draw from")
    return look


def test_protocol(*subjects: ReportRun) -> str:
    """Return how test figures were measured."""
    return "; ".join(dict.fromkeys(subject.protocol for subject in subjects))


def classifier_protocol(*subjects: ReportRun) -> str:
    """Return how classifier figures were measured."""
    protocols = dict.fromkeys(
        f"test, {thousands(one.draws)} images, decoder means, seed {one.seed}, classifier {one.classifier} "
        f"({one.classifier_accuracy:.1%} right), epoch {subject.evaluation.epoch}"
        for subject in subjects
        if (one := subject.evaluation.quality) is not None
    )
    return "; ".join(protocols)


def codes_protocol(*subjects: ReportRun) -> str:
    """Return how codes were computed."""
    return "; ".join(dict.fromkeys(subject.seen for subject in subjects))


def validation_protocol(*subjects: ReportRun) -> str:
    """Return how validation figures were measured."""
    first = subjects[0]
    epochs = ", ".join(dict.fromkeys(str(one.vae.epoch) for one in subjects))
    return f"validation, {thousands(first.config.data.val)} images, one posterior draw, epoch {epochs}"


def validation_bound(subject: ReportRun) -> float:
    """Return −ELBO of the kept weights on the validation images in nats; infinite without any."""
    kept = subject.run.kept_epoch
    return -kept.val.elbo if kept and kept.val else math.inf


def validation_distortion(subject: ReportRun) -> float:
    """Return the distortion of the kept weights on the validation images in nats; infinite without any."""
    kept = subject.run.kept_epoch
    return kept.val.distortion if kept and kept.val else math.inf
