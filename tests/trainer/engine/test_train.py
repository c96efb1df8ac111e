"""Training: every model of a grid is what it would be alone, and a stop leaves no trace."""

import gc
import json
import time
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trainer.checkpoint
import trainer.engine.train
import trainer.train_runs
from tests.trainer.small import VAL, config, dataset, directories
from trainer.contract.config import Config, Precision, weight_shapes
from trainer.contract.evaluation import read_evaluation
from trainer.contract.metrics import Figures, read_epochs
from trainer.contract.run_dir import LATENTS, MODEL, STATE, TIMELINE, Status, read_status, write_status
from trainer.contract.tensors import Array, read_tensors
from trainer.engine.learner import Learner
from trainer.engine.metric_sums import MetricSums
from trainer.engine.precision import Arithmetic
from trainer.engine.train import beta_schedule, noise_by_step, permutation
from trainer.evaluation.metrics import measure
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights
from trainer.recorder import RunRecorder
from trainer.train_runs import train_runs

CPU = torch.device("cpu")
GRID = [config(2, 1.0), config(2, 4.0), config(5, 0.0), config(5, kind="ae")]


def never() -> bool:
    return False


def after(steps: int) -> Callable[[], bool]:
    """Asks to stop once asked `steps` times; the loop asks after each visit and each epoch."""
    count = 0

    def asked() -> bool:
        nonlocal count
        count += 1
        return count >= steps

    return asked


def go(
    runs: list[Path],
    configs: list[Config],
    stop: Callable[[], bool] = never,
    precision: Precision = "fp32",
    threads: int = 1,
) -> bool:
    return train_runs(runs, configs, dataset(), CPU, Arithmetic(precision), stop, threads)


def trained(
    folder: Path, configs: list[Config], stop: Callable[[], bool] = never, precision: Precision = "fp32"
) -> list[Path]:
    runs = directories(folder, configs)
    go(runs, configs, stop, precision)
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


STACKABLE = {
    "padding, β and an autoencoder": GRID,
    "learning rates": [config(2, 1.0, lr=1e-3), config(5, 4.0, lr=1e-3), config(3, 4.0, lr=1e-4)],
    "decay": [config(2, optimizer="adamw"), config(5, 4.0, optimizer="adamw")],
    "squared error": [config(2, 4.0, loss="gaussian"), config(5, kind="ae", loss="gaussian")],
    "warm-up beside an autoencoder": [config(5, kind="ae"), config(2, 4.0, beta_warmup=2)],
    "binarised": [config(2, binarize="dynamic"), config(5, 4.0, binarize="dynamic")],
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


# --- options ----------------------------------------------------------------------------------------


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


# --- patience and the best ----------------------------------------------------------------------------


def scripted(monkeypatch: pytest.MonkeyPatch, script: dict[str, list[float]]) -> None:
    """Validation ELBOs as told, by course and epoch, instead of those measured."""
    figures = MetricSums.figures

    def told(recorder: RunRecorder, epoch: int, held_out: list[MetricSums]) -> None:
        for learner, metrics in zip(recorder.learners, held_out, strict=True):
            alive.append(metrics)  # or its id would come again
            for i, one in enumerate(learner.ensemble.configs):
                told_elbo[id(metrics), i] = script[one.base_name][epoch - 1]
        done(recorder, epoch, held_out)

    alive: list[MetricSums] = []
    told_elbo: dict[tuple[int, int], float] = {}

    def figures_as_told(metrics: MetricSums, index: int) -> Figures:
        found = figures(metrics, index)
        elbo = told_elbo.get((id(metrics), index))
        return found if elbo is None else Figures(found.distortion, found.rate, elbo, found.mse)

    done = RunRecorder.end_epoch
    monkeypatch.setattr(RunRecorder, "end_epoch", told)
    monkeypatch.setattr(MetricSums, "figures", figures_as_told)


LAYOUTS = {
    "a network each": lambda models, device: [range(i, i + 1) for i in range(models)],
    "stacked": lambda models, device: [range(models)],
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_patience_ends_a_model_and_not_its_companions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: Callable[[int, torch.device], list[range]]
) -> None:
    monkeypatch.setattr(trainer.train_runs, "layout", layout)
    grid = [config(latent, epochs=6, patience=2) for latent in (2, 3, 4)]
    rising, falling, late = (one.base_name for one in grid)
    scripted(
        monkeypatch,
        {
            rising: [-9.0, -8.0, -7.0, -6.0, -5.0, -4.0],
            falling: [-5.0, -6.0, -7.0, -8.0, -9.0, -9.0],
            late: [-9.0, -5.0, -6.0, -4.0, -4.5, -4.0],
        },
    )
    runs = trained(tmp_path / "grid", grid)
    assert [len(read_epochs(run)) for run in runs] == [6, 3, 6]
    status = [read_status(run) for run in runs]
    assert [(one.state, one.epoch, one.early) for one in status] == [
        ("finished", 6, False),
        ("finished", 3, True),
        ("finished", 6, False),
    ]
    assert read_evaluation(runs[1]).epoch == 3
    monkeypatch.undo()
    # What it is alone after three epochs, and the others after six.
    for one, run, epochs in zip(grid, runs, (6, 3, 6), strict=True):
        (alone,) = trained(tmp_path / one.name, [config(one.model.latent, epochs=epochs)])
        for name, value in weights(alone).items():
            np.testing.assert_allclose(weights(run)[name], value, atol=2e-5)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_best_weights_are_kept_tested_and_not_trained_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: Callable[[int, torch.device], list[range]]
) -> None:
    monkeypatch.setattr(trainer.train_runs, "layout", layout)
    grid = [config(2, epochs=4, keep="best"), config(3, epochs=4, keep="best")]
    scripted(
        monkeypatch,
        {grid[0].base_name: [-9.0, -5.0, -6.0, -7.0], grid[1].base_name: [-9.0, -8.0, -6.0, -7.0]},
    )
    runs = trained(tmp_path / "grid", grid)
    monkeypatch.undo()
    for one, run, best in zip(grid, runs, (2, 3), strict=True):
        (then,) = trained(tmp_path / f"{one.name}-then", [config(one.model.latent, epochs=best)])
        assert read_evaluation(run).epoch == best
        assert read_tensors(run / MODEL).metadata["epoch"] == str(best)
        assert read_evaluation(run).figures.elbo == pytest.approx(
            read_evaluation(then).figures.elbo, abs=1e-3
        )
        (end,) = trained(tmp_path / f"{one.name}-end", [config(one.model.latent, epochs=4)])
        state = read_tensors(run / STATE).arrays
        for name, value in weights(end).items():
            np.testing.assert_allclose(state[f"weight/{name}"], value, atol=2e-5)
        for name, value in weights(then).items():
            np.testing.assert_allclose(weights(run)[name], value, atol=2e-5)


def test_killed_between_its_last_save_and_its_end_a_run_without_patience_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = config(2, epochs=9, patience=2)
    elbos = [-5.0, -6.0, -7.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]
    scripted(monkeypatch, {one.base_name: elbos})
    (run,) = trained(tmp_path, [one])
    write_status(run, Status("running", 3, 9))
    (run / "evaluation.json").unlink()
    go([run], [one])
    assert len(read_epochs(run)) == 3
    assert (read_status(run).state, read_status(run).early) == ("finished", True)
    assert read_evaluation(run).epoch == 3


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


RESUMABLE = {
    "vae and ae": [config(2, 1.0, epochs=3), config(5, kind="ae", epochs=3)],
    "warm-up": [config(2, 4.0, epochs=3, beta_warmup=2)],
    "adamw, odd batches": [config(3, epochs=3, optimizer="adamw", batch_size=37)],
    "dynamic": [config(2, epochs=3, binarize="dynamic")],
    "the best kept": [config(2, epochs=3, keep="best", lr=0.05)],
}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("grid", RESUMABLE.values(), ids=RESUMABLE)
@pytest.mark.parametrize(("asked", "visit"), [(1, 64), (3, 64), (2, 128), (4, 200), (7, 64), (11, 64)])
def test_stopped_and_resumed_is_bit_for_bit_the_uninterrupted_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: int,
    visit: int,
    grid: list[Config],
    precision: Precision,
) -> None:
    whole = trained(tmp_path / "whole", grid, precision=precision)
    monkeypatch.setattr(trainer.engine.train, "BLOCK_IMAGES", visit)
    runs = trained(tmp_path / "halves", grid, after(asked), precision)
    assert {read_status(run).state for run in runs} == {"stopped"}
    monkeypatch.undo()
    go(runs, grid, precision=precision)
    for run, expected in zip(runs, whole, strict=True):
        assert same(run, expected)
        assert [e.train for e in read_epochs(run)] == [e.train for e in read_epochs(expected)]
        assert [e.val for e in read_epochs(run)] == [e.val for e in read_epochs(expected)]
        assert read_evaluation(run) == read_evaluation(expected)
        ours, its = (read_tensors(r / TIMELINE).arrays for r in (run, expected))
        assert np.array_equal(ours["probes"], its["probes"])


def test_what_was_read_of_a_run_that_goes_on_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as large as the models themselves, and a training may take days."""
    grid = [config(2, epochs=1), config(3, epochs=1)]
    runs = trained(tmp_path, grid)
    read: list[weakref.ref[object]] = []
    resume = trainer.checkpoint.resume

    def spy(saved: list[trainer.checkpoint.SavedRun], *rest: Any) -> Learner:
        assert all(one() is None for one in read)  # not even until the next model has its own
        learner = resume(saved, *rest)
        read.extend(weakref.ref(array) for one in saved for array in one.arrays.values())
        return learner

    monkeypatch.setattr(trainer.checkpoint, "resume", spy)

    def alive_at_a_stop() -> bool:
        gc.collect()
        alive.append(sum(one() is not None for one in read))
        return False

    alive: list[int] = []
    longer = [replace(one, optimiser=replace(one.optimiser, epochs=2)) for one in grid]
    go(runs, longer, alive_at_a_stop)
    assert read
    assert set(alive) == {0}


def test_how_many_steps_a_visit_has_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trained(tmp_path / "whole", GRID)
    monkeypatch.setattr(trainer.engine.train, "BLOCK_IMAGES", 64)
    single = trained(tmp_path / "single", GRID)
    assert all(same(run, other) for run, other in zip(whole, single, strict=True))


def test_a_finished_run_goes_on_when_its_epochs_are_raised(tmp_path: Path) -> None:
    (whole,) = trained(tmp_path / "whole", [config(epochs=4)])
    (run,) = trained(tmp_path / "raised", [config(epochs=2)])
    go([run], [config(epochs=4)])
    assert same(run, whole)
    assert read_evaluation(run).epoch == 4


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config()])
    before = weights(run)
    assert go([run], [config()])
    assert all(np.array_equal(value, before[name]) for name, value in weights(run).items())
    assert len(read_epochs(run)) == 2


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


def test_rows_hold_plain_numbers(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config()])
    row = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert set(row) == {"epoch", "train", "val", "active_units", "kl_per_dim", "seconds"}
    assert set(row["train"]) == {"distortion", "rate", "elbo", "mse"}
