"""Preparing runs, starting a trainer on them, and asking it to stop."""

import dataclasses
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import tiny
from trainer.files import Problem
from trainer.run import (
    CONFIG,
    EVALUATION,
    LOG,
    METRICS,
    MODEL,
    STATE,
    STATUS,
    Config,
    State,
    Status,
    is_alive,
    read_config,
    read_epochs,
    read_status,
    write_status,
)
from vaetui import launch
from vaetui.follow import read_run


def more_epochs(config: Config, epochs: int) -> Config:
    return dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, epochs=epochs))


def saved(run: Path) -> Path:
    """`run` with a state that it can go on from; only its being there is looked at."""
    (run / STATE).write_bytes(b"state")
    return run


# --- prepare ------------------------------------------------------------------------------------------


def test_new_runs_are_queued_below_their_dataset(runs: Path) -> None:
    configs = [tiny.config(latent=2), tiny.config("ae", latent=5)]
    made = launch.prepare(runs, configs, False, None)
    assert made == [runs / "digits" / config.name for config in configs]
    for path, config in zip(made, configs, strict=True):
        written = read_config(path)
        assert dataclasses.replace(written, created=config.created) == config
        assert written.created > tiny.CREATED
        assert dataclasses.replace(read_status(path), updated=0) == Status("queued", 0, 3)


def test_the_runs_folder_is_made_when_missing(tmp_path: Path) -> None:
    (made,) = launch.prepare(tmp_path / "not" / "yet", [tiny.config()], False, None)
    assert read_run(made).state == "queued"


def test_a_name_is_for_one_run_and_in_front_of_a_grid(runs: Path) -> None:
    one = launch.prepare(runs, [tiny.config()], False, "mine")
    assert [path.name for path in one] == ["mine"]
    grid = [tiny.config(latent=2), tiny.config(latent=2, beta=0.5), tiny.config("ae", latent=2)]
    several = launch.prepare(runs, grid, False, "mine")
    assert [path.name for path in several] == ["mine-z2-b1", "mine-z2-b0.5", "mine-z2-ae"]


def test_models_that_would_share_a_name_are_refused(runs: Path) -> None:
    alike = [tiny.config(beta=1.0), tiny.config(beta=1.0000001)]
    with pytest.raises(Problem, match="2 of these models would be called vae-z2-b1-"):
        launch.prepare(runs, alike, False, None)
    assert not list(runs.iterdir())


def test_a_name_that_grows_too_long_is_refused(runs: Path) -> None:
    with pytest.raises(Problem, match="--name"):
        launch.prepare(runs, [tiny.config(latent=2), tiny.config(latent=5)], False, "x" * 120)


def test_a_finished_run_is_left_alone(run: Path, runs: Path) -> None:
    before = {path: path.read_bytes() for path in run.iterdir()}
    assert launch.prepare(runs, [tiny.config()], False, None) == []
    assert launch.prepare(runs, [more_epochs(tiny.config(), 2)], False, None) == []
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_a_finished_run_goes_on_when_more_epochs_are_asked_for(run: Path, runs: Path) -> None:
    saved(run)
    assert launch.prepare(runs, [more_epochs(tiny.config(), 9)], False, None) == [run]
    assert read_config(run) == more_epochs(tiny.config(), 9)
    status = read_status(run)
    assert (status.state, status.epoch, status.epochs) == ("queued", 3, 9)
    assert len(read_epochs(run)) == 3


def test_a_finished_run_without_a_state_cannot_go_on(run: Path, runs: Path) -> None:
    with pytest.raises(Problem, match=r"no state\.safetensors to go on from: --force"):
        launch.prepare(runs, [more_epochs(tiny.config(), 9)], False, None)
    assert read_status(run).state == "finished"


@pytest.mark.parametrize("state", ["stopped", "failed", "running", "queued"])
def test_what_did_not_end_well_goes_on(runs: Path, state: State) -> None:
    run = saved(tiny.make(runs, state=state, done=1, error="it broke"))
    wanted = dataclasses.replace(tiny.config(), device="auto", created=1.0)
    assert launch.prepare(runs, [wanted], False, None) == [run]
    assert read_config(run) == dataclasses.replace(tiny.config(), device="auto")
    status = read_status(run)
    assert (status.state, status.epoch, status.error) == ("queued", 1, "")


def test_a_stopped_run_that_is_past_the_epochs_asked_for_ends_where_it_is(runs: Path) -> None:
    run = saved(tiny.make(runs, state="stopped", done=2))
    launch.prepare(runs, [more_epochs(tiny.config(), 1)], False, None)
    assert read_config(run).optimiser.epochs == 2


def test_a_run_killed_before_its_first_status_starts_over(run: Path, runs: Path) -> None:
    for path in run.iterdir():
        if path.name != CONFIG:
            path.unlink()
    assert launch.prepare(runs, [tiny.config()], False, None) == [run]
    assert read_status(run).epoch == 0


def with_lr(config: Config) -> Config:
    return dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, lr=0.5))


def with_val(config: Config) -> Config:
    data = dataclasses.replace(config.data, val_fraction=0.5, train=719, val=719)
    return dataclasses.replace(config, data=data)


def with_hidden(config: Config) -> Config:
    return dataclasses.replace(config, model=dataclasses.replace(config.model, hidden=(64, 32)))


def with_images(config: Config) -> Config:
    return dataclasses.replace(config, data=dataclasses.replace(config.data, checksum="f" * 64))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda config: dataclasses.replace(config, seed=7), "seed 0, not 7"),
        (with_lr, r"lr 0\.001, not 0\.5"),
        (with_val, r"val fraction 0\.1, not 0\.5"),
        (with_hidden, "hidden 16, not 64,32"),
        (with_images, "checksum 000000000000, not ffffffffffff"),
    ],
)
def test_a_run_of_that_name_with_other_settings_is_refused(
    runs: Path, change: Callable[[Config], Config], sentence: str
) -> None:
    run = tiny.make(runs, name="mine")
    with pytest.raises(Problem, match=rf"^mine was trained with {sentence}: .*--name.*--force"):
        launch.prepare(runs, [change(tiny.config())], False, "mine")
    assert read_status(run).state == "finished"


def test_force_removes_what_was_learnt_and_starts_over(runs: Path) -> None:
    run = saved(tiny.make(runs, name="mine"))
    (run / LOG).write_text("old")
    (run / "notes.txt").write_text("mine")
    other = with_lr(tiny.config())
    assert launch.prepare(runs, [other], True, "mine") == [run]
    assert {path.name for path in run.iterdir()} == {CONFIG, STATUS, "run.lock", "notes.txt"}
    assert read_config(run).optimiser.lr == 0.5
    assert dataclasses.replace(read_status(run), updated=0) == Status("queued", 0, 3)


def test_force_removes_nothing_when_anything_is_refused(runs: Path) -> None:
    finished = tiny.make(runs, tiny.config(latent=5))
    with tiny.live(runs, tiny.config(latent=2)), pytest.raises(Problem, match="is being trained now"):
        launch.prepare(runs, [tiny.config(latent=5), tiny.config(latent=2)], True, None)
    for name in (MODEL, METRICS, EVALUATION):
        assert (finished / name).exists()


def test_a_run_that_is_alive_is_refused(runs: Path) -> None:
    with tiny.live(runs) as run:
        sentence = f"^{run.name} is being trained now: `vaetui watch {run.name}` follows it"
        with pytest.raises(Problem, match=sentence):
            launch.prepare(runs, [tiny.config()], False, None)


@pytest.mark.parametrize("name", [CONFIG, STATUS])
def test_a_damaged_run_is_refused_until_forced(run: Path, runs: Path, name: str) -> None:
    (run / name).write_text("{")
    with pytest.raises(Problem, match=rf"{name} is damaged: .*; --force trains"):
        launch.prepare(runs, [tiny.config()], False, None)
    assert launch.prepare(runs, [tiny.config()], True, None) == [run]


def test_a_file_where_the_folder_should_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(Problem, match=r"cannot be written \(.*runs is a file\): .*--runs"):
        launch.prepare(tmp_path / "runs", [tiny.config()], False, None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_one_sentence(runs: Path) -> None:
    runs.chmod(0o555)
    try:
        with pytest.raises(Problem, match=r"cannot be written \(permission denied\): .*--runs"):
            launch.prepare(runs, [tiny.config()], False, None)
    finally:
        runs.chmod(0o755)


# --- devices ------------------------------------------------------------------------------------------


def test_a_device_that_is_not_here_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "DEVICES", {"cuda": lambda: False, "mps": lambda: True})
    launch.check_device("auto")
    launch.check_device("cpu")
    launch.check_device("mps")
    with pytest.raises(Problem, match="no cuda device"):
        launch.check_device("cuda")


def test_pytorch_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(Problem, match="PyTorch is not installed"):
        launch.check_device("cpu")


# --- start and stop -----------------------------------------------------------------------------------


HOLDER = """
import os, sys, time
from contextlib import ExitStack
from collections.abc import Callable
from pathlib import Path
from trainer.run import hold
print("holding", sys.argv[1:], "session", os.getsid(0) == os.getpid(), "stdin", sys.stdin.read(), flush=True)
with ExitStack() as stack:
    for run in sys.argv[3:]:
        stack.enter_context(hold(Path(run)))
    time.sleep(60)
"""


def test_start_returns_when_all_runs_are_held_by_a_process_of_its_own(runs: Path, tmp_path: Path) -> None:
    made = launch.prepare(runs, [tiny.config(latent=2), tiny.config(latent=5)], False, None)
    root = Path(__file__).parents[2]
    command = (sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{HOLDER}")
    with launch.start(made, tmp_path / "data", command) as process:
        try:
            assert all(map(is_alive, made))
            log = (made[0] / LOG).read_text()
        finally:
            process.kill()
    arguments = ["--data", str(tmp_path / "data"), *map(str, made)]
    assert log == f"holding {arguments} session True stdin \n"


def test_start_returns_when_the_trainer_has_ended(runs: Path, tmp_path: Path) -> None:
    (made,) = launch.prepare(runs, [tiny.config()], False, None)
    (made / LOG).write_text("before\n")
    command = (sys.executable, "-c", "import sys; sys.exit('cannot do this')")
    with launch.start([made], tmp_path, command) as process:
        assert process.poll() == 1
    assert (made / LOG).read_text() == "before\ncannot do this\n"


def test_asking_to_stop_reaches_the_trainer(runs: Path) -> None:
    with tiny.trainer(runs) as (path, _):
        launch.ask_to_stop(read_run(path))
        tiny.wait_until(lambda: not is_alive(path))
        assert read_status(path).state == "stopped"


def test_asking_a_run_that_is_not_trained_is_refused(run: Path) -> None:
    with pytest.raises(Problem, match="is not being trained now, it is finished"):
        launch.ask_to_stop(read_run(run))


def test_asking_a_trainer_on_another_host_is_refused(runs: Path) -> None:
    with tiny.live(runs) as path:
        write_status(path, Status("running", 1, 3, pid=os.getpid(), host="elsewhere"))
        with pytest.raises(Problem, match=rf"trained on elsewhere: run `vaetui stop {path.name}` there"):
            launch.ask_to_stop(read_run(path))


def test_nobody_is_signalled_before_the_trainer_has_said_who_it_is(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("signalled"))
    with tiny.live(runs) as path, pytest.raises(Problem, match="only just starting"):
        launch.ask_to_stop(read_run(path))


def test_a_trainer_that_is_gone_by_then_is_one_sentence(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(pid: int, number: int) -> None:
        assert (pid, number) == (4321, signal.SIGTERM)
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", gone)
    with tiny.live(runs) as path:
        write_status(path, Status("running", 1, 3, pid=4321, host=os.uname().nodename))
        with pytest.raises(Problem, match="has just ended"):
            launch.ask_to_stop(read_run(path))
