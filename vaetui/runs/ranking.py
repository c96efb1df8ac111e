"""Rank models measured alike by their own metric, with confidence intervals over seeds or test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.contract.files import Problem
from vaetui.arrays import Floats
from vaetui.latent.posteriors import read_latents
from vaetui.models.autoencoder import kl_divergence
from vaetui.runs import compare
from vaetui.runs.compare import ComparedRun, ModelChoice
from vaetui.runs.families import seed_groups
from vaetui.runs.intervals import Interval, mean_intervals, paired_seed_interval
from vaetui.runs.run_watcher import Run


@dataclass(frozen=True, eq=False)
class RunRanking:
    """Models of one kind measured alike, best first; the one that validation chooses and why.

    `differences` hold what each is worse by than `base`: −ELBO of VAEs, distortion of autoencoders, in nats.
    Those `over_seeds` have an interval over seeds. Where both have one seed only, it is paired over test
    images, if both have figures of every image: then it does not say what other seeds would give.
    """

    entries: list[ComparedRun]
    choice: ModelChoice
    base: ComparedRun
    differences: dict[Path, Interval]
    over_seeds: frozenset[Path]

    @property
    def epochs_notes(self) -> list[str]:
        """Return a sentence on the runs trained for fewer epochs than the base, and one on those for more."""
        return compare.epochs_notes(self.entries, self.base, lambda entry: entry.run_name)

    @property
    def is_of_vaes(self) -> bool:
        """Return whether it ranks VAEs by −ELBO, or autoencoders by distortion."""
        return self.base.beta is not None


def comparable_models(runs: Sequence[Run]) -> list[list[ComparedRun]]:
    """Group models measured alike, as `comparable_groups`; runs that differ in the seed only are one."""
    models = seed_groups(runs)
    return [compare.merge_seeds(group, models) for group in comparable_groups(runs)]


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
    over_seeds = _over_seeds(base, ordered)
    single = [entry for entry in ordered if entry.path not in over_seeds]
    over_images = _over_images(base, single)
    return RunRanking(ordered, choice, base, over_images | over_seeds, frozenset(over_seeds))


def _over_seeds(base: ComparedRun, members: Sequence[ComparedRun]) -> dict[Path, Interval]:
    """Return the difference of each to `base` over seeds, where one of the two has several."""

    def by_seed(entry: ComparedRun) -> dict[int, float]:
        return {seed: member.metric for seed, member in entry.by_seed.items()}

    several = [entry for entry in members if entry is not base and (entry.members or base.members)]
    return {entry.path: paired_seed_interval(by_seed(entry), by_seed(base)) for entry in several}


def _over_images(base: ComparedRun, members: Sequence[ComparedRun]) -> dict[Path, Interval]:
    """Return the difference of each to `base`, both of a single seed, paired over test images."""
    others = [entry for entry in members if entry is not base]
    costs = {entry.path: image_metrics(entry) for entry in members} if others else {base.path: None}
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

    None where the run has no figures of every image, or they are of other weights than its test figures, and
    for several seeds.
    """
    if entry.members or entry.protocol.split != compare.TEST:
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
