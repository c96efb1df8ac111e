"""What `--precision auto` comes to, and that evaluation never takes the training's shortcuts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import trainer.evaluate
import trainer.precision
from tests.trainer.small import config, dataset
from trainer.evaluate import frames, measure, results_on_test
from trainer.files import Problem
from trainer.model import Ensemble, Parameters, decode, encode, initial_weights
from trainer.precision import (
    compute_type,
    full_precision,
    multiplies_bf16,
    resolve_precision,
    training_precision,
)
from trainer.run import Precision


@pytest.mark.parametrize(
    ("asked", "device", "before", "native", "expected"),
    [
        ("auto", "cuda", None, False, "tf32"),
        ("auto", "mps", None, True, "fp32"),
        ("auto", "cpu", None, False, "fp32"),
        ("auto", "cpu", None, True, "bf16"),
        ("auto", "cpu", "fp32", True, "fp32"),  # a run goes on as it began …
        ("auto", "cpu", "bf16", False, "bf16"),
        ("auto", "cuda", "fp32", False, "fp32"),
        ("auto", "cpu", "tf32", False, "fp32"),  # … where that can be had
        ("fp32", "cuda", None, True, "fp32"),
        ("bf16", "cuda", "fp32", True, "bf16"),
        ("tf32", "cuda", None, False, "tf32"),
    ],
)
def test_what_a_precision_comes_to(
    monkeypatch: pytest.MonkeyPatch,
    asked: Precision,
    device: str,
    before: str | None,
    native: bool,
    expected: str,
) -> None:
    monkeypatch.setattr(trainer.precision, "multiplies_bf16", lambda: native)
    one = replace(config(precision=asked), versions={"precision": before} if before else {})
    assert resolve_precision(one, torch.device(device)) == expected


def test_tf32_without_a_gpu_is_a_problem_that_names_the_mend() -> None:
    with pytest.raises(Problem, match="--precision fp32"):
        resolve_precision(config(precision="tf32"), torch.device("cpu"))


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ("flags : fpu avx512f avx512_bf16 sse", True),
        ("flags : fpu amx_bf16", True),
        ("flags : fpu avx512f avx512_bf16x", False),
        ("model name : avx512_bf16", False),
        ("", False),
    ],
)
def test_the_processor_s_flags_tell_whether_bf16_is_fast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, info: str, expected: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\n{info}\n")
    monkeypatch.setattr(trainer.precision, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr("trainer.precision.platform.system", lambda: "Linux")
    assert multiplies_bf16() is expected
    monkeypatch.setattr(trainer.precision, "CPU_INFO", tmp_path / "nothing")
    assert not multiplies_bf16()


def test_only_bf16_computes_in_bf16() -> None:
    types = {precision: compute_type(precision) for precision in ("fp32", "tf32", "bf16")}
    assert types == {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}


def test_training_allows_tf32_and_afterwards_nothing_does() -> None:
    assert torch.get_float32_matmul_precision() == "highest"
    with training_precision("tf32"):
        assert torch.get_float32_matmul_precision() == "high"
        with full_precision():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "high"
    with training_precision("fp32"):
        assert torch.get_float32_matmul_precision() == "highest"
    assert torch.get_float32_matmul_precision() == "highest"


def test_evaluation_and_frames_compute_in_full_fp32_even_inside_a_tf32_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, torch.dtype]] = []

    def spied(compute: Callable[..., Any]) -> Callable[..., Any]:
        def call(parameters: Parameters, given: torch.Tensor) -> Any:
            seen.append((torch.get_float32_matmul_precision(), given.dtype))
            return compute(parameters, given)

        return call

    monkeypatch.setattr(trainer.evaluate, "encode", spied(encode))
    monkeypatch.setattr(trainer.evaluate, "decode", spied(decode))
    ensemble = Ensemble.build([config()], [initial_weights(config())], torch.device("cpu"))
    pixels = torch.from_numpy(dataset().test.pixels)
    with training_precision("tf32"):
        measure(ensemble, pixels, "val")
        frames(ensemble, pixels[:20])
        results_on_test(ensemble, dataset().test, [1])
        assert torch.get_float32_matmul_precision() == "high"
    assert len(seen) == 8
    assert set(seen) == {("highest", torch.float32)}
