"""The tables of `vaetui evaluate`: figures, classified images, classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from trainer.contract.evaluation import Evaluation, Marginal, Quality
from trainer.contract.marginal_methods import CONVERGED, MARGINAL_METHODS
from vaetui.cli.table import Column, table
from vaetui.format import fixed, fixed_or
from vaetui.runs import information
from vaetui.runs.quality_rows import LEGEND, Row, by_feature_network, floor_rows, model_rows
from vaetui.runs.run_watcher import Run

Measured = tuple[Run, Evaluation]

ERRORS = "MSE per pixel: draw is at a posterior draw, mean at the posterior mean"
DRAWS = "± draws: standard error over {} posterior draws, of distortion and −ELBO, and of MSE draw"
MARGINAL = "±: standard error over images"
EFFECTIVE = "effective: effective number of {} per image, {}"
QUALITY = (
    "right: reconstructions classified as their class; 4↔9: fours classified as nines and nines as fours; "
    f"entropy of the classes of samples, in nats: at most 2.303, all alike; {LEGEND}"
)


def tables(measured: Sequence[Measured], width: int) -> Iterator[Table]:
    """Yield the tables of runs of one protocol: figures, classified images, the classes of a single run.

    Distances in the features of different networks never share a column.
    """
    yield figures(measured, width)
    classified = [(run, one.quality) for run, one in measured if one.quality is not None]
    for members in by_feature_network(classified):
        yield qualities(members, width)
    if len(measured) == 1:
        yield classes(measured[0][1], width)


def protocols(evaluations: Sequence[Evaluation]) -> list[str]:
    """Return how MSE, −log p(x) and quality were measured, each protocol once, with legends of columns."""
    errors = [ERRORS for one in evaluations if one.posterior_draws and one.mse_posterior_mean is not None]
    errors += [DRAWS.format(one.posterior_draws) for one in evaluations if one.draws_error]
    marginals = [marginal_protocol(one.marginal) for one in evaluations if one.marginal]
    qualities = [f"{one.quality.protocol}; {QUALITY}" for one in evaluations if one.quality]
    splits = [information.legend(one.information) for one in evaluations if one.information]
    return list(dict.fromkeys(errors + marginals + splits + qualities))


def rate_splits(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield a line for each run whose rate was split: rate = information + marginal KL."""
    for run, one in measured:
        if one.information is not None:
            name = f"{run.name}: " if len(measured) > 1 else ""
            yield f"{name}{information.rate_split(one.information, one.figures.rate)}"


def marginal_protocol(marginal: Marginal) -> str:
    """Return how −log p(x) was measured, what its sign says and how sure it is."""
    parts = [marginal.protocol, MARGINAL_METHODS[marginal.method].about, MARGINAL]
    if marginal.effective_samples is not None:
        quantiles = (
            "5 %, 50 %, 95 % of images: " + ", ".join(fixed(one, 1) for one in marginal.effective_quantiles)
            if marginal.effective_quantiles
            else "a mean over images"
        )
        parts.append(EFFECTIVE.format("chains" if marginal.temperatures else "samples", quantiles))
    if marginal.unconverged is not None:
        parts.append(
            f"not converged: {marginal.unconverged:.1%} of images, where half of the draws change the bound "
            f"by over {CONVERGED:g} nats"
        )
    if marginal.grid_error is not None:
        parts.append(f"two grids differ by at most {fixed(marginal.grid_error, 4)} nats on any image")
    return "; ".join(parts)


def figures(measured: Sequence[Measured], width: int) -> Table:
    """Return −ELBO = distortion + rate in nats per image, a row per run; autoencoders have no rate."""
    runs, found = [run for run, _ in measured], [one for _, one in measured]
    bounds = [one.figures if run.config.model.is_vae else None for run, one in measured]
    marginals = [one.marginal for one in found]
    errors = [one.draws_error for one in found]
    means = [one.mse_posterior_mean if one.posterior_draws else None for one in found]
    samples = [one.figures.mse if one.posterior_draws else None for one in found]
    points = [None if one.posterior_draws else one.figures.mse for one in found]
    active = [
        f"{one.active_units}/{run.config.model.latent}" if run.config.model.is_vae else ""
        for run, one in measured
    ]
    columns = [
        Column("run", [run.name for run in runs], left=True, shrinks=True),
        Column(f"{found[0].split} −ELBO", [fixed(-one.elbo) if one else "" for one in bounds]),
        Column("± draws", [fixed_or(one.distortion if one else None, 3) for one in errors], drop=3),
        Column("= distortion", [fixed(one.figures.distortion) for one in found], drop=1),
        Column("+ rate", [fixed(one.rate) if one else "" for one in bounds], drop=1),
        Column("−log p(x)", [_signed(one) if one else "" for one in marginals]),
        Column("±", [fixed(one.standard_error) if one else "" for one in marginals], drop=2),
        Column("method", [MARGINAL_METHODS[one.method].label if one else "" for one in marginals], drop=3),
        Column("samples", [str(one.samples or "") if one else "" for one in marginals], drop=5),
        Column("effective", [fixed_or(_median(one), 1) for one in marginals], drop=4),
        Column("not converged", [_share(one) for one in marginals], drop=4),
        Column("active", active, drop=5),
        Column("MSE", [fixed_or(mse, 4) for mse in points], drop=6),
        Column("MSE draw", [fixed_or(mse, 4) for mse in samples], drop=7),
        Column("± draws", [fixed_or(one.mse if one else None, 6) for one in errors], drop=8),
        Column("MSE mean", [fixed_or(mse, 4) for mse in means], drop=6),
    ]
    return table(columns, width)


def _signed(marginal: Marginal) -> str:
    return f"{MARGINAL_METHODS[marginal.method].sign} {fixed(marginal.nats)}"


def _median(marginal: Marginal | None) -> float | None:
    """Return the median of the effective samples over images, in files of older versions the mean."""
    if marginal is None:
        return None
    _, median, _ = marginal.effective_quantiles or (None, marginal.effective_samples, None)
    return median


def _share(marginal: Marginal | None) -> str:
    return f"{marginal.unconverged:.1%}" if marginal and marginal.unconverged is not None else ""


def qualities(classified: Sequence[tuple[Run, Quality]], width: int) -> Table:
    """Return a row for each set of images of each run, all in one feature space, and the floor below them."""
    rows: list[tuple[str, str, str, Row]] = []
    for run, quality in classified:
        first, *others = model_rows([quality])
        rows.append((run.name, f"{quality.accuracy:.1%}", str(quality.confused(4, 9)), first))
        rows += [("", "", "", row) for row in others]
    rows += [("", "", "", row) for row in floor_rows([quality.floor for _, quality in classified])]
    names, shares, fours, sets = zip(*rows, strict=True)
    confidences, entropies, distances, precisions, recalls = zip(*(texts for _, texts in sets), strict=True)
    columns = [
        Column("run", names, left=True, shrinks=True),
        Column("images", [name for name, _ in sets], left=True),
        Column("right", shares),
        Column("4↔9", fours, drop=4),
        Column("confidence", confidences, drop=2),
        Column("entropy", entropies, drop=3),
        Column("Fréchet", distances),
        Column("precision", precisions, drop=1),
        Column("recall", recalls, drop=1),
    ]
    return table(columns, width)


def classes(evaluation: Evaluation, width: int) -> Table:
    """Return a row per class: its errors, and how its reconstructions are classified."""
    names = list(evaluation.per_class_distortion)
    error = "MSE draw" if evaluation.posterior_draws else "MSE"
    columns = [
        Column("class", names),
        Column("distortion", [fixed(value) for value in evaluation.per_class_distortion.values()]),
        Column(error, [fixed_or(evaluation.per_class_mse.get(name), 4) for name in names]),
    ]
    quality = evaluation.quality
    if quality is not None and all(name in map(str, range(len(quality.confusion))) for name in names):
        rows = [quality.confusion[int(name)] for name in names]
        others = [_most_confused(row, int(name)) for row, name in zip(rows, names, strict=True)]
        right = [row[int(name)] / max(1, sum(row)) for row, name in zip(rows, names, strict=True)]
        columns.append(Column("right", [f"{share:.1%}" for share in right], drop=1))
        columns.append(Column("else most often", others, drop=2))
    return table(columns, width)


def _most_confused(row: Sequence[int], own: int) -> str:
    """Return the most frequent wrong class of reconstructions of class `own`, and how often."""
    wrong = [0 if label == own else count for label, count in enumerate(row)]
    return f"{wrong.index(max(wrong))} ({max(wrong)}×)" if any(wrong) else ""
