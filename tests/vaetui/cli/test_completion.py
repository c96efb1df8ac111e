"""What a shell is offered after Tab."""

import os
import shlex
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tests import ROOT, tiny
from tests.vaetui.cli.shell import call, complaint
from vaetui import preferences, recipes
from vaetui.cli import options
from vaetui.render import theme
from vaetui.tui.keys import VIEWS

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture
def shelf(runs: Path) -> Path:
    """Runs whose names take some thought."""
    for name in ("alone", "twice", "-dash", "two words", unicodedata.normalize("NFD", "été")):
        tiny.make(runs, name=name)
    tiny.make(runs, tiny.config(dataset="mnist"), name="twice")
    (runs / "digits" / "nothing").mkdir()
    return runs


def offered(line: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What bash is offered at the end of `line`."""
    words = line.split(" ")
    monkeypatch.setenv("_VAETUI_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    result = call()
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.split("\n")[:-1] if result.stdout.strip() else []


def test_what_cannot_be_read_hides_no_run(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = offered(f"vaetui show --runs {shelf} ", monkeypatch)
    for folder in (shelf, shelf / "digits"):
        (folder / "itself").symlink_to("itself")
        (folder / "nowhere").symlink_to("missing")
    (shelf / "digits" / "odd").mkdir()
    (shelf / "digits" / "odd" / "config.json").symlink_to("config.json")
    assert offered(f"vaetui show --runs {shelf} ", monkeypatch) == wanted
    assert "alone" in wanted


def script_for(shell: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What teaches a shell to complete, as --show-completion prints it in that shell."""
    with monkeypatch.context() as patch:
        patch.setenv("_VAETUI_COMPLETE", f"source_{shell}")
        return call().stdout


def test_runs_are_offered_by_what_finds_them(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = f"--runs {shelf}"
    everyone = ["@latest", "digits/-dash", "alone", "digits/twice", "été", "mnist/twice"]
    assert sorted(offered(f"vaetui show {where} ", monkeypatch)) == sorted(everyone)
    assert offered(f"vaetui compare {where} alone mnist/", monkeypatch) == ["mnist/twice"]
    assert offered(f"vaetui evaluate {where} al", monkeypatch) == ["alone"]
    assert offered(f"vaetui show {where} @", monkeypatch) == ["@latest"]
    assert offered(f"vaetui show --runs {shelf / 'none'} ", monkeypatch) == ["@latest"]
    decomposed = unicodedata.normalize("NFD", "ét")
    assert offered(f"vaetui show {where} {decomposed}", monkeypatch) == [f"{decomposed}é"]
    monkeypatch.setenv("VAETUI_RUNS", str(shelf))
    for command in (
        "show",
        "sample",
        "interpolate",
        "traverse",
        "export",
        "watch",
        "stop",
        "report",
        "explore",
    ):
        assert "alone" in offered(f"vaetui {command} ", monkeypatch)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("vaetui tr", ["train", "traverse"]),
        ("vaetui train --recipe ", list(recipes.names())),
        ("vaetui report --recipe la", ["latent-size"]),
        ("vaetui train --dataset f", ["fashion-mnist"]),
        ("vaetui report --dataset k", ["kmnist"]),
        ("vaetui train --precision ", ["auto", "fp32", "tf32", "bf16"]),
        ("vaetui explore --theme ", list(theme.THEMES)),
        ("vaetui explore --view ", list(VIEWS)),
        ("vaetui show --glyphs ", list(preferences.CHOICES["glyphs"])),
        ("vaetui show --colors ", list(preferences.CHOICES["colors"])),
        ("vaetui sample --from ", ["prior", "posterior", "aggregate", "mixture"]),
        ("vaetui export --to ", ["onnx", "npz"]),
        ("vaetui ls --js", ["--json"]),
        ("vaetui train --runs ", []),
    ],
)
def test_words_are_offered(line: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(line, monkeypatch) == words


def test_what_the_help_names_is_what_there_is() -> None:
    assert tuple(theme.THEMES) == options.THEMES
    assert tuple(VIEWS) == options.VIEWS


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_is_given_a_script_and_answers(
    shell: str, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = script_for(shell, monkeypatch)
    assert f"_VAETUI_COMPLETE=complete_{shell}" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
    monkeypatch.setenv("_VAETUI_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"vaetui show --runs {shelf} al")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("COMP_WORDS", f"vaetui\nshow\n--runs\n{shelf}\nal")
    monkeypatch.setenv("COMP_CWORD", "4")
    assert "alone" in call().stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_bash_completes_a_run(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "vaetui"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m vaetui "$@"\n')
    program.chmod(0o755)
    script = script_for("bash", monkeypatch) + (
        f'\nCOMP_WORDS=(vaetui show --runs "{shelf}" al) COMP_CWORD=4\n_vaetui_completion vaetui\n'
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    env = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    found = subprocess.run(
        ["bash", "-c", script], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (found.stdout, found.stderr) == ("alone\n", "")


def test_completion_is_installed_or_reported_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    result = call("--install-completion", "bash")
    assert result.returncode == 0
    assert "\x1b" not in result.stdout
    assert (tmp_path / ".bash_completions" / "vaetui.sh").read_text() in call(
        "--show-completion", "bash"
    ).stdout
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    result = call("--install-completion", "bash")
    assert result.returncode == 1
    assert complaint(result).startswith("completion cannot be installed: ")
