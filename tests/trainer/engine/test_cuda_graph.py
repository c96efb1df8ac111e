"""What a capture does before it counts must leave no trace. The graphs themselves are in test_cuda.py."""

from collections.abc import Callable

import pytest
import torch

from tests.trainer.recorded import Recording
from tests.trainer.small import config
from trainer.engine.cuda_graph import GraphReplay, state_restored
from trainer.engine.learner import Learner
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights

CPU = torch.device("cpu")


@pytest.fixture(params=[torch.float32, torch.bfloat16])
def learner(request: pytest.FixtureRequest) -> Learner:
    grid = [config(2, 4.0, lr=0.01), config(3, lr=0.02)]
    return Learner(Ensemble.build(grid, [initial_weights(one) for one in grid], CPU), request.param)


def block(learner: Learner) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    x = torch.rand(20, 784, generator=torch.Generator().manual_seed(0))
    return x, learner.ensemble.noise(("test",), 3, 8), torch.ones(3, 2)


def everything(learner: Learner) -> list[torch.Tensor]:
    """All that a run saves, found without asking the learner for its own list."""
    moments = learner.adam.moments
    named = (learner.ensemble.parameters, moments.exp_avg, moments.exp_avg_sq, learner.gradient.parameters)
    tensors = [value for of in named for value in of.values()]
    counts = torch.tensor([moments.steps, learner.metrics.images])
    return [*(tensor.clone() for tensor in tensors), learner.metrics.sums.clone(), counts]


def test_what_is_learnt_while_untouched_leaves_no_trace(learner: Learner) -> None:
    learner.train_steps(*block(learner))
    before = everything(learner)
    with state_restored(learner):
        learner.train_steps(*block(learner))
        assert not any(torch.equal(a, b) for a, b in zip(before, everything(learner), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(before, everything(learner), strict=True))


def test_it_is_undone_even_when_it_breaks(learner: Learner) -> None:
    before = everything(learner)

    def breaks() -> None:
        with state_restored(learner):
            learner.train_steps(*block(learner))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert all(torch.equal(a, b) for a, b in zip(before, everything(learner), strict=True))


def test_without_a_gpu_a_replay_is_a_plain_call(learner: Learner) -> None:
    with state_restored(learner):
        learner.train_steps(*block(learner))
        expected = everything(learner)
    replay = GraphReplay(CPU)
    replay(learner, *block(learner))
    assert all(torch.equal(a, b) for a, b in zip(expected, everything(learner), strict=True))


def test_what_trains_through_autograd_is_not_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the IWAE bound does, whose noise has another dimension."""
    grid = [config(latent, bound="iwae", samples=3) for latent in (2, 3)]
    learner = Learner(Ensemble.build(grid, [initial_weights(one) for one in grid], CPU), torch.float32)
    inputs = (block(learner)[0], learner.ensemble.training_noise(("test",), 3, 8), torch.ones(3, 2))
    assert inputs[1].shape == (3, 2, 8, 3, 3)
    monkeypatch.setattr("trainer.engine.cuda_graph.graph_backend", lambda _: object())  # captures nothing
    GraphReplay(CPU)(learner, *inputs)
    assert (learner.adam.moments.steps, learner.metrics.images) == (3, 20)


def test_a_learner_of_some_models_goes_on_as_all_would(learner: Learner) -> None:
    x, noise, beta_scale = block(learner)
    learner.train_steps(x, noise, beta_scale)
    some = learner.select([1])
    some.train_steps(x, noise[:, 1:], beta_scale[:, 1:])
    learner.train_steps(x, noise, beta_scale)
    for name, value in some.ensemble.parameters.items():
        torch.testing.assert_close(value[0], learner.ensemble.parameters[name][1])
    assert some.adam.moments.steps == 6


# --- the recording in place of a graph, used by test_cuda.py ------------------------------------------


def test_a_recording_repeats_operations_and_freezes_numbers() -> None:
    x, total, factor = torch.ones(3), torch.zeros(3), [2.0]

    def work() -> None:
        total.add_(x * factor[0])

    recording = Recording(work)
    x.fill_(10)
    factor[0] = 7.0
    recording.replay()
    assert total.tolist() == [22, 22, 22]  # 2 while it was recorded, then 10 · 2


@pytest.mark.parametrize(
    "work", [lambda: torch.randn(3), lambda: torch.ones(1).item(), lambda: torch.ones(3).nonzero()]
)
def test_what_a_gpu_cannot_capture_cannot_be_recorded(work: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match="cannot be captured"):
        Recording(work)


def test_a_recording_keeps_no_tensor_that_was_there_before() -> None:
    inputs = [torch.ones(3)]
    recording = Recording(lambda: inputs[0].add_(1))
    recording.replay()
    assert inputs[0].tolist() == [3, 3, 3]
    inputs.clear()
    with pytest.raises(RuntimeError, match="is gone"):
        recording.replay()
