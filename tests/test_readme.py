"""Run the commands of README.md in a clone, with MNIST available."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import ROOT
from tests.copying import clone, git
from trainer.contract.run_dir import is_run, read_status

MNIST = Path(os.environ.get("VAETUI_TEST_DATA", ROOT.parent / "shared" / "data"))
EXAMPLE, OTHER = "vae-z2-b1-bce-s0", "vae-z10-b4-bce-s0"

# Commands that are not run, and why.
NOT_RUN = {
    "explore": "needs a terminal; tests/test_wheel.py opens it",
    "stop": "needs a run that is being trained",
    "report": "needs the runs of its recipe, which take minutes to train",
    "evaluate": "takes minutes; a shorter one is run below",
}

_RUN = """
import contextlib, io, json, sys
from vaetui.cli.main import run_command
for words in json.loads(sys.argv[1]):
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        code = run_command(words)
    print(json.dumps([code, errors.getvalue()]), flush=True)
"""


def readme() -> list[list[str]]:
    """Return the arguments of every `vaetui` command in README.md, with placeholders filled in."""
    text = (ROOT / "README.md").read_text()
    lines = [
        line for block in re.findall(r"^```\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()
    ]
    inline = [" ".join(found.split()) for found in re.findall(r"`(vaetui train [^`]*)`", text)]
    runs = {"RUN": [EXAMPLE], "RUN…": [EXAMPLE, OTHER]}
    commands = [shlex.split(line, comments=True) for line in lines + inline if line.startswith("vaetui ")]
    return [[w for word in words[1:] for w in runs.get(word, [word])] for words in commands]


@pytest.fixture(scope="module")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not MNIST.joinpath("MNIST", "raw").is_dir():
        pytest.skip(f"no MNIST in {MNIST}: set VAETUI_TEST_DATA to a folder that has it")
    return clone(tmp_path_factory.mktemp("readme") / "vaetui")


def run(cloned: Path, commands: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """Run each command with the clone's code; return exit codes and stderr."""
    env = {name: text for name, text in os.environ.items() if name != "VAETUI_RUNS"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", _RUN, json.dumps(commands)],
        cwd=cloned,
        env={**env, "PYTHONPATH": str(cloned), "VAETUI_DATA": str(MNIST), "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=240,
    )
    return [(code, errors) for code, errors in map(json.loads, done.stdout.splitlines())]


def changes(cloned: Path) -> str:
    """Return git's status of the shipped runs, ignored files included."""
    return git(cloned, "status", "--porcelain", "--ignored", "--", "checkpoints/examples")


def test_every_command_that_trains_would_train(cloned: Path) -> None:
    trains = [words for words in readme() if words[0] == "train"]
    assert ["train", "--latent", "10", "--beta", "1"] in trains
    assert len(trains) >= 5
    trains += [["train", "--latent", "2,5,10,20", "--epochs", "50"]]
    trains += [["train", "--latent", "10", "--beta", "1", "--epochs", "40"]]
    found = run(cloned, [[*(word for word in words if word != "--dry-run"), "--dry-run"] for words in trains])
    assert [(words, errors) for words, (code, errors) in zip(trains, found, strict=True) if code] == []


def test_every_command_that_reads_reads_the_shipped_runs_and_changes_none(cloned: Path) -> None:
    pytest.importorskip("onnx")
    before = changes(cloned)
    commands = [words for words in readme() if words[0] != "train" and words[0] not in NOT_RUN]
    assert {words[0] for words in commands} >= {"ls", "compare", "show", "sample", "interpolate", "traverse"}
    commands += [["evaluate", EXAMPLE, "--no-quality", "--device", "cpu"], ["compare"], ["ls"]]
    found = run(cloned, commands)
    assert [(words, errors) for words, (code, errors) in zip(commands, found, strict=True) if code] == []
    compared = found[-2][1]
    assert "evaluate" not in compared, "the shipped runs have all figures"
    assert changes(cloned) == before


def test_the_first_command_trains_beside_the_shipped_runs(cloned: Path) -> None:
    before = changes(cloned)
    small = ["--epochs", "1", "--device", "cpu", "--val-fraction", "0.98", "--name", "vae-z10-b1-bce-s0"]
    ((code, errors),) = run(cloned, [["train", "--latent", "10", "--beta", "1", *small]])
    assert code == 0, errors
    own, shipped = (cloned / "checkpoints" / folder / "vae-z10-b1-bce-s0" for folder in ("mnist", "examples"))
    assert is_run(shipped)
    assert read_status(own).state == "finished"
    assert changes(cloned) == before
    ((code, errors),) = run(cloned, [["show", own.name, "--count", "1"]])
    assert code == 0, errors
    assert git(cloned, "status", "--porcelain", "--", "checkpoints") == before, "own runs are ignored by git"
