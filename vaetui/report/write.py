"""Compose a report and write it: report.md with its figures in files, and report.html."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.files import Problem, clean
from vaetui.export import files as export
from vaetui.format import plural, thousands
from vaetui.report import claims, code_figures, evaluation_figures, image_figures, tables, training_figures
from vaetui.report.claims import CheckedClaim
from vaetui.report.data import ReportData
from vaetui.report.document import Block, Bullets, Document, Heading, Text
from vaetui.report.markdown import FIGURES, markdown
from vaetui.report.page import page
from vaetui.runs.seeds import seeds_words

MARKDOWN, PAGE = "report.md", "report.html"
QUICK = "quick version: a tenth of the epochs"

Narrate = Callable[[str], None]


@dataclass(frozen=True)
class Written:
    """The files of a report, the results of its claims, and the caveats that hold for all of them."""

    files: tuple[Path, ...]
    judged: tuple[CheckedClaim, ...]
    caveats: tuple[str, ...]


def check_folder(out: Path) -> None:
    """Create the folder of a report. Raises `Problem` if it is not writable."""
    figures = out / FIGURES
    try:
        figures.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise Problem(
            f"{clean(str(out))} cannot hold a report, it is a file: name a folder with --out"
        ) from None
    except OSError as error:
        raise Problem(_unwritable(out, error.strerror or str(error))) from None
    for folder in (out, figures):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Problem(_unwritable(folder, "permission denied"))


def _unwritable(folder: Path, cause: str) -> str:
    return f"{clean(str(folder))} cannot be written ({cause}): name another folder with --out"


def write(report: ReportData, out: Path, narrate: Narrate) -> Written:
    """Write the report into the folder `out`, printing its progress with `narrate`.

    Raises `Problem` if a file cannot be written.
    """
    check_folder(out)
    narrate("checking the claims against the runs" if report.claims else "drawing figures")
    judged = claims.check_claims(report)
    document = compose(report, judged, narrate)
    texts = {out / MARKDOWN: markdown(document).encode(), out / PAGE: page(document).encode()}
    export.save({out / FIGURES / picture.file: picture.data for picture in document.pictures} | texts)
    caveats = claims.caveats(judged, is_quick=report.is_quick)
    return Written(tuple(texts), tuple(judged), (*caveats, *report.notes))


def compose(report: ReportData, judged: Sequence[CheckedClaim], narrate: Narrate) -> Document:
    """Return the whole report: question, claims and results."""
    title = f"{report.title} ({QUICK})" if report.is_quick else report.title
    mark = " (quick)" if report.is_quick else ""
    blocks = list(_opening(report))
    if judged:
        blocks += [Heading(f"Claims{mark}"), *claims.blocks(judged, is_quick=report.is_quick)]
    for heading, section in _sections(report, narrate).items():
        narrate(f"{heading}{mark}".lower())
        if body := list(section()):
            blocks += [Heading(f"{heading}{mark}"), *body]
    return Document(title, tuple(blocks))


def _opening(report: ReportData) -> Iterator[Block]:
    if report.is_quick:
        yield Text(
            "This is the quick version: every run has a tenth of the recipe's epochs. Figures and answers "
            "show that everything works; they are not the experiment's result.",
            is_loud=True,
        )
    for note in report.notes:
        yield Text(note, is_loud=True)
    if report.question:
        yield Text(report.question)
    data = report.runs[0].config.data
    yield Text(
        f"{_count(report)} on {report.dataset}: {thousands(data.train)} training, {thousands(data.val)} "
        f"validation and {thousands(data.test)} test images of 28 × 28 pixels. Distortion −E[log p(x|z)] "
        "and rate KL(q(z|x) ‖ p(z)) are in nats per image, summed over pixels and dimensions; −ELBO is "
        "their sum, whatever β a run was trained with; MSE is per pixel, at one posterior draw unless "
        "stated otherwise. Every table and figure names split, images, samples and epoch."
    )
    if report.has_seeds:
        shown = seeds_words(sorted({run.seed for run in report.shown}))
        yield Text(
            "Figures of several seeds are means ± standard deviation over them. Images and codes are of one "
            f"run a model, that of the first seed ({shown})."
        )
    if report.choices:
        yield Heading("Choices")
        yield Bullets(report.choices)


def _count(report: ReportData) -> str:
    """Return how many models there are, and of how many runs if they have several seeds."""
    models, runs = len(report.models), len(report.runs)
    return plural(models, "model") + (
        f" ({runs} runs of {len(report.seeds)} seeds)" if report.has_seeds else ""
    )


def _sections(report: ReportData, narrate: Narrate) -> dict[str, Callable[[], Iterable[Block]]]:
    """Return what makes each section, by heading."""

    def results() -> Iterator[Block]:
        yield from tables.figures(report)
        for number, run in enumerate(report.chosen):
            yield training_figures.chosen_curve(run, number)
        yield from evaluation_figures.planes(report)

    def codes() -> Iterator[Block]:
        yield from code_figures.scatters(report)
        yield from code_figures.spectra(report)
        yield from code_figures.neighbourhoods(report, narrate)
        yield from image_figures.planes(report)

    return {
        "Test figures and the choice": results,
        "Training": lambda: training_figures.all_curves(report),
        "Reconstructions": lambda: [image_figures.data(report), *image_figures.reconstructions(report)],
        "Error by class": lambda: evaluation_figures.by_class(report),
        "Latent space": codes,
        "Samples and interpolations": lambda: [
            image_figures.samples(report),
            *image_figures.interpolations(report),
        ],
        "Predictions of a classifier": lambda: tables.classifier_table(report),
        "Settings": lambda: [tables.settings(report)],
    }
