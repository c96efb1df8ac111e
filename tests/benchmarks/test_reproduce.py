"""`python -m benchmarks.reproduce`: verdicts, and the report when time runs out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import benchmarks.reproduce as bench
import trainer.planner
from benchmarks.gpu.parts import Deadline
from benchmarks.published import PUBLISHED, Published
from benchmarks.reproduce import Reproduction, is_missed, page, reproduce, rows
from tests.trainer.small import dataset
from trainer.contract.config import Config, Data
from trainer.contract.files import Problem
from trainer.contract.images import Dataset

TINY = Published("tiny", (16,), 2, {1: 500.0, 2: 400.0}, 1000.0, "bars", share=1.0, batch_size=64)
LIKELY = replace(TINY, figures={3: 400.0}, samples=4, is_bound=True, binarize="dynamic")
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _bars(monkeypatch: pytest.MonkeyPatch) -> None:
    def bars(*_: object) -> Dataset:
        return replace(dataset(), name="mnist")

    monkeypatch.setattr(trainer.planner, "load", bars)
    monkeypatch.setattr(bench, "load", bars)


def go(published: Published, seconds: float = HOUR) -> Reproduction:
    return reproduce(published, Path(), [0], "fp32", "cpu", Deadline(seconds))


def cells(ours: Reproduction) -> list[dict[str, str]]:
    return [dict(zip(bench.COLUMNS, row, strict=True)) for row in rows(ours)]


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the deadline of a training pass once it has been checked `times` times."""

    def set_up(times: int) -> None:
        class Counting:
            def __init__(self, _: float) -> None:
                self.checks = 0

            @property
            def left(self) -> float:
                self.checks += 1
                return float(self.checks < times)

        monkeypatch.setattr(bench, "Deadline", Counting)

    return set_up


def test_each_figure_resumes_the_previous_training() -> None:
    ours = go(TINY)
    first, second = (ours.evaluations[epochs][0] for epochs in (1, 2))
    assert (first.epoch, second.epoch) == (1, 2)
    assert second.figures.elbo > first.figures.elbo
    assert ours.nats == {1: -first.figures.elbo, 2: -second.figures.elbo}
    assert [row["verdict"] for row in cells(ours)] == ["holds", "holds"]


def test_importance_sampling_uses_the_samples_of_the_table() -> None:
    ours = go(LIKELY)
    (found,) = ours.evaluations[3]
    assert found.marginal is not None
    assert found.marginal.samples == 4
    assert ours.nats[3] == found.marginal.nats < -found.figures.elbo
    assert found.binarize == "dynamic"
    assert "effective samples" in page("", [ours])
    assert cells(ours)[0]["active units"].endswith("of 2")


def test_a_training_stopped_early_has_its_figure_and_the_epochs_left_out(
    stop_after: Callable[[int], None],
) -> None:
    stop_after(3)  # checked at the start, after an epoch's visit and at its end
    ours = go(replace(LIKELY, tolerance=-399.0))
    (row,) = cells(ours)
    assert row["epochs"] == "1 of 3"
    assert row["verdict"] == "open: 2 epochs left out"
    assert float(row["mean"]) == pytest.approx(ours.nats[3], abs=0.01)
    assert not is_missed([ours])


def test_a_network_without_time_is_left_out(stop_after: Callable[[int], None]) -> None:
    stop_after(0)
    ours = go(LIKELY)
    assert cells(ours)[0]["verdict"] == "left out: no time to train"
    assert cells(ours)[0]["epochs"] == "0 of 3"
    assert not is_missed([ours])


def test_the_elbo_of_an_unfinished_training_is_not_reported(
    stop_after: Callable[[int], None],
) -> None:
    stop_after(3)
    ours = go(replace(TINY, figures={3: 400.0}))
    assert cells(ours)[0]["verdict"] == "left out: no time for more than 1 epochs"


def test_a_deadline_during_the_evaluation_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Deadline(0)
    monkeypatch.setattr(bench, "Deadline", lambda _: Deadline(HOUR))
    ours = reproduce(LIKELY, Path(), [0], "fp32", "cpu", over)
    assert "its time was over" in cells(ours)[0]["verdict"]


def test_a_failing_training_is_a_row_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise Problem("the GPU is on fire")

    monkeypatch.setattr(trainer.planner, "resolve_device", fails)
    ours = go(LIKELY)
    assert cells(ours)[0]["verdict"] == "failed: the GPU is on fire"
    assert is_missed([ours])


def test_a_bound_has_no_lower_limit_and_a_tolerance_has() -> None:
    figure = {10: 100.0}
    within, bound = (replace(TINY, figures=figure, tolerance=0.5, is_bound=b) for b in (False, True))
    assert [within.is_missed(nats, 10) for nats in (99.4, 99.6, 100.4, 100.6)] == [True, False, False, True]
    assert [bound.is_missed(nats, 10) for nats in (99.4, 99.6, 100.4, 100.6)] == [False, False, False, True]


def test_one_reading_of_a_network_has_to_hold() -> None:
    ours = go(TINY)
    missed = replace(ours, published=replace(TINY, tolerance=0.0))
    other = replace(missed, published=replace(missed.published, network="another"))
    assert not is_missed([ours])
    assert is_missed([missed])
    assert not is_missed([ours, missed])
    assert is_missed([ours, missed, other])


def test_an_orientation_is_compared_by_its_shape_and_never_missed() -> None:
    sizes = [replace(LIKELY, latent=z, figures={1: 100.0 - z}, is_orientation=True) for z in (2, 5)]
    done = [go(published) for published in sizes]
    assert [cells(ours)[0]["verdict"] for ours in done] == ["orientation", "orientation"]
    assert not is_missed(done)
    change = done[1].nats[1] - done[0].nats[1]
    assert f"z = 2 to 5: {change:+.1f} (published -3.0)" in page("", done)
    assert "By latent size" not in page("", done[:1])


def test_a_network_of_several_samples_is_trained_on_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[Config] = []
    monkeypatch.setattr(bench, "train_all", lambda members, *_: trained.extend(c for _, c in members))
    go(replace(LIKELY, train_samples=5))
    assert {(config.objective.bound, config.objective.samples) for config in trained} == {("iwae", 5)}


def test_every_network_of_the_table_is_a_configuration_that_holds() -> None:
    images = Data("mnist", 60_000, 0, 10_000, 0.0, "dynamic", "")
    configs = [one.config(images, 0, "fp32", "cpu") for one in PUBLISHED]
    for config in configs:
        config.check()
    assert len({(one.name, one.network, one.measure) for one in PUBLISHED}) == len(PUBLISHED)
