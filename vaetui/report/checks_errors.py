"""Check claims on losses and errors: by latent size and by setting, and the choice by validation."""

from __future__ import annotations

import math

import numpy as np

from vaetui.arrays import Floats
from vaetui.report.check import (
    INTEGER,
    INTEGERS,
    KIND,
    KIND_NAMES,
    NUMBER,
    Checks,
    Findings,
    UndecidedError,
    run_distortions,
    runs_by_latent,
    select_run,
    test_protocol,
    validation_loss,
    validation_protocol,
)
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.statistic import COUNT, ERROR, NATS, NATS_MORE, RELATIVE, SHARE, Statistic
from vaetui.report.statistic import NUMBER as PLAIN
from vaetui.settings import Kind

A_LOT, OR_A_LOT = 0.10, (0.05, 0.15)
MEANINGFUL, OR_MEANINGFUL = 0.05, (0.02, 0.10)
MOST, OR_MOST = 0.5, (0.75, 0.9)
AS_WELL, OR_AS_WELL = 1.0, (0.5, 2.0)  # nats per image

CHECKS = Checks()


# --- by latent size -------------------------------------------------------------------------------------


@CHECKS.add(
    "Relative fall of the distortion of the test images from the smaller to the larger size. “A lot” is at "
    f"least {A_LOT:.0%}.",
    latent=INTEGER,
    than=INTEGER,
)
def distortion_falls(report: ReportData, latent: int, than: int) -> Findings:
    """Measure by how much the distortion is lower at a larger latent size."""
    small, large = select_run(report, latent=than), select_run(report, latent=latent)
    share = Statistic("relative fall", _fall(small, large) / _cost(small), SHARE)
    falls = _falls(small, large)
    if falls is not None:
        share = Statistic.mean("relative fall", falls / _cost(small), SHARE)
    findings = [*map(_distortion, (small, large)), share.at_least(A_LOT, OR_A_LOT)]
    return Findings(tuple(findings), test_protocol(small, large))


def _distortion(run: ReportRun) -> Statistic:
    return Statistic(f"distortion at z = {run.latent}", _cost(run), NATS)


def _cost(run: ReportRun) -> float:
    return run.evaluation.figures.distortion


def _fall(one: ReportRun, other: ReportRun) -> float:
    return _cost(one) - _cost(other)


def _falls(one: ReportRun, other: ReportRun) -> Floats | None:
    """Return the fall of the distortion of each test image `(images,)`, None where not each was measured."""
    before, after = run_distortions(one), run_distortions(other)
    if before is None or after is None or len(before) != len(after):
        return None
    return before - after


@CHECKS.add(
    "Fall of the distortion of the test images between the last two sizes, divided by the fall between the "
    "first two; “less” is below 1.",
    at=INTEGERS,
)
def distortion_falls_less(report: ReportData, at: list[int]) -> Findings:
    """Compare the fall from the first size to the second with that from the second to the last."""
    first, second, *_, last = sorted(at)[:2] + sorted(at)[-1:]
    runs = [select_run(report, latent=size) for size in (first, second, last)]
    before, after = _fall(runs[0], runs[1]), _fall(runs[1], runs[2])
    if before <= 0:
        raise UndecidedError(f"the distortion does not fall from z = {first} to {second}")
    findings = (
        Statistic(f"fall from z = {first} to {second}", before, NATS),
        Statistic(f"fall from z = {second} to {last}", after, NATS),
        Statistic("ratio", after / before, PLAIN).below(1.0),
    )
    return Findings(findings, test_protocol(*runs))


@CHECKS.add(
    "Of the sizes between, that of the lowest validation −ELBO: how much worse its −ELBO on the test "
    f"images is than at the largest size. “As well” is at most {AS_WELL:g} nat per image worse.",
    between=INTEGERS,
)
def smaller_size_suffices(report: ReportData, between: list[int]) -> Findings:
    """Compare the best of the sizes between two with the larger one."""
    low, high = min(between), max(between)
    runs = {run.latent: run for run in runs_by_latent(report, "vae")}
    inside = [run for size, run in runs.items() if low < size < high]
    if not inside or high not in runs:
        raise UndecidedError(f"no VAE of a size between z = {low} and {high} is among the runs")
    chosen, largest = min(inside, key=validation_loss), runs[high]
    own, its = chosen.evaluation.figures, largest.evaluation.figures
    findings = (
        Statistic("size chosen", chosen.latent, COUNT),
        Statistic(f"−ELBO at z = {high}", _loss(largest), NATS),
        Statistic("−ELBO worse by", _loss(chosen) - _loss(largest), NATS_MORE).at_most(AS_WELL, OR_AS_WELL),
        Statistic("distortion higher by", own.distortion - its.distortion, NATS_MORE),
    )
    return Findings(findings, test_protocol(chosen, largest))


def _loss(run: ReportRun) -> float:
    return run.loss(run.evaluation.figures)


@CHECKS.add(
    "Relative difference of the MSE per pixel from the given size to the lowest of all larger sizes. "
    f"“Meaningful” is a reduction of more than {MEANINGFUL:.0%}.",
    kind=KIND,
    latent=INTEGER,
)
def error_levels_off(report: ReportData, kind: Kind, latent: int) -> Findings:
    """Measure by how much more dimensions than `latent` reduce the error."""
    runs = runs_by_latent(report, kind)
    start = select_run(report, kind, latent, runs[0].beta)
    larger = [run for run in runs if run.latent > latent]
    if not larger:
        raise UndecidedError(f"no {KIND_NAMES[kind]} is larger than z = {latent}")
    best = min(larger, key=_mse)
    findings = [Statistic(f"MSE at z = {run.latent}", _mse(run), ERROR) for run in (start, *larger)]
    reduction = Statistic("reduction at the best larger size", 1 - _mse(best) / _mse(start), RELATIVE)
    findings.append(reduction.at_most(MEANINGFUL, OR_MEANINGFUL))
    return Findings(tuple(findings), test_protocol(*runs))


def _mse(run: ReportRun) -> float:
    return run.evaluation.figures.mse


@CHECKS.add(
    "Part of the fall of the MSE per pixel, from the smallest size to the lowest of all, that is reached "
    "at the given size. “Most” is more than half.",
    latent=INTEGER,
)
def most_fits_into(report: ReportData, latent: int) -> Findings:
    """Measure, for each kind among the runs, which part of the error's fall the size `latent` reaches."""
    findings: list[Statistic] = []
    shown: list[ReportRun] = []
    for kind in ("vae", "ae"):
        if not report.select(kind):
            continue
        runs = runs_by_latent(report, kind)
        at = select_run(report, kind, latent, runs[0].beta)
        first, lowest = _mse(runs[0]), min(map(_mse, runs))
        if first <= lowest:
            raise UndecidedError(f"the error of the {KIND_NAMES[kind]}s does not fall with z")
        part = Statistic(
            f"{KIND_NAMES[kind]}: part at z = {latent}", (first - _mse(at)) / (first - lowest), SHARE
        )
        findings.append(part.above(MOST, OR_MOST))
        shown += runs
    return Findings(tuple(findings), test_protocol(*shown))


@CHECKS.add(
    "Validation MSE per pixel (one posterior draw) of the best other size, relative to that of the given "
    "size: above 0 where validation chooses it. A tie is not decided.",
    latent=INTEGER,
)
def chosen_latent(report: ReportData, latent: int) -> Findings:
    """Measure by how much the validation error of one size is lower than that of every other VAE."""
    runs = runs_by_latent(report, "vae")
    errors = {run.latent: kept.val.mse for run in runs if (kept := run.run.kept_epoch) and kept.val}
    if len(errors) < len(runs):
        raise UndecidedError("not every VAE has validation figures")
    if latent not in errors:
        raise UndecidedError(f"no VAE with z = {latent} is among the runs")
    own, others = errors[latent], {size: error for size, error in errors.items() if size != latent}
    ahead = min(others.values()) / own - 1
    findings = [Statistic(f"MSE at z = {size}", error, ERROR) for size, error in errors.items()]
    findings.append(Statistic("best other size worse by", ahead, RELATIVE, needs_seeds=True).above())
    return Findings(tuple(findings), validation_protocol(*runs))


# --- by setting -----------------------------------------------------------------------------------------


@CHECKS.add(
    "Validation loss (−ELBO of a VAE, distortion of an autoencoder) of the best other settings less that of "
    "these: above 0 where these are best. A tie is not decided.",
    kind=KIND,
    lr=NUMBER,
    batch_size=INTEGER,
)
def best_settings(report: ReportData, kind: Kind, lr: float, batch_size: int) -> Findings:
    """Measure by how much the settings are better than the best others of the kind."""
    runs = report.select(kind)
    claimed = [run for run in runs if _settings(run) == (lr, batch_size)]
    others = [run for run in runs if run not in claimed]
    if not claimed or not others:
        raise UndecidedError(f"no {KIND_NAMES[kind]} with this learning rate and batch size is among several")
    losses = {run: validation_loss(run) for run in runs}
    if not all(map(math.isfinite, losses.values())):
        raise UndecidedError(f"not every {KIND_NAMES[kind]} has validation figures")
    findings = [
        Statistic(f"lr {_settings(run)[0]:g}, batch {_settings(run)[1]}:", losses[run], NATS) for run in runs
    ]
    ahead = min(losses[run] for run in others) - min(losses[run] for run in claimed)
    findings.append(Statistic("best other settings worse by", ahead, NATS_MORE, needs_seeds=True).above())
    return Findings(tuple(findings), validation_protocol(*runs))


def _settings(run: ReportRun) -> tuple[float, int]:
    return run.config.optimiser.lr, run.config.optimiser.batch_size


@CHECKS.add(
    "Validation loss after the last epoch less the lowest of all epochs before: at most 0 where as many "
    "epochs are best. It is the run of the kind that validation chooses.",
    kind=KIND,
)
def last_epoch_is_best(report: ReportData, kind: Kind) -> Findings:
    """Compare the last epoch with the best before it."""
    run = select_run(report, kind)
    losses = [run.loss(epoch.val) for epoch in run.run.epochs if epoch.val]
    if len(losses) < 2:
        raise UndecidedError(f"{run.name} has no validation figures of several epochs")
    best = int(np.argmin(losses[:-1]))
    worse = Statistic("last epoch worse by", losses[-1] - losses[best], NATS_MORE, needs_seeds=True)
    findings = (
        Statistic("best epoch before the last", best + 1, COUNT),
        worse.at_most(0.0, (0.1, 0.5)),
    )
    return Findings(findings, validation_protocol(run))


@CHECKS.add(
    "MSE per pixel on the test images at the posterior mean of the VAE less that of the autoencoder, "
    "relative to the VAE's; of each kind the run that validation chooses."
)
def autoencoder_reconstructs_better(report: ReportData) -> Findings:
    """Compare the reconstruction errors of the chosen autoencoder and VAE."""
    vae, other = select_run(report, "vae"), select_run(report, "ae")
    own = vae.evaluation.mse_posterior_mean
    if own is None:
        raise UndecidedError(f"{vae.name} has no error at the posterior mean: evaluate that run first")
    findings = (
        Statistic("MSE of the VAE", own, ERROR),
        Statistic("MSE of the autoencoder", _mse(other), ERROR),
        Statistic("autoencoder lower by", 1 - _mse(other) / own, RELATIVE).above(),
    )
    return Findings(findings, test_protocol(vae, other))
