"""What `--precision auto` comes to, and that evaluation never takes the training's shortcuts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest
import torch

from tests.trainer.small import config, dataset
from trainer.contract.config import Precision
from trainer.contract.files import Problem
from trainer.engine.precision import Arithmetic, candidates, full_precision, training_precision
from trainer.evaluation.metrics import evaluate_test, frames, measure
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights

CPU_CHOICE = [("fp32", "blas"), ("fp32", "onednn"), ("bf16", "blas")]


@pytest.mark.parametrize(
    ("asked", "device", "before", "expected"),
    [
        ("auto", "cuda", {}, [("tf32", "blas")]),
        ("auto", "mps", {}, [("fp32", "blas")]),
        ("auto", "cpu", {}, CPU_CHOICE),
        ("auto", "cpu", {"precision": "fp32"}, [("fp32", "blas")]),  # a run goes on as it began …
        ("auto", "cpu", {"precision": "fp32", "library": "onednn"}, [("fp32", "onednn")]),
        ("auto", "cpu", {"precision": "bf16", "library": "blas"}, [("bf16", "blas")]),
        ("auto", "cuda", {"precision": "fp32"}, [("fp32", "blas")]),
        ("auto", "cpu", {"precision": "tf32"}, CPU_CHOICE),  # … where that can be had
        ("auto", "cuda", {"precision": "fp32", "library": "onednn"}, [("tf32", "blas")]),
        ("auto", "cpu", {"precision": "fp32", "library": "\x1b[2J"}, CPU_CHOICE),
        ("fp32", "cuda", {}, [("fp32", "blas")]),
        ("fp32", "cpu", {}, [("fp32", "blas")]),
        ("bf16", "cuda", {"precision": "fp32"}, [("bf16", "blas")]),
        ("tf32", "cuda", {}, [("tf32", "blas")]),
    ],
)
def test_what_a_precision_may_come_to(
    asked: Precision, device: str, before: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    one = replace(config(precision=asked), versions=before)
    found = candidates(one, torch.device(device))
    assert [(arithmetic.precision, arithmetic.library) for arithmetic in found] == expected


def test_tf32_without_a_gpu_is_a_problem_that_names_the_mend() -> None:
    with pytest.raises(Problem, match="--precision fp32"):
        candidates(config(precision="tf32"), torch.device("cpu"))


def test_only_bf16_computes_in_bf16() -> None:
    types = {precision: Arithmetic(precision).dtype for precision in get_args(Precision)}
    assert {precision for precision, dtype in types.items() if dtype is torch.bfloat16} == {"bf16"}


def test_training_allows_tf32_and_afterwards_nothing_does() -> None:
    assert torch.get_float32_matmul_precision() == "highest"
    with training_precision(Arithmetic("tf32")):
        assert torch.get_float32_matmul_precision() == "high"
        with full_precision():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "high"
    with training_precision(Arithmetic("fp32")):
        assert torch.get_float32_matmul_precision() == "highest"
    assert torch.get_float32_matmul_precision() == "highest"


def test_evaluation_and_frames_compute_in_full_fp32_even_inside_a_tf32_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, torch.dtype]] = []

    def spied(compute: Callable[..., Any]) -> Callable[..., Any]:
        def call(ensemble: Ensemble, given: torch.Tensor) -> Any:
            seen.append((torch.get_float32_matmul_precision(), given.dtype))
            return compute(ensemble, given)

        return call

    monkeypatch.setattr(Ensemble, "encode", spied(Ensemble.encode))
    monkeypatch.setattr(Ensemble, "decode", spied(Ensemble.decode))
    ensemble = Ensemble.build([config()], [initial_weights(config())], torch.device("cpu"))
    pixels = torch.from_numpy(dataset().test.pixels)
    with training_precision(Arithmetic("tf32")):
        measure(ensemble, pixels, "val")
        frames(ensemble, pixels[:20])
        evaluate_test(ensemble, dataset().test, [1])
        assert torch.get_float32_matmul_precision() == "high"
    assert len(seen) == 8
    assert set(seen) == {("highest", torch.float32)}
