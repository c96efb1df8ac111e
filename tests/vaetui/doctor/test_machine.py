import json
from pathlib import Path
from typing import Any

import pytest

from tests.vaetui.doctor.made import about, world
from vaetui.doctor.machine import SMI, section
from vaetui.doctor.world import Answer, Section
from vaetui.runs.launch import MACHINE

CPU: dict[str, Any] = {
    "torch": "2.9.0",
    "cuda": "13.0",
    "is_available": False,
    "warning": "",
    "device": "cpu",
    "precision": "bf16",
    "measured": "fp32 2.00 ms, bf16 1.00 ms",
    "gpus": [],
}
H200 = {"name": "NVIDIA H200", "free": 130 << 30, "total": 140 << 30, "bf16": True, "trouble": ""}
GPU = CPU | {"is_available": True, "device": "cuda", "precision": "tf32", "measured": "", "gpus": [H200]}
DRIVER = Answer("570.86.10, NVIDIA H200\n")


def inspected(
    root: Path, finding: Answer | dict[str, Any] | None, driver: Answer | None = None, **env: str
) -> Section:
    answers = {}
    if finding is not None:
        answers[MACHINE[-1]] = finding if isinstance(finding, Answer) else Answer(json.dumps(finding))
    if driver is not None:
        answers[SMI[0]] = driver
    return section(world(root, env, answers))


def standings(found: Section) -> set[str]:
    return {finding.standing for finding in found.findings}


def test_a_machine_without_a_gpu_is_well(tmp_path: Path) -> None:
    found = inspected(tmp_path, CPU)
    assert standings(found) == {"well"}
    assert about(found, "PyTorch").found == "2.9.0, built for CUDA 13.0"
    assert about(found, "GPU").found == "none, so trainings run on the CPU"
    assert (
        about(found, "default").found
        == "trains on cpu in bf16 (a step of 784-400-20: fp32 2.00 ms, bf16 1.00 ms)"
    )
    assert "driver" not in [finding.about for finding in found.findings]


def test_a_gpu_with_its_driver(tmp_path: Path) -> None:
    found = inspected(tmp_path, GPU, DRIVER)
    assert standings(found) == {"well"}
    assert about(found, "driver").found == "NVIDIA 570.86.10"
    assert about(found, "GPU").found == "NVIDIA H200, 130.0 of 140.0 GiB free, bf16 yes"
    assert about(found, "default").found == "trains on cuda in tf32"


def test_several_gpus_are_numbered_and_one_that_fails_is_reported(tmp_path: Path) -> None:
    broken = H200 | {"trouble": "CUDA error: no kernel image is available", "bf16": False}
    found = inspected(tmp_path, GPU | {"gpus": [H200, broken]}, DRIVER)
    assert about(found, "GPU 0").standing == "well"
    finding = about(found, "GPU 1")
    assert (finding.standing, "cannot be used: CUDA error: no kernel" in finding.found) == ("broken", True)
    assert "--device cpu" in finding.mend


@pytest.mark.parametrize(
    ("finding", "env", "words", "mend"),
    [
        (CPU | {"cuda": None}, {}, "which this PyTorch is not built for", "pip install"),
        (CPU, {"CUDA_VISIBLE_DEVICES": ""}, "hidden by CUDA_VISIBLE_DEVICES=", "unset CUDA_VISIBLE_DEVICES"),
        (
            CPU | {"warning": "the driver is too old"},
            {},
            "cannot use: the driver is too old",
            "update the driver",
        ),
    ],
)
def test_why_a_gpu_is_not_used(
    finding: dict[str, Any], env: dict[str, str], words: str, mend: str, tmp_path: Path
) -> None:
    found = about(inspected(tmp_path, finding, DRIVER, **env), "GPU")
    assert (found.standing, words in found.found, mend in found.mend) == ("hint", True, True)
    assert found.found.startswith("NVIDIA H200")


@pytest.mark.parametrize("driver", [Answer("", "couldn't communicate with the driver"), Answer("\n")])
def test_a_driver_that_fails(driver: Answer, tmp_path: Path) -> None:
    found = inspected(tmp_path, CPU, driver)
    finding = about(found, "driver")
    assert (finding.standing, "nvidia-smi fails: " in finding.found) == ("hint", True)
    assert (driver.trouble or "sees no GPU") in finding.found
    assert about(found, "GPU").standing == "well"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer("", "PyTorch cannot be imported: OSError: libcudart"), "cannot be imported: OSError"),
        (Answer("", "no answer within 120 s"), "no answer within 120 s"),
        (Answer("Segmentation\x1b[2J"), "it answers 'Segmentation [2J'"),
        (Answer("[]"), "it answers"),
        (Answer(json.dumps(CPU | {"gpus": [{}]})), "it answers"),
        (None, "there is no Python"),
    ],
)
def test_a_pytorch_that_does_not_answer_is_broken(answer: Answer | None, words: str, tmp_path: Path) -> None:
    found = inspected(tmp_path, answer, DRIVER)
    finding = about(found, "PyTorch")
    assert (finding.standing, words in finding.found, "pip install" in finding.mend) == ("broken", True, True)
    assert about(found, "driver").standing == "well"
    assert all(finding.found.isprintable() for finding in found.findings)
