"""Training curves: the quantities that are plotted over epochs, and the rate of every latent dimension."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from trainer.contract.config import Config
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.metrics import Epoch, Figures
from vaetui.arrays import Floats
from vaetui.format import checkpoint_name, dimension_name, fixed
from vaetui.render.pixels import thumbnail
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup, seeds_words
from vaetui.settings import FAMILY_ROWS, OBJECTIVE, ROWS, differences

MOST = 8  # runs in one chart
TOTAL, DISTORTION, RATE, BOUND, KL, ACTIVE = "total", "distortion", "rate", "−ELBO", "KL", "active"
_CACHED = 200  # curves

Points = tuple[tuple[float, ...], tuple[float, ...]]  # epochs, values
Band = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]  # epochs, means, standard deviations


@dataclass(frozen=True)
class Quantity:
    """One quantity of a chart: its title for some configurations, its unit, and its value at an epoch.

    `value` takes the epoch, the metrics of one split, and β.
    """

    title: Callable[[Sequence[Config]], str]
    unit: str
    value: Callable[[Epoch, Figures, float], float]
    of_vaes_only: bool = False
    has_splits: bool = True
    digits: int = 1

    def is_missing(self, run: Run) -> bool:
        """Return whether `run` is an autoencoder, which has no such quantity."""
        return self.of_vaes_only and not run.config.model.is_vae


def _total(configs: Sequence[Config]) -> str:
    betas = {config.objective.beta for config in configs if config.model.is_vae}
    if not betas:
        return "total = distortion"
    beta, *others = betas
    weighted = "β·rate" if others else "rate = −ELBO" if beta == 1 else f"{beta:g}·rate"
    return " · ".join([f"total = distortion + {weighted}", *_trained_by(configs)])


def _trained_by(configs: Sequence[Config]) -> list[str]:
    """Return what else the objective of all VAEs has: a schedule of β, free bits, or another bound."""
    rows = [row for row in ROWS if row.panel == OBJECTIVE and row.is_of_vaes and row.hides_default]
    tags = [{row.tag(config) for config in configs if config.model.is_vae} for row in rows]
    return [tag for (tag, *others) in map(sorted, tags) if tag and not others]


def _distortion(configs: Sequence[Config]) -> str:
    likelihoods = {LIKELIHOODS[config.objective.likelihood] for config in configs}
    if len(likelihoods) > 1:
        return "distortion"
    name = next((likelihood.distortion for likelihood in likelihoods if likelihood.note), "")
    return f"distortion: {name}" if name else "distortion −E log p(x|z)"


_NATS = "nats per image"
QUANTITIES: dict[str, Quantity] = {
    TOTAL: Quantity(_total, _NATS, lambda _, m, beta: m.distortion + beta * m.rate),
    DISTORTION: Quantity(_distortion, _NATS, lambda _, m, __: m.distortion),
    RATE: Quantity(lambda _: "rate KL(q(z|x) ‖ p(z))", _NATS, lambda _, m, __: m.rate, True),
    BOUND: Quantity(
        lambda _: "−ELBO = distortion + rate", _NATS, lambda _, m, __: m.distortion + m.rate, True
    ),
    ACTIVE: Quantity(
        lambda _: "active units",
        "dimensions",
        lambda e, _, __: e.active_units,
        has_splits=False,
        digits=0,
    ),
}


@dataclass(frozen=True, eq=False)
class PlottedRuns:
    """The models of a chart, that of the selected run first, with names that tell them apart.

    `runs` has one run of each, the selected one first; a marked seed of the selected model is a model of its
    own, so that seeds can be told apart. `places` are those among the marked runs, `MOST` for one that is not
    marked; `left_out` counts marked runs for which there is no room.
    """

    runs: tuple[Run, ...]
    models: tuple[SeedGroup, ...]
    names: tuple[str, ...]
    places: tuple[int, ...]
    left_out: int

    @property
    def is_single(self) -> bool:
        """Return whether there is the selected model only."""
        return len(self.runs) == 1

    @property
    def epochs(self) -> tuple[int, int] | None:
        """Return the first and the last epoch of all, None before there is one."""
        every = [run.epochs for model in self.models for run in model.runs if run.epochs]
        return (min(e[0].epoch for e in every), max(e[-1].epoch for e in every)) if every else None

    @property
    def has_vae(self) -> bool:
        """Return whether any of the runs has a rate."""
        return any(run.config.model.is_vae for run in self.runs)

    @property
    def has_validation(self) -> bool:
        """Return whether any of the runs has validation metrics."""
        return any(run.epochs and run.epochs[-1].val for model in self.models for run in model.runs)

    @property
    def seeds_note(self) -> str:
        """Return what curves of several seeds are, "" without any."""
        counts = {len(model.runs) for model in self.models if not model.is_single}
        number = f"{max(counts)} " if len(counts) == 1 else ""
        return f"mean ± standard deviation of {number}seeds" if counts else ""

    def warning(self, name: str) -> str:
        """Return why the values of quantity `name` are not comparable between the runs, "" if they are."""
        if len({(run.config.data.name, run.config.data.binarize) for run in self.runs}) > 1:
            return "different images: not comparable"
        if name != RATE and len({run.config.objective.likelihood for run in self.runs}) > 1:
            return "different losses: not comparable"
        betas = {run.config.objective.beta if run.config.model.is_vae else None for run in self.runs}
        return "β differs: compare −ELBO" if name == TOTAL and len(betas) > 1 else ""


def plotted(
    selected: Run, marked: Sequence[Run], groups: Mapping[Path, SeedGroup] = MappingProxyType({})
) -> PlottedRuns:
    """Return the model of the selected run with the marked ones, `MOST` in all; `groups` has their seeds."""

    def group_of(run: Run) -> SeedGroup:
        return groups.get(run.path) or SeedGroup((run,))

    own = group_of(selected)
    models: dict[tuple[Path, ...], tuple[Run, SeedGroup]] = {own.paths: (selected, own)}
    for run in marked:
        # A marked seed of the selected model is drawn by itself, so that seeds can be told apart.
        model = SeedGroup((run,)) if run.path in own.paths else group_of(run)
        models.setdefault(model.paths, (run, model))
    shown = list(models.values())[:MOST]
    numbers = {run.path: min(place, MOST) for place, run in enumerate(marked)}
    return PlottedRuns(
        runs=tuple(run for run, _ in shown),
        models=tuple(model for _, model in shown),
        names=distinct_names([model for _, model in shown]),
        places=tuple(
            MOST if model is own and not own.is_single else numbers.get(run.path, MOST)
            for run, model in shown
        ),
        left_out=len(models) - len(shown),
    )


def distinct_names(models: Sequence[SeedGroup]) -> tuple[str, ...]:
    """Name each by latent size, β and the settings that differ; by its directory where that is not enough."""
    configs = [model.first.config for model in models]
    others = differences(configs, FAMILY_ROWS)
    has_others = len({model.seeds for model in models}) > 1  # seeds
    names = [
        " ".join([_cell(config), *tags, *([seeds_words(model.seeds)] if has_others else [])])
        for config, tags, model in zip(configs, others, models, strict=True)
    ]
    return tuple(
        model.name if names.count(name) > 1 else name for model, name in zip(models, names, strict=True)
    )


def _cell(config: Config) -> str:
    return checkpoint_name(config.model.latent, config.objective.beta if config.model.is_vae else None)


class CurveCache:
    """The points of curves, computed once for each set of epochs."""

    def __init__(self) -> None:
        self._cached: dict[tuple[Path, str, str], tuple[tuple[Epoch, ...], Points]] = {}
        self._bands: dict[tuple[tuple[Path, ...], str, str], tuple[tuple[Points, ...], Band]] = {}

    def band(self, model: SeedGroup, name: str, split: str) -> Band:
        """Return the epochs that all seeds with figures have, the mean of quantity `name`, its deviation.

        The deviation is () for a single seed.
        """
        every = tuple(self.points(run, name, split) for run in model.runs if run.epochs)
        key = (tuple(run.path for run in model.runs), name, split)
        seen, band = self._bands.get(key, ((), ((), (), ())))
        if len(seen) != len(every) or any(one is not other for one, other in zip(seen, every, strict=True)):
            band = _band(every)
            self._bands[key] = every, band
            while len(self._bands) > _CACHED:
                del self._bands[next(iter(self._bands))]
        return band

    def points(self, run: Run, name: str, split: str) -> Points:
        """Return the epochs of `split` and the values of quantity `name` there, some perhaps not finite."""
        key = (run.path, name, split)
        epochs, points = self._cached.get(key, ((), ((), ())))
        if epochs is not run.epochs:
            points = _points(run, QUANTITIES[name], split)
            self._cached[key] = run.epochs, points
            while len(self._cached) > _CACHED:
                del self._cached[next(iter(self._cached))]
        return points


def _band(every: Sequence[Points]) -> Band:
    """Return the mean and standard deviation of curves at the epochs that all have."""
    if len(every) < 2:
        return (*every[0], ()) if every else ((), (), ())
    tables = [dict(zip(*points, strict=True)) for points in every]
    epochs = tuple(epoch for epoch in every[0][0] if all(epoch in table for table in tables))
    values = np.array([[table[epoch] for epoch in epochs] for table in tables])  # (seeds, epochs)
    with np.errstate(invalid="ignore", over="ignore"):  # a training may have diverged
        return epochs, tuple(values.mean(0).tolist()), tuple(values.std(0, ddof=1).tolist())


def _points(run: Run, quantity: Quantity, split: str) -> Points:
    beta = run.config.objective.beta
    metrics = [(epoch, epoch.val if split == "validation" else epoch.train) for epoch in run.epochs]
    values = [(float(e.epoch), quantity.value(e, m, beta)) for e, m in metrics if m is not None]
    return tuple(x for x, _ in values), tuple(y for _, y in values)


@dataclass(frozen=True, eq=False)
class Rates:
    """Nats `(latent, epochs)`, the dimension with the largest rate in the end first; `dims` from 0.

    What is missing or not finite is NaN.
    """

    values: Floats
    dims: tuple[int, ...]
    epochs: tuple[int, ...]

    @property
    def most(self) -> float:
        """Return the highest rate, 1 where all are 0."""
        return float(np.fmax.reduce(self.values, axis=None, initial=0.0)) or 1.0

    def text(self, epoch: int, width: int) -> str:
        """Write the sum at `epoch` and the largest rates, as many as `width` columns have room for.

        Beyond the last epoch these are the last ones, and their epoch is said.
        """
        last = self.epochs[-1]
        place = len(self.epochs) - 1 if epoch > last else _index(self.epochs, epoch)
        if place is None or not np.isfinite(self.values[:, place]).all():
            return f"no figures at epoch {min(epoch, last)}"
        values = self.values[:, place]
        text = f"sum {values.sum():.1f} nats" + (f" at epoch {last}" if epoch > last else "")
        for number in np.argsort(-values, kind="stable").tolist():
            more = f"  {dimension_name(self.dims[number] + 1)} {fixed(float(values[number]))}"
            if len(text + more) > width:
                break
            text += more
        return text

    def pixels(self, wanted: list[int], lines: int) -> Floats:
        """Return 0…1 for epochs `wanted`, `(2 · lines, wanted)`, NaN for those without figures.

        A dimension has whole lines where that fits, else a pixel is the mean of several.
        """
        places = [_index(self.epochs, epoch) for epoch in wanted]
        picture = self.values[:, [place or 0 for place in places]] / np.float32(self.most)
        picture[:, [place is None for place in places]] = np.nan
        if len(self.dims) <= lines:
            return np.repeat(picture, 2 * (lines // len(self.dims)), axis=0)
        is_known = np.isfinite(picture)
        known = thumbnail(is_known.astype(np.float32), 2 * lines, len(wanted))
        sums = thumbnail(np.where(is_known, picture, np.float32(0)), 2 * lines, len(wanted))
        return np.divide(sums, known, out=np.full_like(sums, np.nan), where=known > 0)


def _index(epochs: Sequence[int], epoch: int) -> int | None:
    """Return the place of `epoch` in ascending `epochs`, None where it is missing."""
    place = bisect_left(epochs, epoch)
    return place if place < len(epochs) and epochs[place] == epoch else None


def rates(epochs: tuple[Epoch, ...]) -> Rates:
    """Return the rates of a VAE with at least one epoch."""
    latent = len(epochs[-1].kl_per_dim)
    missing = (float("nan"),) * latent
    rows = [epoch.kl_per_dim if len(epoch.kl_per_dim) == latent else missing for epoch in epochs]
    values = np.array(rows, np.float32).T
    values[~np.isfinite(values)] = np.nan
    order = np.argsort(-values[:, -1], kind="stable")
    return Rates(values[order], tuple(order.tolist()), tuple(epoch.epoch for epoch in epochs))
