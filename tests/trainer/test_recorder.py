"""Which epoch is best, when patience is at an end, and what a stop in between must not lose."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast

import numpy as np
import pytest
import torch

import trainer.engine.train
import trainer.evaluation.metrics
import trainer.recorder
import trainer.run_status
from tests.trainer.engine.training import CPU, after, go, never, scripted, trained, weights
from tests.trainer.small import config, directories
from trainer.checkpoint import Timeline
from trainer.contract.config import Config
from trainer.contract.evaluation import read_evaluation
from trainer.contract.files import Problem
from trainer.contract.metrics import Epoch, Figures, read_epochs
from trainer.contract.position import read_position
from trainer.contract.run_dir import MODEL, Status, read_status, write_status
from trainer.contract.tensors import read_metadata
from trainer.engine.batches import DeviceImages
from trainer.engine.learner import Learner
from trainer.engine.metric_sums import MetricSums
from trainer.engine.train import permutation
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights
from trainer.planner import mark
from trainer.recorder import RunRecord
from trainer.run_status import fail


def record(one: Config) -> RunRecord:
    return RunRecord(Path(), one, cast(Learner, SimpleNamespace(best=None)), 0, Timeline([], [], []))


def row(epoch: int, val: float, train: float = 0.0) -> Epoch:
    return Epoch(epoch, Figures(0, 0, train, 0), Figures(0, 0, val, 0), 0, (), 1.0)


@pytest.mark.parametrize(
    ("elbos", "patience", "warmup", "ends"),
    [
        ([-5, -6, -7, -8], 2, 0, 3),
        ([-5, -6, -4, -5, -6], 2, 0, 5),
        ([-5, -5, -5], 2, 0, 3),  # as good is no better
        ([-5, -6, -7, -8, -9, -9], 2, 3, 5),  # while β rises, patience does not run
        ([-5, -6, -7, -4, -5, -6], 2, 3, 6),
        ([-5, -6, -7, -8], 0, 0, None),
    ],
)
def test_when_patience_ends(elbos: list[float], patience: int, warmup: int, ends: int | None) -> None:
    one = record(config(patience=patience, beta_warmup=warmup))
    over = []
    for epoch, elbo in enumerate(elbos, start=1):
        one.update_best(row(epoch, elbo, train=float(epoch)))  # training, which improves, does not count
        over.append(one.is_out_of_patience(epoch))
    assert (over.index(True) + 1 if True in over else None) == ends


def test_a_stop_forgets_neither_the_best_epoch_nor_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = config(2, epochs=9, patience=4, keep="best")
    scripted(monkeypatch, {one.base_name: [-5.0, -6.0, -7.0, -8.0, -9.0, -9.0, -9.0, -9.0, -9.0]})
    (run,) = trained(tmp_path / "run", [one], stop=after(4))  # called after each block and each epoch
    assert read_status(run).state == "stopped"
    assert len(read_epochs(run)) == 2
    go([run], [one])
    assert (len(read_epochs(run)), read_status(run).early, read_evaluation(run).epoch) == (5, True, 1)
    monkeypatch.undo()
    (first,) = trained(tmp_path / "first", [config(2, epochs=1)])
    assert all(np.array_equal(value, weights(first)[name]) for name, value in weights(run).items())


def test_a_learner_of_some_models_has_their_best() -> None:
    grid = [config(latent, keep="best") for latent in (2, 3, 4)]
    learner = Learner(Ensemble.build(grid, [initial_weights(one) for one in grid], CPU), torch.float32)
    for value in learner.ensemble.parameters.values():
        value.add_(1)
    learner.keep_as_best(2)
    some = learner.select([0, 2])
    assert learner.best is not None
    assert some.best is not None
    for name, value in learner.best.items():
        assert torch.equal(some.best[name], value[[0, 2]])
    assert not torch.equal(some.best["heads.bias"][0], some.ensemble.parameters["heads.bias"][0])
    assert torch.equal(some.best["heads.bias"][1], some.ensemble.parameters["heads.bias"][1])


def test_every_epoch_of_a_seed_has_its_own_order_and_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[tuple[int, int]] = []
    draws: list[tuple[int, int]] = []
    drawn = DeviceImages.epoch_pixels

    def order(seed: int, epoch: int, images: int) -> torch.Tensor:
        orders.append((seed, epoch))
        return permutation(seed, epoch, images)

    def draw(data: DeviceImages, seed: int, epoch: int) -> torch.Tensor:
        draws.append((seed, epoch))
        return drawn(data, seed, epoch)

    monkeypatch.setattr(trainer.engine.train, "permutation", order)
    monkeypatch.setattr(DeviceImages, "epoch_pixels", draw)
    trained(tmp_path, [config(seed=7, epochs=3, binarize="dynamic")], never)
    assert orders == draws == [(7, 1), (7, 2), (7, 3)]


@pytest.mark.parametrize("where", ["train", "val"])
def test_a_figure_that_is_no_number_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    measure = trainer.evaluation.metrics.measure

    def poisoned(*given: Any, **named: Any) -> Any:
        metrics = measure(*given, **named)
        metrics.sums.fill_(float("nan"))
        return metrics

    if where == "val":
        monkeypatch.setattr(trainer.recorder, "measure", poisoned)
    else:
        learn = Learner.train_steps

        def poison(learner: Learner, *given: torch.Tensor) -> None:
            learn(learner, *given)
            learner.metrics.sums.fill_(float("nan"))

        monkeypatch.setattr(Learner, "train_steps", poison)
    (run,) = trained(tmp_path, [config()])
    assert (read_status(run).state, read_epochs(run)) == ("failed", [])


def test_an_epoch_s_time_includes_the_wait_for_its_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU is still at work when the host has launched everything; reading the sums waits for it."""
    waited = 0.0
    figures = MetricSums.figures

    def late(metrics: MetricSums, index: int) -> Figures:
        nonlocal waited
        waited += 100
        return figures(metrics, index)

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + waited)
    monkeypatch.setattr(MetricSums, "figures", late)
    monkeypatch.setattr(trainer.recorder, "time", clock)
    (run,) = trained(tmp_path, [config(2, epochs=2)])
    assert all(100 <= epoch.seconds < 1000 for epoch in read_epochs(run))


def test_a_measured_speed_stays_in_the_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = config(2, epochs=3)
    (run,) = directories(tmp_path, [one])
    written: list[Status] = []

    def record_and_write(path: Path, status: Status) -> None:
        written.append(status)
        write_status(path, status)

    monkeypatch.setattr(trainer.run_status, "write_status", record_and_write)

    def speeds() -> list[float]:
        return [status.images_per_second for status in written]

    go([run], [one], stop=after(4))
    first = next(i for i, speed in enumerate(speeds()) if speed > 0)
    mark([(run, one)], "queued")  # by the trainer that continues it
    go([run], [one])
    assert {"running", "stopped", "queued", "finished"} == {status.state for status in written[first:]}
    assert min(speeds()[first:]) > 0
    fail(run, one, 3, Problem("the folder is gone"))
    assert read_status(run).images_per_second == speeds()[-2] > 0


@pytest.mark.parametrize("keep", ["last", "best"])
def test_a_model_saved_within_an_epoch_says_after_how_many_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: Literal["last", "best"]
) -> None:
    monkeypatch.setattr(trainer.engine.train, "ROUND_IMAGES", 64)
    one = config(2, keep=keep)
    (run,) = directories(tmp_path, [one])
    go([run], [one], stop=after(1))
    step = read_position(run).step
    assert step > 0
    found = read_metadata(run / MODEL)
    assert (found["epoch"], found["step"]) == ("0", str(step) if keep == "last" else "0")


def test_patience_waits_for_the_last_rise_of_cyclical_beta() -> None:
    one = record(config(epochs=8, patience=2, beta_cycles=2))  # rises in epochs 1, 2, 5 and 6
    one.update_best(row(1, -5.0, train=0.0))
    assert [epoch for epoch in range(1, 9) if one.is_out_of_patience(epoch)] == [8]
