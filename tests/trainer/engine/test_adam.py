"""Our Adam is PyTorch's, for each model of a stack, whatever the layout of a gradient."""

from collections.abc import Sequence

import pytest
import torch

from trainer.contract.config import Optimiser
from trainer.engine.adam import Adam, Moments


def optimiser(lr: float = 0.01, name: str = "adam") -> Optimiser:
    return Optimiser("adamw" if name == "adamw" else "adam", lr, 128, 1, 0.1 if name == "adamw" else 0.0)


def adam_of(weight: torch.Tensor, optimisers: Sequence[Optimiser]) -> Adam:
    return Adam({"weight": weight}, optimisers, Moments.none({"weight": weight}))


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_fused_steps_equal_the_plain_optimiser_even_for_transposed_gradients(name: str) -> None:
    start = drawn(3, 5, 4)
    ours = start.clone()
    adam = adam_of(ours, [optimiser(name=name)] * 3)
    reference = start.clone().requires_grad_()
    plain: torch.optim.Optimizer = (
        torch.optim.AdamW([reference], lr=0.01, weight_decay=0.1, fused=False, foreach=False)
        if name == "adamw"
        else torch.optim.Adam([reference], lr=0.01, fused=False, foreach=False)
    )
    for gradient in drawn(20, 3, 4, 5).transpose(2, 3):
        adam.step({"weight": gradient})
        reference.grad = gradient.contiguous()
        plain.step()
    torch.testing.assert_close(ours, reference.detach(), rtol=1e-5, atol=1e-6)
    assert adam.moments.steps == 20


@pytest.mark.parametrize("lrs", [(0.01, 0.01, 0.003), (0.01, 0.003, 0.01), (0.01, 0.003, 0.1)])
def test_each_model_moves_at_its_own_rate_as_it_does_alone(lrs: tuple[float, ...]) -> None:
    start, gradients = drawn(3, 5, 4), drawn(10, 3, 5, 4)
    together = start.clone()
    all_three = adam_of(together, [optimiser(lr) for lr in lrs])
    for gradient in gradients:
        all_three.step({"weight": gradient})
    for i, lr in enumerate(lrs):
        alone = start[i : i + 1].clone()
        one = adam_of(alone, [optimiser(lr)])
        for gradient in gradients:
            one.step({"weight": gradient[i : i + 1]})
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-6, atol=1e-7)


def test_a_gradient_as_small_as_epsilon_moves_half_as_far() -> None:
    """Kingma & Ba's ε of 1e-8, which decides how far weights with hardly any gradient go."""
    weight = torch.zeros(1, 1, 1)
    adam_of(weight, [optimiser(0.01)]).step({"weight": torch.full((1, 1, 1), 1e-8)})
    assert weight.item() == pytest.approx(-0.005, rel=1e-3)


def test_neighbours_of_one_rate_move_in_one_call() -> None:
    adam = adam_of(drawn(4, 2, 2), [optimiser(lr) for lr in (0.1, 0.1, 0.2, 0.2)])
    assert [group.models for group in adam.groups] == [slice(0, 2), slice(2, 4)]


def test_decay_leaves_padding_at_zero() -> None:
    weight = drawn(1, 3, 4)
    weight[..., 2:] = 0
    adam = adam_of(weight, [optimiser(name="adamw")])
    gradient = drawn(1, 3, 4)
    gradient[..., 2:] = 0
    before = weight.clone()
    for _ in range(5):
        adam.step({"weight": gradient})
    assert not weight[..., 2:].any()
    assert not torch.equal(weight, before)


def test_going_on_from_saved_moments_equals_never_having_stopped() -> None:
    gradients = drawn(6, 1, 3, 2)
    whole = torch.ones(1, 3, 2)
    through = adam_of(whole, [optimiser()])
    for gradient in gradients:
        through.step({"weight": gradient})

    half = torch.ones(1, 3, 2)
    first = adam_of(half, [optimiser()])
    for gradient in gradients[:3]:
        first.step({"weight": gradient})
    second = Adam({"weight": half}, [optimiser()], first.moments)
    for gradient in gradients[3:]:
        second.step({"weight": gradient})
    assert torch.equal(half, whole)
    assert second.moments.steps == 6


def test_moments_of_some_models() -> None:
    adam = adam_of(torch.zeros(3, 2, 2), [optimiser()] * 3)
    adam.step({"weight": drawn(3, 2, 2)})
    some = adam.moments.select(torch.tensor([2, 0]))
    assert torch.equal(some.exp_avg["weight"], adam.exp_avg["weight"][[2, 0]])
    assert torch.equal(some.exp_avg_sq["weight"], adam.exp_avg_sq["weight"][[2, 0]])
    assert some.steps == 1
