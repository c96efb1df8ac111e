"""Check devices and start a trainer."""

import dataclasses
import os
import sys
import time
from pathlib import Path

import pytest

from tests import ROOT, tiny
from trainer.contract.files import Problem
from trainer.contract.run_dir import (
    LOG,
    STATE,
    is_alive,
    read_status,
)
from vaetui.runs import launch

# --- devices ------------------------------------------------------------------------------------------


def test_a_device_that_is_not_here_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "DEVICES", {"cuda": lambda: False, "mps": lambda: True})
    launch.check_device("auto")
    launch.check_device("cpu")
    launch.check_device("mps")
    with pytest.raises(Problem, match="no cuda device"):
        launch.check_device("cuda")


@pytest.mark.parametrize(
    ("device", "cuda_is_here", "cause"),
    [
        ("auto", True, None),
        ("cuda", True, None),
        ("auto", False, "on this machine"),
        ("cpu", True, "with --device cpu"),
        ("mps", True, "with --device mps"),
    ],
)
def test_tf32_needs_a_cuda_device(
    monkeypatch: pytest.MonkeyPatch, runs: Path, device: str, cuda_is_here: bool, cause: str | None
) -> None:
    monkeypatch.setattr(launch, "DEVICES", {"cuda": lambda: cuda_is_here, "mps": lambda: True})
    launch.check_device(device, "bf16")
    run = tiny.make(runs, tiny.config(precision="tf32"), name="mine")
    (run / STATE).write_bytes(b"state")  # so that it can be resumed
    wanted = dataclasses.replace(tiny.config(epochs=9), device=device)
    if cause is None:
        launch.check_device(device, "tf32")
        launch.plan_runs(runs, [wanted], False, "mine")
        return
    sentence = f"^tf32 is for CUDA devices and there is none {cause}: use --precision fp32 or auto$"
    with pytest.raises(Problem, match=sentence):
        launch.check_device(device, "tf32")
    with pytest.raises(Problem, match=sentence):
        launch.plan_runs(runs, [wanted], False, "mine")


def test_an_older_run_is_resumed_with_the_split_of_its_own_seed(runs: Path) -> None:
    older = tiny.config(seed=1, split_seed=None)
    run = tiny.make(runs, older)
    (run / STATE).write_bytes(b"state")  # so that it can be resumed
    (planned,) = launch.plan_runs(runs, [tiny.config(seed=1, epochs=9)], False, None)
    assert planned.action == "resume"
    assert planned.config.data.split_seed is None
    assert planned.config.split_seed == 1


def test_pytorch_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(Problem, match="PyTorch is not installed"):
        launch.check_device("cpu")


# --- start ----------------------------------------------------------------------------------------------


HOLDER = """
import os, sys, time
from contextlib import ExitStack
from collections.abc import Callable
from pathlib import Path
from trainer.contract.run_dir import hold
print("holding", sys.argv[1:], "session", os.getsid(0) == os.getpid(), "stdin", sys.stdin.read(), flush=True)
with ExitStack() as stack:
    for run in sys.argv[3:]:
        stack.enter_context(hold(Path(run)))
    time.sleep(60)
"""


def test_start_returns_when_all_runs_are_held_by_a_process_of_its_own(runs: Path, tmp_path: Path) -> None:
    made = tiny.create_runs(runs, [tiny.config(latent=2), tiny.config(latent=5)], False, None)
    command = (sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{HOLDER}")
    with launch.start(made, tmp_path / "data", command) as process:
        try:
            assert all(map(is_alive, made))
            log = (made[0] / LOG).read_text()
        finally:
            process.kill()
    arguments = ["--data", str(tmp_path / "data"), *map(str, made)]
    assert log == f"holding {arguments} session True stdin \n"


def test_start_returns_when_the_trainer_has_ended(runs: Path, tmp_path: Path) -> None:
    (made,) = tiny.create_runs(runs, [tiny.config()], False, None)
    (made / LOG).write_text("before\n")
    command = (sys.executable, "-c", "import sys; sys.exit('cannot do this')")
    with launch.start([made], tmp_path, command) as process:
        assert process.poll() == 1
    assert (made / LOG).read_text() == "before\ncannot do this\n"


def test_something_else_in_place_of_the_log_is_one_sentence(runs: Path, tmp_path: Path) -> None:
    (made,) = tiny.create_runs(runs, [tiny.config()], False, None)
    os.mkfifo(made / LOG)
    reader = os.open(made / LOG, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(Problem, match=f"{LOG} cannot be written: it is not a regular file"):
        launch.start([made], tmp_path)
    os.close(reader)
    with pytest.raises(Problem, match=f"{LOG} cannot be written"):
        launch.start([made], tmp_path)


def test_a_run_that_cannot_be_trained_is_not_waited_for(runs: Path, tmp_path: Path) -> None:
    made = tiny.create_runs(runs, [tiny.config(latent=2), tiny.config(latent=5)], False, None)
    script = """
import sys, time
from pathlib import Path
from trainer.contract.run_dir import Status, hold, write_status
_, _, _, first, second = sys.argv
write_status(Path(second), Status("failed", 0, 3, error="it cannot be locked"))
with hold(Path(first), sign=True):
    time.sleep(120)
"""
    command = (sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}")
    with launch.start(made, tmp_path, command) as process:
        assert process.poll() is None
        process.kill()
    assert read_status(made[1]).state == "failed"


def test_start_returns_when_nobody_waits_any_more(runs: Path, tmp_path: Path) -> None:
    run = tiny.make(runs, state="queued")
    begun = time.monotonic()
    sleeper = (sys.executable, "-c", "import time; time.sleep(30)")
    process = launch.start([run], tmp_path, sleeper, lambda: time.monotonic() > begun + 0.2)
    assert 0.2 <= time.monotonic() - begun < 25  # it would take 30
    assert process.poll() is None
    process.kill()
    process.wait()
