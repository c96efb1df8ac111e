"""The write-up put together and written: report.md with its figures beside it, and report.html by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.files import Problem, clean
from vaetui.export import files as export
from vaetui.format import thousands
from vaetui.report import claims, code_figures, evaluation_figures, image_figures, tables, training_figures
from vaetui.report.claims import CheckedClaim
from vaetui.report.data import ReportData
from vaetui.report.document import Block, Bullets, Document, Heading, Text
from vaetui.report.markdown import FIGURES, markdown
from vaetui.report.page import page

MARKDOWN, PAGE = "report.md", "report.html"
QUICK = "quick version: a tenth of the epochs"

Narrate = Callable[[str], None]


@dataclass(frozen=True)
class Written:
    """Where the report lies, and what came of the claims."""

    files: tuple[Path, ...]
    judged: tuple[CheckedClaim, ...]


def check_folder(out: Path) -> None:
    """Make the folder of a report. Raises `Problem` where nothing can be written there."""
    figures = out / FIGURES
    try:
        figures.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise Problem(
            f"{clean(str(out))} cannot hold a report, a file is in the way: name a folder with --out"
        ) from None
    except OSError as error:
        raise Problem(_unwritable(out, error.strerror or str(error))) from None
    for folder in (out, figures):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Problem(_unwritable(folder, "permission denied"))


def _unwritable(folder: Path, cause: str) -> str:
    return f"{clean(str(folder))} cannot be written ({cause}): name another folder with --out"


def write(material: ReportData, out: Path, narrate: Narrate) -> Written:
    """Write the report on `material` into the folder `out`; `narrate` is told what takes a while.

    Raises `Problem` where a file cannot be written.
    """
    check_folder(out)
    narrate("holding the claims against the runs" if material.claims else "drawing figures")
    judged = claims.check_claims(material)
    document = compose(material, judged, narrate)
    texts = {out / MARKDOWN: markdown(document).encode(), out / PAGE: page(document).encode()}
    export.save_all({out / FIGURES / picture.file: picture.data for picture in document.pictures} | texts)
    return Written(tuple(texts), tuple(judged))


def compose(material: ReportData, judged: Sequence[CheckedClaim], narrate: Narrate) -> Document:
    """The whole report: what was asked, what came of it, and all that it rests on."""
    title = f"{material.title} ({QUICK})" if material.is_quick else material.title
    blocks = [*_opening(material), *_answers(material, judged)]
    for heading, make in _sections(material, narrate):
        narrate(heading.lower())
        if body := list(make()):
            blocks += [Heading(heading), *body]
    return Document(title, tuple(blocks))


def _opening(material: ReportData) -> Iterator[Block]:
    if material.is_quick:
        yield Text(
            "This is the quick version: every run has a tenth of the recipe's epochs. Figures and answers "
            "show that everything works; they are not the experiment's result.",
            is_loud=True,
        )
    for note in material.notes:
        yield Text(note, is_loud=True)
    if material.question:
        yield Text(material.question)
    data = material.subjects[0].config.data
    runs = f"{len(material.subjects)} runs" if len(material.subjects) > 1 else "One run"
    yield Text(
        f"{runs} on {material.dataset}: {thousands(data.train)} training, {thousands(data.val)} validation "
        f"and {thousands(data.test)} test images of 28 × 28 pixels. Distortion −E[log p(x|z)] and rate "
        "KL(q(z|x) ‖ p(z)) are in nats per image, summed over pixels and dimensions; −ELBO is their sum, "
        "whatever β a run was trained with; MSE is per pixel, at one posterior draw unless stated "
        "otherwise. Every table and figure names split, images, draws and epoch."
    )
    if material.choices:
        yield Heading("Choices")
        yield Bullets(material.choices)


def _answers(material: ReportData, judged: Sequence[CheckedClaim]) -> Iterator[Block]:
    if judged:
        yield Heading("Claims" + (" (quick)" if material.is_quick else ""))
        yield from claims.blocks(judged, is_quick=material.is_quick)


def _sections(material: ReportData, narrate: Narrate) -> Iterator[tuple[str, Callable[[], Iterator[Block]]]]:
    mark = " (quick)" if material.is_quick else ""

    def results() -> Iterator[Block]:
        yield from tables.figures(material)
        for number, subject in enumerate(material.chosen):
            yield training_figures.chosen_curve(subject, number + 1)
        yield from evaluation_figures.plane(material)

    def images() -> Iterator[Block]:
        yield image_figures.data(material)
        yield from image_figures.reconstructions(material)

    def codes() -> Iterator[Block]:
        yield from code_figures.scatters(material)
        yield from code_figures.spectra(material)
        yield from code_figures.neighbourhoods(material, narrate)
        yield from image_figures.planes(material)

    def drawn() -> Iterator[Block]:
        yield from image_figures.samples(material)
        yield from image_figures.walks(material)

    yield f"Test figures and the choice{mark}", results
    yield f"Training{mark}", lambda: training_figures.all_curves(material)
    yield f"Reconstructions{mark}", images
    yield f"Error by class{mark}", lambda: evaluation_figures.by_class(material)
    yield f"Latent space{mark}", codes
    yield f"Samples and walks{mark}", drawn
    yield f"What a classifier sees{mark}", lambda: tables.classifier_table(material)
    yield f"Settings{mark}", lambda: iter((tables.settings(material),))
