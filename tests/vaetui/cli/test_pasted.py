"""Commands that are printed work when they are pasted into a shell, whatever runs and folders are called."""

import ast
import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest
import typer

import trainer
import vaetui
from tests import tiny
from tests.vaetui.cli.shell import Result, call
from trainer.contract.evaluation import EVALUATION
from trainer.contract.files import Problem
from trainer.contract.run_dir import LATENTS, Status, hold, write_status
from vaetui.cli.main import app
from vaetui.commands import command, examples_folder, quote, runs_folder
from vaetui.runs.lookup import command_on, find_run, short_names

ODD = (
    *(
        "-dash",
        "--json",
        "=x|y!z",
        "a b",
        "it's",
        'say "no"',
        "$HOME",
        "`id`",
        "@latest",
        "!!",
        "*",
        "~",
        "#3",
    ),
    *("back\\slash", "tab\there", "\x1b[31mred", "new\nline", "e\u0301te\u0301", "\u202eevil", "plain"),
)
FOLDERS = ("runs", "my runs", "-runs", "it's\x07here")
PRINTED = re.compile(r"`(vaetui [^`]+)`|(?:^|next: |\$ )(vaetui [a-z]+ .*)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")


def pasted(lines: Sequence[str]) -> list[list[str]]:
    """The words after `vaetui` that a shell makes of each line."""
    script = "vaetui() { printf '%s\\0' \"$@\"; printf '\\n\\0'; }\n" + "\n".join(lines)
    found = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert not found.stderr
    commands: list[list[str]] = [[]]
    for word in found.stdout.split(b"\0")[:-1]:
        if word == b"\n":
            commands.append([])
        else:
            commands[-1].append(os.fsdecode(word))
    return commands[:-1]


def runs_meant(words: Sequence[str]) -> list[Path]:
    """The runs that a command line would act on; it is parsed as the program does it."""
    group = typer.main.get_command(app)
    context = group.make_context("vaetui", [words[0], "--help"], resilient_parsing=True)
    chosen = group.get_command(context, words[0])  # type: ignore[attr-defined]
    parsed = chosen.make_context(words[0], list(words[1:])).params
    named = parsed.get("run") or ()
    texts = [named] if isinstance(named, str) else named
    return [find_run(runs_folder(parsed["runs"]), text).path.absolute() for text in texts]


def printed(*results: Result) -> list[str]:
    """Every command that stands in what was printed."""
    text = "\n".join(result.stdout + result.stderr for result in results)
    return [first or second for first, second in PRINTED.findall(text)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_command_on_a_run_of_any_name_finds_that_run(folder: str, tmp_path: Path) -> None:
    runs = tmp_path / folder
    paths = [
        tiny.make(runs, tiny.config(dataset=data), name=name) for data in ("digits", "mnist") for name in ODD
    ]
    single = [tiny.make(runs, name=f"{name}only") for name in ("-", "=", " ", "@")]
    for path, words in zip(
        (*paths, *single), pasted([command_on("show", [path]) for path in (*paths, *single)]), strict=True
    ):
        assert runs_meant(words) == [path]
    (words,) = pasted([command_on("evaluate", paths, "--nll", "3")])
    assert runs_meant(words) == paths
    assert all(text.isprintable() for text in (command_on("evaluate", paths), command_on("show", single)))


def test_a_name_is_as_short_as_it_may_be(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, twice = tiny.make(runs, name="alone"), tiny.make(runs, name="twice")
    tiny.make(runs, tiny.config(dataset="mnist"), name="twice")
    dash = tiny.make(runs, name="-x")
    assert short_names([alone, twice, dash], runs) == ["alone", "digits/twice", "digits/-x"]
    elsewhere = tiny.make(tmp_path / "elsewhere", name="alone")
    monkeypatch.chdir(elsewhere.parent)
    assert short_names([alone], runs) == ["digits/alone"], "here `alone` is another run"
    assert command_on("show", [alone, elsewhere]) == f"vaetui show {alone} {elsewhere}"
    monkeypatch.setenv("VAETUI_RUNS", str(runs))
    assert command_on("show", [alone]) == "vaetui show digits/alone"


def test_words_are_quoted_for_a_shell_and_a_terminal() -> None:
    words = [*ODD, *FOLDERS, "", "\udcff", "\x7f\x80", "'", "\\", "é", "😀", "\\x41\x01"]
    assert [found for (found,) in pasted([f"vaetui {quote(word)}" for word in words])] == words
    assert all(quote(word).isprintable() for word in words)


def test_names_are_found_however_their_accents_are_written(runs: Path) -> None:
    path = tiny.make(runs, name=unicodedata.normalize("NFD", "été"))
    for text in ("été", unicodedata.normalize("NFD", "été"), "ét", "digits/été"):
        assert find_run(runs, text).path == path


def test_every_command_in_messages_works_when_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty, runs, data = tmp_path / "no runs", tmp_path / "my runs", tmp_path / "my data"
    monkeypatch.chdir(tmp_path)
    first = tiny.make(runs, name="-first")
    tiny.make(runs, tiny.config(latent=3), name="a b")
    tiny.make(runs, tiny.config(dataset="mnist"), name="a b")
    bare = tiny.make(runs, tiny.config(latent=4), name="bare")
    (bare / EVALUATION).unlink()
    for path in (first, bare):
        (path / LATENTS).unlink()
    stopped = tiny.make(runs, tiny.config(latent=5), name="=stopped", state="stopped", done=1)
    monkeypatch.setattr("vaetui.cli.report.load_runs", _stop_here)
    where, out = ("--runs", runs, "--data", data), ("--out", tmp_path / "report")
    results = [
        *(call(verb, "--runs", empty) for verb in ("ls", "watch", "compare")),
        *(call(verb, "any", "--runs", empty) for verb in ("show", "stop")),
        call("report", "--runs", empty, *out),
        call("compare", "--runs", runs),
        call("watch", "--runs", runs),
        call("watch", "-first", "--runs", runs),
        call("watch", first, "--runs", empty),
        call("stop", "bare", "--runs", runs),
        call("show", "a b", "--runs", runs),
        call("show", "nothing", "--runs", runs),
        call("report", "digits/a b", "digits/-first", *where, *out),
        call("report", "bare", *where, *out),
        call("report", "=stopped", *where, *out),
        call("report", "--recipe", "latent-size", "--dataset", "digits", *where, *out),
        call("doctor", *where),
        _train_a_run_that_is_alive(runs),
        _stop_a_run_on_another_host(stopped, runs),
    ]
    commands = printed(*results)
    verbs = [words.split()[1] for words in commands]
    assert set(verbs) >= {"train", "ls", "watch", "stop", "evaluate", "explore"}
    assert not any("…" in words for words in commands)
    for words in pasted(commands):
        runs_meant(words)
        if words[0] == "ls":
            assert call(*words).returncode == 0
    assert len(set(commands)) >= 12, "the scenarios print what they did not print before"


def _stop_here(*_: object, **__: object) -> NoReturn:
    raise Problem("the report stops before it is drawn")


def _train_a_run_that_is_alive(runs: Path) -> Result:
    """`vaetui train` of a run whose lock is held."""
    options = ("--dataset", "digits", "--name", "alive", "--runs", runs)
    path = tiny.make(runs, name="alive", state="running", done=1)
    with hold(path):
        result = call("train", *options)
    assert "is being trained now" in result.stderr
    return result


def _stop_a_run_on_another_host(path: Path, runs: Path) -> Result:
    write_status(path, Status("running", 1, 3))
    with hold(path, sign=True):
        tiny.signature(path, host="elsewhere")
        result = call("stop", path.name, "--runs", runs)
    assert "is being trained on elsewhere" in result.stderr
    return result


def test_messages_build_their_commands() -> None:
    """A command in a literal names no folder: only those that need none may stand in one."""
    fixed = ("vaetui doctor --glyphs half", "vaetui show @latest")
    for package in (trainer, vaetui):
        for path in Path(package.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and "`vaetui " in node.value
                ):
                    quoted = re.findall(r"`(vaetui [^`]*)", node.value)
                    assert _is_documentation(node.value) or set(quoted) <= set(fixed), f"{path}: {quoted}"


def _is_documentation(text: str) -> bool:
    """Whether a literal is a docstring or the help of a command, which are about commands in general."""
    return "\n" in text.strip() or text.endswith(".")


def test_the_command_of_a_folder_that_is_taken_anyhow_does_not_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAETUI_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("VAETUI_DATA", str(tmp_path / "data"))
    assert command("ls", runs=tmp_path / "runs", data=tmp_path / "data") == "vaetui ls"
    assert command("ls", runs=tmp_path / "a", data=tmp_path / "b") == (
        f"vaetui ls --runs {tmp_path / 'a'} --data {tmp_path / 'b'}"
    )


def test_training_among_the_examples_is_not_advised() -> None:
    assert "`vaetui train`" in call("watch", "--runs", "@examples").stderr
    assert command("ls", runs=examples_folder()) == "vaetui ls --runs @examples"
