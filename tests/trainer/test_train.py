"""Training: every model of a grid is what it would be alone, and a stop leaves no trace."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import trainer.checkpoint
import trainer.train
from tests.trainer.small import VAL, config, dataset, directories
from trainer.adam import Adam
from trainer.checkpoint import Learner
from trainer.desk import Desk
from trainer.evaluate import measure
from trainer.files import Array, read_tensors
from trainer.model import Ensemble, initial_weights
from trainer.objective import Tally
from trainer.run import (
    LATENTS,
    MODEL,
    TIMELINE,
    Config,
    read_epochs,
    read_evaluation,
    read_status,
    weight_shapes,
)
from trainer.train import learn, permutation, train

CPU = torch.device("cpu")
GRID = [config(2, 1.0), config(2, 4.0), config(5, 0.0), config(5, kind="ae")]


def never() -> bool:
    return False


def after(steps: int) -> Callable[[], bool]:
    """Asks to stop once asked `steps` times; the loop asks after each step and each epoch."""
    count = 0

    def asked() -> bool:
        nonlocal count
        count += 1
        return count >= steps

    return asked


def trained(folder: Path, configs: list[Config], stop: Callable[[], bool] = never) -> list[Path]:
    runs = directories(folder, configs)
    train(runs, configs, dataset(), CPU, stop)
    return runs


def weights(run: Path) -> dict[str, Array]:
    return read_tensors(run / MODEL).arrays


def same(one: Path, other: Path) -> bool:
    return all(np.array_equal(value, weights(other)[name]) for name, value in weights(one).items())


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


def test_stacked_models_are_what_they_are_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU: padding, β and companions must not reach a model, but for rounding."""
    monkeypatch.setattr(trainer.train, "layout", lambda models, device: [range(models)])
    together = trained(tmp_path / "grid", GRID)
    monkeypatch.undo()
    for one, run in zip(GRID, together, strict=True):
        (alone,) = trained(tmp_path / one.name, [one])
        for ours, its in zip(read_epochs(run), read_epochs(alone), strict=True):
            assert ours.train.elbo == pytest.approx(its.train.elbo, abs=1e-3)
            assert ours.held_out.elbo == pytest.approx(its.held_out.elbo, abs=1e-3)
        for name, value in weights(alone).items():
            np.testing.assert_allclose(weights(run)[name], value, atol=2e-5)


def test_beta_weighs_the_rate(tmp_path: Path) -> None:
    free, dear = trained(tmp_path, [config(4, 0.0, epochs=8), config(4, 20.0, epochs=8)])
    assert read_epochs(free)[-1].train.rate > 3 * read_epochs(dear)[-1].train.rate


def test_an_autoencoder_has_no_rate(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config(4, kind="ae")])
    epoch = read_epochs(run)[-1]
    assert epoch.train.rate == 0
    assert epoch.train.elbo == -epoch.train.distortion
    assert read_evaluation(run).posterior_draws == 0
    assert "log_var" not in read_tensors(run / LATENTS).arrays


@pytest.mark.parametrize("steps", [1, 3, 5, 7, 11])
def test_stopped_and_resumed_is_bit_for_bit_the_uninterrupted_run(tmp_path: Path, steps: int) -> None:
    grid = [config(2, 1.0, epochs=3), config(5, kind="ae", epochs=3)]
    whole = trained(tmp_path / "whole", grid)
    runs = trained(tmp_path / "halves", grid, stop=after(steps))
    assert {read_status(run).state for run in runs} == {"stopped"}
    train(runs, grid, dataset(), CPU, never)
    for run, expected in zip(runs, whole, strict=True):
        assert same(run, expected)
        assert [e.train for e in read_epochs(run)] == [e.train for e in read_epochs(expected)]
        assert [e.val for e in read_epochs(run)] == [e.val for e in read_epochs(expected)]
        assert read_evaluation(run) == read_evaluation(expected)
        ours, its = (read_tensors(r / TIMELINE).arrays for r in (run, expected))
        assert np.array_equal(ours["probes"], its["probes"])


def test_a_finished_run_goes_on_when_its_epochs_are_raised(tmp_path: Path) -> None:
    (whole,) = trained(tmp_path / "whole", [config(epochs=4)])
    (run,) = trained(tmp_path / "raised", [config(epochs=2)])
    train([run], [config(epochs=4)], dataset(), CPU, never)
    assert same(run, whole)
    assert read_evaluation(run).epoch == 4


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config()])
    before = weights(run)
    assert train([run], [config()], dataset(), CPU, never)
    assert all(np.array_equal(value, before[name]) for name, value in weights(run).items())
    assert len(read_epochs(run)) == 2


def test_evaluating_more_often_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (quiet,) = trained(tmp_path / "quiet", [config()])

    def twice(*arguments: object) -> object:
        measure(*arguments)  # type: ignore[arg-type]
        return measure(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer.train, "measure", twice)
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


def test_a_gradient_is_of_the_mean_over_images_and_each_model_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adam hides a gradient's scale but for its ε, so look at the gradient itself."""
    seen: list[list[torch.Tensor]] = []
    monkeypatch.setattr(Adam, "step", lambda adam, gradients: seen.append(list(gradients)))
    x = torch.rand(8, 784, generator=torch.Generator().manual_seed(0))
    for configs, copies in (([config(3)], 1), ([config(3)], 2), ([config(3), config(3, 4.0)], 1)):
        ensemble = Ensemble.build(configs, [initial_weights(one) for one in configs], CPU)
        learner = Learner(ensemble, Adam(ensemble.parameters, 1e-3), Tally.of(ensemble))
        noise = ensemble.noise(("test",), 1, 8)[0]
        learn(learner, x.repeat(copies, 1), noise.repeat(1, copies, 1))
    once, twice, together = seen
    for name, one, same, both in zip(ensemble.parameters, once, twice, together, strict=True):
        assert torch.allclose(same, one, rtol=1e-4, atol=1e-5), f"{name}: twice the images"
        assert torch.allclose(both[:1], one, rtol=1e-4, atol=1e-5), f"{name}: a companion"


def test_every_image_counts_the_partial_last_batch_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    done = Desk.epoch_done

    def spy(desk: Desk, epoch: int, held_out: list[Tally], probes: torch.Tensor) -> None:
        counted.extend((desk.learners[0].tally.images, held_out[0].images))
        done(desk, epoch, held_out, probes)

    monkeypatch.setattr(Desk, "epoch_done", spy)
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
    assert not train(runs, grid, dataset(), CPU, never)
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


def test_rows_hold_plain_numbers(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config()])
    row = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert set(row) == {"epoch", "train", "val", "active_units", "kl_per_dim", "seconds"}
    assert set(row["train"]) == {"distortion", "rate", "elbo", "mse"}
