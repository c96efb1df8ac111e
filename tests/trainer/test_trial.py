"""What `--precision auto` measures, and what it takes."""

import pytest
import torch

import trainer.trial
from tests.trainer.small import config
from trainer.files import Problem
from trainer.learner import Learner
from trainer.precision import Arithmetic
from trainer.trial import automatic, fastest, is_what_it_says, measure, resolve

CPU = torch.device("cpu")
FP32, ONEDNN, BF16 = Arithmetic("fp32"), Arithmetic("fp32", "onednn"), Arithmetic("bf16")
EVERY = (FP32, ONEDNN, BF16)


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        ((2.0, 2.0, 2.0), FP32),
        ((2.0, 1.0, 1.0), ONEDNN),
        ((2.0, 1.85, 1.85), FP32),  # not by the margin
        ((2.0, 1.5, 1.45), ONEDNN),
        ((2.0, 1.5, 1.2), BF16),
        ((2.0, 9.0, 1.0), BF16),
        ((1.0, 2.0, 4.0), FP32),
    ],
)
def test_a_simpler_arithmetic_is_left_only_for_a_clearly_faster_one(
    milliseconds: tuple[float, float, float], expected: Arithmetic
) -> None:
    assert fastest(dict(zip(EVERY, milliseconds, strict=True))) == expected


def test_what_was_measured_is_told() -> None:
    found = trainer.trial.Trial(BF16, {FP32: 2.0, ONEDNN: 1.255, BF16: 0.5})
    assert str(found) == "fp32 2.00 ms, fp32 by oneDNN 1.25 ms, bf16 0.50 ms"


def test_steps_of_this_very_model_are_measured_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[torch.dtype, str, torch.Size]] = []
    learn = Learner.learn

    def spy(learner: Learner, x: torch.Tensor, *rest: torch.Tensor) -> None:
        seen.append((learner.dtype, torch.get_float32_matmul_precision(), x.shape))
        learn(learner, x, *rest)

    monkeypatch.setattr(Learner, "learn", spy)
    monkeypatch.setattr(trainer.trial, "is_what_it_says", lambda _: True)
    found = measure(config(5, hidden=(24, 16), batch_size=50), EVERY, CPU)
    assert list(found) == list(EVERY)
    assert all(0 < took < 60_000 for took in found.values())
    ways = {(torch.float32, "highest"), (torch.float32, "medium"), (torch.bfloat16, "highest")}
    assert {(dtype, allows) for dtype, allows, _ in seen} == ways
    assert {shape for *_, shape in seen} == {torch.Size((200, 784))}
    assert torch.get_float32_matmul_precision() == "highest"


def test_the_widest_model_of_a_grid_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []

    def spy(one: object, few: tuple[Arithmetic, ...], _device: torch.device) -> dict[Arithmetic, float]:
        measured.append(one.model.latent)  # type: ignore[attr-defined]
        return {FP32: 2.0, BF16: 1.0}

    monkeypatch.setattr(trainer.trial, "measure", spy)
    grid = [config(latent, precision="auto") for latent in (2, 7, 5)]
    assert resolve(grid, CPU, 1).chosen == BF16
    assert measured == [7]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_precision_that_is_named_is_not_measured(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    monkeypatch.setattr(trainer.trial, "measure", lambda *_: pytest.fail("it was measured"))
    trial = resolve([config(precision=precision)], CPU, 1)  # type: ignore[arg-type]
    assert (trial.chosen, trial.milliseconds, str(trial)) == (Arithmetic(precision), {}, "")  # type: ignore[arg-type]


def test_tf32_on_a_cpu_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(Problem, match="tf32 is for NVIDIA GPUs"):
        resolve([config(precision="tf32")], CPU, 1)


def test_a_library_that_rounds_to_bf16_does_not_count_as_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN takes products in bf16 where the processor has AMX, once it may."""
    multiply = torch.Tensor.__matmul__

    def rounded(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        if a.dtype == torch.float32 and torch.get_float32_matmul_precision() == "medium":
            return multiply(a.bfloat16(), b.bfloat16()).float()
        return multiply(a, b)

    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert is_what_it_says(FP32)
    assert not is_what_it_says(ONEDNN)


def test_for_the_usual_model_a_choice_is_made_here() -> None:
    trial = automatic(CPU)
    assert trial.chosen in trial.milliseconds
    assert {FP32, BF16} <= trial.milliseconds.keys() <= set(EVERY)
