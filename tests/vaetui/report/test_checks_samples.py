"""Checks on samples: each holds on some figures or models, and fails on others."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.report.built import Constant, Linear, built, checked, digits
from tests.vaetui.report.making import SEEN, quality, run, verdict
from trainer.contract.evaluation import Floor, SampledClass, SampleStatistics
from vaetui.arrays import Floats
from vaetui.report import measures

REAL = dataclasses.replace(SEEN, frechet=0.5, precision=0.9, recall=0.9)
FLOOR = Floor(REAL, 0.4, 0.1, 10)


def samples(**changes: float) -> SampleStatistics:
    """Samples nearly as good as training images, but for `changes`."""
    return dataclasses.replace(REAL, **({"frechet": 5.0, "precision": 0.85, "recall": 0.8} | changes))


def seen(**changes: Any) -> Any:
    return quality(
        **({"floor": FLOOR, "prior": samples(), "around": samples(), "around_of": "train"} | changes)
    )


AT: dict[str, Any] = {"latent": 2, "beta": 1}


def vae(runs: Path, latent: int = 2, beta: float = 1.0, **changes: Any) -> Path:
    return run(runs, tiny.config(latent=latent, beta=beta), quality=seen(**changes))


# --- samples --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("samples_recognisable", (0.8, 0.9), [(0.02, 0.9), (0.8, 0.1)]),
        ("samples_are_garbage", (0.02, 1.0), [(0.8, 0.9)]),
        ("samples_are_garbage", (0.8, 0.03), [(0.5, 0.5)]),
    ],
)
def test_samples_are_recognisable_inside_the_data_and_of_a_clear_class(
    runs: Path, check: str, good: tuple[float, float], bad: list[tuple[float, float]]
) -> None:
    """Noise is of a clear class and outside the data; images between digits are inside, and of no class."""
    for latent, (precision, clear) in enumerate([good, *bad], start=2):
        changes: dict[str, Any] = {"prior": samples(precision=precision), "prior_classes": of_share(clear)}
        found = verdict([vae(runs, latent, **changes)], check, latent=latent, beta=1)
        assert found.verdict is (latent == 2), (precision, clear)


def of_share(clear: float) -> tuple[SampledClass, ...]:
    """As many samples of each class, of which a share is clear."""
    return (SampledClass(100, round(100 * clear)),) * 10


@pytest.mark.parametrize(("recall", "verdict_of"), [(0.8, True), (0.02, False)])
def test_samples_are_diverse(runs: Path, recall: float, verdict_of: bool) -> None:
    path = vae(runs, prior=samples(recall=recall))
    assert verdict([path], "samples_diverse", **AT).verdict is verdict_of


@pytest.mark.parametrize(
    ("precision", "clear", "verdict_of"), [(0.89, 0.95, True), (0.3, 0.95, False), (0.9, 0.4, False)]
)
def test_samples_around_data_are_good(runs: Path, precision: float, clear: float, verdict_of: bool) -> None:
    path = vae(runs, around=samples(precision=precision), around_classes=of_share(clear))
    assert verdict([path], "samples_around_data_are_good", **AT).verdict is verdict_of


def test_samples_around_test_images_are_refused(runs: Path) -> None:
    """They are held against the same images that they were drawn around."""
    path = vae(runs, around_of="test")
    for check in ("prior_worse_than_around", "samples_around_data_are_good"):
        found = verdict([path], check, **AT)
        assert found.verdict is None
        assert found.measured == (
            f"the samples around data of {path.name} are of test images: evaluate that run again"
        )


def test_the_prior_is_worse_than_samples_around_data(runs: Path) -> None:
    worse = vae(runs, 2, prior=samples(frechet=60.0))
    found = verdict([worse], "prior_worse_than_around", **AT)
    assert found.verdict is True
    assert found.measured == (
        "prior 60.00 · posterior samples 5.00 · difference +55.00; above 0.00: holds · floor 0.50"
    )
    collapsed = vae(runs, 3, prior=samples(frechet=4.0))
    assert verdict([collapsed], "prior_worse_than_around", latent=3, beta=1).verdict is False


def test_the_gap_of_the_prior_grows(runs: Path) -> None:
    paths = [vae(runs, 2, prior=samples(frechet=20.0)), vae(runs, 64, prior=samples(frechet=60.0))]
    assert verdict(paths, "prior_gap_grows", latent=64, than=2, beta=1).verdict is True
    assert verdict(paths, "prior_gap_grows", latent=2, than=64, beta=1).verdict is False


class OfData(Linear):
    """Decode a test image for every code."""

    def decode(self, z: Floats) -> Floats:
        pixels = digits()[0]
        return pixels[np.arange(len(z)) * 7 % len(pixels)]


def test_samples_of_the_prior_are_clearer(runs: Path) -> None:
    small, large = built(runs, Constant(2)), built(runs, OfData(20))
    assert checked([small, large], "prior_samples_clearer", latent=20, than=2, beta=1).verdict is True
    assert checked([small, large], "prior_samples_clearer", latent=2, than=20, beta=1).verdict is False


def test_samples_good_for_classes(runs: Path) -> None:
    def of(*clear: int) -> Any:
        return tuple(SampledClass(100, 80 if label in clear else 10) for label in range(10))

    asked: dict[str, Any] = {"beta": 1, "classes": [0, 1], "perhaps": [9]}
    for latent, (clear, holds) in enumerate(
        [((0, 1), True), ((0, 1, 9), True), ((0, 9), False), ((0, 1, 4), False), (range(10), False)], start=2
    ):
        path = vae(runs, latent, prior_classes=of(*clear))
        assert verdict([path], "samples_good_for_classes", latent=latent, **asked).verdict is holds, clear
    none = vae(runs, 20, prior_classes=(SampledClass(0, 0),) * 10)
    assert verdict([none], "samples_good_for_classes", latent=20, **asked).verdict is False


def test_little_diversity(runs: Path) -> None:
    usual = built(runs, OfData(2), quality=seen())
    strict = built(runs, Constant(2), tiny.config(beta=10), quality=seen(prior=samples(recall=0.1)))
    found = checked([usual, strict], "little_diversity", latent=2, beta=10)
    assert found.verdict is True
    assert "recall less than at β = 1 by +77.8 points" in found.measured
    assert checked([usual, strict], "little_diversity", latent=2, beta=1).verdict is False


def test_the_vaes_samples_vary_more(runs: Path) -> None:
    good = vae(runs)
    poor = run(runs, tiny.config("ae"), quality=seen(prior=samples(recall=0.1), around=None))
    assert verdict([good, poor], "vae_samples_vary_more").verdict is True
    rich = run(runs, tiny.config("ae"), "rich", quality=seen(prior=samples(recall=0.9), around=None))
    assert verdict([good, rich], "vae_samples_vary_more").verdict is False
    other = run(runs, tiny.config("ae"), "other", quality=seen(features="feedbeef"))
    found = verdict([good, other], "vae_samples_vary_more").measured
    assert found.endswith("were measured in the features of different networks: evaluate them again")


@pytest.mark.parametrize(
    ("check", "values"),
    [
        ("reconstructions_recognised", {"limit": 0.8, "others": [0.9], "latent": 2}),
        ("nearly_identical", {"latent": 2}),
        ("samples_recognisable", AT),
        ("samples_good_for_classes", AT | {"classes": [0, 1]}),
        ("prior_worse_than_around", AT),
        ("classes_mixed_up", {"latent": 2, "pair": [4, 9]}),
    ],
)
def test_without_a_classifier_it_says_what_to_run(runs: Path, check: str, values: dict[str, Any]) -> None:
    path = run(runs, tiny.config())
    found = verdict([path], check, **values)
    assert found.verdict is None
    assert found.measured == f"no classifier figures of {path.name}: evaluate that run first"


def test_figures_of_older_versions_have_no_precision(runs: Path) -> None:
    path = run(runs, tiny.config(), quality=quality())
    found = verdict([path], "samples_diverse", **AT)
    assert found.measured == f"{path.name} has no precision and recall: evaluate that run first"
    found = verdict([path], "samples_recognisable", **AT)
    assert found.measured == f"{path.name} has no classes of its samples: evaluate that run first"


def test_sharpness_is_relative_to_ink() -> None:
    pixels = digits()[0]
    assert measures.sharpness(pixels) == pytest.approx(measures.sharpness(0.5 * pixels))
    assert measures.sharpness(0 * pixels) == 0.0
