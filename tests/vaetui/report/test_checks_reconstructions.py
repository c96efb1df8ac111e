"""Checks on reconstructions: each holds on some figures or models, and fails on others."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.vaetui.report.built import Blurred, Linear, Noisy, built, checked
from tests.vaetui.report.making import run, verdict
from tests.vaetui.report.test_checks_samples import seen, vae


@pytest.mark.parametrize(("accuracy", "verdict_of"), [(0.97, True), (0.5, False)])
def test_reconstructions_recognised(runs: Path, accuracy: float, verdict_of: bool) -> None:
    path = vae(runs, accuracy=accuracy)
    found = verdict([path], "reconstructions_recognised", limit=0.95, others=[0.9], latent=2)
    assert found.verdict is verdict_of
    assert "originals 99.0%" in found.measured
    other = run(runs, tiny.config("ae"), quality=seen(accuracy=accuracy))
    assert verdict(
        [path, other], "reconstructions_recognised", kind="ae", limit=0.95, others=[0.9]
    ).verdict is (verdict_of)


def test_reconstructions_blurry(runs: Path) -> None:
    asked = {"latent": 20, "limit": 0.9, "others": [0.8]}
    assert checked([built(runs, Blurred(20))], "reconstructions_blurry", **asked).verdict is True
    sharp = built(runs, Linear(40))
    assert checked([sharp], "reconstructions_blurry", **asked | {"latent": 40, "limit": 0.8}).verdict is False
    noisy = built(runs, Noisy(30))
    assert checked([noisy], "reconstructions_blurry", **asked | {"latent": 30}).verdict is False


def test_reconstructions_are_held_against_those_at_beta_1(runs: Path) -> None:
    usual = built(runs, Linear(20))
    strict = built(runs, Blurred(20), tiny.config(latent=20, beta=10, likelihood="gaussian"))
    asked = {"latent": 20, "limit": 0.9, "others": [0.8]}
    found = checked([usual, strict], "reconstructions_blurry", beta=10, **asked)
    assert found.verdict is True
    assert "relative to β = 1 " in found.measured
    swapped = built(runs, Linear(21), tiny.config(latent=20, beta=4, likelihood="gaussian"))
    assert checked([usual, swapped], "reconstructions_blurry", beta=4, **asked).verdict is False


def test_reconstructions_clearer(runs: Path) -> None:
    small = built(runs, Blurred(5), quality=seen(accuracy=0.8))
    large = built(runs, Linear(20), quality=seen(accuracy=0.95))
    assert checked([small, large], "reconstructions_clearer", latent=20, than=5).verdict is True
    assert checked([small, large], "reconstructions_clearer", latent=5, than=20).verdict is False


@pytest.mark.parametrize(("accuracy", "verdict_of"), [(0.97, True), (0.99, None), (0.8, False)])
def test_occasional_errors(runs: Path, accuracy: float, verdict_of: bool | None) -> None:
    """As many errors as on the originals are a tie; a fifth is more than occasional."""
    assert verdict([vae(runs, accuracy=accuracy)], "occasional_errors", latent=2).verdict is verdict_of


def test_nearly_identical(runs: Path) -> None:
    def found(**changes: Any) -> bool | None:
        error = changes.pop("error", 0.001)
        path = run(runs, tiny.config(), str(len(list(runs.rglob("model*")))), quality=seen(**changes))
        tiny.write_evaluation(
            path,
            dataclasses.replace(
                tiny.evaluation(tiny.config(), 3), quality=seen(**changes), mse_posterior_mean=error
            ),
        )
        return verdict([path], "nearly_identical", latent=2).verdict

    assert found() is True
    assert found(accuracy=0.9) is False
    assert found(error=0.05) is False
