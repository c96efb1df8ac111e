"""What the settings of a run change: loss, objective, β, decay, binarisation, precision."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainer.engine.training import after, go, same, trained, weights
from tests.trainer.small import config
from trainer.checkpoint import open_run
from trainer.contract.config import Precision
from trainer.contract.evaluation import read_evaluation
from trainer.contract.files import Problem
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import read_tensors
from trainer.engine.learner import Learner
from trainer.engine.train import beta_schedule


def test_the_gaussian_likelihood_is_the_squared_error(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config(3, loss="gaussian", epochs=6, lr=0.01)])
    first, *_, last = read_epochs(run)
    assert last.train.distortion < first.train.distortion / 2
    assert last.train.distortion == pytest.approx(last.train.mse * 784)
    assert read_evaluation(run).likelihood == "gaussian"


def test_warm_up_weighs_the_rate_less_at_first(tmp_path: Path) -> None:
    cold, warm = trained(tmp_path, [config(4, 20.0), config(4, 20.0, beta_warmup=4)])
    assert read_epochs(warm)[0].train.rate > 1.5 * read_epochs(cold)[0].train.rate


def test_warm_up_rises_step_by_step_to_one_and_stays() -> None:
    beta_scale = torch.cat(
        [beta_schedule([config(beta_warmup=2), config()], epoch, 4) for epoch in (1, 2, 3)]
    )
    assert beta_scale[:, 0].tolist() == [1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8, 7 / 8, 1, 1, 1, 1, 1]
    assert beta_scale[:, 1].tolist() == [1] * 12


def test_the_decay_is_the_configuration_s(tmp_path: Path) -> None:
    one = config(3, epochs=6, optimizer="adamw")
    (mild,) = trained(tmp_path / "mild", [one])
    harsh = replace(one, optimiser=replace(one.optimiser, weight_decay=100.0))
    (small,) = trained(tmp_path / "harsh", [harsh])
    norms = [np.linalg.norm(weights(run)["encoder.0.weight"]) for run in (mild, small)]
    assert norms[1] < norms[0] / 2


def test_fixed_binarisation_trains_on_black_and_white_and_dynamic_on_new_draws(tmp_path: Path) -> None:
    runs = {
        mode: trained(tmp_path / mode, [config(3, binarize=mode, epochs=2)])[0]
        for mode in ("none", "fixed", "dynamic")
    }
    figures = {mode: read_evaluation(run) for mode, run in runs.items()}
    assert {mode: found.binarize for mode, found in figures.items()} == {mode: mode for mode in runs}
    assert len({found.figures.distortion for found in figures.values()}) == 3
    # Judged on the same draw, but not trained on the same.
    assert figures["fixed"].figures.mse == pytest.approx(figures["dynamic"].figures.mse, rel=0.1)
    assert figures["none"].figures.mse < 0.8 * figures["fixed"].figures.mse


def test_bf16_trains_nearly_the_same_and_is_bit_for_bit_repeatable(tmp_path: Path) -> None:
    one = [config(3, epochs=4, lr=0.003)]
    (wide,) = trained(tmp_path / "wide", one)
    (narrow,) = trained(tmp_path / "narrow", one, precision="bf16")
    (again,) = trained(tmp_path / "again", one, precision="bf16")
    assert same(narrow, again)
    assert not same(narrow, wide)
    elbos = [read_evaluation(run).figures.elbo for run in (wide, narrow)]
    assert elbos[0] == pytest.approx(elbos[1], rel=0.01)
    assert {value.dtype for value in weights(narrow).values()} == {np.dtype("float32")}


def test_beta_weighs_the_rate(tmp_path: Path) -> None:
    free, dear = trained(tmp_path, [config(4, 0.0, epochs=8), config(4, 20.0, epochs=8)])
    assert read_epochs(free)[-1].train.rate > 3 * read_epochs(dear)[-1].train.rate


def test_an_autoencoder_has_no_rate(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config(4, kind="ae")])
    epoch = read_epochs(run)[-1]
    assert epoch.train.rate == 0
    assert epoch.train.elbo == -epoch.train.distortion
    assert epoch.val is not None
    assert epoch.val.rate == 0
    evaluation = read_evaluation(run)
    assert (evaluation.posterior_draws, evaluation.figures.rate) == (0, 0)
    assert set(evaluation.kl_per_dim) == {0.0}
    assert "log_var" not in read_tensors(run / LATENTS).arrays


def test_only_a_tf32_training_multiplies_in_tf32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    learn = Learner.train_steps

    def spy(learner: Learner, *given: torch.Tensor) -> None:
        seen.append(torch.get_float32_matmul_precision())
        learn(learner, *given)

    monkeypatch.setattr(Learner, "train_steps", spy)
    expectations: dict[Precision, str] = {"tf32": "high", "fp32": "highest", "bf16": "highest"}
    for precision, expected in expectations.items():
        seen.clear()
        trained(tmp_path / precision, [config()], precision=precision)
        assert set(seen) == {expected}
        assert torch.get_float32_matmul_precision() == "highest"


# --- free bits, cycles of β, IWAE


def test_cycles_of_beta_rise_in_their_first_half() -> None:
    """The schedule of Fu et al. 2019, figure 2, over all epochs; one that does not divide the steps too."""
    two = torch.cat([beta_schedule([config(epochs=4, beta_cycles=2)], epoch, 4) for epoch in range(1, 5)])
    assert two.flatten().tolist() == 2 * [0, 0.25, 0.5, 0.75, 1, 1, 1, 1]
    three = torch.cat([beta_schedule([config(epochs=2, beta_cycles=3)], epoch, 4) for epoch in (1, 2)])
    assert three.flatten().tolist() == [0, 0.75, 1, 0.25, 1, 1, 0.5, 1]
    beside = beta_schedule([config(epochs=4, beta_cycles=2), config(kind="ae", epochs=4)], 1, 4)
    assert beside.tolist() == [[0, 1], [0.25, 1], [0.5, 1], [0.75, 1]]


def test_cycles_of_beta_let_the_rate_rise_again(tmp_path: Path) -> None:
    usual: dict[str, Any] = {"epochs": 8, "lr": 0.01}
    constant, cyclical = trained(
        tmp_path, [config(4, 20.0, **usual), config(4, 20.0, **usual, beta_cycles=2)]
    )
    rates = [epoch.train.rate for epoch in read_epochs(cyclical)]
    assert rates[4] > 1.5 * rates[3]  # as the second cycle begins
    assert rates[4] > 1.5 * read_epochs(constant)[4].train.rate


def test_free_bits_keep_each_dimension_at_its_nats(tmp_path: Path) -> None:
    usual: dict[str, Any] = {"epochs": 30, "lr": 0.01}
    collapsed, kept = trained(tmp_path, [config(4, 50.0, **usual), config(4, 50.0, **usual, free_bits=0.5)])
    assert max(read_epochs(collapsed)[-1].kl_per_dim) < 0.2
    assert min(read_epochs(kept)[-1].kl_per_dim) > 0.4
    figures = read_epochs(kept)[-1].held_out
    assert figures.rate == pytest.approx(sum(read_epochs(kept)[-1].kl_per_dim), rel=1e-6)


def test_free_bits_are_not_in_the_metrics(tmp_path: Path) -> None:
    plain, free = trained(tmp_path, [config(4, lr=1e-9), config(4, lr=1e-9, free_bits=9.0)])
    assert read_epochs(free)[0].train.rate == pytest.approx(read_epochs(plain)[0].train.rate, rel=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_iwae_stops_and_resumes_bit_for_bit(tmp_path: Path, precision: Precision) -> None:
    grid = [config(latent, bound="iwae", samples=3, epochs=3) for latent in (2, 5)]
    whole = trained(tmp_path / "whole", grid, precision=precision)
    runs = trained(tmp_path / "halves", grid, after(3), precision)
    go(runs, grid, precision=precision)
    assert all(same(run, expected) for run, expected in zip(runs, whole, strict=True))


def test_a_state_of_cyclical_beta_knows_the_epochs_that_its_cycles_divide(tmp_path: Path) -> None:
    one = config(2, epochs=2, beta_cycles=2)
    (run,) = trained(tmp_path, [one])
    longer = replace(one, optimiser=replace(one.optimiser, epochs=4))
    with pytest.raises(Problem, match=r"optimiser\.epochs 4, and what is saved was trained with 2"):
        open_run(run, longer, images=270)
    plain = config(2, epochs=2)
    (run,) = trained(tmp_path, [plain])
    assert open_run(run, replace(plain, optimiser=longer.optimiser), images=270).position.epoch == 2
