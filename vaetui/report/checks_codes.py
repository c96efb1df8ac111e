"""Check claims on latent spaces: principal axes, classes, distance to the prior, interpolation."""

from __future__ import annotations

import numpy as np

from vaetui.format import interval, signed, thousands
from vaetui.report import measures
from vaetui.report.check import (
    INTEGER,
    NUMBER,
    CheckResult,
    Checks,
    UndecidedError,
    codes_protocol,
    distinct,
    run_at_beta_1,
    select_run,
)
from vaetui.report.data import ReportData, ReportRun
from vaetui.runs.intervals import LEVEL, Interval, mean_intervals

CLUSTERED = 0.90
EVEN, MOST_SMOOTH = 3.0, 0.95
NEAR = 0.05  # nats a dimension

CHECKS = Checks()


@CHECKS.add(
    "The share differs from the published one by at most the tolerance.",
    components=INTEGER,
    share=NUMBER,
    tolerance=NUMBER,
)
def explained_variance(report: ReportData, components: int, share: float, tolerance: float) -> CheckResult:
    """Measure the share of the codes' variance along the first principal components."""
    run = select_run(report)
    if run.latent <= components:
        raise UndecidedError(f"codes of {run.latent} dimensions have no more than {run.latent} components")
    explained = float(run.axes.explained[:components].sum())
    measured = (
        f"{components} of {run.latent} components explain {explained:.1%}; claimed {share:.0%} "
        f"± {tolerance:.0%}"
    )
    return CheckResult(abs(explained - share) <= tolerance, measured, codes_protocol(run))


@CHECKS.add(
    f"At least {CLUSTERED:.0%} of a code's {measures.NEIGHBOURS} nearest neighbours are of its own class, "
    "distances Euclidean over all dimensions; chance would be about 10%."
)
def classes_cluster(report: ReportData) -> CheckResult:
    """Measure the share of each code's neighbours that are of its class."""
    run = select_run(report)
    share = float(measures.neighbour_purity(run.mean, run.codes.labels).mean())
    measured = (
        f"{share:.1%} of a code's {measures.NEIGHBOURS} nearest neighbours are of its class, a mean over "
        f"codes ({run.label}, {run.latent} dimensions)"
    )
    return CheckResult(share >= CLUSTERED, measured, codes_protocol(run))


@CHECKS.add(
    f"More of a code's {measures.NEIGHBOURS} nearest neighbours are of its class, and the {LEVEL:.0%} "
    "interval of the difference, paired over images, lies above 0; an interval that contains 0 is undecided.",
    latent=INTEGER,
    than=INTEGER,
    beta=NUMBER,
)
def clusters_better(report: ReportData, latent: int, than: int, beta: float) -> CheckResult:
    """Compare the shares of two latent sizes, paired over images."""
    runs = select_run(report, latent=latent, beta=beta), select_run(report, latent=than, beta=beta)
    large, small = (measures.neighbour_purity(run.mean, run.codes.labels) for run in runs)
    (difference,) = mean_intervals((large - small)[:, None])
    measured = (
        f"of a code's {measures.NEIGHBOURS} nearest neighbours {large.mean():.1%} are of its class at z "
        f"= {latent}, {small.mean():.1%} at z = {than}: {_difference(difference, 'points', 100, 1)}"
    )
    return CheckResult(_is_above_0(difference), measured, codes_protocol(*runs))


def _is_above_0(difference: Interval) -> bool | None:
    return difference.low > 0 if difference.is_clear else None


def _difference(found: Interval, unit: str, scale: float = 1.0, digits: int = 2) -> str:
    """Format a mean difference, `scale` times as large, with its interval."""
    ends = interval(scale * found.low, scale * found.high, digits)
    return f"{signed(scale * found.mean, digits)} {unit} ({LEVEL:.0%} interval {ends})"


# --- interpolation --------------------------------------------------------------------------------------


@CHECKS.add(
    f"In at least {MOST_SMOOTH:.0%} of interpolations between test codes of two classes no step changes the "
    f"image by more than {EVEN:g} times the mean step."
)
def interpolation_is_smooth(report: ReportData) -> CheckResult:
    """Compare the largest step of an interpolation with its mean step."""
    run = select_run(report)
    uneven = measures.unevenness(measures.interpolations(run.vae, run.mean, _pairs(run)))
    share = float((uneven <= EVEN).mean())
    measured = (
        f"largest step ÷ mean step of an interpolation, in pixels: median {np.median(uneven):.2f}, 95% "
        f"quantile {np.quantile(uneven, 0.95):.2f}; at most {EVEN:g} in {share:.1%} of interpolations"
    )
    return CheckResult(share >= MOST_SMOOTH, measured, _interpolation_protocol(run))


def _pairs(run: ReportRun) -> list[tuple[int, int]]:
    pairs = measures.class_pairs(run.codes.labels)
    if not pairs:
        raise UndecidedError("the test images are of one class")
    return pairs


def _interpolation_protocol(*runs: ReportRun) -> str:
    steps = f"{measures.INTERPOLATIONS} linear interpolations of {measures.STEPS} images, seed 0"
    return f"{steps}; {codes_protocol(*runs)}"


@CHECKS.add(
    "The same interpolations, from image to image, pass through fewer classes other than those of their "
    f"ends, and the {LEVEL:.0%} interval of the difference, paired over interpolations, lies above 0; an "
    "interval that contains 0 is undecided.",
    latent=INTEGER,
    than=INTEGER,
    beta=NUMBER,
)
def walks_cross_fewer_classes(report: ReportData, latent: int, than: int, beta: float) -> CheckResult:
    """Compare how many other classes the same interpolations pass through at two latent sizes."""
    runs = select_run(report, latent=latent, beta=beta), select_run(report, latent=than, beta=beta)
    pairs = _pairs(runs[0])
    large, small = (
        measures.classes_crossed(
            measures.interpolations(run.vae, run.mean, pairs), run.pixels, run.codes.labels
        )
        for run in runs
    )
    (difference,) = mean_intervals((small - large)[:, None])
    measured = (
        f"an interpolation passes through {large.mean():.2f} other classes at z = {latent}, "
        f"{small.mean():.2f} at z = {than}: {_difference(difference, 'fewer')}"
    )
    classes = f"images classified by the {measures.VOTERS} nearest test images"
    return CheckResult(_is_above_0(difference), measured, f"{classes}; {_interpolation_protocol(*runs)}")


# --- the prior ------------------------------------------------------------------------------------------


@CHECKS.add(
    "KL(N(m, S) ‖ N(0, I)) of the mean m and covariance S of the aggregated posterior is at most "
    f"{NEAR:g} nats per dimension, and less than at β = 1 where that was trained too.",
    latent=INTEGER,
    beta=NUMBER,
)
def codes_near_the_prior(report: ReportData, latent: int, beta: float) -> CheckResult:
    """Measure the distance of the aggregated posterior from N(0, I), and compare it with β = 1."""
    run = select_run(report, latent=latent, beta=beta)
    distance = measures.kl_to_prior(run.codes.posterior)
    centre, variance = measures.moments(run.codes.posterior)
    measured = (
        f"{distance:.4f} nats per dimension from N(0, I) (means at most {centre:.2f} off 0, mean variance "
        f"{variance:.2f}, rate {run.evaluation.figures.rate:.2f} nats per image)"
    )
    is_nearer = True
    if usual := run_at_beta_1(report, run):
        other = measures.kl_to_prior(usual.codes.posterior)
        is_nearer = distance < other
        measured += f"; at β = 1 {other:.4f}"
    return CheckResult(distance <= NEAR and is_nearer, measured, _posteriors_protocol(run))


def _posteriors_protocol(*runs: ReportRun) -> str:
    return distinct(
        f"test, posteriors of {thousands(len(run.mean))} images, epoch {run.vae.epoch}" for run in runs
    )


@CHECKS.add(
    "KL(N(m, S) ‖ N(0, I)) per dimension of the VAE's aggregated posterior is smaller than that of the "
    "autoencoder's codes; of each kind the run that validation chooses."
)
def vae_nearer_the_prior(report: ReportData) -> CheckResult:
    """Compare the chosen VAE with the chosen autoencoder."""
    vae, other = select_run(report, "vae"), select_run(report, "ae")
    own, its = (measures.kl_to_prior(run.codes.posterior) for run in (vae, other))
    measured = (
        f"from N(0, I): {own:.4f} nats per dimension for {vae.label}, {its:.4g} for {other.label}, both as "
        "chosen by validation"
    )
    return CheckResult(own < its, measured, _posteriors_protocol(vae, other))
