"""Check published losses that have no unit: which reading they fit, and which weight of the rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from trainer.contract.config import PIXELS
from trainer.contract.metrics import Figures
from vaetui.report.check import (
    POSITIVE_TRIPLE,
    Checks,
    Findings,
    UndecidedError,
    select_run,
    validation_protocol,
)
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.statistic import NUMBER, SHARE, Statistic

ALIKE, OR_ALIKE = 0.10, (0.05, 0.20)
EQUAL, OR_EQUAL = 1.5, (2.0, 4.0)  # the weight of the rate

BIT = math.log(2)
PER_DIMENSION = "nats per pixel and per latent dimension"
# What distortion and rate are divided by; the rate also by the latent dimensions where it is 0.
READINGS: Mapping[str, tuple[float, float]] = {
    "nats per image": (1, 1),
    "bits per image": (BIT, BIT),
    "nats per pixel": (PIXELS, PIXELS),
    "bits per pixel": (BIT * PIXELS, BIT * PIXELS),
    PER_DIMENSION: (PIXELS, 0),
}

CHECKS = Checks()


def _held_out(run: ReportRun) -> Figures:
    """Return the figures of the kept weights on the validation images, else on those there are."""
    kept = run.run.kept_epoch
    return kept.held_out if kept else run.evaluation.figures


def _read(run: ReportRun, reading: str) -> tuple[float, float, float]:
    """Return distortion, rate and their sum in the units of a reading."""
    per_distortion, per_rate = READINGS[reading]
    figures = _held_out(run)
    distortion, rate = figures.distortion / per_distortion, figures.rate / (per_rate or run.latent)
    return distortion, rate, distortion + rate


@CHECKS.add(
    "Largest relative difference of distortion, rate and their sum from the published values, at β = 1 and "
    f"in the unit that fits best: at most {ALIKE:.0%}.",
    values=POSITIVE_TRIPLE,
)
def losses_in_some_unit(report: ReportData, values: list[float]) -> Findings:
    """Compare published losses without a unit with ours in every unit."""
    run = select_run(report, beta=1.0)
    apart = {reading: _largest_difference(_read(run, reading), values) for reading in READINGS}
    findings = [Statistic("in the best unit", min(apart.values()), SHARE).at_most(ALIKE, OR_ALIKE)]
    findings += [Statistic(f"in {reading}", difference, SHARE) for reading, difference in apart.items()]
    return Findings(tuple(findings), validation_protocol(run))


def _largest_difference(ours: Sequence[float], published: Sequence[float]) -> float:
    return max(abs(own - other) / other for own, other in zip(ours, published, strict=True))


@CHECKS.add(
    f"The weight β of the rate at which distortion, rate and their sum, in {PER_DIMENSION}, are as "
    f"published, interpolated in a scan of β. “Weighted equally” is at most {EQUAL:g}.",
    values=POSITIVE_TRIPLE,
)
def losses_weighted_equally(report: ReportData, values: list[float]) -> Findings:
    """Find the weight of the rate that fits each of the published losses."""
    latent = select_run(report, beta=1.0).latent
    scan = sorted(report.select("vae", latent), key=lambda run: run.beta or 0.0)
    if len({run.beta for run in scan}) < 2:
        raise UndecidedError("there is only one β among the runs")
    ours = np.array([_read(run, PER_DIMENSION) for run in scan])  # (runs, 3)
    betas = [run.beta or 0.0 for run in scan]
    findings = [
        Statistic(
            f"β that fits the {name}", _beta_of(betas, ours[:, place].tolist(), values[place]), NUMBER
        ).at_most(EQUAL, OR_EQUAL)
        for place, name in enumerate(("distortion", "rate", "sum"))
    ]
    return Findings(tuple(findings), validation_protocol(*scan))


def _beta_of(betas: Sequence[float], losses: Sequence[float], published: float) -> float:
    """Return the β at which a loss has the published value, interpolated between two of the scan.

    Raises `UndecidedError` where the value lies outside the scan.
    """
    for one, other, before, after in zip(betas, betas[1:], losses, losses[1:], strict=False):
        if min(before, after) <= published <= max(before, after) and before != after:
            return one + (other - one) * (published - before) / (after - before)
    low, high = min(losses), max(losses)
    raise UndecidedError(
        f"{published:g} lies outside the scan of β, which reaches from {low:.3f} to {high:.3f}"
    )
