"""Tables of a report: settings, test figures with their protocol, classifier figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from trainer.contract.evaluation import Quality
from vaetui.format import interval, name_or_count, signed, thousands
from vaetui.report.data import ReportData, ReportModel, ReportRun
from vaetui.report.document import Block, Table, Text
from vaetui.runs.compare import VALIDATION, ComparedRun, epochs_cell
from vaetui.runs.information import limit_text
from vaetui.runs.intervals import LEVEL
from vaetui.runs.quality_rows import LEGEND, by_feature_network, floor_rows, model_rows
from vaetui.runs.ranking import RunRanking
from vaetui.runs.seeds import Spread, seeds_text
from vaetui.settings import KEPT_WEIGHTS_TEXTS, PIXEL_TEXTS, STORED, losses_text


def settings(report: ReportData) -> Table:
    """Tabulate how every model was trained; some settings only where they are not the default."""
    configs = [model.first.config for model in report.models]
    columns = {
        row.label: [row.shown_text(config, is_always=row.in_report) for config in configs]
        for row in STORED
        if row.in_report or row.hides_default
    }
    columns["epochs"] = [_epochs(model) for model in report.models]
    columns["seed"] = [seeds_text(model.group.seeds) for model in report.models]
    rows = zip((model.group.name for model in report.models), *columns.values(), strict=True)
    pixels = ", ".join(dict.fromkeys(PIXEL_TEXTS[config.data.binarize] for config in configs))
    kept = ", ".join(dict.fromkeys(KEPT_WEIGHTS_TEXTS[config.optimiser.keep] for config in configs))
    losses = losses_text(dict.fromkeys(config.objective.likelihood for config in configs))
    caption = (
        f"All models and how they were trained: {report.dataset}, {pixels}; hidden widths of the encoder, "
        f"which the decoder of an mlp mirrors; loss, summed over pixels, {losses}; {kept}."
    )
    return Table(("run", *columns), tuple(rows), caption).without_empty()


def _epochs(model: ReportModel) -> str:
    """Return the epochs that were trained, and those of the weights if they are others; of every seed."""
    epochs = [(run.vae.epoch, run.run.status.epoch) for run in model.runs]
    texts = [str(trained) if kept == trained else f"{kept} of {trained}" for kept, trained in epochs]
    return ", ".join(dict.fromkeys(texts))


def figures(report: ReportData) -> Iterator[Block]:
    """Yield the test figures of each protocol, with the choice by validation and its reason."""
    for ranking in report.rankings:
        yield _ranking(report, ranking)
        yield Text(_choice(report, ranking))


def _ranking(report: ReportData, ranking: RunRanking) -> Table:
    is_vae = ranking.is_of_vaes
    base, split = report.of(ranking.base), ranking.base.protocol.split
    rows = []
    for entry in ranking.entries:
        run, difference = report.of(entry), ranking.differences.get(entry.path)
        rows.append(
            (
                run.label + (" (chosen)" if entry is ranking.choice.entry else ""),
                str(entry.count) if any(one.members for one in ranking.entries) else "",
                _spread(entry, lambda one: -one.figures.elbo) if is_vae else "",
                f"{signed(difference.mean)} ({interval(difference.low, difference.high)})"
                if difference
                else "",
                _spread(entry, lambda one: one.figures.distortion),
                _spread(entry, lambda one: one.figures.rate) if is_vae else "",
                _spread(entry, lambda one: one.information.information if one.information else None),
                _spread(entry, lambda one: one.information.marginal_kl if one.information else None),
                _spread(entry, lambda one: one.figures.mse, 5),
                _spread(entry, lambda one: one.mse_posterior_mean, 5) if is_vae else "",
                f"{entry.active_text}/{entry.latent}",
                _spread(entry, lambda one: one.validation_metric),
                epochs_cell(entry, ranking.base),
            )
        )
    heads = (
        *("model", "seeds", f"{split} −ELBO", f"worse by ({LEVEL:.0%} interval)", f"{split} distortion"),
        *("rate", "information", "marginal KL"),
        *(("MSE/pixel at a draw", "at the mean") if is_vae else ("MSE/pixel", "")),
        *("active", f"{VALIDATION} {base.loss_name}", "epochs"),
    )
    protocol = " or ".join(dict.fromkeys(entry.protocol.description for entry in ranking.entries))
    caption = (
        f"{'VAEs' if is_vae else 'Autoencoders'} by {base.loss_name} on {protocol}; nats per image, MSE per "
        f"pixel{', at one posterior draw and at the posterior mean' if is_vae else ''}. "
        f"{_differences_note(ranking, base)}{_information_note(ranking)}"
        "Active units are dimensions whose posterior means vary by more than 0.01 over images."
        f"{''.join(f' {note[0].upper()}{note[1:]}.' for note in ranking.epochs_notes)}"
    )
    return Table(heads, tuple(rows), caption).without_empty()


def _spread(entry: ComparedRun, read: Callable[[ComparedRun], float | None], digits: int = 2) -> str:
    """Format a figure of a model: mean ± standard deviation over seeds."""
    found = entry.spread(read)
    return found.text(digits) if found else ""


def _differences_note(ranking: RunRanking, base: ReportRun) -> str:
    """Return how the differences were taken, over seeds or over test images."""
    if not ranking.differences:
        return ""
    over = "over seeds" if ranking.over_seeds else "over the same test images"
    other = " (models of one seed each: over test images only)" if _is_mixed(ranking) else ""
    spread = "Figures are means ± standard deviation over seeds. " if ranking.over_seeds else ""
    return (
        f"{spread}“Worse by” is the mean difference to {base.label}, with its {LEVEL:.0%} interval "
        f"{over}{other}. "
    )


def _information_note(ranking: RunRanking) -> str:
    """Return what the two parts of the rate are, "" where they were not measured."""
    members = [member for entry in ranking.entries for member in entry.by_seed.values()]
    measured = [member.information for member in members if member.information]
    if not measured:
        return ""
    return (
        "Rate ≈ information I(x; z) + marginal KL(q(z) ‖ p(z)), at one draw per image; "
        f"{limit_text(measured[0])}. "
    )


def _is_mixed(ranking: RunRanking) -> bool:
    return bool(ranking.over_seeds) and bool(ranking.differences.keys() - ranking.over_seeds)


def _choice(report: ReportData, ranking: RunRanking) -> str:
    kind = "VAE" if ranking.is_of_vaes else "autoencoder"
    entry = ranking.choice.entry
    if entry is None:
        return f"Choice of the {kind} by validation: {ranking.choice.reason}."
    run = report.of(entry)
    images = thousands(run.config.data.val)
    return (
        f"Choice of the {kind} by {VALIDATION} ({images} images, epoch {run.vae.epoch}): {run.label} "
        f"({run.name}): {ranking.choice.reason.partition(': ')[2]}. Test figures were not used."
    )


def classifier_table(report: ReportData) -> Iterator[Block]:
    """Yield tables of classifier figures, one for each feature network: their distances do not compare."""
    if lacking := [run.name for run in report.runs if run.evaluation.quality is None]:
        yield Text(
            f"No classifier figures of {name_or_count(lacking, 'of the runs')}: evaluate measures them."
        )
    found: list[tuple[str, Quality]] = [
        (model.label, quality)
        for model in report.models
        for run in model.runs
        if (quality := run.evaluation.quality) is not None
    ]
    for members in by_feature_network(found):
        yield _classifier_table(members)


def _classifier_table(members: Sequence[tuple[str, Quality]]) -> Table:
    """Tabulate the qualities of models by label; one label may have several, of its seeds."""
    qualities: dict[str, list[Quality]] = {}
    for label, quality in members:
        qualities.setdefault(label, []).append(quality)
    rows: list[tuple[str, ...]] = []
    for label, of_model in qualities.items():
        own = (
            Spread.of([100 * one.accuracy for one in of_model]).text(1),
            f"{100 * of_model[0].originals:.1f}",
            Spread.of([one.confused(4, 9) for one in of_model]).text(0),
        )
        (name, texts), *others = model_rows(of_model)
        rows.append((label, name, *own, *texts))
        rows += [("", name, "", "", "", *texts) for name, texts in others]
    floors = floor_rows([quality.floor for _, quality in members])
    rows += [("", name, "", "", "", *texts) for name, texts in floors]
    heads = (
        *("model", "images", "accuracy, %", "originals, %", "4↔9", "confidence", "class entropy, nats"),
        *("Fréchet distance", "precision", "recall"),
    )
    protocols = dict.fromkeys(f"{quality.protocol}." for _, quality in members)
    several = max(map(len, qualities.values())) > 1
    caption = (
        "Predictions of a digit classifier for reconstructions and samples, and likeness of these to the "
        f"test images{'; means ± standard deviation over seeds' if several else ''}. 4↔9: reconstructions of "
        "fours classified as nines and vice versa; class entropy: of the mean class probabilities, log 10 = "
        f"2.303 for equal classes; {LEGEND}. Protocol: {' '.join(protocols)}"
    )
    return Table(heads, tuple(rows), caption, left=2).without_empty()
