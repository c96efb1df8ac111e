"""Tables of a report: settings, test figures with their protocol, classifier figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vaetui.format import fixed, fixed_or, interval, name_or_count, signed, thousands
from vaetui.report.data import ReportData, ReportRun
from vaetui.report.document import Block, Table, Text
from vaetui.runs.bootstrap import LEVEL, Interval
from vaetui.runs.compare import TEST, VALIDATION, ComparedRun
from vaetui.runs.ranking import RunRanking
from vaetui.settings import KEPT_WEIGHTS_TEXTS, PIXEL_TEXTS, STORED, losses_text


def settings(material: ReportData) -> Table:
    """Tabulate how every run was trained; some settings only where they are not the default."""
    configs = [one.config for one in material.subjects]
    columns = {
        row.heading: [row.shown_text(config, is_always=row.in_report) for config in configs]
        for row in STORED
        if row.in_report or row.hides_default
    }
    columns["epochs"] = [_epochs(one) for one in material.subjects]
    rows = zip((one.run.name for one in material.subjects), *columns.values(), strict=True)
    pixels = ", ".join(dict.fromkeys(PIXEL_TEXTS[config.data.binarize] for config in configs))
    kept = ", ".join(dict.fromkeys(KEPT_WEIGHTS_TEXTS[config.optimiser.keep] for config in configs))
    losses = losses_text(dict.fromkeys(config.objective.likelihood for config in configs))
    caption = (
        f"All runs and how they were trained: {material.dataset}, {pixels}; hidden widths of the encoder, "
        f"which the decoder of an mlp mirrors; loss, summed over pixels, {losses}; {kept}."
    )
    return Table(("run", *columns), tuple(rows), caption, left=1).without_empty()


def _epochs(subject: ReportRun) -> str:
    kept, run = subject.vae.epoch, subject.run.status.epoch
    return str(run) if kept == run else f"{kept} of {run}"


def figures(report: ReportData) -> Iterator[Block]:
    """Yield the test figures of each protocol, with the choice by validation and its reason."""
    for ranking in report.rankings:
        yield _ranking(report, ranking)
        yield Text(_choice(report, ranking))


def _ranking(report: ReportData, ranking: RunRanking) -> Table:
    is_vae = ranking.is_of_vaes
    own = "−ELBO" if is_vae else "distortion"
    rows = []
    for entry in ranking.entries:
        subject, apart = report.of(entry), ranking.differences.get(entry.path)
        found = entry.figures
        rows.append(
            (
                subject.label + (" (chosen)" if entry is ranking.choice.entry else ""),
                fixed(-found.elbo) if is_vae else "",
                _difference(apart),
                fixed(found.distortion),
                fixed(found.rate) if is_vae else "",
                fixed(found.mse, 5),
                fixed_or(entry.mse_posterior_mean, 5) if is_vae else "",
                f"{entry.active_units}/{entry.latent}",
                fixed_or(entry.validation_metric),
                str(subject.evaluation.epoch) if entry.protocol.split == TEST else "",
            )
        )
    heads = (
        *("run", "−ELBO", f"worse by ({LEVEL:.0%} interval)", "distortion", "rate"),
        *(("MSE/pixel at a draw", "at the mean") if is_vae else ("MSE/pixel", "")),
        "active",
        *(f"validation {own}", "epoch"),
    )
    protocol = _words(ranking.entries)
    pairs = (
        f"“Worse by” is the mean difference to {report.of(ranking.base).label} over the same test images, "
        "with its paired bootstrap interval. "
        if ranking.differences
        else ""
    )
    caption = (
        f"{'VAEs' if is_vae else 'Autoencoders'} by {own} on {protocol}; nats per image, MSE per pixel"
        f"{', at one posterior draw and at the posterior mean' if is_vae else ''}. "
        f"{pairs}Active units are dimensions whose posterior means vary by more than 0.01 over images."
    )
    return Table(heads, tuple(rows), caption).without_empty()


def _words(entries: Sequence[ComparedRun]) -> str:
    return " or ".join(dict.fromkeys(entry.protocol.description for entry in entries))


def _choice(report: ReportData, ranking: RunRanking) -> str:
    kind = "VAE" if ranking.is_of_vaes else "autoencoder"
    entry = ranking.choice.entry
    if entry is None:
        return f"Choice of the {kind} by validation: {ranking.choice.reason}."
    subject = report.of(entry)
    images = thousands(subject.config.data.val)
    return (
        f"Choice of the {kind} by {VALIDATION} ({images} images, epoch {subject.vae.epoch}): {subject.label} "
        f"({subject.run.name}): {ranking.choice.reason.partition(': ')[2]}. Test figures were not used."
    )


def _difference(found: Interval | None) -> str:
    if found is None:
        return ""
    return f"{signed(found.mean)} ({interval(found.low, found.high)})"


def classifier_table(report: ReportData) -> Iterator[Block]:
    """Yield the table of classifier figures."""
    looked_at = [one for one in report.subjects if one.evaluation.quality is not None]
    lacking = [one.run.name for one in report.subjects if one.evaluation.quality is None]
    if lacking:
        yield Text(
            f"No classifier figures of {name_or_count(lacking, 'of the runs')}: evaluate measures them."
        )
    if not looked_at:
        return
    rows = []
    for subject in looked_at:
        quality = subject.evaluation.quality
        assert quality is not None
        looks = (
            ("reconstructions", quality.reconstructions),
            ("prior", quality.prior),
            ("around", quality.around),
        )
        for place, (name, look) in enumerate(looks):
            if look is None:
                continue
            rows.append(
                (
                    subject.label if place == 0 else "",
                    {"prior": "draws of the prior", "around": "draws around data"}.get(name, name),
                    f"{quality.accuracy:.1%}" if place == 0 else "",
                    f"{quality.originals:.1%}" if place == 0 else "",
                    str(quality.confused(4, 9)) if place == 0 else "",
                    fixed(look.confidence, 3),
                    fixed(look.class_entropy, 3),
                    fixed(look.frechet, 1),
                )
            )
    heads = (
        *("run", "images", "read right", "originals", "4↔9", "confidence", "class entropy, nats"),
        "Fréchet distance",
    )
    protocols = " ".join(
        dict.fromkeys(f"{q.protocol}." for one in looked_at if (q := one.evaluation.quality) is not None)
    )
    caption = (
        "What a digit classifier makes of reconstructions and samples. 4↔9: reconstructions of fours taken "
        "for nines and the other way round; class entropy: of the mean class probabilities, all classes "
        f"alike are log 10 = 2.303. Protocol: {protocols}"
    )
    yield Table(heads, tuple(rows), caption, left=2)
