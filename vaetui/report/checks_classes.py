"""Check claims on classes: their errors, which are easy and hard, which are mixed up."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from trainer.contract.config import CLASSES
from vaetui.report.check import (
    CLASS_PAIR,
    INTEGER,
    KIND,
    Checks,
    Findings,
    UndecidedError,
    classifier_protocol,
    quality,
    runs_by_latent,
    select_run,
    test_protocol,
)
from vaetui.report.check import CLASSES as SOME_CLASSES
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.statistic import COUNT, NATS, RELATIVE, SHARE, Statistic, Style
from vaetui.runs.compare import CLASS_NAMES
from vaetui.settings import Kind

NEARLY_ALL, OR_NEARLY_ALL = 9, (8.0, 10.0)  # of ten classes
SLIGHTLY, OR_SLIGHTLY = 0.10, (0.05, 0.20)
MANY, OR_MANY = 0.5, (0.25, 0.75)  # of the runs
EVEN, OR_EVEN = 0.5, (0.25, 1.0)  # of the mean
TOP, OR_TOP = 3, (1.0, 5.0)  # of 45 pairs
CONFUSED, OR_CONFUSED = 0.02, (0.01, 0.05)

RANK = Style("", 1)

CHECKS = Checks()


def _class_errors(run: ReportRun) -> Mapping[str, float]:
    errors = run.evaluation.per_class_mse
    if set(errors) != set(CLASS_NAMES):
        raise UndecidedError(f"{run.name} has no error of every class: evaluate that run first")
    return errors


@CHECKS.add(
    "Of all classes and steps from one size to the next, the smallest relative fall of the class's MSE per "
    "pixel: above 0 where every class's error falls at every step.",
    kind=KIND,
)
def error_falls_for_every_class(report: ReportData, kind: Kind) -> Findings:
    """Measure the smallest fall of any class between two neighbouring sizes."""
    runs = runs_by_latent(report, kind)
    errors = [_class_errors(run) for run in runs]
    falls = [
        1 - after[label] / before[label]
        for before, after in itertools.pairwise(errors)
        for label in CLASS_NAMES
    ]
    findings = (
        Statistic(f"steps of {len(falls)} that fall", sum(fall > 0 for fall in falls), COUNT),
        Statistic("smallest fall", min(falls), RELATIVE).above(),
    )
    return Findings(findings, test_protocol(*runs))


@CHECKS.add(
    "Classes whose MSE per pixel at the given size is above their lowest at a smaller one: “nearly all” is "
    f"at least {NEARLY_ALL} of ten. “Slightly”: the mean relative rise of the classes is above 0 and at "
    f"most {SLIGHTLY:.0%}.",
    kind=KIND,
    latent=INTEGER,
)
def error_rises_for_most_classes(report: ReportData, kind: Kind, latent: int) -> Findings:
    """Measure in how many classes, and by how much, the error at a large size is above the lowest before."""
    runs = runs_by_latent(report, kind)
    at = _class_errors(select_run(report, kind, latent, runs[0].beta))
    smaller = [_class_errors(run) for run in runs if run.latent < latent]
    if not smaller:
        raise UndecidedError(f"there is no size below z = {latent}")
    lowest = {label: min(errors[label] for errors in smaller) for label in CLASS_NAMES}
    rises = [at[label] / lowest[label] - 1 for label in CLASS_NAMES]
    mean = Statistic("mean rise", math.fsum(rises) / len(rises), RELATIVE)
    findings = (
        Statistic("classes that rise", sum(rise > 0 for rise in rises), COUNT).at_least(
            NEARLY_ALL, OR_NEARLY_ALL
        ),
        mean.above().at_most(SLIGHTLY, OR_SLIGHTLY),
    )
    return Findings(findings, test_protocol(*runs))


_EXTREME = (
    "Share of the runs in which exactly these classes have the {} MSE per pixel. As it is claimed of many "
    f"instances, not of all: at least {MANY:.0%}."
)


@CHECKS.add(_EXTREME.format("smallest"), classes=SOME_CLASSES)
def easiest_classes(report: ReportData, classes: list[int]) -> Findings:
    """Measure how often the classes have the smallest errors."""
    return _extreme(report, classes, sign=1)


@CHECKS.add(_EXTREME.format("largest"), classes=SOME_CLASSES)
def hardest_classes(report: ReportData, classes: list[int]) -> Findings:
    """Measure how often the classes have the largest errors."""
    return _extreme(report, classes, sign=-1)


def _extreme(report: ReportData, classes: Sequence[int], *, sign: int) -> Findings:
    errors = [_class_errors(run) for run in report.runs]
    wanted = set(map(str, classes))
    firsts = [set(sorted(row, key=lambda label: sign * row[label])[: len(classes)]) for row in errors]
    share = Statistic("share of runs", sum(first == wanted for first in firsts) / len(firsts), SHARE)
    means = {label: math.fsum(row[label] for row in errors) / len(errors) for label in CLASS_NAMES}
    mean_of_all = math.fsum(means.values()) / len(means)
    findings = [
        Statistic(f"error of class {label} relative to the mean", means[label] / mean_of_all - 1, RELATIVE)
        for label in map(str, classes)
    ]
    return Findings((share.at_least(MANY, OR_MANY), *findings), test_protocol(*report.runs))


@CHECKS.add(
    "The largest distortion of a class less the smallest, divided by their mean. “Consistent” is at most "
    f"{EVEN:.0%}."
)
def quality_is_even(report: ReportData) -> Findings:
    """Compare the spread of the classes' distortion with its mean."""
    run = select_run(report, beta=1.0)
    costs = run.evaluation.per_class_distortion
    if not costs:
        raise UndecidedError(f"{run.name} has no distortion by class")
    mean, low, high = math.fsum(costs.values()) / len(costs), min(costs.values()), max(costs.values())
    findings = (
        Statistic("easiest class", low, NATS),
        Statistic("hardest class", high, NATS),
        Statistic("spread", (high - low) / mean, SHARE).at_most(EVEN, OR_EVEN),
    )
    return Findings(findings, test_protocol(run))


@CHECKS.add(
    "Reconstructions of one class of the pair that a digit classifier takes for the other, as a share of "
    f"their images: at least {CONFUSED:.0%}; and the rank of the pair among the 45 pairs by such "
    f"confusions. “Such as” is one of the {TOP} most frequent.",
    latent=INTEGER,
    pair=CLASS_PAIR,
)
def classes_mixed_up(report: ReportData, latent: int, pair: list[int]) -> Findings:
    """Measure how often reconstructions of two classes are taken for each other."""
    run = select_run(report, latent=latent)
    found = quality(run)
    counts = {both: found.confused(*both) for both in itertools.combinations(range(CLASSES), 2)}
    own = counts[min(pair), max(pair)]
    images = sum(sum(found.confusion[label]) for label in pair)
    one, other = pair
    rank = Statistic("rank of the pair", 1 + sum(count > own for count in counts.values()), RANK)
    share = Statistic(f"{one}↔{other} confused", own / images if images else 0.0, SHARE)
    findings = (share.at_least(CONFUSED, OR_CONFUSED), rank.at_most(TOP, OR_TOP))
    return Findings(findings, classifier_protocol(run))
