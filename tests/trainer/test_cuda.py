"""What only a GPU can show: graphs compute what plain steps do, and nothing waits for the host in between."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainer.small import config, dataset, directories
from trainer.evaluate import measure
from trainer.graph import Replay
from trainer.learner import Learner
from trainer.model import Ensemble, initial_weights
from trainer.precision import training_precision
from trainer.run import Config, Precision, read_epochs, read_evaluation, read_status
from trainer.train import train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
GPU = torch.device("cuda")
GRID = [
    config(2, 1.0),
    config(5, 4.0),
    config(5, kind="ae"),
    config(3, 4.0, lr=0.01, beta_warmup=1),
]
TYPES = [torch.float32, torch.bfloat16]


def never() -> bool:
    return False


def learner_of(configs: list[Config], dtype: torch.dtype, device: torch.device = GPU) -> Learner:
    weights = [initial_weights(one) for one in configs]
    return Learner(Ensemble.build(configs, weights, device), dtype)


def visits(learner: Learner, count: int, images: int = 56) -> Iterator[tuple[torch.Tensor, ...]]:
    """Visits of four steps, 16 images each, the last one's batch a partial one."""
    generator = torch.Generator().manual_seed(0)
    for i in range(count):
        x = torch.rand(images, 784, generator=generator).to(GPU)
        warmth = torch.full((4, len(learner.ensemble.configs)), (i + 1) / count, device=GPU)
        yield x, learner.ensemble.noise(("test", i), 4, 16), warmth


def assert_same(one: Learner, other: Learner, tolerance: float) -> None:
    for name, value in one.ensemble.parameters.items():
        torch.testing.assert_close(value, other.ensemble.parameters[name], rtol=0, atol=tolerance)
    torch.testing.assert_close(one.tally.sums, other.tally.sums, rtol=1e-3, atol=1e-3)
    assert one.tally.images == other.tally.images
    assert one.adam.moments.steps == other.adam.moments.steps


@pytest.mark.parametrize("dtype", TYPES)
def test_replayed_visits_are_plain_visits(dtype: torch.dtype) -> None:
    """Noise and warmth new each time, the warm-up rolled back, learning rates each model's own."""
    plain, replayed = learner_of(GRID, dtype), learner_of(GRID, dtype)
    replay = Replay(GPU)
    for visit in visits(plain, 5):
        plain.learn(*visit)
        replay(replayed, *visit)
        assert_same(plain, replayed, 1e-4)
    assert replay.captures, "the capture failed and plain steps stood in"
    assert len(replay.visits) == 1


def test_each_size_of_a_visit_has_a_graph_of_its_own() -> None:
    plain, replayed = learner_of(GRID, torch.float32), learner_of(GRID, torch.float32)
    replay = Replay(GPU)
    for images in (64, 50, 64, 50):
        for visit in visits(plain, 1, images):
            plain.learn(*visit)
            replay(replayed, *visit)
    assert_same(plain, replayed, 1e-4)
    assert sorted(replay.visits) == [50, 64]


def test_another_learner_has_graphs_of_its_own() -> None:
    first = learner_of(GRID, torch.float32)
    replay = Replay(GPU)
    for visit in visits(first, 2):
        replay(first, *visit)
    some, plain = first.select([1, 3]), first.select([1, 3])
    for x, noise, warmth in visits(first, 2):
        replay(some, x, noise[:, [1, 3]], warmth[:, [1, 3]])
        plain.learn(x, noise[:, [1, 3]], warmth[:, [1, 3]])
    assert_same(plain, some, 1e-4)


def test_a_replay_never_waits_for_the_gpu() -> None:
    learner = learner_of(GRID, torch.float32)
    replay = Replay(GPU)
    given = list(visits(learner, 3))
    replay(learner, *given[0])
    torch.cuda.set_sync_debug_mode("error")
    try:
        for visit in given[1:]:
            replay(learner, *visit)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_steps_are_what_they_are_on_the_cpu() -> None:
    ours = learner_of(GRID, torch.float32)
    theirs = learner_of(GRID, torch.float32, torch.device("cpu"))
    for x, noise, warmth in visits(ours, 2):
        ours.learn(x, noise, warmth)
        theirs.learn(x.cpu(), noise.cpu(), warmth.cpu())
    for name, value in ours.ensemble.parameters.items():
        torch.testing.assert_close(value.cpu(), theirs.ensemble.parameters[name], rtol=0, atol=1e-3)


def test_evaluation_is_full_fp32_inside_a_tf32_training() -> None:
    """An autoencoder draws nothing, so GPU and CPU must agree to fp32's precision, which TF32 misses."""
    one = [config(5, kind="ae", hidden=(400,))]
    pixels = torch.from_numpy(dataset().test.pixels)
    expected = measure(learner_of(one, torch.float32, torch.device("cpu")).ensemble, pixels, "val")
    with training_precision("tf32"):
        found = measure(learner_of(one, torch.float32).ensemble, pixels.to(GPU), "val")
    torch.testing.assert_close(found.sums.cpu(), expected.sums, rtol=2e-6, atol=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_a_grid_is_what_its_models_are_alone(tmp_path: Path, precision: Precision) -> None:
    grid = [config(2, 1.0), config(5, 4.0), config(5, kind="ae")]
    together = directories(tmp_path / "grid", grid)
    assert train(together, grid, dataset(), GPU, precision, never)
    tolerance = {"fp32": 0.01, "tf32": 0.5, "bf16": 2.0}[precision]  # nats; Adam amplifies rounding
    for one, run in zip(grid, together, strict=True):
        (alone,) = directories(tmp_path / one.name, [one])
        assert train([alone], [one], dataset(), GPU, precision, never)
        for ours, its in zip(read_epochs(run), read_epochs(alone), strict=True):
            assert ours.held_out.elbo == pytest.approx(its.held_out.elbo, abs=tolerance)


def test_stopped_and_resumed_it_is_nearly_the_uninterrupted_run(tmp_path: Path) -> None:
    one = config(3, epochs=4, batch_size=8)
    (whole,) = directories(tmp_path / "whole", [one])
    train([whole], [one], dataset(), GPU, "fp32", never)
    (run,) = directories(tmp_path / "halves", [one])
    asked = iter([False, False, True])
    train([run], [one], dataset(), GPU, "fp32", lambda: next(asked))
    assert read_status(run).state == "stopped"
    train([run], [one], dataset(), GPU, "fp32", never)
    found, expected = (read_evaluation(path).figures.elbo for path in (run, whole))
    assert found == pytest.approx(expected, abs=0.05)


def test_patience_and_the_best_work_on_a_stack(tmp_path: Path) -> None:
    grid = [
        config(2, lr=lr, epochs=12, patience=2, keep="best", binarize="dynamic", optimizer="adamw")
        for lr in (0.5, 1e-4)
    ]
    runs = directories(tmp_path, grid)
    assert train(runs, grid, dataset(), GPU, "tf32", never)
    assert read_status(runs[0]).early
    assert len(read_epochs(runs[0])) < 12
    assert not read_status(runs[1]).early
    assert np.isfinite(read_evaluation(runs[1]).figures.elbo)
