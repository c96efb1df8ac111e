"""Training: every model of a grid is what it would be alone, and every image counts."""

import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

import trainer.checkpoint
import trainer.engine.train
import trainer.train_runs
from tests.trainer.engine.training import CPU, GRID, go, same, trained, weights
from tests.trainer.small import VAL, config, dataset, directories
from trainer.contract.config import Config, weight_shapes
from trainer.contract.evaluation import read_evaluation
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import LATENTS, MODEL, TIMELINE, read_status
from trainer.contract.tensors import read_tensors
from trainer.engine.learner import Learner
from trainer.engine.metric_sums import MetricSums
from trainer.engine.train import noise_by_step, permutation
from trainer.evaluation.metrics import measure
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights
from trainer.recorder import RunRecorder


def test_training_lowers_the_objective_and_leaves_the_whole_run_directory(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config(3, epochs=6, lr=0.01)])
    epochs = read_epochs(run)
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[-1].train.elbo > epochs[0].train.elbo + 50
    assert epochs[-1].val is not None
    assert epochs[-1].val.elbo == pytest.approx(epochs[-1].train.elbo, abs=60)
    assert len(epochs[-1].kl_per_dim) == 3
    assert (read_status(run).state, read_status(run).epoch) == ("finished", 6)

    evaluation = read_evaluation(run)
    assert (evaluation.split, evaluation.images, evaluation.posterior_draws) == ("test", 57, 1)
    classes = np.bincount(dataset().test.labels)
    weighed = sum(evaluation.per_class_distortion[str(c)] * n for c, n in enumerate(classes)) / 57
    assert weighed == pytest.approx(evaluation.figures.distortion)

    latents = read_tensors(run / LATENTS).arrays
    assert latents["mean"].shape == latents["log_var"].shape == (57, 3)
    timeline = read_tensors(run / TIMELINE).arrays
    assert timeline["probes"].shape == (6, 20, 784)
    assert timeline["draws"].shape == (6, 16, 784)
    assert not np.array_equal(timeline["draws"][0], timeline["draws"][-1])
    assert {n: w.shape for n, w in weights(run).items()} == weight_shapes(config(3).model)


def test_on_a_cpu_every_model_of_a_grid_is_bit_for_bit_what_it_is_alone(tmp_path: Path) -> None:
    together = trained(tmp_path / "grid", GRID)
    for one, run in zip(GRID, together, strict=True):
        (alone,) = trained(tmp_path / one.name, [one])
        assert same(run, alone)
        assert [e.val for e in read_epochs(run)] == [e.val for e in read_epochs(alone)]


STACKABLE = {
    "padding, β and an autoencoder": GRID,
    "learning rates": [config(2, 1.0, lr=1e-3), config(5, 4.0, lr=1e-3), config(3, 4.0, lr=1e-4)],
    "decay": [config(2, optimizer="adamw"), config(5, 4.0, optimizer="adamw")],
    "squared error": [config(2, 4.0, loss="gaussian"), config(5, kind="ae", loss="gaussian")],
    "warm-up beside an autoencoder": [config(5, kind="ae"), config(2, 4.0, beta_warmup=2)],
    "binarised": [config(2, binarize="dynamic"), config(5, 4.0, binarize="dynamic")],
    "free bits and cycles": [config(5, kind="ae"), config(2, 4.0, free_bits=0.1, beta_cycles=2)],
    "IWAE": [config(2, bound="iwae", samples=3), config(5, bound="iwae", samples=3)],
    "the best kept": [config(2, keep="best", lr=0.05), config(5, 4.0, keep="best", lr=0.05)],
}


@pytest.mark.parametrize("grid", STACKABLE.values(), ids=STACKABLE)
def test_stacked_models_are_what_they_are_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grid: list[Config]
) -> None:
    """As on a GPU: padding, settings and companions must not reach a model, but for rounding."""
    monkeypatch.setattr(trainer.train_runs, "layout", lambda models, device: [range(models)])
    together = trained(tmp_path / "grid", grid)
    monkeypatch.undo()
    for one, run in zip(grid, together, strict=True):
        (alone,) = trained(tmp_path / one.name, [one])
        for ours, its in zip(read_epochs(run), read_epochs(alone), strict=True):
            assert ours.train.elbo == pytest.approx(its.train.elbo, abs=1e-3)
            assert ours.held_out.elbo == pytest.approx(its.held_out.elbo, abs=1e-3)
        assert read_evaluation(run).figures.elbo == pytest.approx(
            read_evaluation(alone).figures.elbo, abs=1e-3
        )
        for name, value in weights(alone).items():
            np.testing.assert_allclose(weights(run)[name], value, atol=2e-5)


def test_padding_stays_zero_through_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer.train_runs, "layout", lambda models, device: [range(models)])
    seen: list[Learner] = []
    finish = RunRecorder.finish

    def spy(recorder: RunRecorder) -> None:
        seen.extend(recorder.learners)
        finish(recorder)

    monkeypatch.setattr(RunRecorder, "finish", spy)
    grid = [
        config(2, optimizer="adamw"),
        config(7, optimizer="adamw"),
        config(5, kind="ae", optimizer="adamw"),
    ]
    trained(tmp_path, grid)
    parameters = seen[0].ensemble.parameters
    heads = parameters["heads.weight"].view(3, 16, 2, 7)  # (models, hidden, mean and log_var, latent)
    assert not heads[0, :, :, 2:].any()
    assert not heads[2, :, 1].any()
    assert not parameters["decoder.0.weight"][0, 2:].any()
    assert not parameters["decoder.0.weight"][2, 5:].any()


def test_how_many_models_learn_at_once_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    at_once: list[int] = []
    inside: set[int] = set()
    learn = Learner.train_steps

    def spy(learner: Learner, *given: torch.Tensor) -> None:
        inside.add(id(learner))
        at_once.append(len(inside))
        time.sleep(0.002)
        learn(learner, *given)
        inside.remove(id(learner))

    monkeypatch.setattr(Learner, "train_steps", spy)
    together = trained(tmp_path / "at once", GRID)
    assert max(at_once) > 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    at_once.clear()
    in_turn = trained(tmp_path / "in turn", GRID)
    assert max(at_once) == 1
    assert all(same(run, other) for run, other in zip(together, in_turn, strict=True))


def test_how_many_steps_a_visit_has_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trained(tmp_path / "whole", GRID)
    monkeypatch.setattr(trainer.engine.train, "BLOCK_IMAGES", 64)
    single = trained(tmp_path / "single", GRID)
    assert all(same(run, other) for run, other in zip(whole, single, strict=True))


def test_evaluating_more_often_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (quiet,) = trained(tmp_path / "quiet", [config()])

    def twice(ensemble: Ensemble, pixels: torch.Tensor, split: str) -> MetricSums:
        measure(ensemble, pixels, split)
        return measure(ensemble, pixels, split)

    monkeypatch.setattr(trainer.recorder, "measure", twice)
    (busy,) = trained(tmp_path / "busy", [config()])
    assert same(quiet, busy)


def test_evaluation_never_draws_from_a_training_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[tuple[object, ...]] = Counter()
    noise = Ensemble.noise

    def spy(ensemble: Ensemble, purpose: tuple[object, ...], batches: int, batch: int) -> torch.Tensor:
        asked[purpose] += 1
        return noise(ensemble, purpose, batches, batch)

    monkeypatch.setattr(Ensemble, "noise", spy)
    trained(tmp_path, [config(epochs=3)])
    assert asked == {
        ("train", 1, 0): 1,
        ("train", 2, 0): 1,
        ("train", 3, 0): 1,
        ("evaluation", "val", 0): 3,  # the same draws at every epoch, so that epochs compare
        ("evaluation", "test", 0): 1,
    }


def test_every_image_counts_the_partial_last_batch_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    done = RunRecorder.end_epoch

    def spy(recorder: RunRecorder, epoch: int, held_out: list[MetricSums]) -> None:
        counted.extend((recorder.learners[0].metrics.images, held_out[0].images))
        done(recorder, epoch, held_out)

    monkeypatch.setattr(RunRecorder, "end_epoch", spy)
    trained(tmp_path, [config(batch_size=64)])
    assert counted == [270, VAL, 270, VAL]


def test_without_a_validation_split_all_images_train(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config(val_fraction=0.0)])
    assert all(epoch.val is None for epoch in read_epochs(run))
    assert read_epochs(run)[-1].held_out == read_epochs(run)[-1].train


def test_a_run_that_diverges_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone,) = trained(tmp_path / "alone", [config(3, 1.0)])

    def poisoned(one: Config) -> dict[str, torch.Tensor]:
        weights = initial_weights(one)
        return {n: w * float("nan") for n, w in weights.items()} if one.objective.beta == 4 else weights

    monkeypatch.setattr(trainer.checkpoint, "initial_weights", poisoned)
    grid = [config(3, 4.0), config(3, 1.0)]
    runs = directories(tmp_path, grid)
    assert not go(runs, grid)
    assert read_status(runs[0]).state == "failed"
    assert "--lr" in read_status(runs[0]).error
    assert not (runs[0] / MODEL).exists()
    assert read_status(runs[1]).state == "finished"
    assert read_evaluation(runs[1]).figures.elbo == pytest.approx(
        read_evaluation(alone).figures.elbo, abs=1e-3
    )


def test_the_order_of_images_is_new_each_epoch_and_the_same_again() -> None:
    assert torch.equal(permutation(0, 1, 50), permutation(0, 1, 50))
    assert not torch.equal(permutation(0, 1, 50), permutation(0, 2, 50))
    assert not torch.equal(permutation(0, 1, 50), permutation(1, 1, 50))
    assert sorted(permutation(0, 1, 50).tolist()) == list(range(50))


def test_noise_is_new_at_every_step_and_the_same_from_wherever_one_begins() -> None:
    ensemble = Ensemble.build([config(2)], [initial_weights(config(2))], CPU)
    steps = [noise.flatten() for noise, _ in zip(noise_by_step(ensemble, 1, 0, 4), range(40), strict=False)]
    assert len({tuple(noise.tolist()) for noise in steps}) == 40
    for first in (0, 5, 16, 21, 37):
        assert torch.equal(next(noise_by_step(ensemble, 1, first, 4)).flatten(), steps[first])


def test_rows_hold_plain_numbers(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config()])
    row = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert set(row) == {"epoch", "train", "val", "active_units", "kl_per_dim", "seconds"}
    assert set(row["train"]) == {"distortion", "rate", "elbo", "mse"}
