"""The data of a report: runs with their models, codes and test figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from trainer.contract.config import Config
from trainer.contract.datasets.registry import load_test
from trainer.contract.evaluation import Evaluation
from trainer.contract.files import Problem, clean
from trainer.contract.metrics import Figures
from vaetui.arrays import Floats
from vaetui.format import thousands
from vaetui.latent.nearest import finite
from vaetui.latent.pca import Pca, fit_pca
from vaetui.latent.posteriors import Codes, load_test_codes
from vaetui.latent.test_images import ImageSet
from vaetui.models import registry
from vaetui.models.autoencoder import Vae
from vaetui.recipes import Claim
from vaetui.runs import ranking
from vaetui.runs.compare import ComparedRun, compared_runs
from vaetui.runs.families import seed_groups
from vaetui.runs.lookup import command_on
from vaetui.runs.ranking import RunRanking
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup, Spread
from vaetui.settings import (
    FAMILY_ROWS,
    PIXEL_TEXTS,
    STORED,
    TELLING_ROWS,
    Kind,
    Setting,
    differences,
    differing_rows,
)

MOST_FEATURED = 6


@dataclass(frozen=True, eq=False)
class ReportRun:
    """A run; `label` is that of its model, `pixels` `(images, 784)` are its test images."""

    run: Run
    label: str
    vae: Vae
    codes: Codes
    pixels: Floats
    evaluation: Evaluation

    @property
    def name(self) -> str:
        """Return the name of the run directory."""
        return self.run.name

    @property
    def config(self) -> Config:
        """Return the configuration of the run."""
        return self.run.config

    @property
    def seed(self) -> int:
        """Return the seed."""
        return self.config.seed

    @property
    def is_vae(self) -> bool:
        """Return whether it has a posterior."""
        return self.config.model.is_vae

    @property
    def latent(self) -> int:
        """Return the latent size."""
        return self.config.model.latent

    @property
    def beta(self) -> float | None:
        """Return the weight of the rate; None for an autoencoder."""
        return self.config.objective.beta if self.is_vae else None

    @cached_property
    def mean(self) -> Floats:
        """Return the finite codes `(images, latent)`."""
        return finite(self.codes.mean)

    @cached_property
    def axes(self) -> Pca:
        """Return the principal axes of the codes."""
        return fit_pca(self.mean)

    @property
    def loss_name(self) -> Literal["−ELBO", "distortion"]:
        """Return the name of `loss`."""
        return "−ELBO" if self.is_vae else "distortion"

    def loss(self, figures: Figures) -> float:
        """Return −ELBO, or the distortion of an autoencoder, in nats per image."""
        return -figures.elbo if self.is_vae else figures.distortion

    @property
    def protocol(self) -> str:
        """Return the protocol of the test figures, such as "test, 10 000 images, …, epoch 20"."""
        (entry,) = compared_runs([self.run])
        return f"{entry.protocol.description}, epoch {self.evaluation.epoch}"

    @property
    def codes_protocol(self) -> str:
        """Return the protocol of measures of the codes."""
        pixels = PIXEL_TEXTS[self.config.data.binarize]
        return f"test, {thousands(len(self.mean))} images, {pixels}, posterior means, epoch {self.vae.epoch}"


@dataclass(frozen=True, eq=False)
class ReportModel:
    """The runs of one model, ascending by seed: they have one label, and differ in their seed only."""

    group: SeedGroup
    runs: tuple[ReportRun, ...]

    @property
    def first(self) -> ReportRun:
        """Return the run of the lowest seed, whose images are shown."""
        return self.runs[0]

    @property
    def label(self) -> str:
        """Return a label that is unique in the report."""
        return self.first.label

    @property
    def is_vae(self) -> bool:
        """Return whether it has a posterior."""
        return self.first.is_vae

    @property
    def beta(self) -> float | None:
        """Return the weight of the rate; None for an autoencoder."""
        return self.first.beta

    @property
    def latent(self) -> int:
        """Return the latent size."""
        return self.first.latent

    def spread(self, read: Callable[[ReportRun], float | None]) -> Spread | None:
        """Return mean and standard deviation over seeds of a figure, None where a seed lacks it."""
        values = [read(run) for run in self.runs]
        return None if None in values else Spread.of([value for value in values if value is not None])


@dataclass(frozen=True, eq=False)
class ReportData:
    """The content of a report; `notes` are printed first, `claims` are checked.

    With `each` every run is a model of its own, else runs that differ in their seed only are one.
    """

    title: str
    question: str
    choices: tuple[str, ...]
    claims: tuple[Claim, ...]
    is_quick: bool
    runs: tuple[ReportRun, ...]
    notes: tuple[str, ...] = ()
    each: bool = False

    @property
    def dataset(self) -> str:
        """Return the dataset of all runs."""
        return self.runs[0].config.data.name

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Return the seeds of the runs, ascending."""
        return tuple(sorted({run.config.seed for run in self.runs}))

    def of_seed(self, seed: int) -> ReportData:
        """Return the part of the report that is on the runs of one seed."""
        return dataclasses.replace(self, runs=tuple(run for run in self.runs if run.config.seed == seed))

    def select(
        self, kind: Kind | None = None, latent: int | None = None, beta: float | None = None
    ) -> list[ReportRun]:
        """Return the runs of a kind, latent size and β, where these are given."""
        return [
            run
            for run in self.runs
            if kind in (None, run.config.model.kind)
            and latent in (None, run.latent)
            and beta in (None, run.beta)
        ]

    @cached_property
    def models(self) -> tuple[ReportModel, ...]:
        """Return the models, in the order of the runs."""
        by_path = {run.run.path: run for run in self.runs}
        groups = model_groups([run.run for run in self.runs], each=self.each)
        return tuple(ReportModel(group, tuple(by_path[run.path] for run in group.runs)) for group in groups)

    @property
    def shown(self) -> tuple[ReportRun, ...]:
        """Return one run a model, that of the lowest seed: its images and codes are shown."""
        return tuple(model.first for model in self.models)

    @property
    def has_seeds(self) -> bool:
        """Return whether a model has several seeds."""
        return any(len(model.runs) > 1 for model in self.models)

    @cached_property
    def rankings(self) -> list[RunRanking]:
        """Rank VAEs and autoencoders among those of one protocol; the seeds of a model are one entry."""
        group = ranking.comparable_groups if self.each else ranking.comparable_models
        groups = group([run.run for run in self.runs])
        return [ranked for group in groups for ranked in ranking.rank_runs(group)]

    def of(self, entry: ComparedRun) -> ReportRun:
        """Return the run of an entry of a ranking, of several seeds the first."""
        return next(run for run in self.runs if run.run.path == entry.path)

    @cached_property
    def chosen(self) -> list[ReportRun]:
        """Return the runs that validation chooses, one per ranking."""
        return [self.of(ranked.choice.entry) for ranked in self.rankings if ranked.choice.entry]

    @property
    def families(self) -> list[list[ReportModel]]:
        """Group the models by likelihood and binarization, whose figures never share an axis."""
        families: dict[tuple[str, str], list[ReportModel]] = {}
        for model in self.models:
            config = model.first.config
            families.setdefault((config.objective.likelihood, config.data.binarize), []).append(model)
        return list(families.values())

    @cached_property
    def featured(self) -> list[ReportRun]:
        """Return the runs with figures of their own, one a model: all if they are few.

        Else the chosen runs, and of each kind and β the smallest and the largest.
        """
        if len(self.shown) <= MOST_FEATURED:
            return list(self.shown)
        featured = [*self.chosen]
        for members in by_beta(self.models).values():
            if len({model.latent for model in members}) > 1:
                featured += [members[0].first, members[-1].first]
            elif not any(model.first in featured for model in members):
                featured.append(members[0].first)
        kept = list(dict.fromkeys(featured))[:MOST_FEATURED]
        return [run for run in self.shown if run in kept]


def by_beta(models: Sequence[ReportModel]) -> dict[float | None, list[ReportModel]]:
    """Group models by β; that of autoencoders is None."""
    groups: dict[float | None, list[ReportModel]] = {}
    for model in models:
        groups.setdefault(model.beta, []).append(model)
    return groups


def load_runs(runs: Sequence[Run], data: Path, *, each: bool = False) -> tuple[ReportRun, ...]:
    """Load the models and codes of `runs`, which share a dataset, whose test images are in the folder `data`.

    With `each` every run has a label of its own. Raises `Problem` if a model or the images cannot be read.
    """
    ordered = sorted(runs, key=_order)
    dataset = ordered[0].config.data.name
    original = ImageSet(dataset, load_test(dataset, data))
    images: dict[bool, tuple[ImageSet, Floats]] = {}
    loaded = []
    groups = model_groups(ordered, each=each)
    texts = labels([group.first.config for group in groups], TELLING_ROWS if each else FAMILY_ROWS)
    label_of = {run.path: text for group, text in zip(groups, texts, strict=True) for run in group.runs}
    for run in ordered:
        is_binarised = run.config.data.binarize != "none"
        if is_binarised not in images:
            shown = original.binarised() if is_binarised else original
            images[is_binarised] = (shown, shown.pixels(list(range(len(shown)))))
        loaded.append(_load_run(run, label_of[run.path], *images[is_binarised]))
    return tuple(loaded)


def _load_run(run: Run, label: str, shown: ImageSet, pixels: Floats) -> ReportRun:
    model = registry.load_model(run.path, run.config)
    codes = load_test_codes(run.results, model, lambda: shown.images)
    if codes is None or not np.array_equal(codes.labels, shown.images.labels):  # of other images
        posterior = model.encode(pixels)
        codes = Codes(posterior.mean, shown.images.labels, posterior.log_var)
    if run.evaluation is None:
        raise Problem(
            f"{clean(run.name)} has no test figures: `{command_on('evaluate', [run.path])}` makes them"
        )
    return ReportRun(run, label, model, codes, pixels, run.evaluation)


def _order(run: Run) -> tuple[bool, int, float, float, int, int, str]:
    config, optimiser = run.config, run.config.optimiser
    size = (config.model.is_vae, config.model.latent, config.objective.beta)
    return (*size, -optimiser.lr, optimiser.batch_size, config.seed, run.name)


def model_groups(runs: Sequence[Run], *, each: bool) -> list[SeedGroup]:
    """Return the models of `runs`; with `each` every run is one."""
    return [SeedGroup((run,)) for run in runs] if each else seed_groups(runs)


def labels(configs: Sequence[Config], settings: Sequence[Setting] = FAMILY_ROWS) -> list[str]:
    """Return a label for each, such as "VAE z = 10, β = 4": its latent size, and all in which they differ."""
    by_option = {row.option: row for row in STORED}
    kinds = differences(configs, [by_option["kind"]])
    rows = differing_rows(configs, [by_option["beta"], *settings, by_option["epochs"]])
    rows = [by_option["latent"], *(row for row in rows if row is not by_option["latent"])]
    texts = [", ".join(filter(None, (row.spelled(config) for row in rows))) for config in configs]
    found = [" ".join([*kind, text]) for kind, text in zip(kinds, texts, strict=True)]
    return [
        text if found.count(text) == 1 else f"{text} ({1 + found[:place].count(text)})"
        for place, text in enumerate(found)
    ]
