"""Follow a folder of runs; damaged runs hide no others."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.config import CONFIG, write_config
from trainer.contract.evaluation import EVALUATION
from trainer.contract.files import Problem, write_json
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import STATUS, Status, hold, write_status
from vaetui.runs import run_watcher
from vaetui.runs.lookup import find_run
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import read_run


def states(library: RunIndex) -> dict[str, str]:
    return {run.name: run.state for run in library.runs}


# --- following a folder ---


def test_runs_are_read_and_sorted(runs: Path) -> None:
    for made in (
        tiny.config("ae", 2),
        tiny.config(latent=10),
        tiny.config(latent=2),
        tiny.config(dataset="bars"),
    ):
        tiny.make(runs, made)
    (runs / "digits" / "notes").mkdir()
    (runs / "stray.txt").write_text("no run")
    library = RunIndex(runs)
    assert [
        (run.config.data.name, run.config.model.kind, run.config.model.latent) for run in library.runs
    ] == [
        ("bars", "vae", 2),
        ("digits", "vae", 2),
        ("digits", "vae", 10),
        ("digits", "ae", 2),
    ]
    assert library.problems == ()
    first = library.runs[0]
    assert (first.state, first.alive, first.problem) == ("finished", False, "")
    assert first.latest == tiny.epoch(first.config, 3)


def test_nothing_changed_costs_no_reading(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (grid, grid / "digits"):
        os.utime(folder, (1, 1))
    library = RunIndex(grid)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read although nothing changed")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse)
    assert not library.poll()


def test_a_reader_in_a_hurry_gets_what_matters_first_and_the_rest_with_the_next_polls(grid: Path) -> None:
    whole = RunIndex(grid)
    paths = [run.path for run in whole.runs]
    for age, path in enumerate(paths):
        os.utime(path / STATUS, (tiny.CREATED - age, tiny.CREATED - age))
    library = RunIndex(grid, at_once=0, first=paths[-1:])
    assert library.runs[0].path == paths[-1]
    seen = [library.unread]
    found = [{run.path for run in library.runs}]
    while library.unread:
        assert library.poll()
        seen.append(library.unread)
        found.append({run.path for run in library.runs})
    assert seen == list(range(len(paths) - 1, -1, -1)), "one more run a poll"
    assert found[1] == {paths[-1], paths[0]}, "what was touched last comes next"
    assert library.runs == whole.runs
    assert not library.poll()


def test_a_run_in_a_folder_long_at_rest_is_noticed(grid: Path) -> None:
    for folder in (grid, grid / "digits"):
        os.utime(folder, (1, 1))
    library = RunIndex(grid)
    tiny.make(grid, tiny.config(latent=20))
    assert library.poll()
    assert len(library.runs) == 7


def test_a_run_appears_grows_and_ends_by_itself(runs: Path) -> None:
    library = RunIndex(runs)
    assert states(library) == {}
    assert not library.poll()
    made = tiny.config(epochs=2)
    with tiny.live(runs, made) as run:
        assert library.poll()
        assert states(library) == {run.name: "running"}
        assert library.runs[0].alive
        assert not library.poll()
        tiny.grow(run, made, 2)
        assert library.poll()
        assert [epoch.epoch for epoch in library.runs[0].epochs] == [1, 2]
        write_status(run, Status("finished", 2, 2))
    assert library.poll()
    assert states(library) == {run.name: "finished"}
    assert not library.runs[0].alive


def test_runs_that_go_away_are_let_go(runs: Path) -> None:
    first, second = tiny.grid(runs, latents=(2, 5), betas=(1.0,))
    library = RunIndex(runs)
    shutil.rmtree(first)
    assert library.poll()
    assert states(library) == {second.name: "finished"}
    (second / CONFIG).unlink()
    assert library.poll()
    assert library.runs == ()
    shutil.rmtree(runs)
    library.poll()
    assert (library.runs, library.problems) == ((), ())


def test_a_folder_that_turns_into_a_run_is_noticed(runs: Path) -> None:
    folder = runs / "digits" / "soon"
    folder.mkdir(parents=True)
    library = RunIndex(runs)
    write_config(folder, tiny.config())
    assert library.poll()
    assert [run.name for run in library.runs] == ["soon"]


def test_raised_epochs_are_noticed(run: Path) -> None:
    library = RunIndex(run.parents[1])
    write_config(run, tiny.config(epochs=30))
    assert library.poll()
    assert library.runs[0].config.optimiser.epochs == 30


def test_a_killed_trainer_leaves_a_run_that_died(runs: Path) -> None:
    library = RunIndex(runs)
    with tiny.live(runs) as run:
        library.poll()
    assert library.poll()
    assert states(library) == {run.name: "interrupted"}


def test_a_process_of_its_own_counts_as_alive_until_it_stops(runs: Path) -> None:
    library = RunIndex(runs)
    with tiny.trainer(runs) as (run, pid):
        library.poll()
        assert library.runs[0].alive
        assert library.runs[0].status.pid == pid
    assert library.poll()
    assert states(library) == {run.name: "stopped"}


def test_a_run_that_ends_between_two_looks_did_not_die(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.make(runs, state="running", done=1)

    def ends_just_now(path: Path) -> bool:
        write_status(path, Status("finished", 3, 3))
        return False

    monkeypatch.setattr(run_watcher, "is_alive", ends_just_now)
    assert states(RunIndex(runs)) == {run.name: "finished"}


def test_a_queued_run_is_given_time_to_come_up(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.make(runs, state="queued")
    library = RunIndex(runs)
    assert states(library) == {run.name: "queued"}
    assert not library.runs[0].alive
    assert not library.poll()
    now = time.time()
    monkeypatch.setattr("vaetui.runs.run_watcher.time.time", lambda: now + 19)
    assert not library.poll()
    monkeypatch.setattr("vaetui.runs.run_watcher.time.time", lambda: now + 21)
    assert library.poll()
    assert states(library) == {run.name: "interrupted"}
    with hold(run):
        assert library.poll()
        assert states(library) == {run.name: "queued"}


def test_a_queued_run_is_starting_while_its_trainer_loads(runs: Path) -> None:
    run = tiny.make(runs, state="queued", starting=True)
    assert (read_run(run).state, read_run(run).status_text) == ("queued", "starting")
    with hold(run):
        assert read_run(run).is_starting
        write_status(run, Status("queued", 0, 3))
        assert read_run(run).status_text == "queued"
    write_status(run, Status("running", 0, 3, starting=True))
    assert not read_run(run).is_starting


def test_a_copy_without_status_is_a_stopped_run(run: Path) -> None:
    (run / STATUS).unlink()
    copied = read_run(run)
    assert (copied.state, copied.problem) == ("stopped", "")
    assert (copied.status.epoch, copied.status.epochs) == (3, 3)


# --- damage ---


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff", b"[" * 100_000])
def test_a_damaged_configuration_is_a_problem_beside_the_rest(runs: Path, content: bytes) -> None:
    good, bad = tiny.grid(runs, latents=(2, 5), betas=(1.0,))
    (bad / CONFIG).write_bytes(content)
    library = RunIndex(runs)
    assert states(library) == {good.name: "finished"}
    ((path, sentence),) = library.problems
    assert path == bad
    assert "config.json" in sentence
    assert not library.poll()
    write_config(bad, tiny.config(latent=5))
    assert library.poll()
    assert library.problems == ()
    assert len(library.runs) == 2


@pytest.mark.parametrize("name", [STATUS, METRICS])
def test_other_damage_is_the_runs_own_problem(run: Path, name: str) -> None:
    (run / name).write_bytes(b"nonsense\n")
    library = RunIndex(run.parents[1])
    assert f"{name} is damaged" in library.runs[0].problem
    assert not library.poll()


@pytest.mark.parametrize("name", [CONFIG, STATUS, METRICS, EVALUATION])
def test_what_is_no_regular_file_hides_nothing_else(runs: Path, name: str) -> None:
    good, bad = tiny.grid(runs, latents=(2, 5), betas=(1.0,))
    (bad / name).unlink()
    os.mkfifo(bad / name)
    library = RunIndex(runs)
    sentence = f"{bad / name} cannot be read: it is a FIFO, not a regular file"
    assert sentence in [problem for _, problem in library.problems] + [run.problem for run in library.runs]
    assert library.runs[0].path == good
    (bad / name).unlink()
    (bad / name).symlink_to(name)
    library.poll()
    message = [problem for _, problem in library.problems] + [run.problem for run in library.runs]
    assert f"{bad / name} cannot be read: Too many levels of symbolic links" in message


def test_test_figures_of_another_model_are_a_problem(run: Path) -> None:
    raw = json.loads((run / EVALUATION).read_text())
    for changes, message in (
        ({"kl_per_dim": []}, "kl_per_dim has 0 values, the model 2 dimensions"),
        ({"per_class_mse": {"10": 1.0}}, "per_class_mse is of other classes than 0 to 9"),
        ({"images": -1}, "images is -1, expected 0 to"),
    ):
        write_json(run / EVALUATION, raw | changes, durable=False)
        found = read_run(run)
        assert found.evaluation is None
        assert f"evaluation.json is damaged: {message}" in found.problem


def test_names_cannot_steer_the_terminal(runs: Path) -> None:
    made = tiny.config()
    evil = tiny.make(runs, made, name="evil\x1b[2Jname\n")
    bad = tiny.make(runs, made, name="bad\x1b]0;x")
    (bad / CONFIG).write_text("{")
    library = RunIndex(runs)
    assert library.runs[0].name == "evil [2Jname"
    assert "\x1b" not in library.problems[0][1]
    assert find_run(runs, "evil").path == evil


def test_what_cannot_be_listed_is_a_problem(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    library = RunIndex(grid)
    monkeypatch.setattr(os, "scandir", refuse)
    for folder in (grid, grid / "digits"):
        os.utime(folder)
    library.poll()
    assert library.runs == ()
    assert library.problems == ((grid, f"{grid} cannot be read: Permission denied"),)
    with pytest.raises(Problem, match="Permission denied"):
        find_run(grid, "vae")


def test_a_run_that_cannot_be_looked_into_is_a_problem(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    runs = run.parents[1]
    monkeypatch.setattr("vaetui.runs.folders.is_run", refuse)
    monkeypatch.setattr("trainer.contract.files.os.open", refuse)
    library = RunIndex(runs)
    assert library.problems == ((run, f"{run / CONFIG} cannot be read: Permission denied"),)
    assert not library.poll()
    monkeypatch.undo()
    (run / CONFIG).chmod(0o600)
    assert library.poll()
    assert states(library) == {run.name: "finished"}


def test_a_file_is_no_runs_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "Not a directory" in RunIndex(file).problems[0][1]
    with pytest.raises(Problem, match="Not a directory"):
        find_run(file, "vae")


def test_a_status_from_long_ago_does_not_wait(runs: Path) -> None:
    run = tiny.make(runs, state="queued")
    write_json(run / STATUS, dataclasses.asdict(Status("queued", 0, 3, updated=1.0)), durable=False)
    assert read_run(run).state == "interrupted"


def test_the_headless_core_needs_numpy_only() -> None:
    modules = "vaetui.runs.run_index, vaetui.models.registry, vaetui.latent.path"
    modules += ", vaetui.render.cells, vaetui.render.terminal"
    heavy = "{'torch', 'torchvision', 'sklearn', 'scipy', 'PIL', 'rich', 'textual', 'typer', 'plotext'}"
    code = f"import sys, {modules}; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
