"""Tables of a report: settings, test figures with their protocol, classifier figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trainer.contract.evaluation import Quality
from vaetui.format import fixed, fixed_or, interval, name_or_count, signed, thousands
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.document import Block, Table, Text
from vaetui.runs.compare import VALIDATION, epochs_cell
from vaetui.runs.information import limit_text
from vaetui.runs.intervals import LEVEL
from vaetui.runs.quality_rows import LEGEND, by_feature_network, floor_rows, model_rows
from vaetui.runs.ranking import RunRanking
from vaetui.settings import KEPT_WEIGHTS_TEXTS, PIXEL_TEXTS, STORED, losses_text


def settings(report: ReportData) -> Table:
    """Tabulate how every run was trained; some settings only where they are not the default."""
    configs = [run.config for run in report.runs]
    columns = {
        row.label: [row.shown_text(config, is_always=row.in_report) for config in configs]
        for row in STORED
        if row.in_report or row.hides_default
    }
    columns["epochs"] = [_epochs(run) for run in report.runs]
    rows = zip((run.name for run in report.runs), *columns.values(), strict=True)
    pixels = ", ".join(dict.fromkeys(PIXEL_TEXTS[config.data.binarize] for config in configs))
    kept = ", ".join(dict.fromkeys(KEPT_WEIGHTS_TEXTS[config.optimiser.keep] for config in configs))
    losses = losses_text(dict.fromkeys(config.objective.likelihood for config in configs))
    caption = (
        f"All runs and how they were trained: {report.dataset}, {pixels}; hidden widths of the encoder, "
        f"which the decoder of an mlp mirrors; loss, summed over pixels, {losses}; {kept}."
    )
    return Table(("run", *columns), tuple(rows), caption).without_empty()


def _epochs(run: ReportRun) -> str:
    kept, trained = run.vae.epoch, run.run.status.epoch
    return str(trained) if kept == trained else f"{kept} of {trained}"


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
        found = entry.figures
        rows.append(
            (
                run.label + (" (chosen)" if entry is ranking.choice.entry else ""),
                fixed(-found.elbo) if is_vae else "",
                f"{signed(difference.mean)} ({interval(difference.low, difference.high)})"
                if difference
                else "",
                fixed(found.distortion),
                fixed(found.rate) if is_vae else "",
                fixed_or(entry.information.information if entry.information else None),
                fixed_or(entry.information.marginal_kl if entry.information else None),
                fixed(found.mse, 5),
                fixed_or(entry.mse_posterior_mean, 5) if is_vae else "",
                f"{entry.active_units}/{entry.latent}",
                fixed_or(entry.validation_metric),
                epochs_cell(entry, ranking.base),
            )
        )
    heads = (
        *("run", f"{split} −ELBO", f"worse by ({LEVEL:.0%} interval)", f"{split} distortion", "rate"),
        *("information", "marginal KL"),
        *(("MSE/pixel at a draw", "at the mean") if is_vae else ("MSE/pixel", "")),
        *("active", f"{VALIDATION} {base.loss_name}", "epochs"),
    )
    protocol = " or ".join(dict.fromkeys(entry.protocol.description for entry in ranking.entries))
    pairs = (
        f"“Worse by” is the mean difference to {base.label} over the same test images, with its "
        "confidence interval. "
        if ranking.differences
        else ""
    )
    measured = [entry.information for entry in ranking.entries if entry.information]
    splits = (
        "Rate ≈ information I(x; z) + marginal KL(q(z) ‖ p(z)), at one draw per image; "
        f"{limit_text(measured[0])}. "
        if measured
        else ""
    )
    caption = (
        f"{'VAEs' if is_vae else 'Autoencoders'} by {base.loss_name} on {protocol}; nats per image, MSE per "
        f"pixel{', at one posterior draw and at the posterior mean' if is_vae else ''}. "
        f"{pairs}{splits}"
        "Active units are dimensions whose posterior means vary by more than 0.01 over images."
        f"{''.join(f' {note[0].upper()}{note[1:]}.' for note in ranking.epochs_notes)}"
    )
    return Table(heads, tuple(rows), caption).without_empty()


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
    measured = [(run, run.evaluation.quality) for run in report.runs]
    if lacking := [run.name for run, quality in measured if quality is None]:
        yield Text(
            f"No classifier figures of {name_or_count(lacking, 'of the runs')}: evaluate measures them."
        )
    found = [(run, quality) for run, quality in measured if quality is not None]
    for members in by_feature_network(found):
        yield _classifier_table(members)


def _classifier_table(members: Sequence[tuple[ReportRun, Quality]]) -> Table:
    rows: list[tuple[str, ...]] = []
    for run, quality in members:
        own = (f"{quality.accuracy:.1%}", f"{quality.originals:.1%}", str(quality.confused(4, 9)))
        (name, texts), *others = model_rows(quality)
        rows.append((run.label, name, *own, *texts))
        rows += [("", name, "", "", "", *texts) for name, texts in others]
    floors = floor_rows([quality.floor for _, quality in members])
    rows += [("", name, "", "", "", *texts) for name, texts in floors]
    heads = (
        *("run", "images", "accuracy", "originals", "4↔9", "confidence", "class entropy, nats"),
        *("Fréchet distance", "precision", "recall"),
    )
    protocols = dict.fromkeys(f"{quality.protocol}." for _, quality in members)
    caption = (
        "Predictions of a digit classifier for reconstructions and samples, and likeness of these to the "
        "test images. 4↔9: reconstructions of fours classified as nines and vice versa; class entropy: of "
        f"the mean class probabilities, log 10 = 2.303 for equal classes; {LEGEND}. "
        f"Protocol: {' '.join(protocols)}"
    )
    return Table(heads, tuple(rows), caption, left=2).without_empty()
