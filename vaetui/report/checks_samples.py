"""Check claims on reconstructions and samples, by a digit classifier or by pixels."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from trainer.contract.config import CLASSES
from trainer.contract.evaluation import Quality
from vaetui.format import thousands
from vaetui.report import measures
from vaetui.report.check import (
    Check,
    CheckResult,
    UndecidedError,
    Values,
    classifier_protocol,
    codes_protocol,
    comparable_qualities,
    data_samples,
    is_integer,
    is_number,
    is_pair,
    quality,
    select_run,
)
from vaetui.report.data import ReportData, ReportRun

LEGIBLE, TOP, CONFUSED = 0.80, 3, 0.02
SAME, EXPLAINED = 0.01, 0.90
CLEAR, FEW = 0.90, 5
WORSE = 1.5
BLURRY, UNIFORM = 0.80, 0.80


def classes_mixed_up(report: ReportData, values: Values) -> CheckResult:
    """Check that reconstructions are legible, and the pair among the most confused."""
    subject = select_run(report, latent=values["latent"])
    seen = quality(subject)
    one, other = values["pair"]
    counts = {both: seen.confused(*both) for both in itertools.combinations(range(CLASSES), 2)}
    own = counts[min(one, other), max(one, other)]
    rank = 1 + sum(count > own for count in counts.values())
    images = sum(sum(seen.confusion[label]) for label in (one, other))
    share = own / images if images else 0.0
    worst = sorted(counts, key=lambda both: -counts[both])[:TOP]
    most = ", ".join(f"{a}↔{b} {counts[a, b]}×" for a, b in worst)
    measured = (
        f"{seen.accuracy:.1%} of reconstructions read right (originals {seen.originals:.1%}); {one}↔{other} "
        f"taken for each other {own}× ({share:.1%} of their {images}), place {rank} of {len(counts)} pairs; "
        f"most: {most}"
    )
    holds = seen.accuracy >= LEGIBLE and rank <= TOP and share >= CONFUSED
    return CheckResult(holds, measured, classifier_protocol(subject))


def nearly_identical(report: ReportData, values: Values) -> CheckResult:
    """Check that reconstructions are classified like the originals and keep their variance."""
    subject = select_run(report, latent=values["latent"])
    seen = quality(subject)
    error = measures.reconstruction_error(subject.vae, subject.pixels)
    explained = 1 - error / measures.variance(subject.pixels)
    lost = round(seen.originals - seen.accuracy, 9)  # counts of images: rounding must not decide
    measured = (
        f"{seen.accuracy:.1%} of reconstructions read right, {100 * lost:.1f} points less than originals; "
        f"{explained:.1%} of the pixels' variance kept (MSE {error:.5f} per pixel, posterior means)"
    )
    return CheckResult(
        lost <= SAME and explained >= EXPLAINED,
        measured,
        f"{classifier_protocol(subject)}; {codes_protocol(subject)}",
    )


def clear_for_few_classes(report: ReportData, values: Values) -> CheckResult:
    """Count the classes of which nearly all reconstructions are classified right."""
    subject = select_run(report, latent=values["latent"], beta=values["beta"])
    seen = quality(subject)
    shares = _right(seen)
    clear = [label for label, share in enumerate(shares) if share >= CLEAR]
    shares_text = ", ".join(f"{label}: {share:.0%}" for label, share in enumerate(shares))
    measured = (
        f"read right, by class: {shares_text}; clear: {len(clear)} of {CLASSES} classes"
        f"{' (' + ', '.join(map(str, clear)) + ')' if clear else ''}; confidence on draws of the prior "
        f"{seen.prior.confidence:.3f}"
    )
    return CheckResult(0 < len(clear) < FEW, measured, classifier_protocol(subject))


def _right(seen: Quality) -> list[float]:
    return [row[label] / max(1, sum(row)) for label, row in enumerate(seen.confusion)]


def prior_worse_than_posterior(report: ReportData, values: Values) -> CheckResult:
    """Compare samples of the prior with samples of the aggregated posterior, by the same classifier."""
    subject = select_run(report, latent=values["latent"], beta=values["beta"])
    prior, data = quality(subject).prior, data_samples(subject)
    ratio = prior.frechet / data.frechet if data.frechet > 0 else float("inf")
    measured = (
        f"Fréchet distance to the test images: prior {prior.frechet:.1f}, around data {data.frechet:.1f} "
        f"({ratio:.2f}×); confidence {prior.confidence:.3f} and {data.confidence:.3f}"
    )
    holds = ratio >= WORSE and prior.confidence < data.confidence
    return CheckResult(holds, measured, classifier_protocol(subject))


def vae_decodes_prior_better(report: ReportData, _: Values) -> CheckResult:
    """Compare samples of N(0, I) of the chosen VAE and of the chosen autoencoder."""
    one, other = select_run(report, "vae"), select_run(report, "ae")
    vae, autoencoder = (found.prior for found in comparable_qualities(one, other))
    measured = (
        f"draws of N(0, I): Fréchet distance to the test images {vae.frechet:.1f} for {one.label}, "
        f"{autoencoder.frechet:.1f} for {other.label}; confidence {vae.confidence:.3f} and "
        f"{autoencoder.confidence:.3f}"
    )
    return CheckResult(vae.frechet < autoencoder.frechet, measured, classifier_protocol(one, other))


def little_diversity(report: ReportData, values: Values) -> CheckResult:
    """Compare sharpness and variance of samples of the prior with those of the test images and of β = 1."""
    subject = select_run(report, latent=values["latent"], beta=values["beta"])
    own = _relative(subject)
    measured = f"sharpness {own[0]:.0%} and variance {own[1]:.0%} of the test images'"
    usual = [one for one in report.select("vae", values["latent"], 1.0) if one is not subject]
    is_less = True
    if usual:
        other = _relative(usual[0])
        is_less = own[0] < other[0] and own[1] < other[1]
        measured += f"; at β = 1 {other[0]:.0%} and {other[1]:.0%}"
    seen = subject.evaluation.quality
    if seen is not None:
        measured += f"; entropy of the classes seen {seen.prior.class_entropy:.3f} nats of {2.303}"
    holds = own[0] <= BLURRY and own[1] <= UNIFORM and is_less
    return CheckResult(
        holds,
        measured,
        f"{thousands(measures.SAMPLES)} draws of the prior, seed 0; {codes_protocol(subject)}",
    )


def _relative(subject: ReportRun) -> tuple[float, float]:
    """Return sharpness and variance of samples of the prior relative to the test images."""
    draws = measures.prior_samples(subject.vae)
    reads = (measures.sharpness, measures.variance)
    found = [read(draws) / ground if (ground := read(subject.pixels)) else None for read in reads]
    if found[0] is None or found[1] is None:
        raise UndecidedError("the test images are all alike")
    return found[0], found[1]


CHECKS: Mapping[str, Check] = {
    "classes_mixed_up": Check(
        classes_mixed_up,
        f"“Legible”: a digit classifier reads at least {LEGIBLE:.0%} of the reconstructions right. “Mixed "
        f"up”: the pair is among the {TOP} of 45 pairs that it confuses most, in at least {CONFUSED:.0%} of "
        "their images.",
        {"latent": is_integer, "pair": is_pair},
    ),
    "nearly_identical": Check(
        nearly_identical,
        f"The classifier reads reconstructions right as often as originals, but for {100 * SAME:g} point at "
        f"most, and they keep at least {EXPLAINED:.0%} of the pixels' variance over images.",
        {"latent": is_integer},
    ),
    "clear_for_few_classes": Check(
        clear_for_few_classes,
        f"A class is “clear” where at least {CLEAR:.0%} of its reconstructions are read right (a sample has "
        f"no class to be right about); “few” are one to {FEW - 1} of the ten.",
        {"latent": is_integer, "beta": is_number},
    ),
    "prior_worse_than_posterior": Check(
        prior_worse_than_posterior,
        "Draws of the prior are “worse” where their Fréchet distance to the test images is at least "
        f"{WORSE:g} times that of draws around data, and the classifier is less confident. The same stands "
        "for “garbage” beside “good”.",
        {"latent": is_integer, "beta": is_number},
    ),
    "vae_decodes_prior_better": Check(
        vae_decodes_prior_better,
        "The Fréchet distance of decoded draws of N(0, I) to the test images is smaller for the VAE; of "
        "each kind the run that validation chooses, both seen by the same classifier.",
    ),
    "little_diversity": Check(
        little_diversity,
        f"“Blurry”: draws of the prior have at most {BLURRY:.0%} of the test images' sharpness (mean "
        f"gradient for their ink). “Little diversity”: at most {UNIFORM:.0%} of their variance over images. "
        "Both less than at β = 1 where that was trained too.",
        {"latent": is_integer, "beta": is_number},
    ),
}
