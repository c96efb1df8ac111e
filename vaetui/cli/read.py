"""`vaetui show`, and what it shares with its neighbours: a run, its model and its test images."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.contract.config import PIXELS
from trainer.contract.datasets.registry import data_folder, load_test
from trainer.contract.files import Problem
from trainer.contract.images import Images, evaluation_images
from trainer.contract.likelihoods import LIKELIHOODS
from vaetui.cli.out import check, write
from vaetui.cli.say import Usage, narrate
from vaetui.cli.strip import Floats, Layout, Tile, draw, grey_rows, layout
from vaetui.export import content
from vaetui.latent import posteriors
from vaetui.latent.posteriors import Codes
from vaetui.models import registry
from vaetui.models.autoencoder import Vae
from vaetui.render.terminal import Terminal
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import find_run
from vaetui.runs.run_watcher import Run
from vaetui.settings import KEPT_WEIGHTS_TEXTS, PIXEL_TEXTS, Keep

BUNDLED = "digits"  # the data set that is always here
SHEET = 10  # digits in a file that nobody gave a number for


# --- what is looked at --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """A run, its model, and the test images that it is shown."""

    run: Run
    model: Vae
    dataset: str
    images: Images

    @property
    def keep(self) -> Keep:
        """Which epoch's weights the model has."""
        return self.model.config.optimiser.keep

    def pixels(self, chosen: Sequence[int]) -> Floats:
        """Test images `(len(chosen), 784)` in 0…1."""
        return self.images.pixels[list(chosen)].astype(np.float32) / np.float32(255)

    def choose(self, text: str) -> int:
        """The number of the test image that `text` means: the first of a class 0–9, or #N."""
        if match := re.fullmatch(r"#(\d{1,9})", text, re.ASCII):
            number = int(match[1])
            if number >= len(self.images.labels):
                raise Usage(
                    f"{self.dataset} has test images #0 to #{len(self.images.labels) - 1}, not {text}"
                )
            return number
        if not re.fullmatch(r"\d", text, re.ASCII):
            raise Usage(f"a digit is a class 0 to 9, or #N for test image N, not {text[:40]!r}")
        return int(np.flatnonzero(self.images.labels == int(text))[0])


def open_model(text: str, runs: Path | None) -> Subject:
    """The run that `text` means, with its model and without images."""
    run = find_run(checked_runs_folder(runs), text)
    nothing = np.zeros((0, PIXELS), np.uint8)
    return Subject(
        run, registry.load_model(run.path, run.config), run.config.data.name, Images(nothing, nothing[:, 0])
    )


def open_subject(text: str, runs: Path | None, data: Path | None) -> Subject:
    """The run that `text` means, with test images of its data set, or bundled ones where they are missing."""
    return with_images(open_model(text, runs), data)


def with_images(subject: Subject, data: Path | None) -> Subject:
    """With the test images of its data set, or with bundled ones and a word on why."""
    folder = data_folder(data)
    try:
        return _with_images(subject, subject.dataset, folder)
    except Problem as problem:
        if subject.dataset == BUNDLED:
            raise
        narrate(f"{problem}; meanwhile bundled {BUNDLED} stand in for {subject.dataset}")
        return _with_images(subject, BUNDLED, folder)


def codes_of(subject: Subject, data: Path | None) -> Codes:
    """The codes of the test images, as the explorer has them; images are read only where there is no file."""

    def images() -> Images:
        return (subject if len(subject.images.labels) else with_images(subject, data)).images

    found = posteriors.load_test_codes(subject.run.results, subject.model, images)
    if found is None:
        raise Problem(f"{subject.dataset} has no test images")
    if found.notice:
        narrate(found.notice)
    return found


def _with_images(subject: Subject, dataset: str, folder: Path) -> Subject:
    """With the test images of `dataset`, binarised where such are what the run is judged on."""
    binarize = subject.model.config.data.binarize
    images = evaluation_images(load_test(dataset, folder, narrate), binarize, f"{dataset}/test")
    return dataclasses.replace(subject, dataset=dataset, images=images)


def in_turn(labels: npt.NDArray[np.uint8], count: int) -> list[int]:
    """The numbers of `count` images, class after class: the first of each class, then the second of each …"""
    place = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        place[members] = np.arange(len(members))
    numbers: list[int] = np.lexsort((labels, place))[:count].tolist()
    return numbers


# --- show -----------------------------------------------------------------------------------------


def show(
    text: str,
    runs: Path | None,
    data: Path | None,
    *,
    digits: str,
    count: int | None,
    small: bool,
    terminal: Terminal,
    out: Path | None,
    as_json: bool,
) -> int:
    """Print originals over reconstructions, or write them to `out`; returns the exit code."""
    check(out)
    subject = open_subject(text, runs, data)
    named = [subject.choose(part.strip()) for part in digits.split(",")] if digits else []
    shape = layout(terminal.columns, len(named) or count, small=small)
    chosen = named or in_turn(subject.images.labels, count or (SHEET if out else shape.across))
    pixels = subject.pixels(chosen)
    posterior = subject.model.encode(pixels)
    pictures = subject.model.decode(posterior.mean)
    nats = subject.model.nats(pixels, posterior.mean).tolist()
    labels = subject.images.labels[chosen].tolist()
    pixels_as, kept_as = PIXEL_TEXTS[subject.model.config.data.binarize], KEPT_WEIGHTS_TEXTS[subject.keep]
    unit = LIKELIHOODS[subject.model.config.objective.likelihood].unit
    protocol = (
        f"test images ({pixels_as}) over reconstructions (posterior mean) · distortion in {unit} · {kept_as}"
    )
    if out:
        made = content.reconstruction_content(subject.model, pixels, subject.images.labels[chosen], chosen)
        write(out, subject.run.name, subject.model, made)
    if not as_json:
        captions = [f"{label}  #{number}" for label, number in zip(labels, chosen, strict=True)]
        below = [f"{distortion:.1f} nats" for distortion in nats]
        tiles = list(zip(captions, pixels, pictures, below, strict=True))
        return 0 if out else print_digits(subject, protocol, tiles, shape, terminal)
    keys = ("image", "label", "distortion", "rate", "original", "reconstruction")
    rates = subject.model.rate(posterior).tolist()
    columns = (chosen, labels, nats, rates, map(grey_rows, pixels), map(grey_rows, pictures))
    found = [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]
    return print_json(subject, {"split": "test", "protocol": protocol, "digits": found})


# --- results ------------------------------------------------------------------------------------------


def print_digits(
    subject: Subject, protocol: str, tiles: Sequence[Tile], shape: Layout, terminal: Terminal
) -> int:
    """The tiles under a line on the run, over one on what they are; returns the exit code."""
    print_head(subject)
    draw(tiles, shape, terminal)
    print_protocol(protocol, terminal)
    return 0


def print_head(subject: Subject) -> None:
    """Which run, whose images, which weights."""
    best = " (best)" if subject.keep == "best" else ""
    sys.stdout.write(f"{subject.run.name} · {subject.dataset} · epoch {subject.model.epoch}{best}\n\n")


def print_protocol(protocol: str, terminal: Terminal) -> None:
    """What digits are, and how they were made."""
    sys.stdout.write(f"\n{textwrap.fill(protocol, terminal.columns)}\n")


def print_json(subject: Subject, facts: dict[str, Any]) -> int:
    """An object of the run and `facts`; returns the exit code."""
    run = {
        "run": subject.run.name,
        "path": str(subject.run.path),
        "epoch": subject.model.epoch,
        "keep": subject.keep,
        "dataset": subject.dataset,
    }
    sys.stdout.write(json.dumps(run | facts) + "\n")
    return 0
