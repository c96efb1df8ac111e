"""Compare runs: whose figures are comparable, which run validation chooses and why, iso-lines of −ELBO.

Figures are in nats per image, means over images; the squared error is per pixel.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trainer.contract.config import Config
from trainer.contract.evaluation import Evaluation, Information
from trainer.contract.files import clean
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.metrics import Figures
from vaetui.format import name_or_count, thousands
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup, Spread, seeds_text, shared_name
from vaetui.settings import FAMILY_ROWS, PIXEL_TEXTS, TELLING_ROWS, differing_rows

TEST, VALIDATION, TRAINING = "test", "validation", "training"
CLASS_NAMES = tuple(str(label) for label in range(10))

EpochsWord = Literal["", "fewer", "more"]
Point = tuple[float, float]
Box = tuple[float, float, float, float]  # lowest and highest rate, lowest and highest distortion, in nats


@dataclass(frozen=True)
class Protocol:
    """How figures were measured; only those of one protocol are ranked together.

    `draws` are the posterior draws an image, 0 for the code of an autoencoder itself; `checksum` tells images
    of one name apart. Runs of another `split_seed` have other training and validation images; it is None for
    test images, which all share.
    """

    split: str
    images: int
    draws: int
    binarize: str
    likelihood: str
    dataset: str
    checksum: str
    split_seed: int | None

    @property
    def description(self) -> str:
        """Return the protocol in words, such as "test, 10 000 images, grey levels, one posterior draw"."""
        draws = {0: "the code itself", 1: "one posterior draw"}
        drawn = draws.get(self.draws, f"{self.draws} posterior draws")
        images = f"{thousands(self.images)} images"
        pixels = PIXEL_TEXTS.get(self.binarize, self.binarize)
        split = self.split if self.split == TEST else f"{self.split} (not every run has test figures)"
        return f"{split}, {images}, {pixels}, {drawn}"

    def matches(self, other: Protocol) -> bool:
        """Return whether it equals `other` but for the draws, which an autoencoder has none of."""
        return dataclasses.replace(self, draws=0) == dataclasses.replace(other, draws=0)


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """One run in a comparison: `figures` under `protocol`, and those on validation that it is chosen by.

    A model of several seeds has the means of its `members`, one a seed; its `path` is that of the first.
    They are of the weights after `epoch`. It was trained for `epochs`, or would have been for `planned` if
    early stopping had not ended it.
    `beta` is None for an autoencoder, which has neither rate nor ELBO. `figures` are measured at one
    posterior draw per image, `mse_posterior_mean` at the posterior mean. `classes` holds the distortion of
    each class, "0" to "9", `errors` its squared error; both are empty where only whole sets were measured.
    """

    path: Path
    results: Path  # the folder of its test figures and codes
    config: Config
    latent: int
    beta: float | None
    figures: Figures
    protocol: Protocol
    validation: Figures | None
    active_units: float
    classes: dict[str, float]
    errors: dict[str, float]
    is_settled: bool
    mse_posterior_mean: float | None  # per pixel; None where it was not measured
    epoch: int
    epochs: int
    planned: int
    information: Information | None = None  # where `vaetui evaluate` has split the rate
    entropy_bound: float | None = None  # see `entropy_bound`
    members: tuple[ComparedRun, ...] = ()  # of several seeds

    @property
    def by_seed(self) -> dict[int, ComparedRun]:
        """Return the run of each seed, itself where there is one only."""
        return {member.config.seed: member for member in self.members or (self,)}

    @property
    def count(self) -> int:
        """Return the number of seeds."""
        return len(self.members) or 1

    @property
    def run_name(self) -> str:
        """Return the name of its directory, one for those of all seeds."""
        runs = self.by_seed
        return shared_name([clean(run.path.name) for run in runs.values()], tuple(runs))

    def spread(self, read: Callable[[ComparedRun], float | None]) -> Spread | None:
        """Return mean and standard deviation over seeds of a figure, None where a seed lacks it."""
        values = [read(member) for member in self.by_seed.values()]
        return None if None in values else Spread.of([value for value in values if value is not None])

    @property
    def name(self) -> str:
        """Return a name that is unique in its family."""
        return f"z {self.latent} AE" if self.beta is None else f"z {self.latent} β {self.beta:g}"

    @property
    def full_name(self) -> str:
        """Return the same name in a sentence."""
        size = f"z = {self.latent}"
        return f"{size} AE" if self.beta is None else f"{size} β = {self.beta:g}"

    @property
    def epochs_text(self) -> str:
        """Return the epochs that it was trained for, and those of its weights if they are others."""
        if self.members:
            return _range_text([member.epochs_text for member in self.members])
        return f"{self.epochs}" if self.epoch == self.epochs else f"{self.epoch} of {self.epochs}"

    @property
    def active_text(self) -> str:
        """Return the number of active units, over several seeds their mean."""
        return f"{self.active_units:.{int(bool(self.members))}f}"

    @property
    def negative_elbo(self) -> float | None:
        """Return −ELBO, distortion + rate; None for an autoencoder."""
        return None if self.beta is None else -self.figures.elbo

    @property
    def negative_validation_elbo(self) -> float | None:
        """Return −ELBO on the validation images; None for an autoencoder, and without such images."""
        return None if self.beta is None else self.validation_metric

    @property
    def validation_images(self) -> tuple[tuple[float, int], ...]:
        """Return which of the training images are held out: those of these fractions and split seeds."""
        configs = [member.config for member in self.by_seed.values()]
        return tuple(sorted({(config.data.val_fraction, config.split_seed) for config in configs}))

    @property
    def metric(self) -> float:
        """Return the metric that it is ranked by, in nats: −ELBO, for autoencoders distortion."""
        return self.figures.distortion if self.beta is None else -self.figures.elbo

    @property
    def validation_metric(self) -> float | None:
        """Return the same metric on the validation images, None without it."""
        if self.validation is None:
            return None
        return self.validation.distortion if self.beta is None else -self.validation.elbo


@dataclass(frozen=True)
class ModelChoice:
    """The run that validation chooses, None where it cannot, and the reason in one sentence."""

    entry: ComparedRun | None
    reason: str


# --- whose figures ----------------------------------------------------------------------------------


def compared_runs(runs: Sequence[Run]) -> list[ComparedRun]:
    """Return runs with figures of one split: test if all were tested, else validation, else training.

    A run without any figures yet, such as a queued one, does not prevent comparing the others.
    """
    measured = [run for run in runs if _has(run, TRAINING) or _has(run, TEST)]
    splits = (split for split in (TEST, VALIDATION) if all(_has(run, split) for run in measured))
    split = next(splits, TRAINING)
    return [_entry(run, split) for run in measured if _has(run, split)]


def _has(run: Run, split: str) -> bool:
    """Return whether a run has figures of `split`."""
    if split == TEST:
        return run.evaluation is not None and run.evaluation.split == TEST
    return run.kept_epoch is not None and (split == TRAINING or run.kept_epoch.val is not None)


def _entry(run: Run, split: str) -> ComparedRun:
    config, test, kept = run.config, run.evaluation if split == TEST else None, run.kept_epoch
    data, is_vae = config.data, config.model.is_vae
    if test is not None:
        figures, active = test.figures, test.active_units
        how = (test.images, test.posterior_draws, test.binarize, test.likelihood)
    else:
        assert kept is not None
        figures = kept.val if split == VALIDATION and kept.val else kept.train
        active = kept.active_units
        images = data.val if split == VALIDATION else data.train
        how = (images, int(is_vae), data.binarize, config.objective.likelihood)
    return ComparedRun(
        run.path,
        run.results,
        config,
        config.model.latent,
        config.objective.beta if is_vae else None,
        figures,
        Protocol(split, *how, data.name, data.checksum[:6], None if split == TEST else config.split_seed),
        kept.val if kept else None,
        active,
        dict(test.per_class_distortion) if test else {},
        dict(test.per_class_mse) if test else {},
        run.is_settled,
        test.mse_posterior_mean if test else None,
        test.epoch if test else kept.epoch if kept else 0,
        run.status.epoch,
        run.status.epochs if run.status.early else run.status.epoch,
        test.information if test else None,
        _entropy_bound(test) if test else None,
    )


def _entropy_bound(test: Evaluation) -> float | None:
    """Return the measured −log p(x), or bound on it, where it is the probability of binary images."""
    likelihood = LIKELIHOODS[test.likelihood]
    if test.marginal is None or test.binarize == "none" or not likelihood.is_of_binary:
        return None
    return test.marginal.nats + test.marginal.constant


def merge_seeds(entries: Sequence[ComparedRun], groups: Sequence[SeedGroup]) -> list[ComparedRun]:
    """Return one entry a model, in the order of their first seeds; `entries` have one protocol."""
    number = {run.path: place for place, group in enumerate(groups) for run in group.runs}
    models: dict[int, list[ComparedRun]] = {}
    for entry in entries:
        models.setdefault(number[entry.path], []).append(entry)
    return [_one_model(members) for members in models.values()]


def _one_model(entries: Sequence[ComparedRun]) -> ComparedRun:
    """Return the mean over seeds: of those that are trained, or of all while none is."""
    ordered = sorted(entries, key=lambda entry: entry.config.seed)
    counted = [entry for entry in ordered if entry.is_settled] or ordered
    first, is_settled = counted[0], all(entry.is_settled for entry in ordered)
    if len(counted) == 1:
        return dataclasses.replace(first, is_settled=is_settled)
    validations = [entry.validation for entry in counted]
    return dataclasses.replace(
        first,
        figures=_mean_figures([entry.figures for entry in counted]),
        validation=None if None in validations else _mean_figures([v for v in validations if v]),
        active_units=_mean([entry.active_units for entry in counted]) or 0.0,
        classes=_mean_classes([entry.classes for entry in counted]),
        errors=_mean_classes([entry.errors for entry in counted]),
        is_settled=is_settled,
        mse_posterior_mean=_mean([entry.mse_posterior_mean for entry in counted]),
        members=tuple(counted),
        information=None,  # the split of each seed's rate is its own
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean over seeds, None where one has no value."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if len(known) == len(values) else None


def _mean_figures(figures: Sequence[Figures]) -> Figures:
    names = [field.name for field in dataclasses.fields(Figures)]
    means: dict[str, Any] = {name: _mean([getattr(each, name) for each in figures]) for name in names}
    return Figures(**means)


def _mean_classes(classes: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each class over seeds, of those that all have."""
    means = {label: _mean([each.get(label) for each in classes]) for label in classes[0]}
    return {label: mean for label, mean in means.items() if mean is not None}


def _range_text(texts: Sequence[str]) -> str:
    """Return the text of all seeds, or the first and the last where they differ."""
    return texts[0] if len(set(texts)) == 1 else f"{min(texts)} … {max(texts)}"


def group_by_protocol(entries: Sequence[ComparedRun]) -> list[list[ComparedRun]]:
    """Group `entries` by protocol, the largest group first; autoencoders join VAEs measured alike."""
    parted: dict[Protocol, list[ComparedRun]] = {}
    for entry in entries:
        if entry.beta is not None:
            parted.setdefault(entry.protocol, []).append(entry)
    by_size = sorted(parted, key=lambda protocol: -len(parted[protocol]))
    for entry in entries:
        if entry.beta is None:
            host = next((one for one in by_size if one.matches(entry.protocol)), entry.protocol)
            parted.setdefault(host, []).append(entry)
    return sorted(parted.values(), key=lambda group: -len(group))


def distinct_names(entries: Sequence[ComparedRun]) -> list[str]:
    """Name each entry by latent size and β, then by the settings in which others of that name differ.

    Where no setting tells them apart, it is the name of the run: "z = 4 β = 1, learning rate 0.001, seed 2".
    """
    namesakes: dict[str, list[ComparedRun]] = {}
    for entry in entries:
        namesakes.setdefault(entry.full_name, []).append(entry)
    names = {}
    for name, alike in namesakes.items():
        settings = FAMILY_ROWS if any(entry.members for entry in alike) else TELLING_ROWS
        rows = differing_rows([entry.config for entry in alike], settings)
        texts = [", ".join(f"{row.label} {row.text(entry.config)}" for row in rows) for entry in alike]
        for entry, text in zip(alike, texts, strict=True):
            told_apart = entry.run_name if texts.count(text) > 1 else text
            names[entry.path] = name if len(alike) == 1 else f"{name}, {told_apart}"
    return [names[entry.path] for entry in entries]


def protocol_difference(one: Protocol, other: Protocol) -> str:
    """Say in what `one` differs from `other`, such as "1 posterior draw, not 5"; "" if equal."""
    parts = [
        f"{getattr(one, field.name)}{unit}, not {getattr(other, field.name)}"
        for field, unit in zip(dataclasses.fields(Protocol), _UNITS, strict=True)
        if getattr(one, field.name) != getattr(other, field.name)
    ]
    return "; ".join(parts)


def epochs_beside(entry: ComparedRun, other: ComparedRun) -> EpochsWord:
    """Return whether `entry` was trained for fewer or more epochs than `other`, "" for as many.

    A run that early stopping ended counts as whole.
    """
    if entry.planned == other.planned:
        return ""
    return "fewer" if entry.planned < other.planned else "more"


def epochs_cell(entry: ComparedRun, other: ComparedRun) -> str:
    """Return the epochs of a run for a table, with a word where `other` was trained for more or fewer."""
    word = epochs_beside(entry, other)
    return f"{entry.epochs_text} ({word})" if word else entry.epochs_text


def epochs_notes(
    entries: Sequence[ComparedRun], base: ComparedRun, name: Callable[[ComparedRun], str]
) -> list[str]:
    """Return a sentence on the entries trained for fewer epochs than `base`, and one on those for more."""
    notes = []
    for word in ("fewer", "more"):
        apart = [entry for entry in entries if epochs_beside(entry, base) == word]
        if apart:
            few = name_or_count([f"{name(entry)} ({entry.planned})" for entry in apart])
            notes.append(
                f"{few} trained for {word} epochs than {name(base)} ({base.planned}): "
                "differences may come from the training, not from the model"
            )
    return notes


_UNITS = (
    "",
    " images",
    " posterior draws",
    " binarization",
    " likelihood",
    " images",
    " as checksum",
    " as split seed",
)


# --- the choice -------------------------------------------------------------------------------------


def choose_by_validation(entries: Sequence[ComparedRun]) -> ModelChoice:
    """Choose the VAE of the lowest validation −ELBO among `entries`, which are of one protocol.

    Test figures are not used: they tell how good the choice is. Autoencoders have no ELBO and take no part,
    unless they are alone: then it is the one of the lowest validation distortion.
    """
    vaes = [entry for entry in entries if entry.beta is not None]
    candidates, kind, name = (vaes, "VAE", "−ELBO") if vaes else (entries, "autoencoder", "distortion")
    metrics = [(e.validation_metric, e) for e in candidates]
    ranked = sorted(
        ((value, e) for value, e in metrics if value is not None and math.isfinite(value)),
        key=lambda pair: pair[0],
    )
    if lacking := len(candidates) - len(ranked):
        return ModelChoice(None, f"no choice: {lacking} of {len(candidates)} have no validation figures")
    if not ranked:
        return ModelChoice(None, "no choice: there is nothing to choose from")
    if why := _why_not_comparable(candidates):
        return ModelChoice(None, why)
    best, entry = ranked[0]
    names = dict(zip([one.path for one in candidates], distinct_names(candidates), strict=True))
    own = names[entry.path]
    so_far = "" if all(one.is_settled for one in candidates) else " so far"
    if len(ranked) == 1:
        nats = _validation_text(entry)
        return ModelChoice(entry, f"{own}: the only {kind}, validation {name} {nats}{so_far}")
    ahead, second = ranked[1][0] - best, ranked[1][1]
    by = "less than 0.05" if ahead < 0.05 else f"{ahead:.1f}"
    nats = _validation_text(entry)
    why = f"lowest validation {name}{so_far}, {nats}, {by} below next ({names[second.path]})"
    return ModelChoice(entry, f"{own}: {why}")


def _validation_text(entry: ComparedRun) -> str:
    """Return the validation figure, such as "105.9 nats" or "105.9 ± 0.3 nats (3 seeds)"."""
    spread = entry.spread(lambda member: member.validation_metric)
    nats = f"{spread.text(1)} nats" if spread else ""
    return f"{nats} ({entry.count} seeds)" if entry.members else nats


def _why_not_comparable(candidates: Sequence[ComparedRun]) -> str:
    """Return why validation figures of `candidates` do not compare, naming two runs; "" where they do."""
    first = candidates[0]
    other = next((one for one in candidates if one.validation_images != first.validation_images), None)
    if other is None:
        return ""
    names = [f"{one.run_name} ({_held_out_text(one)})" for one in (first, other)]
    return f"no choice: the validation images of {names[0]} are not those of {names[1]}"


def _held_out_text(entry: ComparedRun) -> str:
    fractions = dict.fromkeys(f"{fraction:g}" for fraction, _ in entry.validation_images)
    seeds = seeds_text(sorted({seed for _, seed in entry.validation_images}))
    return f"split seed {seeds}, validation fraction {', '.join(fractions)}"


# --- the plane --------------------------------------------------------------------------------------


def entropy_bound(entries: Sequence[ComparedRun]) -> float | None:
    """Return the lowest −log p(x) that was measured, in nats per image: the data's entropy is at most that.

    Distortion + rate of no model is below the entropy (Alemi et al. 2018). None where the likelihood is no
    probability of the images, or without such a measurement.
    """
    members = [member for entry in entries for member in entry.by_seed.values()]
    bounds = [member.entropy_bound for member in members if member.entropy_bound is not None]
    return min(bounds, default=None)


def iso_line(bound: float, box: Box) -> tuple[Point, Point] | None:
    """Return the ends of the line distortion + rate = `bound` inside `box`, the lower rate first.

    None where it does not cross the box.
    """
    left, right, bottom, top = box
    start, end = max(left, bound - top), min(right, bound - bottom)
    return ((start, bound - start), (end, bound - end)) if start < end else None


def parameter_curves(entries: Sequence[ComparedRun], by_latent: bool) -> list[list[ComparedRun]]:
    """Group the VAEs of `entries` into curves: one latent size over β, or one β over latent size."""
    lines: dict[float, list[ComparedRun]] = {}
    for entry in sorted(entries, key=lambda e: (e.latent, e.beta or 0.0)):
        if entry.beta is not None:
            lines.setdefault(entry.latent if by_latent else entry.beta, []).append(entry)
    return [lines[key] for key in sorted(lines)]
