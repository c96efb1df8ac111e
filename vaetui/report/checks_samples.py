"""Check claims on reconstructions and samples, by a digit classifier or by pixels."""

from __future__ import annotations

import itertools

from trainer.contract.config import CLASSES
from vaetui.format import fixed, thousands
from vaetui.report import measures
from vaetui.report.check import (
    CLASS_PAIR,
    INTEGER,
    NUMBER,
    CheckResult,
    Checks,
    UndecidedError,
    classifier_protocol,
    codes_protocol,
    quality,
    run_at_beta_1,
    select_run,
)
from vaetui.report.data import ReportData, ReportRun

LEGIBLE, TOP, CONFUSED = 0.80, 3, 0.02
SAME, EXPLAINED = 0.01, 0.90
CLEAR, FEW = 0.90, 5
WORSE = 1.5
BLURRY, UNIFORM = 0.80, 0.80

CHECKS = Checks()


@CHECKS.add(
    f"“Legible”: a digit classifier recognises at least {LEGIBLE:.0%} of the reconstructions. “Mixed up”: "
    f"the pair is among the {TOP} of 45 pairs that it confuses most, in at least {CONFUSED:.0%} of their "
    "images.",
    latent=INTEGER,
    pair=CLASS_PAIR,
)
def classes_mixed_up(report: ReportData, latent: int, pair: list[int]) -> CheckResult:
    """Check that reconstructions are legible, and the pair among the most confused."""
    run = select_run(report, latent=latent)
    found = quality(run)
    one, other = pair
    counts = {both: found.confused(*both) for both in itertools.combinations(range(CLASSES), 2)}
    own = counts[min(pair), max(pair)]
    rank = 1 + sum(count > own for count in counts.values())
    images = sum(sum(found.confusion[label]) for label in pair)
    share = own / images if images else 0.0
    worst = sorted(counts, key=lambda both: -counts[both])[:TOP]
    most = ", ".join(f"{a}↔{b} {counts[a, b]}×" for a, b in worst)
    measured = (
        f"{found.accuracy:.1%} of reconstructions classified correctly (originals {found.originals:.1%}); "
        f"{one}↔{other} confused {own}× ({share:.1%} of their {images}), rank {rank} of {len(counts)} pairs; "
        f"most: {most}"
    )
    holds = found.accuracy >= LEGIBLE and rank <= TOP and share >= CONFUSED
    return CheckResult(holds, measured, classifier_protocol(run))


@CHECKS.add(
    f"The classifier's accuracy on reconstructions is at most {100 * SAME:g} point below that on originals, "
    f"and they keep at least {EXPLAINED:.0%} of the pixels' variance over images.",
    latent=INTEGER,
)
def nearly_identical(report: ReportData, latent: int) -> CheckResult:
    """Check that reconstructions are classified like the originals and keep their variance."""
    run = select_run(report, latent=latent)
    found = quality(run)
    error = measures.reconstruction_error(run.vae, run.pixels)
    explained = 1 - error / measures.variance(run.pixels)
    lost = round(found.originals - found.accuracy, 9)  # counts of images: rounding must not decide
    points = f"{abs(100 * lost):.1f} points {'more' if lost < 0 else 'less'}"
    measured = (
        f"{found.accuracy:.1%} of reconstructions classified correctly, {points} than originals; "
        f"{fixed(100 * explained, 1)}% of the pixels' variance kept (MSE {error:.5f} per pixel, posterior "
        "means)"
    )
    protocol = f"{classifier_protocol(run)}; {codes_protocol(run)}"
    return CheckResult(lost <= SAME and explained >= EXPLAINED, measured, protocol)


@CHECKS.add(
    f"A class is “clear” where at least {CLEAR:.0%} of its reconstructions are classified correctly (a "
    f"sample has no true class); “few” are one to {FEW - 1} of the ten.",
    latent=INTEGER,
    beta=NUMBER,
)
def clear_for_few_classes(report: ReportData, latent: int, beta: float) -> CheckResult:
    """Count the classes of which nearly all reconstructions are classified correctly."""
    run = select_run(report, latent=latent, beta=beta)
    found = quality(run)
    shares = [row[label] / max(1, sum(row)) for label, row in enumerate(found.confusion)]
    clear = [label for label, share in enumerate(shares) if share >= CLEAR]
    shares_text = ", ".join(f"{label}: {share:.0%}" for label, share in enumerate(shares))
    measured = (
        f"classified correctly, by class: {shares_text}; clear: {len(clear)} of {CLASSES} classes"
        f"{' (' + ', '.join(map(str, clear)) + ')' if clear else ''}; confidence on samples of the prior "
        f"{found.prior.confidence:.3f}"
    )
    return CheckResult(0 < len(clear) < FEW, measured, classifier_protocol(run))


@CHECKS.add(
    "Samples of the prior are “worse” where their Fréchet distance to the test images is at least "
    f"{WORSE:g} times that of samples around data (of the aggregated posterior), and the classifier is less "
    "confident. The same rule decides “garbage” and “good”.",
    latent=INTEGER,
    beta=NUMBER,
)
def prior_worse_than_posterior(report: ReportData, latent: int, beta: float) -> CheckResult:
    """Compare samples of the prior with samples of the aggregated posterior, by the same classifier."""
    run = select_run(report, latent=latent, beta=beta)
    prior, data = quality(run).prior, quality(run).around
    if data is None:
        raise UndecidedError(f"{run.label} is an autoencoder, which has no posterior to sample from")
    ratio = prior.frechet / data.frechet if data.frechet > 0 else float("inf")
    measured = (
        f"Fréchet distance to the test images: prior {prior.frechet:.1f}, around data {data.frechet:.1f} "
        f"({ratio:.2f}×); confidence {prior.confidence:.3f} and {data.confidence:.3f}"
    )
    holds = ratio >= WORSE and prior.confidence < data.confidence
    return CheckResult(holds, measured, classifier_protocol(run))


@CHECKS.add(
    "The Fréchet distance of decoded samples of N(0, I) to the test images is smaller for the VAE; of each "
    "kind the run that validation chooses, both measured with the same classifier."
)
def vae_decodes_prior_better(report: ReportData) -> CheckResult:
    """Compare samples of N(0, I) of the chosen VAE and of the chosen autoencoder."""
    vae, other = runs = select_run(report, "vae"), select_run(report, "ae")
    if quality(vae).classifier != quality(other).classifier:
        raise UndecidedError(
            f"the runs were measured with different classifiers: evaluate {vae.name}, {other.name} together"
        )
    own, its = quality(vae).prior, quality(other).prior
    measured = (
        f"samples of N(0, I): Fréchet distance to the test images {own.frechet:.1f} for {vae.label}, "
        f"{its.frechet:.1f} for {other.label}; confidence {own.confidence:.3f} and {its.confidence:.3f}"
    )
    return CheckResult(own.frechet < its.frechet, measured, classifier_protocol(*runs))


@CHECKS.add(
    f"“Blurry”: samples of the prior have at most {BLURRY:.0%} of the test images' sharpness (mean gradient "
    f"divided by mean ink). “Little diversity”: at most {UNIFORM:.0%} of their variance over images. Both "
    "less than at β = 1 where that was trained too.",
    latent=INTEGER,
    beta=NUMBER,
)
def little_diversity(report: ReportData, latent: int, beta: float) -> CheckResult:
    """Compare sharpness and variance of samples of the prior with those of the test images and of β = 1."""
    run = select_run(report, latent=latent, beta=beta)
    sharpness, variance = _relative(run)
    measured = f"sharpness {sharpness:.0%} and variance {variance:.0%} of the test images'"
    is_less = True
    if usual := run_at_beta_1(report, run):
        usual_sharpness, usual_variance = _relative(usual)
        is_less = sharpness < usual_sharpness and variance < usual_variance
        measured += f"; at β = 1 {usual_sharpness:.0%} and {usual_variance:.0%}"
    if run.evaluation.quality is not None:
        entropy = run.evaluation.quality.prior.class_entropy
        measured += f"; entropy of the predicted classes {entropy:.3f} nats of {2.303}"
    holds = sharpness <= BLURRY and variance <= UNIFORM and is_less
    samples = f"{thousands(measures.SAMPLES)} samples of the prior, seed 0"
    return CheckResult(holds, measured, f"{samples}; {codes_protocol(run)}")


def _relative(run: ReportRun) -> tuple[float, float]:
    """Return sharpness and variance of samples of the prior relative to the test images."""
    sharpness, variance = measures.sharpness(run.pixels), measures.variance(run.pixels)
    if not sharpness or not variance:
        raise UndecidedError("the test images are all alike")
    samples = measures.prior_samples(run.vae)
    return measures.sharpness(samples) / sharpness, measures.variance(samples) / variance
