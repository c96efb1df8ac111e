"""Output that nobody takes, and terminals of every kind: what all commands have in common."""

import contextlib
import errno
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from rich.text import Text

from tests import ROOT, tiny
from tests.vaetui.cli.streams import Raw, answer, streams
from vaetui.cli import watch
from vaetui.cli.streams import prepare_streams
from vaetui.cli.table import console_for
from vaetui.doctor import machine
from vaetui.doctor.world import Finding, Section
from vaetui.runs.run_watcher import read_run

# Every command that prints, as quick as it may be; {run} is a run of two, {runs} their folder.
COMMANDS = (
    *("--help", "--version", "train --help", "ls --runs {runs}", "ls --json --runs {runs}"),
    *("show {run} --count 2", "show {run} --count 2 --json", "sample {run} --count 2"),
    *("interpolate {run} 0 1 --steps 3", "traverse {run} --steps 3 --dim 1"),
    *("compare --runs {runs}", "compare --json --runs {runs}", "compare --csv --runs {runs}"),
    *("train --dry-run --dataset digits --runs {runs}", "watch {run}", "watch {run} --json"),
    *("doctor --runs {runs} --data {runs}", "doctor --json --runs {runs} --data {runs}"),
)
QUIET = ("stop {run}", "show nothing --runs {runs}", "trian", "train --latent 0")  # nothing on stdout


@pytest.fixture(autouse=True)
def _no_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What PyTorch finds takes seconds and is no matter of the output."""
    monkeypatch.setattr(machine, "section", lambda _: Section("PyTorch", (Finding("version", "any"),)))


@pytest.fixture
def words(runs: Path) -> Mapping[str, object]:
    """Two runs, for the commands above."""
    tiny.make(runs, tiny.config(latent=3))
    return {"runs": runs, "run": tiny.make(runs)}


@pytest.mark.fault(
    "standard output on a full disk (ENOSPC, EIO), for every command", "one sentence, exit code 1"
)
@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_cannot_be_written_is_one_sentence(command: str, words: Mapping[str, object]) -> None:
    for number in (errno.ENOSPC, errno.EIO):
        found = answer(*command.format_map(words).split(), output_fails=number)
        last = found.errors.splitlines()[-1]
        assert last == f"vaetui: the output cannot be written: {os.strerror(number)}"
        assert "Traceback" not in found.errors
        assert found.code == 1


@pytest.mark.fault("a reader that closes the pipe, for every command", "quiet, exit code 0")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_enough_is_no_failure(command: str, words: Mapping[str, object]) -> None:
    found = answer(*command.format_map(words).split(), output_fails=errno.EPIPE)
    assert found.code == 0
    assert "cannot be written" not in found.errors


@pytest.mark.fault("error output on a full disk, for every command", "the results and the exit code as ever")
@pytest.mark.parametrize("command", [*COMMANDS, *QUIET])
def test_error_output_that_cannot_be_written_is_dropped(command: str, words: Mapping[str, object]) -> None:
    usual, found = (
        answer(*command.format_map(words).split(), errors_fail=number) for number in (0, errno.ENOSPC)
    )
    assert (found.code, len(found.output) > 0) == (usual.code, len(usual.output) > 0)


@pytest.mark.fault("a real /dev/full and real closed pipes", "one sentence or none, nothing at exit")
@pytest.mark.skipif(
    not (shutil.which("bash") and Path("/dev/full").exists()), reason="no bash or no /dev/full"
)
def test_processes_end_without_a_word_of_python(words: Mapping[str, object]) -> None:
    python = f"{sys.executable} -m vaetui"
    script = "\n".join(
        (
            f"{python} ls --runs {words['runs']} > /dev/full; echo $?",
            f"{python} --help > /dev/full; echo $?",
            f"_VAETUI_COMPLETE=source_bash {python} > /dev/full; echo $?",
            f"{python} ls --runs {words['runs']} 2> /dev/full | head -1 > /dev/null; echo ${{PIPESTATUS[0]}}",
            f"{python} --help | true; echo ${{PIPESTATUS[0]}}",
            f"{python} trian > /dev/full 2> /dev/full; echo $?",
        )
    )
    found = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, cwd=ROOT, env=dict(os.environ)
    )
    assert found.stdout.split() == ["1", "1", "1", "0", "0", "2"]
    sentence = "vaetui: the output cannot be written: No space left on device"
    assert found.stderr.splitlines() == [sentence] * 3


# --- colours and letters ------------------------------------------------------------------------------

VARIABLES: Mapping[str, tuple[str | None, ...]] = {
    "NO_COLOR": (None, "1"),
    "FORCE_COLOR": (None, "0", "1", "3"),
    "CLICOLOR": (None, "0", "1"),
    "CLICOLOR_FORCE": (None, "0", "1"),
    "TERM": ("xterm-256color", "dumb", None),
    "LANG": ("C.UTF-8", "C"),
}
COMBINATIONS = [
    (dict(zip(VARIABLES, values, strict=True)), is_tty)
    for values in itertools.product(*VARIABLES.values())
    for is_tty in (False, True)
]
SGR = re.compile(rb"\x1b\[[\d;]*m")  # what sets colours, bold and the like
# What has colours where they are wanted; without UTF-8, pictures are in ASCII.
COLOURED = ("ls", "show {run}", "compare --runs", "train --dry-run", "watch")


def has_colours(env: Mapping[str, str | None], is_tty: bool) -> bool:
    """What the conventions of the variables say, in as many words."""
    forced = env["FORCE_COLOR"] not in (None, "0") or env["CLICOLOR_FORCE"] not in (None, "0")
    if env["NO_COLOR"]:
        return False
    return forced or (is_tty and env["CLICOLOR"] != "0" and env["TERM"] not in (None, "dumb"))


@contextlib.contextmanager
def set_to(env: Mapping[str, str | None], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Variables as given, None for one that is not set."""
    with monkeypatch.context() as patch:
        for name, value in env.items():
            patch.delenv(name, raising=False) if value is None else patch.setenv(name, value)
        yield


@pytest.mark.fault(
    "every combination of NO_COLOR, FORCE_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM, locale, terminal or pipe",
    "one rule for colours and letters",
)
def test_every_combination_of_variables_is_taken_alike_by_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    for env, is_tty in COMBINATIONS:
        output = Raw()
        with set_to(env, monkeypatch), streams(output, Raw(), is_tty):
            prepare_streams()
            console_for().print(Text("−1.5", style="bold red"))
        where = f"{env}, {'terminal' if is_tty else 'pipe'}"
        assert bool(SGR.search(output.kept)) == has_colours(env, is_tty), where
        assert output.kept.isascii() == (env["LANG"] == "C"), where


@pytest.mark.fault("some of these combinations, for every command", "the same rule in all of them")
@pytest.mark.parametrize("command", [*COMMANDS, *QUIET])
def test_one_rule_for_colours_and_letters(
    command: str, words: Mapping[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = command.format_map(words).split()
    is_coloured = command.startswith(COLOURED) and "json" not in command
    for env, is_tty in random.Random(command).sample(COMBINATIONS, 10):
        with set_to(env, monkeypatch):
            found = answer(*line, is_tty=is_tty)
        printed = found.output + found.errors
        where = f"{env}, {'terminal' if is_tty else 'pipe'}"
        if not has_colours(env, is_tty):
            assert not SGR.search(printed.encode()), where
        elif is_coloured and (env["LANG"] != "C" or command.startswith("ls")):
            assert SGR.search(found.output.encode()), where
        if env["LANG"] == "C":
            assert printed.isascii(), where


@pytest.mark.fault("a live training watched on a terminal without colours", "the picture, without colours")
@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("FORCE_COLOR", "0")])
def test_progress_follows_the_same_rule(
    name: str, value: str, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = read_run(tiny.make(runs, state="running", done=1))
    monkeypatch.setenv(name, value)
    errors = Raw()
    with streams(Raw(), errors, is_tty=True), watch.display(as_json=False) as shown:
        assert isinstance(shown, watch.Bars)
        shown.show([run])
    assert run.name.encode() in errors.kept
    assert b"\x1b[?25l" in errors.kept, "it stays in place"
    assert bool(SGR.search(errors.kept)) == (name == "FORCE_COLOR"), "which asks for nothing when it is 0"
