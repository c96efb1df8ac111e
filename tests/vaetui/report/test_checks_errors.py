"""Checks on losses and errors, on made-up figures: each holds on some and fails on others."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.vaetui.report.making import run, verdict
from trainer.contract.config import Config
from trainer.contract.metrics import METRICS, append_epochs


def validated(path: Path, config: Config, **figures: float) -> Path:
    """The run with other validation figures in its last epoch."""
    (path / METRICS).unlink()
    for row in tiny.course(config, config.optimiser.epochs, config.optimiser.epochs):
        assert row.val
        append_epochs(path, [dataclasses.replace(row, val=dataclasses.replace(row.val, **figures))])
    return path


def sizes(
    runs: Path, costs: Mapping[int, float], kind: Any = "vae", field: str = "distortion", seed: int = 0
) -> list[Path]:
    return [
        run(runs, tiny.config(kind, size, seed=seed), figures={field: cost}) for size, cost in costs.items()
    ]


@pytest.mark.parametrize(("cost", "verdict_of"), [(100.0, True), (118.0, False)])
def test_distortion_falls(runs: Path, cost: float, verdict_of: bool) -> None:
    found = verdict(sizes(runs, {5: 120.0, 10: cost}), "distortion_falls", latent=10, than=5)
    assert found.verdict is verdict_of
    assert f"distortion at z = 10 {cost:.2f} nats" in found.measured
    assert found.protocol == "test, 60 images, grey levels, one posterior draw, epoch 3"


def test_the_spread_of_seeds_leaves_a_fall_undecided(runs: Path) -> None:
    paths = [
        path
        for seed, cost in enumerate((100.0, 108.0, 116.0))
        for path in sizes(runs, {5: 120.0, 10: cost}, seed=seed)
    ]
    found = verdict(paths, "distortion_falls", latent=10, than=5)
    assert (found.verdict, found.seeds, found.answer) == (None, 3, "not decided (3 seeds)")
    assert "relative fall 10.0 ± 6.7%" in found.measured


@pytest.mark.parametrize(("last", "verdict_of"), [(89.0, True), (75.0, False)])
def test_distortion_falls_less(runs: Path, last: float, verdict_of: bool) -> None:
    paths = sizes(runs, {5: 120.0, 10: 100.0, 50: last})
    assert verdict(paths, "distortion_falls_less", at=[5, 10, 50]).verdict is verdict_of


@pytest.mark.parametrize(("elbo", "verdict_of"), [(-100.2, True), (-103.0, False)])
def test_a_smaller_size_suffices(runs: Path, elbo: float, verdict_of: bool) -> None:
    paths = sizes(runs, {10: -120.0, 20: elbo, 50: -100.0}, field="elbo")
    found = verdict(paths, "smaller_size_suffices", between=[10, 50])
    assert found.verdict is verdict_of
    assert "size chosen 20" in found.measured


@pytest.mark.parametrize(("last", "verdict_of"), [(0.0298, True), (0.02, False)])
def test_error_levels_off(runs: Path, last: float, verdict_of: bool) -> None:
    paths = sizes(runs, {5: 0.05, 10: 0.03, 50: last}, field="mse")
    assert verdict(paths, "error_levels_off", kind="vae", latent=10).verdict is verdict_of


@pytest.mark.parametrize(("at", "verdict_of"), [(0.03, True), (0.045, False)])
def test_most_fits_into_a_small_size(runs: Path, at: float, verdict_of: bool) -> None:
    paths = sizes(runs, {2: 0.05, 10: at, 50: 0.02}, field="mse")
    found = verdict(paths, "most_fits_into", latent=10)
    assert found.verdict is verdict_of
    assert found.measured.startswith("VAE: part at z = 10 ")


def test_the_choice_of_a_size_is_decided_over_seeds(runs: Path) -> None:
    def trained(seed: int, errors: Mapping[int, float]) -> list[Path]:
        paths = []
        for size, error in errors.items():
            config = tiny.config(latent=size, seed=seed)
            paths.append(validated(run(runs, config), config, mse=error))
        return paths

    clear = [
        path for seed in range(3) for path in trained(seed, {5: 0.03, 20: 0.02 + 0.0001 * seed, 50: 0.022})
    ]
    assert verdict(clear, "chosen_latent", latent=20).verdict is True
    assert verdict(clear, "chosen_latent", latent=50).verdict is False
    assert verdict(clear[:3], "chosen_latent", latent=20).answer == "not decided (one seed)"
    close = [
        path for seed in range(3, 6) for path in trained(seed, {20: 0.02, 50: 0.02 + 0.0002 * (seed - 4)})
    ]
    assert verdict(close, "chosen_latent", latent=20).verdict is None, "a tie"


def test_best_settings(runs: Path) -> None:
    paths = []
    for seed in range(3):
        for rate, elbo in ((1e-3, -110.0), (1e-4, -105.0 - 0.1 * seed)):
            config = tiny.config(lr=rate, batch_size=64, seed=seed)
            paths.append(validated(run(runs, config), config, elbo=elbo))
    asked: dict[str, Any] = {"kind": "vae", "batch-size": 64}
    assert verdict(paths, "best_settings", lr=1e-4, **asked).verdict is True
    assert verdict(paths, "best_settings", lr=1e-3, **asked).verdict is False
    absent = verdict(paths, "best_settings", lr=3e-4, **asked)
    assert (absent.verdict, absent.answer) == (None, "not decided")
    assert absent.measured == "no VAE with this learning rate and batch size is among several"


@pytest.mark.parametrize(("elbo", "verdict_of"), [(-90.0, True), (-300.0, False)])
def test_the_last_epoch_is_best(runs: Path, elbo: float, verdict_of: bool) -> None:
    paths = []
    for seed in range(2):
        config = tiny.config(seed=seed)
        path = run(runs, config)
        (path / METRICS).unlink()
        *rest, last = tiny.course(config, 3, 3)
        assert last.val
        worse = dataclasses.replace(last, val=dataclasses.replace(last.val, elbo=elbo))
        append_epochs(path, [*rest, worse])
        paths.append(path)
    assert verdict(paths, "last_epoch_is_best", kind="vae").verdict is verdict_of


@pytest.mark.parametrize(("error", "verdict_of"), [(0.01, True), (0.03, False)])
def test_the_autoencoder_reconstructs_better(runs: Path, error: float, verdict_of: bool) -> None:
    vae = run(runs, tiny.config(), mse_posterior_mean=0.02)
    other = run(runs, tiny.config("ae"), figures={"mse": error})
    assert verdict([vae, other], "autoencoder_reconstructs_better").verdict is verdict_of


def test_missing_runs_leave_a_claim_undecided(runs: Path) -> None:
    found = verdict(sizes(runs, {5: 100}), "distortion_falls", latent=10, than=5)
    assert (found.verdict, found.measured) == (None, "no VAE with z = 10 is among the runs")
    assert found.answer == "not decided"
    path = run(runs, tiny.config("ae"))
    assert verdict([path], "error_levels_off", kind="vae", latent=2).measured == "no VAE is among the runs"
    assert verdict([path], "error_levels_off", kind="ae", latent=2).measured == (
        "there is only one latent size of autoencoders"
    )


def test_seeds_that_lack_a_run_are_left_out(runs: Path) -> None:
    paths = sizes(runs, {5: 120.0, 10: 100.0}) + sizes(runs, {5: 120.0, 10: 101.0}, seed=1)
    found = verdict([*paths, *sizes(runs, {5: 120.0}, seed=2)], "distortion_falls", latent=10, than=5)
    assert (found.verdict, found.seeds) == (True, 2)
