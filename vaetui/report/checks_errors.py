"""Check claims on errors and losses: by latent size, class and setting, and the choice by validation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from trainer.contract.config import PIXELS
from vaetui.format import interval
from vaetui.report.check import (
    Check,
    CheckResult,
    UndecidedError,
    Values,
    is_classes,
    is_integer,
    is_integers,
    is_kind,
    is_number,
    is_positive_triple,
    name_of,
    runs_by_latent,
    select_run,
    test_protocol,
    validation_bound,
    validation_distortion,
    validation_protocol,
)
from vaetui.report.data import ReportData, ReportRun, distortions
from vaetui.runs.bootstrap import LEVEL, bootstrap_intervals
from vaetui.runs.compare import CLASS_NAMES

A_LOT, LITTLE = 0.10, 0.5  # of the error before; of the fall before
LEVEL_AT = 0.05  # above the lowest error
MOST_RUNS = 0.75
ALIKE = 0.10


def distortion_levels_off(report: ReportData, values: Values) -> CheckResult:
    """Check that distortion falls a lot between the first two sizes, and little from there to the last."""
    sizes: list[int] = sorted(values["at"])
    beta = select_run(report, latent=sizes[0]).beta
    runs = [select_run(report, latent=size, beta=beta) for size in sizes]
    costs = [one.evaluation.figures.distortion for one in runs]
    first, rest = costs[0] - costs[1], costs[1] - costs[-1]
    values_text = "; ".join(f"z = {size}: {cost:.2f}" for size, cost in zip(sizes, costs, strict=True))
    measured = (
        f"{values_text} nats per image; {_fall(runs[0], runs[1], first)} ({first / costs[0]:.1%}), "
        f"then {_fall(runs[1], runs[-1], rest)} ({rest / costs[1]:.1%})"
    )
    holds = first >= A_LOT * costs[0] and rest <= LITTLE * first
    return CheckResult(holds, measured, test_protocol(*runs))


def _fall(one: ReportRun, other: ReportRun, fall: float) -> str:
    """Describe the fall of the distortion, with its interval if every image was measured."""
    words = f"falls by {fall:.2f}" if fall >= 0 else f"rises by {-fall:.2f}"
    parts = [distortions(subject) for subject in (one, other)]
    if parts[0] is None or parts[1] is None or len(parts[0]) != len(parts[1]):
        return words
    (found,) = bootstrap_intervals((parts[0] - parts[1])[:, None])
    return f"{words} ({LEVEL:.0%} interval of the fall {interval(found.low, found.high)})"


def error_falls_for_every_class(report: ReportData, values: Values) -> CheckResult:
    """Check that the error is lower at each larger size, in every class."""
    runs = runs_by_latent(report, values["kind"])
    errors = [_by_class(one) for one in runs]
    steps = [
        (label, small, large)
        for label in errors[0]
        for small, large in itertools.pairwise(range(len(runs)))
        if errors[large][label] >= errors[small][label]
    ]
    count = len(errors[0]) * (len(runs) - 1)
    rises = ", ".join(
        f"class {label} from z = {runs[a].latent} to {runs[b].latent}" for label, a, b in steps[:6]
    )
    more = f" and {len(steps) - 6} more" if len(steps) > 6 else ""
    ends = [f"{math.fsum(row.values()) / len(row):.5f}" for row in (errors[0], errors[-1])]
    measured = (
        f"MSE per pixel falls in {count - len(steps)} of {count} steps ({len(errors[0])} classes, z = "
        f"{', '.join(str(one.latent) for one in runs)}); mean over classes {ends[0]} → {ends[1]}"
        + (f"; not: {rises}{more}" if steps else "")
    )
    return CheckResult(not steps, measured, test_protocol(*runs))


def error_levels_off(report: ReportData, values: Values) -> CheckResult:
    """Check that the error is hardly lower beyond a small size."""
    runs = runs_by_latent(report, values["kind"])
    errors = [one.evaluation.figures.mse for one in runs]
    level = next(
        one for one, error in zip(runs, errors, strict=True) if error <= (1 + LEVEL_AT) * min(errors)
    )
    values_text = "; ".join(f"z = {one.latent}: {error:.5f}" for one, error in zip(runs, errors, strict=True))
    measured = f"MSE per pixel {values_text}; within {LEVEL_AT:.0%} of the lowest from z = {level.latent} on"
    return CheckResult(2 * level.latent <= runs[-1].latent, measured, test_protocol(*runs))


def easiest_classes(report: ReportData, values: Values) -> CheckResult:
    """Check which classes have the smallest errors."""
    return _extreme(report, values["classes"], "easiest", smallest=True)


def hardest_classes(report: ReportData, values: Values) -> CheckResult:
    """Check which classes have the largest errors."""
    return _extreme(report, values["classes"], "hardest", smallest=False)


def _extreme(report: ReportData, wanted: Sequence[int], word: str, *, smallest: bool) -> CheckResult:
    runs = report.subjects
    means = dict.fromkeys(CLASS_NAMES, 0.0)
    hits = 0
    for subject in runs:
        errors = _by_class(subject)
        ranked = sorted(errors, key=lambda label: errors[label] if smallest else -errors[label])
        hits += set(ranked[: len(wanted)]) == set(map(str, wanted))
        for label in errors:
            means[label] += errors[label] / len(runs)
    ranked = sorted(means, key=lambda label: means[label] if smallest else -means[label])
    order = ", ".join(f"{label} ({means[label]:.5f})" for label in ranked[: len(wanted) + 2])
    named = " and ".join(map(str, wanted))
    measured = (
        f"{named} are the {len(wanted)} {word} in {hits} of {len(runs)} runs; {word} by MSE per pixel, a "
        f"mean over runs: {order}"
    )
    return CheckResult(hits >= MOST_RUNS * len(runs), measured, test_protocol(*runs))


def _by_class(subject: ReportRun) -> Mapping[str, float]:
    found = subject.evaluation.per_class_mse
    if set(found) != set(CLASS_NAMES):
        name = subject.run.name
        raise UndecidedError(f"{name} has no error of every class: evaluate that run first")
    return found


def quality_is_even(report: ReportData, values: Values) -> CheckResult:
    """Compare the spread of the classes' distortion with its mean."""
    subject = select_run(report)
    costs = subject.evaluation.per_class_distortion
    if not costs:
        raise UndecidedError(f"{subject.run.name} has no distortion by class")
    mean = math.fsum(costs.values()) / len(costs)
    low, high = min(costs, key=lambda one: costs[one]), max(costs, key=lambda one: costs[one])
    share = (costs[high] - costs[low]) / mean
    measured = (
        f"distortion from {costs[low]:.1f} (class {low}) to {costs[high]:.1f} (class {high}) nats per image: "
        f"a spread of {share:.0%} of the classes' mean {mean:.1f}; at most {values['tolerance']:.0%} is even"
    )
    return CheckResult(share <= values["tolerance"], measured, test_protocol(subject))


def chosen_latent(report: ReportData, values: Values) -> CheckResult:
    """Check which VAE has the lowest validation MSE; measure which one −ELBO would choose."""
    runs = runs_by_latent(report, "vae")
    judged = [(one, kept.val.mse) for one in runs if (kept := one.run.kept_epoch) and kept.val]
    if len(judged) < len(runs):
        raise UndecidedError("not every VAE has validation figures")
    ranked = sorted(judged, key=lambda pair: pair[1])
    (best, error), (second, next_error) = ranked[:2]
    bound = min(runs, key=lambda one: validation_bound(one))
    measured = (
        f"lowest validation MSE per pixel: z = {best.latent} ({error:.5f}), {next_error / error - 1:.1%} "
        f"below z = {second.latent} ({next_error:.5f}); lowest validation −ELBO: z = {bound.latent} "
        f"({validation_bound(bound):.2f} nats per image)"
    )
    return CheckResult(best.latent == values["latent"], measured, validation_protocol(*runs))


def best_settings(report: ReportData, values: Values) -> CheckResult:
    """Check which settings of a kind validation chooses."""
    found = report.select(values["kind"])
    claimed = [one for one in found if _settings(one) == (values["lr"], values["batch-size"])]
    name = name_of(values["kind"])
    if not claimed or len(found) < 2:
        raise UndecidedError(f"no {name} with this rate and batch size is among several")
    read = validation_bound if values["kind"] == "vae" else validation_distortion
    costs = {one: read(one) for one in found}
    if not all(map(math.isfinite, costs.values())):
        raise UndecidedError(f"not every {name} has validation figures")
    ranked = sorted(found, key=lambda one: costs[one])
    what = "−ELBO" if values["kind"] == "vae" else "distortion"
    values_text = "; ".join(
        f"rate {_settings(one)[0]:g}, batch {_settings(one)[1]}: {costs[one]:.2f}" for one in ranked
    )
    measured = f"validation {what} in nats per image, best first: {values_text}"
    return CheckResult(ranked[0] in claimed, measured, validation_protocol(*found))


def _settings(subject: ReportRun) -> tuple[float, int]:
    return subject.config.optimiser.lr, subject.config.optimiser.batch_size


def losses_in_some_unit(report: ReportData, values: Values) -> CheckResult:
    """Compare published losses without a unit with ours in every unit."""
    subject = select_run(report)
    kept = subject.run.kept_epoch
    figures = kept.held_out if kept else subject.evaluation.figures
    first, second, total = values["values"]
    readings = [
        (unit, figures.distortion / per_distortion, figures.rate / per_rate)
        for unit, (per_distortion, per_rate) in _units(subject).items()
    ]
    matching = [
        unit
        for unit, distortion, rate in readings
        if all(_alike(*pair) for pair in ((distortion, first), (rate, second), (distortion + rate, total)))
    ]
    values_text = "; ".join(f"{d:.4g} + {r:.4g} = {d + r:.4g} {unit}" for unit, d, r in readings)
    outcome = f"within {ALIKE:.0%}: {', '.join(matching)}" if matching else "no reading matches all three"
    measured = f"distortion + rate = −ELBO: {values_text}; {outcome}"
    split = "validation" if kept and kept.val else "training" if kept else "test"
    protocol = (
        validation_protocol(subject) if split == "validation" else f"{split}, epoch {subject.vae.epoch}"
    )
    return CheckResult(bool(matching), measured, protocol)


def _units(subject: ReportRun) -> Mapping[str, tuple[float, float]]:
    """Return the divisors of distortion and rate in each unit."""
    bit, latent = math.log(2), subject.latent
    return {
        "nats per image": (1, 1),
        "bits per image": (bit, bit),
        "nats per pixel": (PIXELS, PIXELS),
        "bits per pixel": (bit * PIXELS, bit * PIXELS),
        "nats per pixel and per latent dimension": (PIXELS, latent),
    }


def _alike(ours: float, published: float) -> bool:
    return abs(ours - published) <= ALIKE * published


CHECKS: Mapping[str, Check] = {
    "distortion_levels_off": Check(
        distortion_levels_off,
        f"“Falls a lot”: by at least {A_LOT:.0%} from the first size to the second. “Little”: from the "
        f"second to the last at most {LITTLE:.0%} of that first fall. Distortion of the test images.",
        {"at": is_integers},
    ),
    "error_falls_for_every_class": Check(
        error_falls_for_every_class,
        "The squared error of every class is lower at each size than at the next smaller one, without "
        "exception.",
        {"kind": is_kind},
    ),
    "error_levels_off": Check(
        error_levels_off,
        f"The error “stops falling” at the smallest size whose squared error is at most {LEVEL_AT:.0%} above "
        "the lowest of all sizes; that size is “small” where it is at most half of the largest.",
        {"kind": is_kind},
    ),
    "easiest_classes": Check(
        easiest_classes,
        f"In at least {MOST_RUNS:.0%} of the runs exactly these classes have the smallest squared errors.",
        {"classes": is_classes},
    ),
    "hardest_classes": Check(
        hardest_classes,
        f"In at least {MOST_RUNS:.0%} of the runs exactly these classes have the largest squared errors.",
        {"classes": is_classes},
    ),
    "quality_is_even": Check(
        quality_is_even,
        "The largest distortion of a class less the smallest is at most the stated part of their mean.",
        {"tolerance": is_number},
    ),
    "chosen_latent": Check(
        chosen_latent,
        "The VAE of the lowest squared error on the validation images has this size.",
        {"latent": is_integer},
    ),
    "best_settings": Check(
        best_settings,
        "These settings have the lowest validation loss among the runs of the kind: −ELBO of a VAE, "
        "distortion of an autoencoder.",
        {"kind": is_kind, "lr": is_number, "batch-size": is_integer},
    ),
    "losses_in_some_unit": Check(
        losses_in_some_unit,
        f"In one unit all three, the two parts and their sum, are within {ALIKE:.0%} of what was published.",
        {"values": is_positive_triple},
    ),
}
