"""Check claims on reconstructions, by a digit classifier or by pixels."""

from __future__ import annotations

from trainer.contract.evaluation import Quality
from vaetui.format import thousands
from vaetui.report import measures
from vaetui.report.check import (
    INTEGER,
    KIND,
    NUMBER,
    NUMBERS,
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
from vaetui.report.statistic import ERROR, POINTS, SHARE, Statistic
from vaetui.settings import Kind

OCCASIONAL, OR_OCCASIONAL = 0.05, (0.02, 0.10)
SAME, OR_SAME = 0.01, (0.005, 0.02)
KEPT, OR_KEPT = 0.90, (0.80, 0.95)

CHECKS = Checks()


@CHECKS.add(
    "Share of reconstructions, through the posterior mean, that a digit classifier takes for their class: at "
    "least the limit. That of the originals beside it.",
    limit=NUMBER,
    others=NUMBERS,
    kind=KIND.optional,
    latent=INTEGER.optional,
    beta=NUMBER.optional,
)
def reconstructions_recognised(
    report: ReportData,
    limit: float,
    others: list[float],
    kind: Kind = "vae",
    latent: int | None = None,
    beta: float | None = None,
) -> Findings:
    """Measure how many reconstructions show their class."""
    run = select_run(report, kind, latent, beta)
    found = quality(run)
    findings = (
        Statistic("recognised", found.accuracy, SHARE).at_least(limit, others),
        Statistic("originals", found.originals, SHARE),
    )
    return Findings(findings, classifier_protocol(run))


@CHECKS.add(
    "Sharpness of reconstructions (mean gradient divided by mean ink) relative to that of their originals: "
    "at most the limit; with another β than 1 also below that at β = 1, where that was trained.",
    latent=INTEGER,
    limit=NUMBER,
    others=NUMBERS,
    beta=NUMBER.optional,
)
def reconstructions_blurry(
    report: ReportData, latent: int, limit: float, others: list[float], beta: float | None = None
) -> Findings:
    """Measure how sharp reconstructions are."""
    run = select_run(report, latent=latent, beta=beta)
    own = _sharpness(run)
    findings = [Statistic("sharpness", own, SHARE).at_most(limit, others)]
    usual = run_at_beta_1(report, run) if beta not in (None, 1.0) else None
    if usual is not None:
        findings.append(Statistic("relative to β = 1", own / _sharpness(usual), SHARE).below(1.0))
    return Findings(tuple(findings), _reconstruction_protocol(run))


def _sharpness(run: ReportRun) -> float:
    """Return the sharpness of reconstructions relative to their originals."""
    made = measures.reconstructions(run.vae, run.mean)
    originals = measures.sharpness(run.pixels[: len(made)])
    if not originals:
        raise UndecidedError("the test images are all alike")
    return measures.sharpness(made) / originals


def _reconstruction_protocol(*runs: ReportRun) -> str:
    count = min(measures.SAMPLES, len(runs[0].mean))
    return f"first {thousands(count)} test images; {codes_protocol(*runs)}"


@CHECKS.add(
    "At the larger size more reconstructions are recognised by a digit classifier, and they are sharper "
    "(mean gradient divided by mean ink, relative to the originals): both differences are above 0.",
    latent=INTEGER,
    than=INTEGER,
)
def reconstructions_clearer(report: ReportData, latent: int, than: int) -> Findings:
    """Compare the reconstructions of two latent sizes."""
    large, small = select_run(report, latent=latent), select_run(report, latent=than)
    more = quality(large).accuracy - quality(small).accuracy
    findings = (
        Statistic("recognised more by", more, POINTS).above(),
        Statistic("sharper by", _sharpness(large) - _sharpness(small), POINTS).above(),
    )
    protocol = f"{classifier_protocol(large, small)}; {_reconstruction_protocol(large, small)}"
    return Findings(findings, protocol)


def _lost(found: Quality) -> Statistic:
    """Return by how much fewer reconstructions than originals are recognised."""
    points = round(found.originals - found.accuracy, 9)  # counts of images: rounding must not decide
    return Statistic("recognised less than originals by", points, POINTS)


@CHECKS.add(
    "Points by which fewer reconstructions than originals are recognised by a digit classifier: above 0, and "
    f"“occasional” is at most {100 * OCCASIONAL:g}.",
    latent=INTEGER,
)
def occasional_errors(report: ReportData, latent: int) -> Findings:
    """Measure how many more reconstructions than originals are taken for another class."""
    run = select_run(report, latent=latent)
    lost = _lost(quality(run))
    return Findings((lost.above().at_most(OCCASIONAL, OR_OCCASIONAL),), classifier_protocol(run))


@CHECKS.add(
    f"At most {100 * SAME:g} point fewer reconstructions than originals are recognised by a digit "
    f"classifier, and they keep at least {KEPT:.0%} of the pixels' variance over images.",
    latent=INTEGER,
    beta=NUMBER.optional,
)
def nearly_identical(report: ReportData, latent: int, beta: float | None = None) -> Findings:
    """Measure what reconstructions lose of classes and of pixels."""
    run = select_run(report, latent=latent, beta=beta)
    error, variance = run.evaluation.mse_posterior_mean, measures.variance(run.pixels)
    if error is None:
        raise UndecidedError(f"{run.name} has no error at the posterior mean: evaluate that run first")
    findings = (
        _lost(quality(run)).at_most(SAME, OR_SAME),
        Statistic("variance kept", 1 - error / variance, SHARE).at_least(KEPT, OR_KEPT),
        Statistic("MSE per pixel at the posterior mean", error, ERROR),
    )
    return Findings(findings, f"{classifier_protocol(run)}; {codes_protocol(run)}")
