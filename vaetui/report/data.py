"""The data of a report: runs with their models, codes and test figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from trainer.contract.config import Config
from trainer.contract.datasets.registry import load_test
from trainer.contract.evaluation import Evaluation
from trainer.contract.files import Problem, clean
from trainer.contract.images import Images, evaluation_images
from vaetui.arrays import Floats
from vaetui.format import thousands
from vaetui.latent.nearest import finite
from vaetui.latent.pca import Pca, fit_pca
from vaetui.latent.posteriors import Codes, load_test_codes, read_latents
from vaetui.latent.test_images import ImageSet
from vaetui.models import registry
from vaetui.models.autoencoder import Posterior, Vae
from vaetui.recipes import Claim
from vaetui.runs import ranking
from vaetui.runs.compare import ComparedRun, compared_runs
from vaetui.runs.lookup import command_on
from vaetui.runs.ranking import RunRanking
from vaetui.runs.run_watcher import Run
from vaetui.settings import FAMILY_ROWS, PIXEL_TEXTS, STORED, Kind, differences


@dataclass(frozen=True, eq=False)
class ReportRun:
    """A run; `label` is unique in the report, `pixels` `(images, 784)` are its test images."""

    run: Run
    label: str
    vae: Vae
    codes: Codes
    pixels: Floats
    evaluation: Evaluation

    @property
    def config(self) -> Config:
        """The configuration of the run."""
        return self.run.config

    @property
    def is_vae(self) -> bool:
        """Whether it has a posterior."""
        return self.config.model.is_vae

    @property
    def latent(self) -> int:
        """The latent size."""
        return self.config.model.latent

    @property
    def beta(self) -> float | None:
        """The weight of the rate; None for an autoencoder."""
        return self.config.objective.beta if self.is_vae else None

    @property
    def posterior(self) -> Posterior:
        """q(z|x) of the test images."""
        return self.codes.posterior

    @cached_property
    def mean(self) -> Floats:
        """The finite codes `(images, latent)`."""
        return finite(self.codes.mean)

    @cached_property
    def axes(self) -> Pca:
        """The principal axes of the codes."""
        return fit_pca(self.mean)

    @property
    def protocol(self) -> str:
        """The protocol of the test figures, such as "test, 10 000 images, grey levels, …, epoch 20"."""
        (entry,) = compared_runs([self.run])
        return f"{entry.protocol.description}, epoch {self.evaluation.epoch}"

    @property
    def seen(self) -> str:
        """The protocol of measures of the codes."""
        pixels = PIXEL_TEXTS[self.config.data.binarize]
        return f"test, {thousands(len(self.mean))} images, {pixels}, posterior means, epoch {self.vae.epoch}"


@dataclass(frozen=True, eq=False)
class ReportData:
    """The content of a report; `notes` are printed first, `claims` are checked."""

    title: str
    question: str
    choices: tuple[str, ...]
    claims: tuple[Claim, ...]
    is_quick: bool
    dataset: str
    images: Images
    subjects: tuple[ReportRun, ...]
    notes: tuple[str, ...] = ()

    def select(
        self, kind: Kind | None = None, latent: int | None = None, beta: float | None = None
    ) -> list[ReportRun]:
        """Return the runs of a kind, latent size and β, where these are given."""
        return [
            subject
            for subject in self.subjects
            if kind in (None, subject.config.model.kind)
            and latent in (None, subject.latent)
            and beta in (None, subject.beta)
        ]

    @cached_property
    def rankings(self) -> list[RunRanking]:
        """VAEs and autoencoders, ranked among those of one protocol."""
        runs = [subject.run for subject in self.subjects]
        return [one for group in ranking.comparable_groups(runs) for one in ranking.rank_runs(group)]

    def of(self, entry: ComparedRun) -> ReportRun:
        """Return the run of an entry of a ranking."""
        return next(subject for subject in self.subjects if subject.run.path == entry.path)

    @cached_property
    def chosen(self) -> list[ReportRun]:
        """The runs that validation chooses, one per ranking."""
        return [self.of(one.choice.entry) for one in self.rankings if one.choice.entry]

    @property
    def families(self) -> list[list[ReportRun]]:
        """Runs by likelihood and binarization, whose figures never share an axis."""
        found: dict[tuple[str, str], list[ReportRun]] = {}
        for subject in self.subjects:
            key = (subject.config.objective.likelihood, subject.config.data.binarize)
            found.setdefault(key, []).append(subject)
        return list(found.values())

    @cached_property
    def featured(self) -> list[ReportRun]:
        """The runs with figures of their own: all if they are few.

        Else the chosen runs, and of each kind and β the smallest and the largest.
        """
        if len(self.subjects) <= MOST_FEATURED:
            return list(self.subjects)
        groups: dict[tuple[bool, float | None], list[ReportRun]] = {}
        for subject in self.subjects:
            groups.setdefault((subject.is_vae, subject.beta), []).append(subject)
        featured = [*self.chosen]
        for members in groups.values():
            if len({subject.latent for subject in members}) > 1:
                featured += [members[0], members[-1]]
            elif not any(subject in featured for subject in members):
                featured.append(members[0])
        kept = list(dict.fromkeys(featured))[:MOST_FEATURED]
        return [subject for subject in self.subjects if subject in kept]


MOST_FEATURED = 6


def distortions(subject: ReportRun) -> Floats | None:
    """Return the distortion of each test image `(images,)` in nats, None if it was not saved."""
    entry = compared_runs([subject.run])[0]
    if ranking.image_metrics(entry) is None:  # of other weights, or not kept
        return None
    is_vae = entry.beta is not None
    return read_latents(entry.results, entry.latent, entry.protocol.images, is_vae=is_vae).distortion


def load_data(
    runs: Sequence[Run],
    data: Path,
    about: Callable[[Images, tuple[ReportRun, ...]], ReportData],
) -> ReportData:
    """Load `runs`, which are of one data set, and return the data that `about` makes of them.

    Raises `Problem` if a model or the images cannot be read.
    """
    ordered = sorted(runs, key=_order)
    names = dict(zip((run.path for run in ordered), labels([run.config for run in ordered]), strict=True))
    dataset = ordered[0].config.data.name
    grey = load_test(dataset, data)
    judged: dict[str, tuple[ImageSet, Floats]] = {}
    subjects = []
    for run in ordered:
        binarize = run.config.data.binarize
        if binarize not in judged:
            images = evaluation_images(grey, binarize, f"{dataset}/test")
            shown = ImageSet(dataset, images, is_binarised=binarize != "none")
            judged[binarize] = (shown, shown.pixels(list(range(len(shown)))))
        subjects.append(_subject(run, names[run.path], *judged[binarize]))
    return about(grey, tuple(subjects))


def _subject(run: Run, label: str, shown: ImageSet, pixels: Floats) -> ReportRun:
    model = registry.load_model(run.path, run.config)
    codes = load_test_codes(run.results, model, lambda: shown.images)
    if codes is None or not np.array_equal(codes.labels, shown.images.labels):  # of other images
        posterior = model.encode(pixels)
        codes = Codes(posterior.mean, shown.images.labels, posterior.log_var)
    evaluation = run.evaluation
    if evaluation is None:
        raise Problem(
            f"{clean(run.name)} has no test figures: `{command_on('evaluate', [run.path])}` makes them"
        )
    return ReportRun(run, label, model, codes, pixels, evaluation)


def _order(run: Run) -> tuple[bool, int, float, float, int, int, str]:
    config, optimiser = run.config, run.config.optimiser
    size = (config.model.is_vae, config.model.latent, config.objective.beta)
    return (*size, -optimiser.lr, optimiser.batch_size, config.seed, run.name)


def labels(configs: Sequence[Config]) -> list[str]:
    """Return a label for each, such as "VAE z 10 β 4": its latent size, and all in which they differ."""
    by_option = {row.option: row for row in STORED}
    kinds = differences(configs, [by_option["kind"]])
    others = differences(configs, [by_option["beta"], *FAMILY_ROWS, by_option["epochs"]])
    latents = [by_option["latent"].tag(config) for config in configs]
    found = [" ".join([*kind, z, *tags]) for kind, z, tags in zip(kinds, latents, others, strict=True)]
    return [
        text if found.count(text) == 1 else f"{text} ({1 + found[:place].count(text)})"
        for place, text in enumerate(found)
    ]
