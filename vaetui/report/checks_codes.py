"""Check claims on latent spaces: principal axes, classes, distance to the prior, interpolation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vaetui.format import interval, signed, thousands
from vaetui.report import measures
from vaetui.report.check import (
    Check,
    CheckResult,
    UndecidedError,
    Values,
    codes_protocol,
    is_integer,
    is_number,
    select_run,
)
from vaetui.report.data import ReportData, ReportRun
from vaetui.runs.bootstrap import LEVEL, Interval, bootstrap_intervals

CLUSTERED = 0.90
EVEN, MOST_WALKS = 3.0, 0.95
NEAR = 0.05  # nats a dimension


def explained_variance(report: ReportData, values: Values) -> CheckResult:
    """Measure the share of the codes' variance along the first principal components."""
    subject = select_run(report)
    count = values["components"]
    if subject.latent <= count:
        raise UndecidedError(
            f"codes of {subject.latent} dimensions have no more than {subject.latent} components"
        )
    share = float(subject.axes.explained[:count].sum())
    measured = (
        f"{count} of {subject.latent} components explain {share:.1%}; claimed {values['share']:.0%} "
        f"± {values['tolerance']:.0%}"
    )
    return CheckResult(abs(share - values["share"]) <= values["tolerance"], measured, codes_protocol(subject))


def classes_cluster(report: ReportData, _: Values) -> CheckResult:
    """Measure the share of each code's neighbours that are of its class."""
    subject = select_run(report)
    share = float(measures.neighbour_purity(subject.mean, subject.codes.labels).mean())
    measured = (
        f"{share:.1%} of a code's {measures.NEIGHBOURS} nearest neighbours are of its class, a mean over "
        f"codes ({subject.label}, {subject.latent} dimensions)"
    )
    return CheckResult(share >= CLUSTERED, measured, codes_protocol(subject))


def clusters_better(report: ReportData, values: Values) -> CheckResult:
    """Compare the shares of two latent sizes, paired over images."""
    large, small = _two_sizes(report, values)
    shares = [measures.neighbour_purity(one.mean, one.codes.labels) for one in (large, small)]
    (apart,) = bootstrap_intervals((shares[0] - shares[1])[:, None])
    measured = (
        f"of a code's {measures.NEIGHBOURS} nearest neighbours {shares[0].mean():.1%} are of its class at z "
        f"= {large.latent}, {shares[1].mean():.1%} at z = {small.latent}: "
        + _difference(apart, "points", 100, 1)
    )
    holds = apart.low > 0 if apart.is_clear else None
    return CheckResult(holds, measured, codes_protocol(large, small))


def _two_sizes(report: ReportData, values: Values) -> tuple[ReportRun, ReportRun]:
    large = select_run(report, latent=values["latent"], beta=values["beta"])
    return large, select_run(report, latent=values["than"], beta=values["beta"])


def _difference(found: Interval, unit: str, scale: float = 1.0, digits: int = 2) -> str:
    """Format a mean difference, `scale` times as large, with its interval."""
    ends = interval(scale * found.low, scale * found.high, digits)
    return f"{signed(scale * found.mean, digits)} {unit} ({LEVEL:.0%} interval {ends})"


# --- interpolation --------------------------------------------------------------------------------------


def interpolation_is_smooth(report: ReportData, _: Values) -> CheckResult:
    """Compare the largest step of an interpolation with its mean step."""
    subject = select_run(report)
    pairs = _pairs(subject)
    uneven = measures.unevenness(measures.interpolations(subject.vae, subject.mean, pairs))
    share = float((uneven <= EVEN).mean())
    measured = (
        f"largest step ÷ mean step of a walk, in pixels: median {np.median(uneven):.2f}, 95% quantile "
        f"{np.quantile(uneven, 0.95):.2f}; at most {EVEN:g} in {share:.1%} of walks"
    )
    return CheckResult(share >= MOST_WALKS, measured, _interpolation_protocol(subject))


def _pairs(subject: ReportRun) -> list[tuple[int, int]]:
    pairs = list(measures.class_pairs(subject.codes.labels))
    if not pairs:
        raise UndecidedError("the test images are of one class")
    return pairs


def _interpolation_protocol(*subjects: ReportRun) -> str:
    steps = f"{measures.INTERPOLATIONS} walks of {measures.STEPS} pictures on straight lines, seed 0"
    return f"{steps}; {codes_protocol(*subjects)}"


def walks_cross_fewer_classes(report: ReportData, values: Values) -> CheckResult:
    """Compare how many other classes the same interpolations pass through at two latent sizes."""
    large, small = _two_sizes(report, values)
    pairs = _pairs(large)
    counts = [
        measures.classes_crossed(
            measures.interpolations(one.vae, one.mean, pairs), one.pixels, one.codes.labels
        )
        for one in (large, small)
    ]
    (apart,) = bootstrap_intervals((counts[1] - counts[0])[:, None])
    measured = (
        f"a walk passes through {counts[0].mean():.2f} other classes at z = {large.latent}, "
        f"{counts[1].mean():.2f} at z = {small.latent}: {_difference(apart, 'fewer')}"
    )
    read = (
        f"pictures read by the {measures.VOTERS} nearest test images; {_interpolation_protocol(large, small)}"
    )
    return CheckResult(apart.low > 0 if apart.is_clear else None, measured, read)


# --- the prior ------------------------------------------------------------------------------------------


def codes_near_the_prior(report: ReportData, values: Values) -> CheckResult:
    """Measure the distance of the aggregated posterior from N(0, I), and compare it with β = 1."""
    subject = select_run(report, latent=values["latent"], beta=values["beta"])
    apart = measures.kl_to_prior(subject.posterior)
    centre, spread = measures.moments(subject.posterior)
    rate = subject.evaluation.figures.rate
    measured = (
        f"{apart:.4f} nats per dimension from N(0, I) (means at most {centre:.2f} off 0, mean variance "
        f"{spread:.2f}, rate {rate:.2f} nats per image)"
    )
    usual = [one for one in report.select("vae", values["latent"], 1.0) if one is not subject]
    is_nearer = True
    if usual:
        other = measures.kl_to_prior(usual[0].posterior)
        is_nearer = apart < other
        measured += f"; at β = 1 {other:.4f}"
    return CheckResult(apart <= NEAR and is_nearer, measured, _aggregated(subject))


def _aggregated(*subjects: ReportRun) -> str:
    counts = dict.fromkeys(
        f"test, posteriors of {thousands(len(one.mean))} images, epoch {one.vae.epoch}" for one in subjects
    )
    return "; ".join(counts)


def vae_nearer_the_prior(report: ReportData, _: Values) -> CheckResult:
    """Compare the chosen VAE with the chosen autoencoder."""
    one, other = select_run(report, "vae"), select_run(report, "ae")
    apart = [measures.kl_to_prior(subject.posterior) for subject in (one, other)]
    measured = (
        f"from N(0, I): {apart[0]:.4f} nats per dimension for {one.label}, {apart[1]:.4g} for "
        f"{other.label}, both "
        "as chosen by validation"
    )
    return CheckResult(apart[0] < apart[1], measured, _aggregated(one, other))


_SIZES = {"latent": is_integer, "than": is_integer, "beta": is_number}

CHECKS: Mapping[str, Check] = {
    "explained_variance": Check(
        explained_variance,
        "The share is off what was published by no more than the tolerance.",
        {"components": is_integer, "share": is_number, "tolerance": is_number},
    ),
    "classes_cluster": Check(
        classes_cluster,
        f"At least {CLUSTERED:.0%} of a code's {measures.NEIGHBOURS} nearest neighbours are of its own "
        "class, distances Euclidean over all dimensions; chance would be about 10%.",
    ),
    "clusters_better": Check(
        clusters_better,
        f"More of a code's {measures.NEIGHBOURS} nearest neighbours are of its class, and the {LEVEL:.0%} "
        "interval of the difference, paired over images, lies above 0; an interval with 0 in it cannot tell.",
        _SIZES,
    ),
    "interpolation_is_smooth": Check(
        interpolation_is_smooth,
        f"In at least {MOST_WALKS:.0%} of walks between test codes of two classes no step changes the "
        f"picture by more than {EVEN:g} times the walk's mean step.",
    ),
    "walks_cross_fewer_classes": Check(
        walks_cross_fewer_classes,
        "The same walks, from image to image, pass through fewer classes that are not those of their ends, "
        f"and the {LEVEL:.0%} interval of the difference, paired over walks, lies above 0; with 0 in it, it "
        "cannot tell.",
        _SIZES,
    ),
    "codes_near_the_prior": Check(
        codes_near_the_prior,
        "KL(N(m, S) ‖ N(0, I)) of the mean m and covariance S of draws from all posteriors is at most "
        f"{NEAR:g} nats per dimension, and less than at β = 1 where that was trained too.",
        {"latent": is_integer, "beta": is_number},
    ),
    "vae_nearer_the_prior": Check(
        vae_nearer_the_prior,
        "KL(N(m, S) ‖ N(0, I)) per dimension of the VAE's codes, drawn from their posteriors, is smaller "
        "than that of the autoencoder's codes; of each kind the run that validation chooses.",
    ),
}
