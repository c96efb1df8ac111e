"""What `--precision auto` measures, and what it takes."""

from dataclasses import replace

import pytest
import torch

import trainer.engine.precision_trial
from tests.trainer.small import config
from trainer.contract.config import Config
from trainer.contract.files import Problem
from trainer.engine.learner import Learner
from trainer.engine.precision import Arithmetic
from trainer.engine.precision_trial import (
    IMAGES,
    StepTimes,
    automatic,
    choose_arithmetic,
    fastest,
    is_emulated,
    is_true_fp32,
    measure,
)

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


def test_what_was_measured_is_reported() -> None:
    found = trainer.engine.precision_trial.Trial(BF16, {FP32: 2.0, ONEDNN: 1.255, BF16: 0.5})
    assert str(found) == "fp32 2.00 ms, fp32 by oneDNN 1.25 ms, bf16 0.50 ms"


def test_steps_of_this_very_model_are_measured_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[torch.dtype, str, torch.Size]] = []
    learn = Learner.train_steps

    def spy(learner: Learner, x: torch.Tensor, *rest: torch.Tensor) -> None:
        seen.append((learner.dtype, torch.get_float32_matmul_precision(), x.shape))
        learn(learner, x, *rest)

    monkeypatch.setattr(Learner, "train_steps", spy)
    monkeypatch.setattr(trainer.engine.precision_trial, "is_true_fp32", lambda _: True)
    monkeypatch.setattr(trainer.engine.precision_trial, "is_emulated", lambda _: False)
    found = measure(config(5, hidden=(24, 16), batch_size=50), EVERY, CPU)
    assert list(found) == list(EVERY)
    assert all(0 < took < 60_000 for took in found.values())
    ways = {(torch.float32, "highest"), (torch.float32, "medium"), (torch.bfloat16, "highest")}
    assert {(dtype, allows) for dtype, allows, _ in seen} == ways
    assert {shape for *_, shape in seen} <= {torch.Size((50, 784)), torch.Size((200, 784))}
    assert torch.get_float32_matmul_precision() == "highest"


class Spy:
    """Every learner that learns, what it is allowed, and from how many images in how many steps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails: torch.dtype | None = None) -> None:
        self.learners: list[Learner] = []
        self.taken: list[tuple[int, int]] = []
        learn = Learner.train_steps

        def spy(learner: Learner, x: torch.Tensor, noise: torch.Tensor, beta_scale: torch.Tensor) -> None:
            if learner.dtype == fails:
                raise RuntimeError("could not create a primitive")
            self.learners.append(learner)
            self.taken.append((len(x), len(beta_scale)))
            learn(learner, x, noise, beta_scale)

        monkeypatch.setattr(Learner, "train_steps", spy)
        monkeypatch.setattr(trainer.engine.precision_trial, "is_true_fp32", lambda _: True)
        monkeypatch.setattr(trainer.engine.precision_trial, "is_emulated", lambda _: False)


def test_a_batch_of_all_images_is_not_measured_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch)
    one = config(2, hidden=(4,), batch_size=1_000_000)
    measure(replace(one, data=replace(one.data, train=54_000)), EVERY, CPU)
    assert {images for images, _ in spy.taken} == {IMAGES}


def test_long_steps_are_measured_once_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch)
    monkeypatch.setattr(trainer.engine.precision_trial, "SECONDS", 0.0)
    measure(config(2, batch_size=50), EVERY, CPU)
    assert spy.taken == [(50, 1)] * 2 * len(EVERY)


def test_measuring_takes_the_memory_of_one_training(monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch)
    measure(config(2), EVERY, CPU)
    weights = "encoder.0.weight"
    assert len({learner.adam.exp_avg[weights].data_ptr() for learner in spy.learners}) == 1
    wide = [learner for learner in spy.learners if learner.dtype == torch.float32]
    assert len(set(wide)) == 2
    assert len({learner.gradient.gradients[weights].data_ptr() for learner in wide}) == 1


def test_an_arithmetic_that_fails_is_not_chosen(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Spy(monkeypatch, fails=torch.bfloat16)
    assert list(measure(config(), EVERY, CPU)) == [FP32, ONEDNN]
    assert "bf16 cannot be measured (could not create a primitive)" in caplog.text


def test_plain_fp32_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    Spy(monkeypatch, fails=torch.float32)
    with pytest.raises(RuntimeError, match="primitive"):
        measure(config(), EVERY, CPU)


def test_emulated_products_are_not_measured_by_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without instructions for bf16 a step of a wide model takes minutes."""
    spy = Spy(monkeypatch)
    monkeypatch.setattr(trainer.engine.precision_trial, "is_emulated", is_emulated)
    monkeypatch.setattr(
        trainer.engine.precision_trial, "_seconds", lambda a, _: {torch.bfloat16: 5.0}.get(a.dtype, 1.0)
    )
    assert BF16 not in measure(config(), EVERY, CPU)
    assert {learner.dtype for learner in spy.learners} == {torch.float32}


def test_models_of_one_command_that_are_computed_alike_are_measured_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seeds, and the halves of a grid, must not differ by their arithmetic."""
    found = iter([{FP32: 2.0, BF16: 1.0}, {FP32: 1.0, BF16: 2.0}])
    monkeypatch.setattr(trainer.engine.precision_trial, "measure", lambda *_: next(found))
    earlier: dict[object, StepTimes] = {}

    def chosen(one: Config, threads: int = 1) -> Arithmetic:
        return choose_arithmetic([replace(one, precision="auto")], CPU, threads, earlier).chosen

    assert chosen(config(9)) == BF16
    assert chosen(config(9, seed=1)) == chosen(config(2, beta=4.0, lr=1e-4), 2) == BF16
    assert chosen(config(9, hidden=(4, 4))) == FP32


def test_the_widest_model_of_a_grid_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []

    def spy(one: object, few: tuple[Arithmetic, ...], _device: torch.device) -> dict[Arithmetic, float]:
        measured.append(one.model.latent)  # type: ignore[attr-defined]
        return {FP32: 2.0, BF16: 1.0}

    monkeypatch.setattr(trainer.engine.precision_trial, "measure", spy)
    grid = [config(latent, precision="auto") for latent in (2, 7, 5)]
    assert choose_arithmetic(grid, CPU, 1).chosen == BF16
    assert measured == [7]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_precision_that_is_named_is_not_measured(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    monkeypatch.setattr(trainer.engine.precision_trial, "measure", lambda *_: pytest.fail("it was measured"))
    trial = choose_arithmetic([config(precision=precision)], CPU, 1)  # type: ignore[arg-type]
    assert (trial.chosen, trial.milliseconds, str(trial)) == (Arithmetic(precision), {}, "")  # type: ignore[arg-type]


def test_tf32_on_a_cpu_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(Problem, match="tf32 is for NVIDIA GPUs"):
        choose_arithmetic([config(precision="tf32")], CPU, 1)


def test_a_library_that_rounds_to_bf16_does_not_count_as_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN takes products in bf16 where the processor has AMX, once it may."""
    multiply = torch.Tensor.__matmul__

    def rounded(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        if a.dtype == torch.float32 and torch.get_float32_matmul_precision() == "medium":
            return multiply(a.bfloat16(), b.bfloat16()).float()
        return multiply(a, b)

    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert is_true_fp32(FP32)
    assert not is_true_fp32(ONEDNN)


def test_a_run_goes_on_in_fp32_where_its_library_is_not_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been begun on another processor."""
    begun = replace(config(precision="auto"), versions={"precision": "fp32", "library": "onednn"})
    monkeypatch.setattr(trainer.engine.precision_trial, "is_true_fp32", lambda _: True)
    assert choose_arithmetic([begun], CPU, 1).chosen == ONEDNN
    monkeypatch.setattr(trainer.engine.precision_trial, "is_true_fp32", lambda one: one.library == "blas")
    assert choose_arithmetic([begun], CPU, 1).chosen == FP32


def test_for_the_usual_model_a_choice_is_made_here() -> None:
    trial = automatic(CPU)
    assert trial.chosen in trial.milliseconds
    assert {FP32} <= trial.milliseconds.keys() <= set(EVERY)
