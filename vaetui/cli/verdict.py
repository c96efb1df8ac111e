"""The tables of `vaetui evaluate`: figures, what a classifier makes of the images, classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from trainer.contract.evaluation import Evaluation, Quality, SampleStatistics
from vaetui.cli.table import Column, nats, table
from vaetui.runs.run_watcher import Run

Measured = tuple[Run, Evaluation]

ERRORS = "MSE per pixel: draw is at one posterior draw, mean at the posterior mean"
MARGINAL = "± is the standard error over images, effective how many of the draws carry the weight"
QUALITY = (
    "right: reconstructions taken for their class; 4↔9: fours taken for nines and nines for fours; entropy "
    "of the classes that are drawn, in nats: 2.303 is all alike"
)


def tables(measured: Sequence[Measured], width: int) -> Iterator[Table]:
    """Of runs of one protocol: a row a run; how images look, where asked; the classes of a single run."""
    yield figures(measured, width)
    looked_at = [(run, one.quality) for run, one in measured if one.quality is not None]
    if looked_at:
        yield looks(looked_at, width)
    if len(measured) == 1:
        yield classes(measured[0][1], width)


def protocols(evaluations: Sequence[Evaluation]) -> list[str]:
    """How MSE, −log p(x) and quality were measured, each way once, and what their columns are."""
    errors = [ERRORS for one in evaluations if one.posterior_draws and one.mse_posterior_mean is not None]
    marginals = [f"{one.marginal.protocol}; {MARGINAL}" for one in evaluations if one.marginal]
    qualities = [f"{one.quality.protocol}; {QUALITY}" for one in evaluations if one.quality]
    return list(dict.fromkeys(errors + marginals + qualities))


def figures(measured: Sequence[Measured], width: int) -> Table:
    """−ELBO = distortion + rate, nats per image; an autoencoder has its distortion alone."""
    runs, found = [run for run, _ in measured], [one for _, one in measured]
    bounds = [one.figures if run.config.model.is_vae else None for run, one in measured]
    marginals = [one.marginal for one in found]
    active = [
        f"{one.active_units}/{run.config.model.latent}" if bound else ""
        for (run, one), bound in zip(measured, bounds, strict=True)
    ]
    columns = [
        Column("run", [run.name for run in runs], left=True, shrinks=True),
        Column("−ELBO", [nats(-one.elbo) if one else "" for one in bounds]),
        Column("= distortion", [nats(one.figures.distortion) for one in found], drop=1),
        Column("+ rate", [nats(one.rate) if one else "" for one in bounds], drop=1),
        Column("−log p(x)", [nats(one.nats) if one else "" for one in marginals]),
        Column("±", [f"{one.standard_error:.2f}" if one else "" for one in marginals], drop=2),
        Column("draws", [str(one.samples) if one else "" for one in marginals], drop=4),
        Column("effective", [f"{one.effective_samples:.1f}" if one else "" for one in marginals], drop=3),
        Column("active", active, drop=5),
        Column("MSE", [_error(one, drawn=False) for one in found], drop=6),
        Column("MSE draw", [_error(one, drawn=True) for one in found], drop=7),
        Column("MSE mean", [_error_at_mean(one) for one in found], drop=6),
    ]
    return table(columns, width)


def _error(evaluation: Evaluation, *, drawn: bool) -> str:
    """The squared error if it was measured at a posterior draw, or if not, as `drawn` says."""
    return f"{evaluation.figures.mse:.4f}" if bool(evaluation.posterior_draws) == drawn else ""


def _error_at_mean(evaluation: Evaluation) -> str:
    """The squared error at the posterior mean, nothing where there is no posterior or it is not known."""
    return _or_nothing(evaluation.mse_posterior_mean) if evaluation.posterior_draws else ""


def looks(looked_at: Sequence[tuple[Run, Quality]], width: int) -> Table:
    """A row for each set of images of each run."""
    rows = [row for run, quality in looked_at for row in _rows(run, quality)]
    texts = [list(column) for column in zip(*rows, strict=True)]
    heads = ("run", "images", "right", "4↔9", "confidence", "entropy", "Fréchet")
    drops = (0, 0, 0, 3, 1, 2, 0)
    return table(
        [
            Column(head, cells, drop, left=head in ("run", "images"), shrinks=head == "run")
            for head, cells, drop in zip(heads, texts, drops, strict=True)
        ],
        width,
    )


def _rows(run: Run, quality: Quality) -> Iterator[tuple[str, ...]]:
    share, confused = f"{quality.accuracy:.1%}", str(quality.confused(4, 9))
    yield run.name, "reconstructed", share, confused, *_look(quality.reconstructions)
    yield "", "prior draws", "", "", *_look(quality.prior)
    if quality.around is not None:
        yield "", "around data", "", "", *_look(quality.around)


def _look(look: SampleStatistics) -> tuple[str, str, str]:
    return f"{look.confidence:.3f}", f"{look.class_entropy:.3f}", f"{look.frechet:.1f}"


def classes(evaluation: Evaluation, width: int) -> Table:
    """A row a class: what its images cost, and how its reconstructions are taken."""
    names = list(evaluation.per_class_distortion)
    error = "MSE draw" if evaluation.posterior_draws else "MSE"
    columns = [
        Column("class", names),
        Column("distortion", [nats(value) for value in evaluation.per_class_distortion.values()]),
        Column(error, [_or_nothing(evaluation.per_class_mse.get(name)) for name in names]),
    ]
    quality = evaluation.quality
    if quality is not None and all(name in map(str, range(len(quality.confusion))) for name in names):
        rows = [quality.confusion[int(name)] for name in names]
        others = [_most_taken(row, int(name)) for row, name in zip(rows, names, strict=True)]
        right = [row[int(name)] / max(1, sum(row)) for row, name in zip(rows, names, strict=True)]
        columns.append(Column("right", [f"{share:.1%}" for share in right], drop=1))
        columns.append(Column("else most often", others, drop=2))
    return table(columns, width)


def _or_nothing(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _most_taken(row: Sequence[int], own: int) -> str:
    """The class that reconstructions of class `own` are wrongly taken for most often, and how often."""
    wrong = [0 if taken == own else count for taken, count in enumerate(row)]
    return f"{wrong.index(max(wrong))} ({max(wrong)}×)" if any(wrong) else ""
