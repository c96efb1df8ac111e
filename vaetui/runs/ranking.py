"""Rank runs measured alike by their own metric, with bootstrap intervals paired over the test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.contract.files import Problem
from vaetui.arrays import Floats
from vaetui.latent.posteriors import read_latents
from vaetui.models.autoencoder import kl_divergence
from vaetui.runs import compare as figures
from vaetui.runs.bootstrap import Interval, bootstrap_intervals
from vaetui.runs.compare import ComparedRun, ModelChoice
from vaetui.runs.run_watcher import Run


@dataclass(frozen=True, eq=False)
class RunRanking:
    """Runs of one kind measured alike, best first; the one that validation chooses and why.

    `differences` hold what each is worse by than `base`, paired over test images, where both have figures of
    every image: −ELBO of VAEs, distortion of autoencoders, in nats.
    """

    entries: list[ComparedRun]
    choice: ModelChoice
    base: ComparedRun
    differences: dict[Path, Interval]

    @property
    def is_of_vaes(self) -> bool:
        """Return whether it ranks VAEs by −ELBO, or autoencoders by distortion."""
        return self.base.beta is not None


def comparable_groups(runs: Sequence[Run]) -> list[list[ComparedRun]]:
    """Group runs measured alike; each data set by itself, since one may lack test figures."""
    datasets: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        datasets.setdefault((run.config.data.name, run.config.data.checksum), []).append(run)
    found = [figures.compared_runs(members) for members in datasets.values()]
    return [group for entries in found for group in figures.group_by_protocol(entries)]


def rank_runs(group: Sequence[ComparedRun]) -> list[RunRanking]:
    """Rank the VAEs, then the autoencoders, each by their own metric."""
    vaes = [entry for entry in group if entry.beta is not None]
    others = [entry for entry in group if entry.beta is None]
    return [_ranking(members) for members in (vaes, others) if members]


def _ranking(members: Sequence[ComparedRun]) -> RunRanking:
    ordered = sorted(members, key=lambda entry: (ranking_metric(entry), entry.path.name))
    choice = figures.choose_by_validation(ordered)
    base = choice.entry or ordered[0]
    return RunRanking(ordered, choice, base, _differences(base, ordered))


def ranking_metric(entry: ComparedRun) -> float:
    """Return the metric that a run is ranked by, in nats: −ELBO, or distortion for autoencoders."""
    return entry.figures.distortion if entry.negative_elbo is None else entry.negative_elbo


def _differences(base: ComparedRun, members: Sequence[ComparedRun]) -> dict[Path, Interval]:
    others = [entry for entry in members if entry is not base]
    costs = {entry.path: image_metrics(entry) for entry in members}
    own = costs[base.path]
    paired = [
        e for e in others if own is not None and (its := costs[e.path]) is not None and len(its) == len(own)
    ]
    if own is None or not paired:
        return {}
    apart = np.stack([costs[entry.path] - own for entry in paired], axis=1)  # type: ignore[operator]
    return dict(zip([entry.path for entry in paired], bootstrap_intervals(apart), strict=True))


def image_metrics(entry: ComparedRun) -> Floats | None:
    """Return the same metric of each test image `(images,)` in nats.

    None where the run has no figures of every image, or they are of other weights than its test figures.
    """
    if entry.protocol.split != figures.TEST:
        return None
    images, is_vae = entry.protocol.images, entry.beta is not None
    try:
        found = read_latents(entry.results, entry.latent, images, is_vae=is_vae)
    except Problem:
        return None
    if found.distortion is None or len(found.distortion) != images:
        return None
    if found.log_var is None:
        return found.distortion
    with np.errstate(over="ignore"):  # a stranger's numbers may be of any size
        costs = np.asarray(found.distortion + kl_divergence(found.mean, found.log_var).sum(-1), np.float32)
        is_of_these = abs(float(costs.mean(dtype=np.float64)) - ranking_metric(entry)) < 0.01
    return costs if is_of_these else None


def validation_metric(entry: ComparedRun) -> float | None:
    """Return the same metric on the validation images."""
    if entry.validation is None:
        return None
    return entry.validation.distortion if entry.beta is None else -entry.validation.elbo
