"""Check claims on errors and losses: by latent size, class and setting, and the choice by validation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from trainer.contract.config import PIXELS
from vaetui.arrays import Floats
from vaetui.format import interval
from vaetui.latent.posteriors import read_latents
from vaetui.report.check import (
    CLASSES,
    INTEGER,
    INTEGERS,
    KIND,
    KIND_NAMES,
    NUMBER,
    POSITIVE_TRIPLE,
    CheckResult,
    Checks,
    UndecidedError,
    runs_by_latent,
    select_run,
    test_protocol,
    validation_loss,
    validation_protocol,
)
from vaetui.report.data import ReportData, ReportRun
from vaetui.runs.compare import CLASS_NAMES, compared_runs
from vaetui.runs.intervals import LEVEL, mean_intervals
from vaetui.runs.ranking import image_metrics
from vaetui.settings import Kind

A_LOT, LITTLE = 0.10, 0.5  # of the error before; of the fall before
LEVEL_AT = 0.05  # above the lowest error
MOST_RUNS = 0.75
ALIKE = 0.10

CHECKS = Checks()


@CHECKS.add(
    f"“Falls a lot”: by at least {A_LOT:.0%} from the first size to the second. “Little”: from the second to "
    f"the last at most {LITTLE:.0%} of that first fall. Distortion of the test images.",
    at=INTEGERS,
)
def distortion_levels_off(report: ReportData, at: list[int]) -> CheckResult:
    """Check that distortion falls a lot between the first two sizes, and little from there to the last."""
    sizes = sorted(at)
    beta = select_run(report, latent=sizes[0]).beta
    runs = [select_run(report, latent=size, beta=beta) for size in sizes]
    costs = [run.evaluation.figures.distortion for run in runs]
    first, rest = costs[0] - costs[1], costs[1] - costs[-1]
    values = "; ".join(f"z = {size}: {cost:.2f}" for size, cost in zip(sizes, costs, strict=True))
    measured = (
        f"{values} nats per image; {_fall(runs[0], runs[1], first)} ({first / costs[0]:.1%}), "
        f"then {_fall(runs[1], runs[-1], rest)} ({rest / costs[1]:.1%})"
    )
    holds = first >= A_LOT * costs[0] and rest <= LITTLE * first
    return CheckResult(holds, measured, test_protocol(*runs))


def _fall(one: ReportRun, other: ReportRun, fall: float) -> str:
    """Describe the fall of the distortion, with its interval if every image was measured."""
    words = f"falls by {fall:.2f}" if fall >= 0 else f"rises by {-fall:.2f}"
    before, after = _distortions(one), _distortions(other)
    if before is None or after is None or len(before) != len(after):
        return words
    (found,) = mean_intervals((before - after)[:, None])
    return f"{words} ({LEVEL:.0%} interval of the fall {interval(found.low, found.high)})"


def _distortions(run: ReportRun) -> Floats | None:
    """Return the distortion of each test image `(images,)` in nats, None if it was not saved."""
    (entry,) = compared_runs([run.run])
    if image_metrics(entry) is None:  # of other weights, or not kept
        return None
    return read_latents(entry.results, entry.latent, entry.protocol.images, is_vae=run.is_vae).distortion


@CHECKS.add(
    "The squared error of every class is lower at each size than at the next smaller one, without exception.",
    kind=KIND,
)
def error_falls_for_every_class(report: ReportData, kind: Kind) -> CheckResult:
    """Check that the error is lower at each larger size, in every class."""
    runs = runs_by_latent(report, kind)
    errors = [_class_errors(run) for run in runs]
    rises = [
        f"class {label} from z = {runs[small].latent} to {runs[large].latent}"
        for label in errors[0]
        for small, large in itertools.pairwise(range(len(runs)))
        if errors[large][label] >= errors[small][label]
    ]
    count = len(errors[0]) * (len(runs) - 1)
    more = f" and {len(rises) - 6} more" if len(rises) > 6 else ""
    ends = [f"{math.fsum(row.values()) / len(row):.5f}" for row in (errors[0], errors[-1])]
    measured = (
        f"MSE per pixel falls in {count - len(rises)} of {count} steps ({len(errors[0])} classes, z = "
        f"{', '.join(str(run.latent) for run in runs)}); mean over classes {ends[0]} → {ends[1]}"
        + (f"; not: {', '.join(rises[:6])}{more}" if rises else "")
    )
    return CheckResult(not rises, measured, test_protocol(*runs))


def _class_errors(run: ReportRun) -> Mapping[str, float]:
    errors = run.evaluation.per_class_mse
    if set(errors) != set(CLASS_NAMES):
        raise UndecidedError(f"{run.name} has no error of every class: evaluate that run first")
    return errors


@CHECKS.add(
    f"The error “stops falling” at the smallest size whose squared error is at most {LEVEL_AT:.0%} above the "
    "lowest of all sizes; that size is “small” where it is at most half of the largest.",
    kind=KIND,
)
def error_levels_off(report: ReportData, kind: Kind) -> CheckResult:
    """Check that the error is hardly lower beyond a small size."""
    runs = runs_by_latent(report, kind)
    errors = {run.latent: run.evaluation.figures.mse for run in runs}
    level = next(size for size, error in errors.items() if error <= (1 + LEVEL_AT) * min(errors.values()))
    values = "; ".join(f"z = {size}: {error:.5f}" for size, error in errors.items())
    measured = f"MSE per pixel {values}; within {LEVEL_AT:.0%} of the lowest from z = {level} on"
    return CheckResult(2 * level <= runs[-1].latent, measured, test_protocol(*runs))


@CHECKS.add(
    f"In at least {MOST_RUNS:.0%} of the runs exactly these classes have the smallest squared errors.",
    classes=CLASSES,
)
def easiest_classes(report: ReportData, classes: list[int]) -> CheckResult:
    """Check which classes have the smallest errors."""
    return _extreme(report, classes, "easiest", sign=1)


@CHECKS.add(
    f"In at least {MOST_RUNS:.0%} of the runs exactly these classes have the largest squared errors.",
    classes=CLASSES,
)
def hardest_classes(report: ReportData, classes: list[int]) -> CheckResult:
    """Check which classes have the largest errors."""
    return _extreme(report, classes, "hardest", sign=-1)


def _extreme(report: ReportData, classes: Sequence[int], word: str, *, sign: int) -> CheckResult:
    def ranked(errors: Mapping[str, float]) -> list[str]:
        return sorted(errors, key=lambda label: sign * errors[label])

    runs, count = report.runs, len(classes)
    errors = [_class_errors(run) for run in runs]
    means = {label: sum(row[label] / len(runs) for row in errors) for label in CLASS_NAMES}
    hits = sum(set(ranked(row)[:count]) == set(map(str, classes)) for row in errors)
    order = ", ".join(f"{label} ({means[label]:.5f})" for label in ranked(means)[: count + 2])
    measured = (
        f"{' and '.join(map(str, classes))} are the {count} {word} in {hits} of {len(runs)} runs; {word} by "
        f"MSE per pixel, a mean over runs: {order}"
    )
    return CheckResult(hits >= MOST_RUNS * len(runs), measured, test_protocol(*runs))


@CHECKS.add(
    "The largest distortion of a class less the smallest is at most the stated part of their mean.",
    tolerance=NUMBER,
)
def quality_is_even(report: ReportData, tolerance: float) -> CheckResult:
    """Compare the spread of the classes' distortion with its mean."""
    run = select_run(report)
    costs = run.evaluation.per_class_distortion
    if not costs:
        raise UndecidedError(f"{run.name} has no distortion by class")
    mean = math.fsum(costs.values()) / len(costs)
    low, high = min(costs, key=costs.__getitem__), max(costs, key=costs.__getitem__)
    share = (costs[high] - costs[low]) / mean
    measured = (
        f"distortion from {costs[low]:.1f} (class {low}) to {costs[high]:.1f} (class {high}) nats per image: "
        f"a spread of {share:.0%} of the classes' mean {mean:.1f}; at most {tolerance:.0%} is even"
    )
    return CheckResult(share <= tolerance, measured, test_protocol(run))


@CHECKS.add("The VAE of the lowest squared error on the validation images has this size.", latent=INTEGER)
def chosen_latent(report: ReportData, latent: int) -> CheckResult:
    """Check which VAE has the lowest validation MSE; measure which one −ELBO would choose."""
    runs = runs_by_latent(report, "vae")
    judged = [(run, kept.val.mse) for run in runs if (kept := run.run.kept_epoch) and kept.val]
    if len(judged) < len(runs):
        raise UndecidedError("not every VAE has validation figures")
    (best, error), (second, next_error) = sorted(judged, key=lambda pair: pair[1])[:2]
    bound = min(runs, key=validation_loss)
    measured = (
        f"lowest validation MSE per pixel: z = {best.latent} ({error:.5f}), {next_error / error - 1:.1%} "
        f"below z = {second.latent} ({next_error:.5f}); lowest validation −ELBO: z = {bound.latent} "
        f"({validation_loss(bound):.2f} nats per image)"
    )
    return CheckResult(best.latent == latent, measured, validation_protocol(*runs))


@CHECKS.add(
    "These settings have the lowest validation loss among the runs of the kind: −ELBO of a VAE, distortion "
    "of an autoencoder.",
    kind=KIND,
    lr=NUMBER,
    batch_size=INTEGER,
)
def best_settings(report: ReportData, kind: Kind, lr: float, batch_size: int) -> CheckResult:
    """Check which settings of a kind validation chooses."""
    runs = report.select(kind)
    claimed = [run for run in runs if _settings(run) == (lr, batch_size)]
    if not claimed or len(runs) < 2:
        raise UndecidedError(f"no {KIND_NAMES[kind]} with this learning rate and batch size is among several")
    ranked = sorted(runs, key=validation_loss)
    if not math.isfinite(validation_loss(ranked[-1])):
        raise UndecidedError(f"not every {KIND_NAMES[kind]} has validation figures")
    values = "; ".join(
        "learning rate {:g}, batch size {}: {:.2f}".format(*_settings(run), validation_loss(run))
        for run in ranked
    )
    measured = f"validation {runs[0].loss_name} in nats per image, best first: {values}"
    return CheckResult(ranked[0] in claimed, measured, validation_protocol(*runs))


def _settings(run: ReportRun) -> tuple[float, int]:
    return run.config.optimiser.lr, run.config.optimiser.batch_size


@CHECKS.add(
    f"In one unit all three, the two parts and their sum, are within {ALIKE:.0%} of what was published.",
    values=POSITIVE_TRIPLE,
)
def losses_in_some_unit(report: ReportData, values: list[float]) -> CheckResult:
    """Compare published losses without a unit with ours in every unit."""
    run = select_run(report)
    kept = run.run.kept_epoch
    figures = kept.held_out if kept else run.evaluation.figures
    bit = math.log(2)
    units = {  # with the divisors of distortion and rate
        "nats per image": (1, 1),
        "bits per image": (bit, bit),
        "nats per pixel": (PIXELS, PIXELS),
        "bits per pixel": (bit * PIXELS, bit * PIXELS),
        "nats per pixel and per latent dimension": (PIXELS, run.latent),
    }
    texts, matching = [], []
    for unit, (per_distortion, per_rate) in units.items():
        distortion, rate = figures.distortion / per_distortion, figures.rate / per_rate
        ours = (distortion, rate, distortion + rate)
        texts.append("{:.4g} + {:.4g} = {:.4g} ".format(*ours) + unit)
        if all(
            abs(own - published) <= ALIKE * published for own, published in zip(ours, values, strict=True)
        ):
            matching.append(unit)
    outcome = f"within {ALIKE:.0%}: {', '.join(matching)}" if matching else "no unit matches all three"
    measured = f"distortion + rate = −ELBO: {'; '.join(texts)}; {outcome}"
    if kept and kept.val:
        return CheckResult(bool(matching), measured, validation_protocol(run))
    protocol = f"{'training' if kept else 'test'}, epoch {run.vae.epoch}"
    return CheckResult(bool(matching), measured, protocol)
