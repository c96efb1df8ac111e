"""A run that a command prints images of: its model, its test images and their codes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.contract.config import PIXELS
from trainer.contract.datasets.registry import data_folder, load_test
from trainer.contract.files import Problem
from trainer.contract.images import Images, evaluation_images
from vaetui.arrays import Floats
from vaetui.cli.messages import UsageError, print_status
from vaetui.latent import posteriors
from vaetui.latent.posteriors import Codes
from vaetui.models import registry
from vaetui.models.autoencoder import Vae
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import find_run
from vaetui.runs.run_watcher import Run
from vaetui.settings import Keep

BUNDLED = "digits"  # the data set that needs no download


@dataclass(frozen=True)
class LoadedRun:
    """A run, its model, and test images, of its data set or of the bundled one."""

    run: Run
    model: Vae
    dataset: str
    images: Images

    @property
    def keep(self) -> Keep:
        """Which epoch's weights the model has."""
        return self.model.config.optimiser.keep

    @property
    def binarised(self) -> str:
        """The word for binarised images, "" for greyscale."""
        return "" if self.model.config.data.binarize == "none" else "binarised "

    def pixels(self, numbers: Sequence[int]) -> Floats:
        """Return test images `(len(numbers), 784)` in 0…1."""
        return self.images.pixels[list(numbers)].astype(np.float32) / np.float32(255)

    def choose(self, text: str) -> int:
        """Return the number of a test image: the first of a class 0–9, or #N."""
        if match := re.fullmatch(r"#(\d{1,9})", text, re.ASCII):
            number = int(match[1])
            if number >= (count := len(self.images.labels)):
                raise UsageError(f"{self.dataset} has test images #0 to #{count - 1}, not {text}")
            return number
        if not re.fullmatch(r"\d", text, re.ASCII):
            raise UsageError(f"an image is a class 0 to 9, or #N for test image N, not {text[:40]!r}")
        return int(np.flatnonzero(self.images.labels == int(text))[0])


def load_model(name: str, runs: Path | None) -> LoadedRun:
    """Load a run and its model, without images."""
    run = find_run(checked_runs_folder(runs), name)
    model, empty = registry.load_model(run.path, run.config), np.zeros((0, PIXELS), np.uint8)
    return LoadedRun(run, model, run.config.data.name, Images(empty, empty[:, 0]))


def load_run(name: str, runs: Path | None, data: Path | None) -> LoadedRun:
    """Load a run, its model and test images."""
    return with_images(load_model(name, runs), data)


def with_images(loaded: LoadedRun, data: Path | None) -> LoadedRun:
    """Load the test images of the run's data set; print why if bundled ones replace them."""
    dataset, folder = loaded.dataset, data_folder(data)
    try:
        images = load_test(dataset, folder, print_status)
    except Problem as problem:
        if dataset == BUNDLED:
            raise
        print_status(f"{problem}; using the bundled {BUNDLED} instead of {dataset}")
        dataset, images = BUNDLED, load_test(BUNDLED, folder, print_status)
    images = evaluation_images(images, loaded.model.config.data.binarize, f"{dataset}/test")
    return dataclasses.replace(loaded, dataset=dataset, images=images)


def load_codes(loaded: LoadedRun, data: Path | None) -> Codes:
    """Load the codes of the test images; images are read only if there is no file of codes."""
    codes = posteriors.load_test_codes(
        loaded.run.results,
        loaded.model,
        lambda: (loaded if len(loaded.images.labels) else with_images(loaded, data)).images,
    )
    if codes is None:
        raise Problem(f"{loaded.dataset} has no test images")
    if codes.notice:
        print_status(codes.notice)
    return codes
