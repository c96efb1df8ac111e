"""Check claims on samples, by a digit classifier, the features of a network, or pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trainer.contract.evaluation import CLEAR, SampledClass, SampleStatistics
from vaetui.arrays import Floats
from vaetui.format import thousands
from vaetui.report import measures
from vaetui.report.check import (
    CLASSES,
    INTEGER,
    NUMBER,
    Checks,
    Findings,
    UndecidedError,
    classifier_protocol,
    codes_protocol,
    quality,
    run_at_beta_1,
    select_run,
)
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.statistic import MORE, POINTS, SHARE, Statistic
from vaetui.report.statistic import NUMBER as PLAIN

RECOGNISABLE, OR_RECOGNISABLE = 0.5, (0.25, 0.75)
DIVERSE, OR_DIVERSE = 0.5, (0.25, 0.75)
WELL, OR_WELL = 0.5, (0.4, 0.6)
GARBAGE, OR_GARBAGE = 0.10, (0.05, 0.25)
GOOD, OR_GOOD = 0.8, (0.7, 0.9)
LITTLE, OR_LITTLE = 0.8, (0.7, 0.9)

CHECKS = Checks()


# --- samples, by their features -------------------------------------------------------------------------


def _of_floor(run: ReportRun, found: SampleStatistics | None, name: str) -> float:
    """Return `precision` or `recall` of samples relative to that of training images, the best there is."""
    floor = quality(run).floor
    own = None if found is None else getattr(found, name)
    best = None if floor is None else getattr(floor.train, name)
    if own is None or not best:
        raise UndecidedError(f"{run.name} has no precision and recall: evaluate that run first")
    return float(own / best)


def _around(run: ReportRun) -> SampleStatistics:
    """Return the statistics of samples around training images."""
    found = quality(run)
    if found.around is None:
        raise UndecidedError(f"{run.label} is an autoencoder, which has no posterior to sample from")
    if found.around_of != "train":
        raise UndecidedError(
            f"the samples around data of {run.name} are of test images: evaluate that run again"
        )
    return found.around


def _check_features(one: ReportRun, other: ReportRun) -> None:
    """Raise `UndecidedError` where distances of two runs were measured in different features."""
    if quality(one).feature_network != quality(other).feature_network:
        raise UndecidedError(
            f"{one.name} and {other.name} were measured in the features of different networks: evaluate them "
            "again"
        )


_RECOGNISABLE = (
    "Recognisable samples: the smaller of two shares. Precision (Kynkäänniemi 2019: the share inside the "
    "manifold of the test images, in the features of a network) relative to that of training images; a "
    "decoder of noise has none. And the share that a digit classifier gives a class with a probability of "
    f"at least {CLEAR:.0%}; images between digits are inside the manifold, and of no class. "
)
_RECALL = (
    "Recall of samples (Kynkäänniemi 2019: the share of test images inside the manifold of the samples, in "
    "the features of a network) relative to that of training images: "
)


def _recognisable(
    run: ReportRun, samples: SampleStatistics, classes: Sequence[SampledClass]
) -> list[Statistic]:
    """Return the share of recognisable samples, and the two shares that it is the smaller of."""
    if not classes:
        raise UndecidedError(f"{run.name} has no classes of its samples: evaluate that run first")
    precision = _of_floor(run, samples, "precision")
    clear = sum(one.clear for one in classes) / max(1, sum(one.samples for one in classes))
    return [
        Statistic("recognisable", min(precision, clear), SHARE),
        Statistic("precision, relative", precision, SHARE),
        Statistic("of a clear class", clear, SHARE),
    ]


@CHECKS.add(f"{_RECOGNISABLE}At least {RECOGNISABLE:.0%}.", latent=INTEGER, beta=NUMBER)
def samples_recognisable(report: ReportData, latent: int, beta: float) -> Findings:
    """Measure how many samples of the prior are recognisable digits."""
    run = select_run(report, latent=latent, beta=beta)
    found = quality(run)
    share, *parts = _recognisable(run, found.prior, found.prior_classes)
    return Findings((share.at_least(RECOGNISABLE, OR_RECOGNISABLE), *parts), classifier_protocol(run))


@CHECKS.add(f"{_RECALL}at least {DIVERSE:.0%}.", latent=INTEGER, beta=NUMBER)
def samples_diverse(report: ReportData, latent: int, beta: float) -> Findings:
    """Measure how much of the test images' variety samples of the prior cover."""
    run = select_run(report, latent=latent, beta=beta)
    prior = quality(run).prior
    findings = (
        Statistic("recall", _of_floor(run, prior, "recall"), SHARE).at_least(DIVERSE, OR_DIVERSE),
        Statistic("entropy of the classes, of at most 2.303 nats", prior.class_entropy, PLAIN),
    )
    return Findings(findings, classifier_protocol(run))


@CHECKS.add(f"{_RECOGNISABLE}“Garbage” is at most {GARBAGE:.0%}.", latent=INTEGER, beta=NUMBER)
def samples_are_garbage(report: ReportData, latent: int, beta: float) -> Findings:
    """Measure how few samples of the prior are recognisable digits."""
    run = select_run(report, latent=latent, beta=beta)
    found = quality(run)
    share, *parts = _recognisable(run, found.prior, found.prior_classes)
    return Findings((share.at_most(GARBAGE, OR_GARBAGE), *parts), classifier_protocol(run))


@CHECKS.add(
    f"{_RECOGNISABLE}Samples of the posteriors of training images: “good” is at least {GOOD:.0%}.",
    latent=INTEGER,
    beta=NUMBER,
)
def samples_around_data_are_good(report: ReportData, latent: int, beta: float) -> Findings:
    """Measure how many samples around training images are recognisable digits."""
    run = select_run(report, latent=latent, beta=beta)
    share, *parts = _recognisable(run, _around(run), quality(run).around_classes)
    return Findings((share.at_least(GOOD, OR_GOOD), *parts), classifier_protocol(run))


@CHECKS.add(
    "Recall of the VAE's samples of N(0, I) less that of the autoencoder's (Kynkäänniemi 2019: the share "
    "of test images inside the manifold of the samples): above 0. Of each kind the run that validation "
    "chooses."
)
def vae_samples_vary_more(report: ReportData) -> Findings:
    """Compare how much of the test images' variety samples of the two kinds cover."""
    vae, other = runs = select_run(report, "vae"), select_run(report, "ae")
    _check_features(vae, other)
    own, its = (_of_floor(run, quality(run).prior, "recall") for run in runs)
    findings = (
        Statistic("recall of the VAE's samples", own, SHARE),
        Statistic("of the autoencoder's", its, SHARE),
        Statistic("difference", own - its, POINTS).above(),
    )
    return Findings(findings, classifier_protocol(*runs))


# --- samples of the prior and around data ---------------------------------------------------------------


@CHECKS.add(
    "Fréchet distance to the test images: that of samples of the prior less that of samples around training "
    "images; above 0. The floor is that of training images themselves.",
    latent=INTEGER,
    beta=NUMBER,
)
def prior_worse_than_around(report: ReportData, latent: int, beta: float) -> Findings:
    """Compare samples of the prior with samples of the posteriors of training images."""
    run = select_run(report, latent=latent, beta=beta)
    prior, around, floor = quality(run).prior, _around(run), quality(run).floor
    findings = [
        Statistic("prior", prior.frechet, PLAIN),
        Statistic("posterior samples", around.frechet, PLAIN),
        Statistic("difference", prior.frechet - around.frechet, MORE).above(),
    ]
    if floor is not None:
        findings.append(Statistic("floor", floor.train.frechet, PLAIN))
    return Findings(tuple(findings), classifier_protocol(run))


@CHECKS.add(
    "Fréchet distance to the test images of samples of the prior less that of samples around training "
    "images: at the larger size above that at the smaller one.",
    latent=INTEGER,
    than=INTEGER,
    beta=NUMBER,
)
def prior_gap_grows(report: ReportData, latent: int, than: int, beta: float) -> Findings:
    """Compare by how much samples of the prior are worse at two latent sizes."""
    runs = select_run(report, latent=latent, beta=beta), select_run(report, latent=than, beta=beta)
    _check_features(*runs)
    large, small = (quality(run).prior.frechet - _around(run).frechet for run in runs)
    findings = (
        Statistic(f"difference at z = {latent}", large, MORE),
        Statistic(f"at z = {than}", small, MORE),
        Statistic("more by", large - small, MORE).above(),
    )
    return Findings(findings, classifier_protocol(*runs))


@CHECKS.add(
    "Sharpness of samples of the prior (mean gradient divided by mean ink), relative to that of the test "
    "images: at the larger size above that at the smaller one.",
    latent=INTEGER,
    than=INTEGER,
    beta=NUMBER,
)
def prior_samples_clearer(report: ReportData, latent: int, than: int, beta: float) -> Findings:
    """Compare how sharp samples of the prior are at two latent sizes."""
    runs = select_run(report, latent=latent, beta=beta), select_run(report, latent=than, beta=beta)
    large, small = (_relative(run, measures.sharpness) for run in runs)
    findings = (
        Statistic(f"sharpness at z = {latent}", large, SHARE),
        Statistic(f"at z = {than}", small, SHARE),
        Statistic("sharper by", large - small, POINTS).above(),
    )
    return Findings(findings, _prior_protocol(*runs))


def _relative(run: ReportRun, measure: Callable[[Floats], float]) -> float:
    """Return a measure of samples of the prior relative to that of the test images."""
    of_data = measure(run.pixels)
    if not of_data:
        raise UndecidedError("the test images are all alike")
    return measure(measures.prior_samples(run.vae)) / of_data


def _prior_protocol(*runs: ReportRun) -> str:
    return f"{thousands(measures.SAMPLES)} samples of the prior, seed 0; {codes_protocol(*runs)}"


@CHECKS.add(
    "Samples of the prior that a digit classifier takes for a class with a probability of at least "
    f"{CLEAR:.0%}, as a share of all that it takes for it. A class “comes out well” with at least "
    f"{WELL:.0%}: the classes do, and none but these and those that perhaps do. A class without samples has "
    "0%.",
    latent=INTEGER,
    beta=NUMBER,
    classes=CLASSES,
    perhaps=CLASSES.optional,
)
def samples_good_for_classes(
    report: ReportData, latent: int, beta: float, classes: list[int], perhaps: list[int] | None = None
) -> Findings:
    """Measure which classes come out well as samples of the prior."""
    run = select_run(report, latent=latent, beta=beta)
    found = quality(run)
    if not found.prior_classes:
        raise UndecidedError(f"{run.name} has no classes of its samples: evaluate that run first")
    shares = [one.clear / max(1, one.samples) for one in found.prior_classes]
    others = [share for label, share in enumerate(shares) if label not in [*classes, *(perhaps or [])]]
    lowest = Statistic("lowest share of these classes", min(shares[label] for label in classes), SHARE)
    highest = Statistic("highest share of the others", max(others, default=0.0), SHARE)
    each = [Statistic(f"class {label}", share, SHARE) for label, share in enumerate(shares)]
    findings = (lowest.at_least(WELL, OR_WELL), highest.below(WELL, OR_WELL), *each)
    return Findings(findings, classifier_protocol(run))


@CHECKS.add(
    "Variance over images of samples of the prior relative to that of the test images: at most "
    f"{LITTLE:.0%}. Recall of samples (Kynkäänniemi 2019), relative to that of training images: below that "
    "at β = 1, where that was trained.",
    latent=INTEGER,
    beta=NUMBER,
)
def little_diversity(report: ReportData, latent: int, beta: float) -> Findings:
    """Measure how much samples of the prior differ from each other."""
    run = select_run(report, latent=latent, beta=beta)
    recall = _of_floor(run, quality(run).prior, "recall")
    findings = [
        Statistic("variance", _relative(run, measures.variance), SHARE).at_most(LITTLE, OR_LITTLE),
        Statistic("recall", recall, SHARE),
    ]
    if usual := run_at_beta_1(report, run):
        its = _of_floor(usual, quality(usual).prior, "recall")
        findings.append(Statistic("recall less than at β = 1 by", its - recall, POINTS).above())
    return Findings(tuple(findings), f"{_prior_protocol(run)}; {classifier_protocol(run)}")
