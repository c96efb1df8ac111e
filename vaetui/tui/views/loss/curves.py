"""The curves of one run or several: which figures, of which runs, in which colours and under which names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.config import Config
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.metrics import Epoch, Figures
from vaetui.render.cells import Colour
from vaetui.runs.families import FamilyKey, family_key
from vaetui.runs.run_watcher import Run
from vaetui.settings import LOSS_OF
from vaetui.tui.screen.theme import ACCENT, BACKGROUND, CLASS_COLOURS, DIM
from vaetui.tui.state.chart_settings import Split
from vaetui.tui.widgets.charts import Curve

MOST = 8  # runs in one chart
TOTAL, DISTORTION, RATE, BOUND, KL, ACTIVE = "total", "distortion", "rate", "−ELBO", "KL", "active"
# Colours of marked runs: no two alike for any colour vision, nor like the accent of one that is not marked.
_COLOURS = tuple(CLASS_COLOURS[number] for number in (5, 3, 7, 1, 9, 8, 6, 2))
_LETTERS = "12345678"  # for them where colours are few
_KEPT = 200  # curves


@dataclass(frozen=True)
class Quantity:
    """What a chart shows: its title for configurations, its unit, and its value at an epoch.

    `value` is of the epoch, the figures of one split and β.
    """

    title: Callable[[Sequence[Config]], str]
    unit: str
    value: Callable[[Epoch, Figures, float], float]
    of_vaes_only: bool = False
    has_splits: bool = True
    digits: int = 1


def _total(configs: Sequence[Config]) -> str:
    betas = {config.objective.beta for config in configs if config.model.is_vae}
    if not betas:
        return "total = distortion"
    if len(betas) > 1:
        return "total = distortion + β·rate"
    (beta,) = betas
    return "total = distortion + rate = −ELBO" if beta == 1 else f"total = distortion + {beta:g}·rate"


def _distortion(configs: Sequence[Config]) -> str:
    likelihoods = {LIKELIHOODS[config.objective.likelihood] for config in configs}
    if len(likelihoods) > 1:
        return "distortion"
    name = next((likelihood.distortion for likelihood in likelihoods if likelihood.note), "")
    return f"distortion: {name}" if name else "distortion −E log p(x|z)"


NATS = "nats per image"
QUANTITIES: dict[str, Quantity] = {
    TOTAL: Quantity(_total, NATS, lambda _, figures, beta: figures.distortion + beta * figures.rate),
    DISTORTION: Quantity(_distortion, NATS, lambda _, figures, __: figures.distortion),
    RATE: Quantity(lambda _: "rate KL(q(z|x) ‖ p(z))", NATS, lambda _, figures, __: figures.rate, True),
    BOUND: Quantity(
        lambda _: "−ELBO = distortion + rate",
        NATS,
        lambda _, figures, __: figures.distortion + figures.rate,
        True,
    ),
    ACTIVE: Quantity(
        lambda _: "active units",
        "dimensions",
        lambda epoch, _, __: epoch.active_units,
        has_splits=False,
        digits=0,
    ),
}


@dataclass(frozen=True)
class Line:
    """One entry of a legend and its curves, validation before training; without any, `lack` says why."""

    name: str
    curves: tuple[Curve, ...]
    lack: str = ""
    is_selected: bool = False


@dataclass(frozen=True, eq=False)
class Overlay:
    """The runs of the charts, the selected one first, with names that tell them apart and colours.

    `left_out` counts marked runs for which there is no room.
    """

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    left_out: int

    @property
    def is_alone(self) -> bool:
        """Whether there is the selected run only."""
        return len(self.runs) == 1

    @property
    def epochs(self) -> tuple[int, int] | None:
        """The first and the last epoch of all, None before there is one."""
        there = [run.epochs for run in self.runs if run.epochs]
        return (min(e[0].epoch for e in there), max(e[-1].epoch for e in there)) if there else None

    @property
    def has_vae(self) -> bool:
        """Whether any of the runs has a rate."""
        return any(run.config.model.is_vae for run in self.runs)

    @property
    def has_validation(self) -> bool:
        """Whether any of the runs is measured on images held out."""
        return any(run.epochs and run.epochs[-1].val for run in self.runs)

    def warning(self, name: str) -> str:
        """Why the values of chart `name` cannot be compared between the runs, "" if they can."""
        if len({(run.config.data.name, run.config.data.binarize) for run in self.runs}) > 1:
            return "other images: not comparable"
        if name != RATE and len({run.config.objective.likelihood for run in self.runs}) > 1:
            return "other losses: not comparable"
        if name == TOTAL and len({_weight(run.config) for run in self.runs}) > 1:
            return "β differs: compare −ELBO"
        return ""


def _weight(config: Config) -> float | None:
    return config.objective.beta if config.model.is_vae else None


def overlay(selected: Run, marked: Sequence[Run]) -> Overlay:
    """The selected run with the marked ones, as many as there are colours for."""
    paths = [run.path for run in marked]
    others = [run for run in marked if run.path != selected.path]
    runs = (selected, *others[: MOST - 1])
    places = [paths.index(run.path) if run.path in paths else MOST for run in runs]
    colours = tuple(_COLOURS[place] if place < MOST else ACCENT for place in places)
    return Overlay(runs, names(runs), colours, len(others) + 1 - len(runs))


# What is told of runs that differ in more than latent size and β, as far as they differ in it.
_TELLING: tuple[Callable[[FamilyKey], str], ...] = (
    lambda kin: kin.dataset,
    lambda kin: LOSS_OF[kin.likelihood],
    lambda kin: "×".join(map(str, kin.hidden)),
    lambda kin: f"s{kin.seed}",
    lambda kin: f"lr{kin.lr:g}",
    lambda kin: f"b{kin.batch_size}",
    lambda kin: kin.optimiser,
    lambda kin: f"w{kin.beta_warmup}",
    lambda kin: kin.binarize,
    lambda kin: kin.keep,
)


def names(runs: Sequence[Run]) -> tuple[str, ...]:
    """A name for each: latent size, β, in what else they differ; its folder's name if that is not enough."""
    kins = [family_key(run) for run in runs]
    parts = [[_cell(run.config)] for run in runs]
    for tell in _TELLING:
        told = [tell(kin) for kin in kins]
        if len(set(told)) > 1:
            for part, text in zip(parts, told, strict=True):
                part.append(text)
    found = [" ".join(part) for part in parts]
    return tuple(run.name if found.count(name) > 1 else name for run, name in zip(runs, found, strict=True))


def _cell(config: Config) -> str:
    return f"z{config.model.latent} " + (f"β{config.objective.beta:g}" if config.model.is_vae else "AE")


def faded(colour: Colour) -> Colour:
    """Half of a colour, for training beside validation."""
    red, green, blue = (round(0.5 * part + 0.5 * back) for part, back in zip(colour, BACKGROUND, strict=True))
    return red, green, blue


Points = tuple[tuple[float, ...], tuple[float, ...]]


class Courses:
    """The points of curves, made once for each set of epochs."""

    def __init__(self) -> None:
        self._made: dict[tuple[Path, str, str], tuple[tuple[Epoch, ...], Points]] = {}

    def points(self, run: Run, name: str, split: str) -> Points:
        """Epochs and the values of quantity `name` there; what is not finite is left out by the chart."""
        key = (run.path, name, split)
        epochs, points = self._made.get(key, ((), ((), ())))
        if epochs is not run.epochs:
            points = _points(run, QUANTITIES[name], split)
            self._made[key] = run.epochs, points
            while len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
        return points


def _points(run: Run, quantity: Quantity, split: str) -> Points:
    beta = run.config.objective.beta
    of = [(epoch, epoch.val if split == "validation" else epoch.train) for epoch in run.epochs]
    found = [(float(e.epoch), quantity.value(e, figures, beta)) for e, figures in of if figures is not None]
    return tuple(x for x, _ in found), tuple(y for _, y in found)


def lines(shown: Overlay, name: str, split: Split, courses: Courses, in_letters: bool) -> list[Line]:
    """What `name` has to show of each run, the selected one first; a run alone has a line a split."""
    quantity = QUANTITIES[name]
    if not quantity.has_splits:
        split = "training"  # its value is of the epoch, whatever the split
    if shown.is_alone and quantity.has_splits:
        return _lines_alone(shown.runs[0], name, split, courses, in_letters)
    found = []
    for place, (run, label, colour) in enumerate(zip(shown.runs, shown.names, shown.colours, strict=True)):
        letter = _LETTERS[place] if in_letters else ""
        curves = []
        for of in ("validation", "training") if split == "both" else (split,):
            is_faded = split == "both" and of == "training"
            ink = faded(colour) if is_faded else colour
            curve = Curve(label, ink, *courses.points(run, name, of), "·" if is_faded and letter else letter)
            curves += [curve] if curve.xs else []
        lack = _lack(run, quantity, split) if not curves or _has_none(run, quantity) else ""
        found.append(Line(label, () if lack else tuple(curves), lack, place == 0))
    return found


def _lines_alone(run: Run, name: str, split: Split, courses: Courses, in_letters: bool) -> list[Line]:
    if _has_none(run, QUANTITIES[name]):
        return []
    wanted = {"training": (DIM, "·"), "validation": (ACCENT, "*")}
    found = []
    for of, (colour, letter) in wanted.items():
        curve = Curve(of, colour, *courses.points(run, name, of), letter if in_letters else "")
        if of == split or split == "both":
            found += [Line(of, (curve,))] if curve.xs else []
    return found


def _has_none(run: Run, quantity: Quantity) -> bool:
    return quantity.of_vaes_only and not run.config.model.is_vae


def _lack(run: Run, quantity: Quantity, split: Split) -> str:
    if _has_none(run, quantity):
        return "has none"
    return "no figures yet" if not run.epochs else f"no {split}"
