"""What `python -m trainer.machine` tells of PyTorch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests import ROOT
from trainer import machine
from trainer.engine import openmp
from trainer.engine.precision import Arithmetic
from trainer.engine.precision_trial import Trial


def test_what_is_found_is_reported_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = Arithmetic("fp32", "onednn")
    trial = Trial(chosen, {Arithmetic("fp32"): 2.0, chosen: 1.0})
    monkeypatch.setattr("trainer.engine.precision_trial.automatic", lambda _device: trial)
    monkeypatch.delenv(openmp.VARIABLE, raising=False)
    assert machine.main() == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["torch"] == torch.__version__
    assert facts["is_available"] == torch.cuda.is_available()
    assert len(facts["gpus"]) == (torch.cuda.device_count() if facts["is_available"] else 0)
    assert os.environ[openmp.VARIABLE] == openmp.SPIN_COUNT  # what is measured is what a training does
    assert facts["precision"] == "fp32 by oneDNN"  # the times alone do not say which was chosen
    assert facts["measured"] == "fp32 2.00 ms, fp32 by oneDNN 1.00 ms"


def test_a_gpu_that_cannot_multiply_is_reported_with_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_number: int) -> tuple[int, int]:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB")

    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Old GPU")
    monkeypatch.setattr(torch.cuda, "mem_get_info", broken)
    found = machine._gpu(0)
    assert (found["name"], found["trouble"]) == ("Old GPU", "CUDA out of memory.")


def test_what_pytorch_warns_of_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    def warn() -> bool:
        warnings.warn("the NVIDIA driver on your system is too old", stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", warn)
    assert machine.facts()["warning"] == "the NVIDIA driver on your system is too old"


def test_a_pytorch_that_cannot_be_imported_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so.13: cannot open\\x1b[2J')")
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; from trainer.machine import main; sys.exit(main())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "PyTorch cannot be imported: OSError: libcudart.so.13: cannot open [2J\n"
