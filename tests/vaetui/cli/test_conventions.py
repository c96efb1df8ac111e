"""What all commands have in common: options, words, names and signs."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from tests import tiny
from tests.vaetui.cli.shell import call, complaint
from vaetui import __version__
from vaetui.cli.main import app
from vaetui.export.files import ENDINGS

IMAGES = {"show": (), "sample": (), "interpolate": ("3", "8", "--steps", "3"), "traverse": ("--steps", "3")}
READING = (*IMAGES, "ls", "export", "compare", "evaluate", "report", "explore")
TRAINING = ("train", "watch", "stop")  # there is nothing to train among the examples
OF_FOLDERS = (*READING, *TRAINING, "doctor", "recipes")
# The options of a family of commands; every command of it has them, and no other command has.
OPTIONS = {
    "runs": OF_FOLDERS,
    "data": OF_FOLDERS,
    "examples": READING,
    "json": (*IMAGES, "ls", "watch", "compare", "evaluate", "doctor", "recipes"),
    "out": (*IMAGES, "export", "report"),
    "small": tuple(IMAGES),
    "plain": tuple(IMAGES),
    "glyphs": (*IMAGES, "doctor", "explore"),
    "colors": (*IMAGES, "doctor", "explore"),
}
# Commands on runs: whether they take all runs (of `watch` those that train) where none is named.
TAKE_ALL = {
    **dict.fromkeys(("watch", "compare", "evaluate", "report", "explore"), True),
    **dict.fromkeys((*IMAGES, "export"), False),  # they are of one run
    "stop": False,  # nothing is stopped by leaving a word out
}


def commands() -> dict[str, Any]:
    """The commands as they are parsed, by name."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def options(command: Any) -> set[str]:
    return {text.removeprefix("--") for parameter in command.params for text in parameter.opts}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_command_of_a_family_has_the_option(option: str) -> None:
    found = [name for name, command in commands().items() if option in options(command)]
    assert sorted(found) == sorted(OPTIONS[option])


def test_no_command_is_forgotten() -> None:
    assert set(commands()) == set(OF_FOLDERS)


def test_commands_on_several_runs_take_all_without_a_name() -> None:
    found = {}
    for name, command in commands().items():
        for parameter in command.params:
            if parameter.name == "run":
                found[name] = not parameter.required
    assert found == TAKE_ALL


@pytest.mark.parametrize("command", IMAGES)
@pytest.mark.parametrize("ending", ENDINGS)
def test_images_are_written_to_every_type_of_file(
    run: Path, tmp_path: Path, command: str, ending: str
) -> None:
    out = tmp_path / f"a{ending}"
    result = call(command, run, *IMAGES[command], "--out", out)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", f"wrote {out}\n")
    assert out.stat().st_size > 100


@pytest.mark.parametrize("command", ["sample", "interpolate", "traverse"])
def test_arrays_have_one_name_in_every_file(run: Path, tmp_path: Path, command: str) -> None:
    call(command, run, *IMAGES[command], "--out", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as found:
        assert found["images"].shape == (*found["z"].shape[:-1], 784)
        assert (str(found["run"]), int(found["epoch"]), str(found["version"])) == (run.name, 3, __version__)


@pytest.mark.parametrize("command", IMAGES)
@pytest.mark.parametrize("ending", [".png", ".svg", ".gif"])
def test_files_name_their_run_unless_plain(run: Path, tmp_path: Path, command: str, ending: str) -> None:
    named, plain = tmp_path / f"named{ending}", tmp_path / f"plain{ending}"
    call(command, run, *IMAGES[command], "--out", named)
    call(command, run, *IMAGES[command], "--out", plain, "--plain")
    for words in (run.name.encode(), b"Dataset", f"vaetui {__version__}".encode()):
        assert words in named.read_bytes()
        assert words not in plain.read_bytes()


def test_plain_is_for_a_file(run: Path) -> None:
    result = call("sample", run, "--plain")
    assert (result.returncode, complaint(result)) == (2, "--plain is for a file: name it with --out")


def test_numbers_for_people_have_one_minus_and_no_signed_zero(runs: Path, tmp_path: Path) -> None:
    run = tiny.make(runs)
    tiny.make(runs, tiny.config(latent=5))
    commands = [
        ("traverse", run, "--steps", "3", "--set", "2=-0.5"),
        ("traverse", run, "--steps", "3", "--json"),
        *(("compare", "--runs", runs, *form) for form in ((), ("--json",), ("--csv",))),
        *(("ls", "--runs", runs, *form) for form in ((), ("--json",))),
    ]
    for words in commands:
        text = call(*words).stdout.replace(str(tmp_path), "")
        is_for_people = not {"--json", "--csv"} & set(map(str, words))
        assert not re.search(r"[+−-]0\.0+(?![\d.])", text) or not is_for_people
        assert bool(re.search(r"(?<![\w-])-\d", text)) <= (not is_for_people), text
        assert "−0" not in text or is_for_people


def test_a_run_that_trains_is_training_in_every_sentence_and_running_for_programs(
    runs: Path, tmp_path: Path
) -> None:
    tiny.make(runs, tiny.config(latent=5))
    with tiny.live(runs, done=0) as run:
        out = ("--out", tmp_path / "report")
        results = [
            *(call(command, "--runs", runs) for command in ("ls", "compare")),
            call("evaluate", run),
            *(call("report", *of, "--runs", runs, *out) for of in ((), (run,))),
            call("doctor", "--runs", runs, "--data", tmp_path),
        ]
        state = {row["run"]: row["state"] for row in json.loads(call("ls", "--runs", runs, "--json").stdout)}
    assert state[run.name] == "running"
    said = [f"{result.stdout}{result.stderr}" for result in results]
    assert all("training" in text or "trained" in text for text in said)
    assert not [text for text in said if "running" in text]
