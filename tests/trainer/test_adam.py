"""Our Adam is PyTorch's Adam, whatever the layout of a gradient."""

import torch

from trainer.adam import Adam


def test_fused_steps_equal_the_plain_optimiser_even_for_transposed_gradients() -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(3, 5, 4, generator=generator)
    ours = {"weight": start.clone()}
    adam = Adam(ours, lr=0.01)
    reference = start.clone().requires_grad_()
    plain = torch.optim.Adam([reference], lr=0.01, fused=False, foreach=False)
    for _ in range(20):
        gradient = torch.randn(3, 4, 5, generator=generator).transpose(1, 2)
        adam.step([gradient])
        reference.grad = gradient.contiguous()
        plain.step()
    torch.testing.assert_close(ours["weight"], reference.detach(), rtol=1e-5, atol=1e-6)
    assert adam.step_count == 20


def test_a_model_moves_as_it_does_alone() -> None:
    gradients = torch.randn(10, 2, 5, 4, generator=torch.Generator().manual_seed(0))
    together, alone = {"weight": torch.zeros(2, 5, 4)}, {"weight": torch.zeros(1, 5, 4)}
    both, one = Adam(together, 0.01), Adam(alone, 0.01)
    for gradient in gradients:
        both.step([gradient])
        one.step([gradient[1:]])
    torch.testing.assert_close(together["weight"][1:], alone["weight"])


def test_going_on_from_saved_moments_equals_never_having_stopped() -> None:
    gradients = torch.randn(6, 1, 3, 2, generator=torch.Generator().manual_seed(0))
    whole = {"weight": torch.ones(1, 3, 2)}
    through = Adam(whole, 0.01)
    for gradient in gradients:
        through.step([gradient])

    half = {"weight": torch.ones(1, 3, 2)}
    first = Adam(half, 0.01)
    for gradient in gradients[:3]:
        first.step([gradient])
    second = Adam(half, 0.01)
    second.exp_avg, second.exp_avg_sq = first.exp_avg, first.exp_avg_sq
    second.set_step_count(first.step_count)
    for gradient in gradients[3:]:
        second.step([gradient])
    assert torch.equal(half["weight"], whole["weight"])
