"""Trainers that meet moved folders, other trainers, few descriptors, forged locks and signals."""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import ROOT, tiny
from tests.vaetui.cli.shell import call, complaint, vaetui
from trainer.contract.datasets.registry import load
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import LOG, hold, is_alive, read_status
from vaetui.runs.run_watcher import read_run
from vaetui.training_grid import configs, parse

ENDLESS, WAIT = 100_000, 60.0


def queued(runs: Path, latents: Sequence[int], epochs: int) -> list[Path]:
    """Runs as `vaetui train` leaves them for the trainer."""
    texts = {"latent": ",".join(map(str, latents)), "epochs": str(epochs), "hidden": "8", "batch-size": "256"}
    made = configs(parse({**texts, "dataset": "digits", "device": "cpu"}), load("digits", Path()))
    return tiny.create_runs(runs, made, False, "t")


@contextlib.contextmanager
def start(*runs: Path | str, through: Sequence[str] = (), **env: str) -> Iterator[subprocess.Popen[str]]:
    """A trainer, which is killed in the end."""
    command = [*through, sys.executable, "-m", "trainer", "--data", ".", *map(str, runs)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | env,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def state(run: Path) -> str:
    return read_status(run).state


def states(runs: Path) -> dict[str, tuple[str, bool]]:
    """What `vaetui ls --json` says of each run: its state, and whether it is alive."""
    found = json.loads(call("ls", "--json", "--runs", runs).stdout)
    return {one["run"]: (one["state"], one["alive"]) for one in found}


# --- one training, and what is done to its folders ----------------------------------------------------


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], list[Path]]]:
    """A trainer of four runs that have an epoch each."""
    runs = tmp_path_factory.mktemp("training")
    paths = queued(runs, (2, 3, 4, 5), ENDLESS)
    with start(*paths) as process:
        tiny.wait_until(lambda: all(len(read_epochs(path)) for path in paths), WAIT)
        yield process, paths


def goes_on(run: Path) -> None:
    done = len(read_epochs(run))
    tiny.wait_until(lambda: len(read_epochs(run)) > done, WAIT)


@pytest.mark.fault("the trainer gets SIGSTOP and SIGCONT five times, and a SIGHUP", "it goes on")
def test_a_suspended_trainer_goes_on(training: tuple[subprocess.Popen[str], list[Path]]) -> None:
    process, (first, *_) = training
    for _ in range(5):
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGHUP)
    goes_on(first)


@pytest.mark.fault(
    "the folder of a run is renamed while it trains",
    "it fails and says where its folder is, the others go on",
)
def test_a_renamed_folder_fails_with_the_cause(
    training: tuple[subprocess.Popen[str], list[Path]],
) -> None:
    process, (_, run, _, last) = training
    moved = run.rename(run.with_name("moved"))
    tiny.wait_until(lambda: state(moved) == "failed", WAIT)
    error = f"its folder was moved to {moved} during training: moved back, it can go on"
    assert read_status(moved).error == error
    tiny.wait_until(lambda: error in (moved / LOG).read_text(), WAIT)
    assert states(moved.parents[1])["moved"] == ("failed", False)
    assert not run.exists()
    watched = call("watch", moved)
    assert (watched.returncode, watched.stdout) == (1, "")
    assert f"vaetui: moved failed: {error}" in watched.stderr
    goes_on(last)
    assert process.poll() is None


@pytest.mark.fault("the folder of a run is deleted while it trains", "the others go on untouched")
def test_a_deleted_folder_ends_its_run_alone(training: tuple[subprocess.Popen[str], list[Path]]) -> None:
    process, (first, _, run, last) = training
    while run.exists():  # the trainer may be writing into it just now
        shutil.rmtree(run, ignore_errors=True)
    cause = re.compile(rf"{run.name}: its (folder|run\.lock) was deleted")  # the lock goes first, maybe
    tiny.wait_until(lambda: cause.search((first / LOG).read_text()), WAIT)
    goes_on(last)
    assert not run.exists()
    assert process.poll() is None


@pytest.mark.fault(
    "a live run is copied, by bytes or by hard links", "the copy is not alive, `stop` refuses it"
)
@pytest.mark.parametrize("how", ["-a", "-al"])
def test_a_copy_of_a_live_run_is_not_alive(
    training: tuple[subprocess.Popen[str], list[Path]], tmp_path: Path, how: str
) -> None:
    process, (run, *_) = training
    copy = tmp_path / "runs" / "digits" / "copy"
    copy.parent.mkdir(parents=True)
    tiny.wait_until(lambda: state(run) == "running", WAIT)
    subprocess.run(["cp", how, run, copy], check=False)  # files that are being replaced vanish under it
    assert states(tmp_path / "runs") == {"copy": ("interrupted", False)}
    refused = call("stop", copy)
    assert refused.returncode == 1
    assert ("is a copy of" if how == "-al" else "it is interrupted") in complaint(refused)
    goes_on(run)
    assert process.poll() is None


# --- the start ----------------------------------------------------------------------------------------


@pytest.mark.fault(
    "a run is given twice, its neighbour is renamed while PyTorch is being loaded",
    "the one is trained once, the other says where its folder is",
)
def test_a_folder_renamed_before_the_training(runs: Path) -> None:
    run, other = queued(runs, (2, 3), 2)
    with start(run, other, f"{run}/../{run.name}", os.path.relpath(run, ROOT)) as process:
        tiny.wait_until(lambda: is_alive(run) and is_alive(other), WAIT)
        moved = other.rename(runs / "digits" / "moved")
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (1, "")
    assert (state(run), len(read_epochs(run))) == ("finished", 2)
    assert states(runs) == {run.name: ("finished", False), "moved": ("failed", False)}
    assert read_status(moved).error.startswith(f"its folder was moved to {moved}")


@pytest.mark.fault("`stop` while the trainer is still loading PyTorch", "it stops before the first epoch")
def test_a_trainer_that_is_only_just_starting_is_stopped(runs: Path) -> None:
    run, other = queued(runs, (2, 3), ENDLESS)
    with start(run, other) as process:
        result = vaetui("stop", run.name, "--runs", runs)
        _, errors = process.communicate(timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith("asked 2 runs to stop: runs that train together stop together")
    assert (process.returncode, errors) == (0, "")
    assert [state(run), state(other)] == ["stopped", "stopped"]


@pytest.mark.fault("two trainers on one run of a grid", "the second leaves it alone and trains the others")
def test_a_second_trainer_trains_what_is_free(runs: Path) -> None:
    run, other = queued(runs, (2, 3), 1)
    with hold(run, sign=True), start(run, other) as process:
        _, errors = process.communicate(timeout=120)
        assert state(run) == "queued"
    assert process.returncode == 1
    assert errors.startswith(f"trainer: {run.name} is being trained already")
    assert len(errors.splitlines()) == 1
    assert state(other) == "finished"


@pytest.mark.fault("30 models with 60 file descriptors (ulimit -n 60)", "they are trained")
def test_few_descriptors_are_enough(runs: Path) -> None:
    paths = queued(runs, range(1, 31), 1)
    with start(*paths, through=("sh", "-c", 'ulimit -n 60; exec "$@"', "sh")) as process:
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert {state(path) for path in paths} == {"finished"}


@pytest.mark.fault("more models than file descriptors", "all are marked failed with the cause and the mend")
def test_too_few_descriptors_are_one_sentence(runs: Path) -> None:
    paths = queued(runs, range(1, 31), 1)
    with start(*paths, through=("sh", "-c", 'ulimit -n 45; exec "$@"', "sh")) as process:
        _, errors = process.communicate(timeout=120)
    cause = "30 models at once need 50 open files and 45 are allowed: raise the limit with `ulimit -n 50`"
    assert process.returncode == 1
    assert errors == f"trainer: {cause}, or train fewer at once\n"
    assert {read_status(path).error.partition(",")[0] for path in paths} == {cause}
    assert {state(path) for path in paths} == {"failed"}


@pytest.mark.fault(
    "the limit of open files is low, and the system allows more",
    "the trainer raises the limit as far as it is allowed",
)
def test_the_limit_of_descriptors_is_raised_as_far_as_allowed() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    done = subprocess.run(
        [
            *("sh", "-c", 'ulimit -S -n 64; exec "$@"', "sh", sys.executable, "-c"),
            "import resource, trainer.__main__ as t; t.allow_descriptors(100);"
            "print(*resource.getrlimit(resource.RLIMIT_NOFILE))",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.stdout.split() == [str(before[1])] * 2, done.stderr


@pytest.mark.fault("PyTorch cannot be loaded", "the runs are marked failed with the cause")
def test_a_broken_pytorch_is_known_by_the_runs(runs: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "torch.py").write_text("raise ImportError('libtorch.so: cannot open shared object file')")
    run, other = queued(runs, (2, 3), 1)
    with start(run, other, PYTHONPATH=str(broken)) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    error = "ImportError: libtorch.so: cannot open shared object file"
    assert errors.splitlines()[-1] == f"trainer: {error}"
    assert [read_status(path).error for path in (run, other)] == [error, error]
    assert states(runs) == {run.name: ("failed", False), other.name: ("failed", False)}


@pytest.mark.fault(
    "a trainer is killed before it has trained anything", "its runs are interrupted, not queued"
)
def test_a_killed_start_is_interrupted(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = queued(runs, (2,), 1)
    with start(run) as process:
        tiny.wait_until(lambda: is_alive(run), WAIT)
        process.kill()
    monkeypatch.setattr("vaetui.runs.run_watcher.QUEUED_GRACE", 0.0)
    assert states(runs) == {run.name: ("interrupted", False)}


# --- locks --------------------------------------------------------------------------------------------


@pytest.mark.fault(
    "status.json or run.lock names the process of another", "`stop` signals nobody, and says what is wrong"
)
def test_a_forged_process_id_stops_nobody(runs: Path) -> None:
    with tiny.trainer(runs, tiny.config(latent=2)) as (other, victim), ExitStack() as stack:
        forged = stack.enter_context(tiny.live(runs, tiny.config(latent=3), sign=True))
        tiny.signature(forged, pid=victim, started=tiny.signature(other)["started"])
        dead = tiny.make(runs, tiny.config(latent=4), state="running", done=1, pid=victim)
        for run, sentence in (
            (forged, f"names process {victim}, which does not hold it"),
            (dead, "is not being trained now, it is interrupted"),
        ):
            result = call("stop", run.name, "--runs", runs)
            assert result.returncode == 1
            assert sentence in complaint(result)
        assert state(other) == "running"
        assert is_alive(other)


@pytest.mark.fault("the trainer is killed and leaves its lock", "the lock is taken over")
def test_a_stale_lock_is_taken_over(runs: Path) -> None:
    with tiny.trainer(runs) as (run, pid):
        os.kill(pid, signal.SIGKILL)
        tiny.wait_until(lambda: states(runs) == {run.name: ("interrupted", False)})
    assert tiny.create_runs(runs, [tiny.config()], True, None) == [run]
    with hold(run, sign=True):
        assert tiny.signature(run)["pid"] == os.getpid()
        assert read_run(run).alive
