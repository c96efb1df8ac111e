"""Rank runs measured alike by their own metric, with confidence intervals paired over the test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.contract.files import Problem, clean
from vaetui.arrays import Floats
from vaetui.latent.posteriors import read_latents
from vaetui.models.autoencoder import kl_divergence
from vaetui.runs import compare
from vaetui.runs.compare import ComparedRun, ModelChoice
from vaetui.runs.intervals import Interval, mean_intervals
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
    def epochs_notes(self) -> list[str]:
        """Return a sentence on the runs trained for fewer epochs than the base, and one on those for more."""
        return compare.epochs_notes(self.entries, self.base, lambda entry: clean(entry.path.name))

    @property
    def is_of_vaes(self) -> bool:
        """Return whether it ranks VAEs by −ELBO, or autoencoders by distortion."""
        return self.base.beta is not None


def comparable_groups(runs: Sequence[Run]) -> list[list[ComparedRun]]:
    """Group runs measured alike; each data set by itself, since one may lack test figures."""
    datasets: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        datasets.setdefault((run.config.data.name, run.config.data.checksum), []).append(run)
    compared = [compare.compared_runs(members) for members in datasets.values()]
    return [group for entries in compared for group in compare.group_by_protocol(entries)]


def rank_runs(group: Sequence[ComparedRun]) -> list[RunRanking]:
    """Rank the VAEs, then the autoencoders, each by their own metric."""
    vaes = [entry for entry in group if entry.beta is not None]
    others = [entry for entry in group if entry.beta is None]
    return [_ranking(members) for members in (vaes, others) if members]


def _ranking(members: Sequence[ComparedRun]) -> RunRanking:
    ordered = sorted(members, key=lambda entry: (entry.metric, entry.path.name))
    choice = compare.choose_by_validation(ordered)
    base = choice.entry or ordered[0]
    return RunRanking(ordered, choice, base, _differences(base, ordered))


def _differences(base: ComparedRun, members: Sequence[ComparedRun]) -> dict[Path, Interval]:
    others = [entry for entry in members if entry is not base]
    costs = {entry.path: image_metrics(entry) for entry in members}
    own = costs[base.path]
    paired = [
        e for e in others if own is not None and (its := costs[e.path]) is not None and len(its) == len(own)
    ]
    if own is None or len(own) < 2 or not paired:
        return {}
    apart = np.stack([costs[entry.path] - own for entry in paired], axis=1)  # type: ignore[operator]
    return dict(zip([entry.path for entry in paired], mean_intervals(apart), strict=True))


def image_metrics(entry: ComparedRun) -> Floats | None:
    """Return the same metric of each test image `(images,)` in nats.

    None where the run has no figures of every image, or they are of other weights than its test figures.
    """
    if entry.protocol.split != compare.TEST:
        return None
    images, is_vae = entry.protocol.images, entry.beta is not None
    try:
        codes = read_latents(entry.results, entry.latent, images, is_vae=is_vae)
    except Problem:
        return None
    if codes.distortion is None or len(codes.distortion) != images:
        return None
    if codes.log_var is None:
        return codes.distortion
    with np.errstate(over="ignore"):  # the file may hold numbers of any size
        costs = np.asarray(codes.distortion + kl_divergence(codes.mean, codes.log_var).sum(-1), np.float32)
        is_of_these = abs(float(costs.mean(dtype=np.float64)) - entry.metric) < 0.01
    return costs if is_of_these else None
