"""Codes of test images: the trainer's where they are of these weights, else made here."""

from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from trainer.contract.config import read_config
from trainer.contract.datasets.registry import load_test
from trainer.contract.images import Images
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import Array, read_tensors, write_tensors
from vaetui.latent import posteriors
from vaetui.latent.posteriors import Codes
from vaetui.models import autoencoder, registry


def made(run: Path) -> tuple[Codes, Images, autoencoder.Vae]:
    images = load_test("digits", run)
    model = registry.load_model(run, read_config(run))
    found = posteriors.load_test_codes(run, model, lambda: images)
    assert found is not None
    return found, images, model


def test_codes_come_from_the_trainer_where_they_fit(run: Path) -> None:
    def refuse() -> Images:
        raise AssertionError("the images were read")

    found = posteriors.load_test_codes(run, registry.load_model(run, read_config(run)), refuse)
    assert found is not None
    assert len(found.mean) == tiny.TEST_IMAGES


@pytest.mark.parametrize(
    "harm", ["other epoch", "within an epoch", "damaged", "other shape", "label 77", "missing"]
)
def test_codes_that_do_not_fit_are_made_here(run: Path, harm: str) -> None:
    match harm:
        case "other epoch":
            tiny.write_codes(run, tiny.config(), 2)
        case "within an epoch":
            tiny.write_model(run, tiny.config(), 3, step=4)
        case "damaged":
            (run / LATENTS).write_bytes(b"x" * 99)
        case "other shape":
            mean: Array = np.zeros((4, 3), np.float32)
            write_tensors(run / LATENTS, {"mean": mean, "labels": mean[:, 0]}, {"epoch": "3"})
        case "label 77":
            arrays = read_tensors(run / LATENTS).arrays
            arrays["labels"] = np.full_like(arrays["labels"], 77)
            write_tensors(run / LATENTS, arrays, {"epoch": "3"})
        case _:
            (run / LATENTS).unlink()
    found, images, model = made(run)
    assert len(found.mean) == len(images.labels)
    chosen = [0, 1, len(images.labels) - 1]
    pixels = images.pixels[chosen].astype(np.float32) / np.float32(255)
    np.testing.assert_allclose(found.mean[chosen], model.encode(pixels).mean, atol=1e-5)


def test_encoding_ends_when_nobody_waits(run: Path) -> None:
    _, images, model = made(run)
    (run / LATENTS).unlink()
    assert posteriors.load_test_codes(run, model, lambda: images, lambda _: False) is None
