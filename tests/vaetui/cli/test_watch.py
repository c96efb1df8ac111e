"""Watching and stopping trainings that somebody started."""

import dataclasses
import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests import ROOT, tiny
from tests.vaetui.cli.shell import COMMAND, call, complaint, terminal
from trainer.contract.config import Config
from trainer.contract.run_dir import Status, is_alive, read_status, write_status

CTRL_C = b"\x03"


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
    )


def train_to_the_end(run: Path, config: Config) -> None:
    """What a trainer writes from the second epoch on, before it lets go of the run."""
    last = config.optimiser.epochs
    for number in range(2, last + 1):
        tiny.grow(run, config, number)
    tiny.write_evaluation(run, tiny.evaluation(config, last))
    write_status(run, Status("finished", last, last))


# --- what has ended -----------------------------------------------------------------------------------


def test_nothing_to_watch_is_no_failure(grid: Path) -> None:
    result = call("watch", "--runs", grid)
    assert (result.returncode, result.stdout) == (0, "")
    assert "nothing is training" in result.stderr


def test_nothing_to_watch_is_an_empty_array_for_programs(grid: Path) -> None:
    result = call("watch", "--runs", grid, "--json")
    assert (result.returncode, json.loads(result.stdout)) == (0, [])
    assert "nothing is training" in result.stderr


def test_watching_a_finished_run_sums_it_up(run: Path, runs: Path) -> None:
    result = call("watch", "@latest", "--runs", runs)
    assert result.returncode == 0
    images, weights, heading, row, where = filter(None, result.stdout.splitlines())
    assert images == "digits · test, 60 images (grey levels), one posterior draw"
    assert weights == "nats per image · weights of the last epoch"
    assert heading.split() == ["run", "epoch", "test", "−ELBO", "=", "distortion", "+", "rate", "active"]
    found = tiny.evaluation(tiny.config(), 3).figures
    figures = [f"{value:.2f}" for value in (-found.elbo, found.distortion, found.rate)]
    assert row.split() == [run.name, "3/3", *figures, "2/2"]
    assert where == str(runs / "digits")
    assert f"next: vaetui explore --runs {runs}\n" in result.stderr


def test_a_run_that_patience_ended_is_summed_up_with_the_epoch_that_was_kept(runs: Path) -> None:
    made = tiny.config(epochs=50, patience=5, keep="best", binarize="dynamic")
    run = tiny.make(runs, made, done=12, best=7, early=True)
    result = call("watch", run)
    assert result.returncode == 0
    images, weights, heading, row, _ = filter(None, result.stdout.splitlines())
    assert images == "digits · test, 60 images (dynamic binarization), one posterior draw"
    assert weights == "nats per image · weights of the best epoch by validation ELBO"
    assert heading.split()[:4] == ["run", "epoch", "kept", "test"]
    found = tiny.evaluation(made, 7).figures
    assert row.split()[:4] == [run.name, "12/50", "7", f"{-found.elbo:.2f}"]
    assert f"{run.name} finished early, epoch 12 of 50 (best: 7)\n" in result.stderr


def test_runs_of_one_protocol_stand_in_one_table(runs: Path) -> None:
    made = [tiny.config(kind, latent=2, seed=seed) for seed in (0, 1) for kind in ("vae", "ae")]
    result = call("watch", *(tiny.make(runs, config) for config in made))
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines if "bce" in line] == [
        *(made[0].name, made[2].name, made[1].name, made[3].name)
    ]
    assert sum("weights of the last epoch" in line for line in lines) == 2


def test_runs_that_patience_ended_are_one_sentence(runs: Path) -> None:
    made = [tiny.config(latent=latent, epochs=50, patience=5) for latent in (2, 5)]
    paths = [tiny.make(runs, one, done=12, best=7, early=True) for one in made]
    whole = tiny.make(runs, tiny.config(latent=10, epochs=12))
    result = call("watch", *paths, whole)
    *_, sentence, _next = result.stderr.splitlines()
    assert sentence == "2 runs finished early: their validation ELBO stopped improving"
    assert "kept" not in result.stdout


def test_a_failed_run_names_its_cause_and_its_log(runs: Path) -> None:
    run = tiny.make(runs, state="failed", done=1, error="it was no number (more in train.log)")
    result = call("watch", run.name, "--runs", runs)
    assert result.returncode == 1
    assert result.stderr.endswith(f"vaetui: {run.name} failed: it was no number ({run / 'train.log'})\n")


def test_runs_whose_trainer_died_are_one_sentence(runs: Path) -> None:
    for latent in (2, 5, 10):
        tiny.make(runs, tiny.config(latent=latent), state="running", done=1)
    result = call("watch", "vae-z2-", "vae-z5-", "vae-z10-", "--runs", runs)
    assert result.returncode == 1
    sentence = "vae-z2-b1-bce-s0-h16 and 2 more failed: its trainer ended without a message"
    assert sentence in result.stderr.splitlines()[-1]


# --- what goes on -------------------------------------------------------------------------------------


def test_without_a_terminal_there_are_plain_lines_until_the_end(runs: Path) -> None:
    config = tiny.config()
    with tiny.live(runs, config, done=1) as run:
        process = start("watch", "--runs", runs)
        assert process.stderr is not None
        assert process.stderr.readline().split()[:2] == [run.name, "epoch=1/3"]
        train_to_the_end(run, config)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    epoch = tiny.epoch(config, 3)
    assert epoch.val is not None
    line, *rest = errors.splitlines()
    assert line.split() == [
        run.name,
        "epoch=3/3",
        f"train={-epoch.train.elbo:.2f}",
        f"val={-epoch.val.elbo:.2f}",
        f"val_distortion={epoch.val.distortion:.2f}",
        f"val_rate={epoch.val.rate:.2f}",
        "images/s=2516",
        "left=finished",
    ]
    assert rest == [f"next: vaetui explore --runs {runs}"]
    assert f"{-tiny.evaluation(config, 3).figures.elbo:.2f}" in output


def test_json_is_an_object_for_every_epoch_and_one_for_the_end(runs: Path) -> None:
    config = tiny.config()
    with tiny.live(runs, config, done=1) as run:
        process = start("watch", run, "--json")
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        train_to_the_end(run, config)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    *epochs, last = [first, *map(json.loads, output.splitlines())]
    assert [(found["event"], found["epoch"]) for found in epochs] == [("epoch", n) for n in (1, 2, 3)]
    row = tiny.epoch(config, 3)
    assert row.val is not None
    assert epochs[-1] == {
        "event": "epoch",
        "run": run.name,
        "path": str(run),
        "epoch": 3,
        "epochs": 3,
        "train": dataclasses.asdict(row.train),
        "val": dataclasses.asdict(row.val),
        "active_units": 2,
        "seconds": 0.5,
    }
    test = dataclasses.asdict(tiny.evaluation(config, 3).figures)
    end = {
        "event": "end",
        "run": run.name,
        "path": str(run),
        "state": "finished",
        "early": False,
        "error": None,
        "test": test,
        "kept": 3,
    }
    assert last == end


def test_json_tells_that_patience_ended_a_run_while_its_companion_goes_on(runs: Path) -> None:
    made = tiny.config(epochs=50, patience=5, keep="best")
    early = tiny.make(runs, made, done=12, best=7, early=True)
    with tiny.live(runs, tiny.config(latent=5, epochs=50, patience=5, keep="best"), done=12) as other:
        process = start("watch", early, other, "--json")
        assert process.stdout is not None
        errors = [json.loads(process.stdout.readline()) for _ in range(3)]
        tiny.wait_until(lambda: process.poll() is None)
        write_status(other, Status("stopped", 12, 50))
    output, _ = process.communicate(timeout=30)
    assert [(one["event"], one["run"]) for one in errors] == [
        ("epoch", early.name),
        ("end", early.name),
        ("epoch", other.name),
    ]
    assert (errors[1]["state"], errors[1]["early"], errors[1]["kept"]) == ("finished", True, 7)
    (last,) = map(json.loads, output.splitlines())
    assert (last["state"], last["early"], last["kept"]) == ("stopped", False, None)


def test_on_a_terminal_there_is_a_picture_until_ctrl_c_which_ends_the_watching_only(runs: Path) -> None:
    config = tiny.config()
    with tiny.live(runs, config, done=1) as run, terminal("watch", "--runs", runs) as screen:
        assert "2/3" not in screen.wait_for("1/3")
        tiny.grow(run, config, 2)
        screen.wait_for("2/3")
        screen.press(CTRL_C)
        assert screen.end() == 130
        shown = screen.text()
        assert "the training continues: `vaetui watch --runs" in " ".join(shown.split())
        assert "━" not in shown
        assert not screen.screen.cursor.hidden
        assert read_status(run).state == "running"


def test_a_terminated_watcher_leaves_the_training_and_the_terminal_alone(runs: Path) -> None:
    with tiny.trainer(runs) as (run, _), terminal("watch", run) as screen:
        screen.wait_for("1/3")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 143
        assert not screen.screen.cursor.hidden
        assert is_alive(run)


def test_a_run_that_vanishes_is_one_sentence(runs: Path) -> None:
    config = tiny.config()
    with tiny.live(runs, config, done=1) as run:
        process = start("watch", run)
        assert process.stderr is not None
        process.stderr.readline()
        (run / "config.json").unlink()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    cause = f"{run / 'config.json'} does not exist"
    assert errors == f"vaetui: {run.name} failed: {cause} ({run / 'train.log'})\n"


# --- stop ---------------------------------------------------------------------------------------------


def test_stop_asks_and_waits_until_the_run_is_saved(runs: Path) -> None:
    with tiny.trainer(runs) as (run, _):
        result = call("stop", run.name, "--runs", runs)
        assert (result.returncode, result.stdout) == (0, "")
        assert not is_alive(run)
    first, *_, last = result.stderr.splitlines()
    assert first.startswith(f"asked {run.name} to stop; waiting")
    assert f"{run.name} stopped in epoch 2 of 3" in result.stderr
    assert "training with the same options resumes" in last


def test_a_run_that_is_named_twice_is_stopped_once(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tiny.trainer(runs) as (run, _):
        monkeypatch.chdir(runs)
        result = call(
            "stop", run.name, f"digits/{run.name}", run, f"./digits/../digits/{run.name}", "--runs", runs
        )
        assert result.returncode == 0, result.stderr
    assert result.stderr.startswith(f"asked {run.name} to stop; waiting")
    assert result.stderr.count(f"{run.name} stopped") == 1


def test_runs_that_train_together_stop_together(runs: Path) -> None:
    with tiny.trainer(runs, beside=[tiny.config(latent=5)]) as (run, _):
        result = call("stop", run.name, "--runs", runs)
    assert "asked 2 runs to stop: runs that train together stop together" in result.stderr.splitlines()[0]
    assert result.returncode == 0
    assert f"{tiny.config(latent=5).name} stopped in epoch 2 of 3" in result.stderr


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_is_stopped_when_one_of_the_runs_does_not_train(runs: Path, order: int) -> None:
    idle = tiny.make(runs, tiny.config(latent=5))
    with tiny.trainer(runs) as (run, _):
        result = call("stop", *[idle.name, run.name][::order], "--runs", runs)
        assert is_alive(run)
        assert read_status(run).state == "running"
    assert f"{idle.name} is not being trained now" in complaint(result)
    assert result.returncode == 1


def test_a_run_that_is_trained_on_another_host_is_to_be_stopped_there(runs: Path) -> None:
    with tiny.live(runs, sign=True) as run:
        tiny.signature(run, host="elsewhere")
        result = call("stop", run)
    assert "on elsewhere" in complaint(result)
    assert result.returncode == 1
