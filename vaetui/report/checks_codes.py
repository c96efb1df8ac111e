"""Check claims on latent spaces: axes, clusters, posteriors, interpolations, smoothness."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vaetui.format import thousands
from vaetui.report import measures
from vaetui.report.check import (
    CLASS_PAIR,
    CLASSES,
    INTEGER,
    NUMBER,
    NUMBERS,
    Checks,
    Findings,
    UndecidedError,
    codes_protocol,
    distinct,
    run_at_beta_1,
    select_run,
)
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.measures import Doubles
from vaetui.report.statistic import MORE, NATS, POINTS, SHARE, Statistic
from vaetui.report.statistic import NUMBER as PLAIN

CLUSTERED, OR_CLUSTERED = 0.8, (0.5, 0.9)
OVERLAP, OR_OVERLAP = 0.10, (0.05, 0.20)
SIMILAR, OR_SIMILAR = 0.5, (0.3, 0.7)
EVEN = 2.0
ARRIVES, OR_ARRIVES = 0.8, (0.6, 0.9)
MOST_SMOOTH, OR_MOST_SMOOTH = 0.9, (0.75, 0.95)
NEAR, OR_NEAR = 1.0, (0.1, 5.0)  # nats
FEW, OR_FEW = 1.0, (0.5, 2.0)
SOME_WALKS, OR_SOME_WALKS = 0.005, (0.05, 0.25)  # one of 200
WALK_STEPS = 41
USUAL = 0.95  # quantile

CHECKS = Checks()


def _share(name: str, shares: npt.NDArray[Any]) -> Statistic:
    """Return the mean of `shares`, or of booleans, one an image or interpolation."""
    return Statistic.mean(name, shares.astype(np.float64), SHARE)


# --- axes and clusters ----------------------------------------------------------------------------------


@CHECKS.add(
    "Share of the variance of the test images' codes along their first principal components, less the "
    "published share: at most the limit in either direction.",
    components=INTEGER,
    share=NUMBER,
    limit=NUMBER,
    others=NUMBERS,
)
def explained_variance(
    report: ReportData, components: int, share: float, limit: float, others: list[float]
) -> Findings:
    """Measure the share of the codes' variance along the first principal components."""
    run = select_run(report, beta=1.0)
    if run.latent <= components:
        raise UndecidedError(f"codes of {run.latent} dimensions have no more than {run.latent} components")
    explained = float(run.axes.explained[:components].sum())
    apart = Statistic(f"difference to {share:.0%}", explained - share, POINTS)
    findings = (
        Statistic(f"share of {components} components", explained, SHARE),
        apart.at_least(-limit, [-other for other in others]).at_most(limit, others),
    )
    return Findings(findings, codes_protocol(run))


@CHECKS.add(
    f"Share of a code's {measures.NEIGHBOURS} nearest neighbours that are of its class, along the first two "
    "principal components, where the write-up shows the clusters; chance is about 10%. “Cluster” is at least "
    f"{CLUSTERED:.0%}. The same over all dimensions beside it.",
)
def classes_cluster(report: ReportData) -> Findings:
    """Measure whether the codes' neighbours are of their class, in two principal components."""
    run = select_run(report, beta=1.0)
    plane = np.asarray(run.axes.project(run.mean)[:, :2], np.float32)
    findings = (
        _share("in two components", measures.neighbour_purity(plane, run.codes.labels)).at_least(
            CLUSTERED, OR_CLUSTERED
        ),
        _share(f"in all {run.latent} dimensions", measures.neighbour_purity(run.mean, run.codes.labels)),
    )
    return Findings(findings, codes_protocol(run))


@CHECKS.add(
    "Spearman's rank correlation, over the 45 pairs of classes, of the distance of their mean images in "
    f"pixels and of their mean codes: at least {SIMILAR:g}."
)
def similar_classes_are_near(report: ReportData) -> Findings:
    """Measure whether classes that look alike have codes near each other."""
    run = select_run(report, beta=1.0)
    labels = run.codes.labels
    if len(np.unique(labels)) < 3:
        raise UndecidedError("the test images are of fewer than three classes")
    looks, codes = (measures.class_distances(points, labels) for points in (run.pixels, run.mean))
    correlation = Statistic("rank correlation", measures.rank_correlation(looks, codes), PLAIN)
    return Findings((correlation.at_least(SIMILAR, OR_SIMILAR),), codes_protocol(run))


@CHECKS.add(
    f"Share of a code's {measures.NEIGHBOURS} nearest neighbours that are of its class, at the larger size "
    "less that at the smaller one: above 0.",
    latent=INTEGER,
    than=INTEGER,
    beta=NUMBER,
)
def clusters_better(report: ReportData, latent: int, than: int, beta: float) -> Findings:
    """Compare the clusters of two latent sizes, paired over images."""
    runs = select_run(report, latent=than, beta=beta), select_run(report, latent=latent, beta=beta)
    small, large = (measures.neighbour_purity(run.mean, run.codes.labels) for run in runs)
    more = Statistic.mean("more by", large - small, POINTS)
    findings = (_share(f"z = {than}", small), _share(f"z = {latent}", large), more.above())
    return Findings(findings, codes_protocol(*runs))


@CHECKS.add(
    f"Share of a code's {measures.NEIGHBOURS} nearest neighbours that are of another class. “Overlap” is at "
    f"least {OVERLAP:.0%}.",
    latent=INTEGER,
    beta=NUMBER,
)
def clusters_overlap(report: ReportData, latent: int, beta: float) -> Findings:
    """Measure how many of a code's neighbours are of another class."""
    run = select_run(report, latent=latent, beta=beta)
    others = 1 - measures.neighbour_purity(run.mean, run.codes.labels)
    return Findings((_share("of another class", others).at_least(OVERLAP, OR_OVERLAP),), codes_protocol(run))


# --- posteriors -----------------------------------------------------------------------------------------


@CHECKS.add(
    f"{USUAL:.0%} quantile over test images of KL(q(z|x) ‖ N(0, I)), the rate of each image over all "
    f"dimensions. “Approaches N(0, I)” is at most {NEAR:g} nat; and the mean rate is below that at β = 1, "
    "where that was trained.",
    latent=INTEGER,
    beta=NUMBER,
)
def posteriors_near_the_prior(report: ReportData, latent: int, beta: float) -> Findings:
    """Measure how far the posterior of each image is from the prior."""
    run = select_run(report, latent=latent, beta=beta)
    rates = run.vae.rate(run.codes.posterior).astype(np.float64)
    mean = float(rates.mean())
    largest = Statistic(f"{USUAL:.0%} quantile", float(np.quantile(rates, USUAL)), NATS)
    findings = [Statistic("mean rate", mean, NATS), largest.at_most(NEAR, OR_NEAR)]
    if usual := run_at_beta_1(report, run):
        other = float(usual.vae.rate(usual.codes.posterior).mean(dtype=np.float64))
        findings.append(Statistic("mean rate relative to β = 1", mean / other, PLAIN).below(1.0))
    return Findings(tuple(findings), _posteriors_protocol(run))


def _posteriors_protocol(*runs: ReportRun) -> str:
    return distinct(
        f"test, posteriors of {thousands(len(run.mean))} images, epoch {run.vae.epoch}" for run in runs
    )


# --- interpolations -------------------------------------------------------------------------------------


@CHECKS.add(
    "Straight interpolations between test codes of two classes. Share whose ends show their classes, so "
    f"that they lead from one to the other: at least {ARRIVES:.0%}. Share whose largest step, in pixels, is "
    f"at most {EVEN:g} times the mean step: at least {MOST_SMOOTH:.0%}."
)
def interpolation_is_smooth(report: ReportData) -> Findings:
    """Measure how many interpolations lead from one class to the other, and how many in even steps."""
    run = select_run(report, beta=1.0)
    frames = measures.interpolations(run.vae, run.mean, pairs := _pairs(run))
    uneven = measures.unevenness(frames)
    wanted = run.codes.labels[np.array(pairs)]  # (pairs, 2)
    shown = measures.classes_of(frames[:, [0, -1]], run.pixels, run.codes.labels)  # (pairs, 2)
    findings = (
        _share("ends show their classes", (wanted == shown).all(1)).at_least(ARRIVES, OR_ARRIVES),
        _share("even", uneven <= EVEN).at_least(MOST_SMOOTH, OR_MOST_SMOOTH),
        Statistic("largest step ÷ mean step, median", float(np.median(uneven)), PLAIN),
    )
    return Findings(findings, _interpolation_protocol(measures.STEPS, run))


def _pairs(run: ReportRun) -> list[tuple[int, int]]:
    """Return pairs of test images of two classes."""
    pairs = measures.class_pairs(run.codes.labels)
    if not pairs:
        raise UndecidedError("the test images are of one class")
    return pairs


def _interpolation_protocol(steps: int, *runs: ReportRun) -> str:
    lines = f"{measures.INTERPOLATIONS} straight lines of {steps} images, seed 0"
    classes = f"images classified by the {measures.VOTERS} nearest test images"
    return f"{lines}; {classes}; {codes_protocol(*runs)}"


@CHECKS.add(
    "Share of straight walks from codes of the first class to codes of the last whose images show all the "
    "classes in this order: at least one of the walks.",
    latent=INTEGER,
    beta=NUMBER,
    classes=CLASSES,
)
def walk_passes(report: ReportData, latent: int, beta: float, classes: list[int]) -> Findings:
    """Measure how many walks between two classes pass through the others in order."""
    run = select_run(report, latent=latent, beta=beta)
    shown = _walks(run, classes[0], classes[-1])
    passes = measures.pass_in_order(shown, classes)
    between = [len(set(row.tolist()) & set(classes[1:-1])) for row in shown]
    share = Statistic.mean("walks that do", passes, SHARE)
    findings = (
        share.at_least(SOME_WALKS, OR_SOME_WALKS),
        Statistic(f"of the {len(classes) - 2} between, classes shown", float(np.mean(between)), PLAIN),
    )
    return Findings(findings, _interpolation_protocol(WALK_STEPS, run))


def _walks(run: ReportRun, first: int, last: int) -> measures.Labels:
    """Return the classes of the images `(walks, steps)` on straight walks between codes of two classes."""
    pairs = measures.pairs_of(run.codes.labels, first, last)
    if not pairs:
        raise UndecidedError(f"there are no test images of {first} or of {last}")
    frames = measures.interpolations(run.vae, run.mean, pairs, WALK_STEPS)
    return measures.classes_of(frames, run.pixels, run.codes.labels)


@CHECKS.add(
    "Classes other than those of its ends that a straight walk between codes of the two classes passes "
    f"through, a mean over walks: “few” is at most {FEW:g}, and fewer than at the smaller size.",
    latent=INTEGER,
    than=INTEGER,
    beta=NUMBER,
    ends=CLASS_PAIR,
)
def walk_passes_few(report: ReportData, latent: int, than: int, beta: float, ends: list[int]) -> Findings:
    """Measure how many other classes walks between two classes pass through, at two latent sizes."""
    runs = select_run(report, latent=latent, beta=beta), select_run(report, latent=than, beta=beta)
    large, small = (measures.classes_crossed(_walks(run, *ends)) for run in runs)
    few = Statistic.mean(f"at z = {latent}", large, PLAIN)
    fewer = Statistic.mean(f"less than at z = {than} by", small - large, MORE)
    findings = (few.at_most(FEW, OR_FEW), fewer.above())
    return Findings(findings, _interpolation_protocol(WALK_STEPS, *runs))


# --- VAE and autoencoder --------------------------------------------------------------------------------


@CHECKS.add(
    "Largest step of a straight interpolation between codes divided by its mean step, in pixels: that of "
    "the autoencoder less that of the VAE, paired over the same images; above 0 where the VAE is smoother. "
    "Of each kind the run that validation chooses. The measure is the same for any scale of codes."
)
def vae_is_smoother(report: ReportData) -> Findings:
    """Compare how even the steps of interpolations are."""
    runs = select_run(report, "vae"), select_run(report, "ae")
    pairs = _pairs(runs[0])
    own, its = (measures.unevenness(measures.interpolations(run.vae, run.mean, pairs)) for run in runs)
    findings = (
        Statistic("VAE", float(own.mean()), PLAIN),
        Statistic("autoencoder", float(its.mean()), PLAIN),
        Statistic.mean("difference", its - own, MORE).above(),
    )
    return Findings(findings, _interpolation_protocol(measures.STEPS, *runs))


@CHECKS.add(
    "Gaps: share of samples of a Gaussian with the codes' mean and covariance that decode to images "
    f"farther from every test image than {USUAL:.0%} of the model's reconstructions are. That of the "
    "autoencoder less that of the VAE: above 0 where the VAE is more continuous. Of each kind the run that "
    "validation chooses."
)
def vae_is_more_continuous(report: ReportData) -> Findings:
    """Compare how often points between the codes decode to images far from the data."""
    runs = select_run(report, "vae"), select_run(report, "ae")
    own, its = map(_gaps, runs)
    findings = (
        _share("VAE", own),
        _share("autoencoder", its),
        Statistic.mean("difference", its - own, POINTS).above(),
    )
    samples = f"{thousands(measures.SAMPLES)} samples, seed 0"
    return Findings(findings, f"{samples}; {codes_protocol(*runs)}")


def _gaps(run: ReportRun) -> Doubles:
    """Return for each sample of the codes' Gaussian 1 where it decodes to an image outside the data."""
    count = min(measures.SAMPLES, len(run.mean))
    usual = measures.distance_to_data(
        measures.reconstructions(run.vae, run.mean, count), run.pixels, is_of_these=True
    )
    found = measures.distance_to_data(measures.fitted_samples(run.vae, run.mean), run.pixels)
    return np.asarray(found > np.quantile(usual, USUAL), np.float64)


@CHECKS.add(
    f"Share of a code's {measures.NEIGHBOURS} nearest neighbours that are of its class: that of the VAE "
    "less that of the autoencoder, paired over images; above 0 where the VAE is more structured. Of each "
    "kind the run that validation chooses."
)
def vae_is_more_structured(report: ReportData) -> Findings:
    """Compare how well the classes are separated."""
    runs = select_run(report, "vae"), select_run(report, "ae")
    own, its = (measures.neighbour_purity(run.mean, run.codes.labels) for run in runs)
    more = Statistic.mean("difference", own - its, POINTS)
    findings = (_share("VAE", own), _share("autoencoder", its), more.above())
    return Findings(findings, codes_protocol(*runs))
