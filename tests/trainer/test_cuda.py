"""How a GPU is used: graphs compute what plain steps do, and a stacked grid what its models do alone.

Each test runs twice: on a GPU, where there is one, and on a CPU that goes the GPU's way with recorded graphs
(`tests.trainer.recorded`). What only a GPU can show is in test_gpu.py.
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trainer.engine.train
import trainer.planner
from tests.trainer.recorded import CPU, PlainGraphs, Recording
from tests.trainer.recorded import device as device
from tests.trainer.small import TRAIN, config, dataset, directories
from trainer.contract.config import Binarize, Config, Precision, read_config
from trainer.contract.evaluation import read_evaluation
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import MODEL, read_status
from trainer.contract.tensors import read_tensors
from trainer.engine.cuda_graph import MAX_PENDING, GraphReplay
from trainer.engine.learner import Learner
from trainer.engine.precision import Arithmetic
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights
from trainer.planner import train_all
from trainer.train_runs import train_runs

GRID = [
    config(2, 1.0),
    config(5, 4.0),
    config(5, kind="ae"),
    config(3, 4.0, lr=0.01, beta_warmup=1, free_bits=0.1),
]
TYPES = [torch.float32, torch.bfloat16]

Property = Callable[[str, object], None]


def never() -> bool:
    return False


def learner_of(configs: list[Config], dtype: torch.dtype, device: torch.device) -> Learner:
    weights = [initial_weights(one) for one in configs]
    return Learner(Ensemble.build(configs, weights, device), dtype)


def blocks(learner: Learner, count: int, images: int = 56) -> Iterator[tuple[torch.Tensor, ...]]:
    """Blocks of four steps, 16 images each, the last one's batch a partial one."""
    generator = torch.Generator().manual_seed(0)
    device = learner.ensemble.device
    for i in range(count):
        x = torch.rand(images, 784, generator=generator).to(device)
        beta_scale = torch.full((4, len(learner.ensemble.configs)), (i + 1) / count, device=device)
        yield x, learner.ensemble.noise(("test", i), 4, 16), beta_scale


def assert_same(one: Learner, other: Learner, tolerance: float) -> None:
    for name, value in one.ensemble.parameters.items():
        torch.testing.assert_close(value, other.ensemble.parameters[name], rtol=0, atol=tolerance)
    torch.testing.assert_close(one.metrics.sums, other.metrics.sums, rtol=1e-3, atol=1e-3)
    assert one.metrics.images == other.metrics.images
    assert one.adam.moments.steps == other.adam.moments.steps


@pytest.fixture
def trained(tmp_path: Path, device: torch.device) -> Callable[..., list[Path]]:
    """Runs of a grid that was trained on the device; none of its blocks was a plain one."""

    def go(
        name: str, grid: list[Config], stop: Callable[[], bool] = never, precision: Precision = "fp32"
    ) -> list[Path]:
        runs = directories(tmp_path / name, grid)
        assert train_runs(runs, grid, dataset(), device, Arithmetic(precision), stop)
        return runs

    return go


# --- graphs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TYPES)
def test_replayed_visits_are_plain_visits(device: torch.device, dtype: torch.dtype) -> None:
    """Noise and beta_scale new each time, the warm-up rolled back, learning rates each model's own."""
    plain, replayed = learner_of(GRID, dtype, device), learner_of(GRID, dtype, device)
    replay = GraphReplay(device)
    for block in blocks(plain, 5):
        plain.train_steps(*block)
        replay(replayed, *block)
        assert_same(plain, replayed, 1e-4)
    assert replay.graphs, "the capture failed and plain steps stood in"
    assert len(replay.blocks) == 1


def test_noise_is_not_frozen_by_a_graph(device: torch.device) -> None:
    """Two blocks that differ in their noise alone must end elsewhere, wherever they were captured."""
    ends = []
    for purposes in ((0, 1), (0, 2)):
        learner, replay = learner_of(GRID[:2], torch.float32, device), GraphReplay(device)
        ((x, _, beta_scale),) = blocks(learner, 1)
        for purpose in purposes:
            replay(learner, x, learner.ensemble.noise(("test", purpose), 4, 16), beta_scale)
        ends.append(learner.ensemble.parameters["encoder.0.weight"].clone())
    assert (ends[0] - ends[1]).abs().max() > 1e-5


def test_weights_loaded_before_a_capture_and_moved_after_it_are_trained_on(device: torch.device) -> None:
    """A graph reads the very tensors of the learner: what is written into them later counts."""
    plain, replayed = learner_of(GRID, torch.float32, device), learner_of(GRID, torch.float32, device)
    replay, given = GraphReplay(device), list(blocks(plain, 2))
    plain.train_steps(*given[0])
    replay(replayed, *given[0])
    for learner in (plain, replayed):
        for value in learner.ensemble.parameters.values():
            value.mul_(0.5)
        learner.gradient.refresh()
        learner.metrics.clear()
    plain.train_steps(*given[1])
    replay(replayed, *given[1])
    assert_same(plain, replayed, 1e-4)


def test_each_size_of_a_visit_has_a_graph_of_its_own(device: torch.device) -> None:
    plain, replayed = (learner_of(GRID, torch.float32, device) for _ in range(2))
    replay = GraphReplay(device)
    for images in (64, 50, 64, 50):
        for block in blocks(plain, 1, images):
            plain.train_steps(*block)
            replay(replayed, *block)
    assert_same(plain, replayed, 1e-4)
    assert sorted(replay.blocks) == [50, 64]


def test_another_learner_has_graphs_of_its_own(device: torch.device) -> None:
    first = learner_of(GRID, torch.float32, device)
    replay = GraphReplay(device)
    for block in blocks(first, 2):
        replay(first, *block)
    some, plain = first.select([1, 3]), first.select([1, 3])
    for x, noise, beta_scale in blocks(first, 2):
        replay(some, x, noise[:, [1, 3]], beta_scale[:, [1, 3]])
        plain.train_steps(x, noise[:, [1, 3]], beta_scale[:, [1, 3]])
    assert_same(plain, some, 1e-4)


def test_a_capture_that_fails_is_said_and_plain_steps_stand_in(
    device: torch.device, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain, replayed = (learner_of(GRID, torch.float32, device) for _ in range(2))
    replay = GraphReplay(device)
    assert replay.graphs is not None

    def fails(_: object, work: Callable[[], None]) -> Recording:
        work()
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(type(replay.graphs), "capture", fails)
    with caplog.at_level(logging.WARNING, "trainer"):
        for block in blocks(plain, 2):
            plain.train_steps(*block)
            replay(replayed, *block)
    assert_same(plain, replayed, 1e-6)
    assert "without CUDA graphs" in caplog.text
    assert replay.graphs is None


@pytest.mark.parametrize("ends", ["at once", "in the end of the capture"])
def test_memory_that_runs_out_in_a_capture_is_no_failed_capture(
    device: torch.device, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """Smaller parts may fit, and plain steps are slow; ending a capture may raise an error of its own."""
    learner, replay = learner_of(GRID, torch.float32, device), GraphReplay(device)
    before = {name: value.clone() for name, value in learner.ensemble.parameters.items()}

    def runs_out(_: object, work: Callable[[], None]) -> Recording:
        work()
        try:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        finally:
            if ends != "at once":
                raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr(type(replay.graphs), "capture", runs_out)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        replay(learner, *next(blocks(learner, 1)))
    assert all(torch.equal(value, before[name]) for name, value in learner.ensemble.parameters.items())
    assert replay.graphs is not None


def test_steps_are_what_they_are_one_model_at_a_time_on_a_cpu(device: torch.device) -> None:
    ours = learner_of(GRID, torch.float32, device)
    alone = [learner_of([one], torch.float32, CPU) for one in GRID]
    for x, noise, beta_scale in blocks(ours, 2):
        ours.train_steps(x, noise, beta_scale)
        for i, one in enumerate(alone):
            latent = one.ensemble.latent
            one.train_steps(x.cpu(), noise[:, i : i + 1, :, :latent].cpu(), beta_scale[:, i : i + 1].cpu())
    for i, one in enumerate(alone):
        name = "decoder.1.weight"
        found, expected = ours.ensemble.parameters[name][i], one.ensemble.parameters[name][0]
        torch.testing.assert_close(found.cpu(), expected, rtol=0, atol=1e-3)
        torch.testing.assert_close(
            ours.metrics.sums[i, :2].cpu(), one.metrics.sums[0, :2], rtol=1e-4, atol=0.05
        )


# --- whole trainings ----------------------------------------------------------------------------------


def test_a_training_captures_two_visits_and_replays_the_rest(
    trained: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A usual block and the epoch's last, with its partial batch; nothing else runs as plain steps."""
    monkeypatch.setattr(trainer.engine.train, "GRAPH_STEPS", 2)
    replays: list[GraphReplay] = []
    init = GraphReplay.__init__

    def noted(replay: GraphReplay, device: torch.device) -> None:
        init(replay, device)
        replays.append(replay)

    monkeypatch.setattr(GraphReplay, "__init__", noted)
    trained("runs", [config(2, epochs=3), config(5, epochs=3)])
    assert [sorted(replay.blocks) for replay in replays] == [[TRAIN - 4 * 64, 2 * 64]]
    assert "without CUDA graphs" not in caplog.text
    assert PlainGraphs.captured in (0, 2)


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_a_grid_is_what_its_models_are_alone(
    trained: Callable[..., list[Path]], precision: Precision, record_property: Property
) -> None:
    """Stacked and padded beside others, a model ends where it ends alone, but for rounding."""
    grid = [config(2, 1.0), config(5, 4.0), config(5, kind="ae")]
    tolerance = {"fp32": 0.01, "tf32": 0.5, "bf16": 2.0}[precision]  # nats; Adam amplifies rounding
    differences = []
    for one, run in zip(grid, trained("grid", grid, precision=precision), strict=True):
        (alone,) = trained(one.name, [one], precision=precision)
        for ours, its in zip(read_epochs(run), read_epochs(alone), strict=True):
            differences.append(abs(ours.held_out.elbo - its.held_out.elbo))
    record_property("largest difference, nats", f"{max(differences):.2g}")
    assert max(differences) <= tolerance


def test_stopped_and_resumed_it_is_nearly_the_uninterrupted_run(
    trained: Callable[..., list[Path]], tmp_path: Path, device: torch.device, record_property: Property
) -> None:
    grid = [config(3, epochs=4, batch_size=8), config(5, epochs=4, batch_size=8)]
    whole = trained("whole", grid)
    asked = iter([False] * 4 + [True])  # after three blocks an epoch and at its end: in the second epoch
    runs = trained("halves", grid, lambda: next(asked))
    assert {read_status(run).state for run in runs} == {"stopped"}
    assert train_runs(runs, grid, dataset(), device, Arithmetic("fp32"), never)
    pairs = [
        (read_evaluation(a).figures.elbo, read_evaluation(b).figures.elbo)
        for a, b in zip(runs, whole, strict=True)
    ]
    difference = max(abs(found - expected) for found, expected in pairs)
    record_property("largest difference, nats", f"{difference:.2g}")
    assert difference < 0.05


def test_patience_and_the_best_work_on_a_stack(trained: Callable[..., list[Path]]) -> None:
    grid = [
        config(2, lr=lr, epochs=12, patience=2, keep="best", binarize="dynamic", optimizer="adamw")
        for lr in (0.5, 1e-4)
    ]
    runs = trained("runs", grid, precision="tf32")
    assert read_status(runs[0]).early
    assert len(read_epochs(runs[0])) < 12
    assert not read_status(runs[1]).early
    assert np.isfinite(read_evaluation(runs[1]).figures.elbo)


def test_a_model_left_alone_on_a_stack_goes_on_as_it_would(
    trained: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its companion is over, a learner of its own is captured anew; it must not notice."""
    grid = [config(2, lr=0.5, epochs=8, patience=1), config(5, lr=1e-3, epochs=8, patience=1)]
    runs = trained("runs", grid)
    ends = [len(read_epochs(run)) for run in runs]
    assert ends[0] < ends[1]
    (alone,) = trained("alone", grid[1:])
    for ours, its in zip(read_epochs(runs[1]), read_epochs(alone), strict=True):
        assert ours.held_out.elbo == pytest.approx(its.held_out.elbo, abs=0.02)


@pytest.mark.parametrize("binarize", ["fixed", "dynamic"])
def test_binarised_images_reach_a_graph_anew_each_epoch(
    trained: Callable[..., list[Path]], binarize: Binarize, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []
    call = GraphReplay.__call__

    def noted(replay: GraphReplay, learner: Learner, x: torch.Tensor, *rest: torch.Tensor) -> None:
        seen.append(x.sum(0).cpu())
        call(replay, learner, x, *rest)

    monkeypatch.setattr(GraphReplay, "__call__", noted)
    trained("runs", [config(2, binarize=binarize)])
    first, second = seen  # an epoch of 5 steps is one block
    assert torch.equal(first, second) == (binarize == "fixed")


def test_a_grid_without_room_is_trained_in_parts_that_fit(
    trained: Callable[..., list[Path]],
    tmp_path: Path,
    device: torch.device,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A capture that finds no room for more than two models ends in parts, each as the whole would be."""
    grid = [config(latent, epochs=2, precision="fp32") for latent in (2, 3, 4, 5)]
    whole = trained("whole", grid)
    capture = GraphReplay._capture

    def narrow(replay: GraphReplay, learner: Learner, inputs: Any) -> Any:
        if len(learner.ensemble.configs) > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return capture(replay, learner, inputs)

    monkeypatch.setattr(GraphReplay, "_capture", narrow)
    monkeypatch.setattr(trainer.planner, "load", lambda name, folder, *_: dataset())
    monkeypatch.setattr(trainer.planner, "resolve_device", lambda wanted: device)
    runs = directories(tmp_path / "parts", grid)
    assert train_all([(run, read_config(run)) for run in runs], tmp_path, never)
    assert "no room for 4 models at once: training them as 2 and 2 in turn" in caplog.text
    for run, expected in zip(runs, whole, strict=True):
        ours, its = (read_tensors(path / MODEL).arrays for path in (run, expected))
        for name, value in its.items():
            np.testing.assert_allclose(ours[name], value, atol=1e-3)
        assert read_evaluation(run).figures.elbo == pytest.approx(
            read_evaluation(expected).figures.elbo, abs=0.01
        )


def test_the_host_stays_near_the_device(device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    learner, replay = learner_of(GRID[:1], torch.float32, device), GraphReplay(device)
    for block in blocks(learner, 2 * MAX_PENDING):
        replay(learner, *block)
    assert len(replay.launched) == MAX_PENDING
