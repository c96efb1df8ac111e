"""`show` and `interpolate` look at the images, and count the nats, that a run is judged by."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.cli.shell import call
from trainer.contract.config import Binarize
from trainer.contract.datasets.registry import load_test
from trainer.contract.images import Images, evaluation_images
from vaetui import arrays
from vaetui.latent import path
from vaetui.models import registry

GREY = load_test("digits", Path())
INK = evaluation_images(GREY, "fixed", "digits/test")


def facts(*arguments: object) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.returncode == 0
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def as_unit(images: Images, chosen: list[int]) -> arrays.Floats:
    return images.pixels[chosen].astype(np.float32) / np.float32(255)


@pytest.mark.parametrize(
    ("binarize", "dataset", "images"),
    [("none", "digits", GREY), ("fixed", "digits", INK), ("dynamic", "digits", INK), ("fixed", "mnist", INK)],
)
def test_show_gives_the_originals_that_the_nats_are_of(
    runs: Path, tmp_path: Path, binarize: Binarize, dataset: str, images: Images
) -> None:
    """Also where digits stand in for images that are missing."""
    config = tiny.config(binarize=binarize, dataset=dataset)
    run = tiny.make(runs, config)
    found = facts("show", run, "--digits", "#3,#5", "--data", tmp_path)
    model, pixels = registry.load_model(run, config), as_unit(images, [3, 5])
    posterior = model.encode(pixels)
    digits = found["digits"]
    assert [digit["original"] for digit in digits] == images.pixels[[3, 5]].reshape(2, 28, 28).tolist()
    assert [digit["distortion"] for digit in digits] == pytest.approx(
        model.distortion(pixels, posterior.mean)
    )
    assert [digit["rate"] for digit in digits] == pytest.approx(model.rate(posterior))
    assert ("binari" in found["protocol"]) == (binarize != "none")
    assert "squared error" not in found["protocol"]


def test_interpolate_goes_between_binarised_images(runs: Path) -> None:
    config = tiny.config(binarize="fixed")
    run = tiny.make(runs, config)
    found = facts("interpolate", run, "#3", "#5", "--steps", 4)
    points = path.interpolate(registry.load_model(run, config).encode(as_unit(INK, [3, 5])).mean, 4, "slerp")
    assert np.array([digit["z"] for digit in found["digits"]]) == pytest.approx(points, abs=1e-6)
    assert found["protocol"].startswith("binarised test images ")
    assert facts("interpolate", tiny.make(runs), "#3", "#5")["protocol"].startswith("test images ")


def test_a_gaussian_costs_the_squared_error_of_what_it_decodes_before_it_is_cut_to_be_seen(
    runs: Path,
) -> None:
    config = tiny.config(likelihood="gaussian")
    run = tiny.make(runs, config)
    found = facts("show", run, "--digits", "#3")
    (digit,) = found["digits"]
    pixels = as_unit(GREY, [3])
    model = registry.load_model(run, config)
    mean = model.decode_outputs(model.encode(pixels).mean)
    assert mean.max() > 1
    assert mean.min() < 0
    assert digit["distortion"] == pytest.approx(float(np.square(mean - pixels).sum()))
    assert digit["reconstruction"] == np.rint(255 * mean.clip(0, 1)).astype(int).reshape(28, 28).tolist()
    assert "nats per image (squared error, variance 1/2)" in found["protocol"]
