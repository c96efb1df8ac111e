"""`vaetui doctor` as its user sees it, on machines that are made up and on this one."""

import contextlib
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pyte
import pytest

from tests.vaetui.cli.shell import call, complaint, terminal, vaetui
from tests.vaetui.doctor import made
from tests.vaetui.doctor.test_machine import CPU, DRIVER, GPU
from trainer.contract.datasets import digits
from vaetui.cli import card
from vaetui.cli.doctor import doctor
from vaetui.doctor.world import Answer, World
from vaetui.preferences import default_path
from vaetui.render.terminal import Depth
from vaetui.runs.launch import MACHINE

WELL = {MACHINE[-1]: Answer(json.dumps(CPU))}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return made.world(tmp_path, answers=WELL)


def diagnose(
    world: World, tmp_path: Path, *, glyphs: str = "", colors: str = "", as_json: bool = False
) -> tuple[int, str]:
    """Exit code and output."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(output):
        code = doctor(tmp_path / "runs", tmp_path, glyphs=glyphs, colors=colors, as_json=as_json, world=world)
    return code, output.buffer.getvalue().decode()


def facts(world: World, tmp_path: Path) -> tuple[int, dict[str, Any]]:
    code, text = diagnose(world, tmp_path, as_json=True)
    return code, json.loads(text)


def test_all_that_is_found_stands_under_its_heading(world: World, tmp_path: Path) -> None:
    code, text = diagnose(world, tmp_path)
    lines = text.splitlines()
    headings = [line for line in lines if line in ("terminal", "folders", "training", "logging out")]
    assert (code, headings) == (0, ["terminal", "folders", "training"])
    assert "  detected  no colours, so ASCII characters in pictures" in lines
    assert "! mnist     is not here, digits stand in until then" in lines
    assert "  PyTorch   2.9.0, built for CUDA 13.0" in lines
    assert all(line == line.rstrip() for line in lines)


def test_json_has_the_same_findings(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)  # other programs write in between
    code, found = facts(world, tmp_path)
    text = diagnose(world, tmp_path)[1]
    assert (code, found["terminal"]["depth"], found["terminal"]["is_tty"]) == (0, "none", False)
    for finding in found["findings"]:
        assert set(finding) == {"section", "about", "found", "standing", "mend"}
        assert f"\n{finding['section']}\n" in f"\n{text}"
        assert re.search(rf"^[ !x] {re.escape(finding['about'])} ", text, re.MULTILINE)
        assert finding["found"] in text
        assert finding["mend"] in text


def test_json_in_a_pipe_is_of_the_terminal_around_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Tty())
    _, found = facts(world, tmp_path)
    assert (found["terminal"]["is_tty"], found["terminal"]["depth"]) == (True, "256")
    _, text = diagnose(world, tmp_path)
    assert "this output is not one" in text, "the text itself goes to the pipe"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            {MACHINE[-1]: Answer("", "PyTorch cannot be imported: no")},
            "x PyTorch   PyTorch cannot be imported: no",
        ),
        (
            {MACHINE[-1]: Answer(json.dumps(GPU | {"gpus": [GPU["gpus"][0] | {"trouble": "no kernel"}]}))},
            "x GPU       NVIDIA H200, 130.0 of 140.0 GiB free, cannot be used: no kernel",
        ),
    ],
)
def test_what_would_fail_is_marked_and_the_exit_code_is_1(
    answers: Mapping[str, Answer], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = made.world(tmp_path, answers={"nvidia-smi": DRIVER, **answers})
    code, text = diagnose(world, tmp_path)
    assert (code, words in text.splitlines()) == (1, True)
    assert capsys.readouterr().err == "vaetui: 1 of these would fail, marked x\n"
    assert facts(made.world(tmp_path / "2", answers=answers), tmp_path)[0] == 1


def test_wrong_settings_are_found_and_do_not_end_it(world: World, tmp_path: Path) -> None:
    default_path().parent.mkdir(exist_ok=True)
    default_path().write_text("colors = 88")
    code, text = diagnose(world, tmp_path)
    assert code == 1
    assert f"x settings  colors in {default_path()} takes auto, truecolor" in text
    assert "training" in text.splitlines()


def test_wrong_options_are_one_sentence() -> None:
    result = call("doctor", "--glyphs", "plaid")
    assert complaint(result).startswith("--glyphs takes auto, half")
    assert result.returncode == 2


# --- the test card ------------------------------------------------------------------------------------


def shown(text: list[str], columns: int = 80) -> pyte.Screen:
    screen = pyte.Screen(columns, 60)
    pyte.Stream(screen).feed("\r\n".join(text))
    return screen


@pytest.mark.parametrize("columns", [20, 80, 200])
@pytest.mark.parametrize("glyphs", ["half", "quadrant", "ascii", "kitty", "sixel"])
@pytest.mark.parametrize("depth", get_args(Depth))
def test_the_card_fits_and_is_ascii_where_it_should(columns: int, glyphs: Any, depth: Depth) -> None:
    lines = list(card.lines(made.terminal(depth, glyphs, columns=columns)))
    screen = shown(lines, 220)
    drawn = [line.rstrip() for line in screen.display]
    assert all(len(line) <= max(columns, 80) for line in drawn)
    assert ("\x1b" in "".join(lines)) == (depth != "none" and glyphs != "ascii")
    assert "".join(lines).isascii() == (glyphs == "ascii")


def test_ramps_and_digits_are_what_they_say() -> None:
    """Read back from a terminal emulator, in pixels."""
    screen = shown(list(card.lines(made.terminal("truecolor"))))
    greys = [
        int(screen.buffer[0][card.INDENT + card.STEP * level].bg[:2], 16) for level in range(card.LEVELS)
    ]
    assert greys == [17 * level for level in range(card.LEVELS)]
    labels = screen.display[4]
    assert labels.split() == ["half", "quadrant", "ascii"]
    pixels, _ = digits.read(slice(0, 1))
    inked = pixels.reshape(28, 28).max(0) > 128
    half = [
        max(int(screen.buffer[5 + y][x].bg[:2], 16) for y in range(card.HEIGHT)) > 100
        for x in range(card.SIDE)
    ]
    expected = [inked[int((x + 0.5) * 28 / card.SIDE)] for x in range(card.SIDE)]
    assert sum(a != b for a, b in zip(half, expected, strict=True)) <= 2


def test_the_ruler_is_as_long_as_its_characters() -> None:
    screen = shown(list(card.lines(made.terminal("256"))))
    ruler, below = [line for line in screen.display if line.strip(" |").startswith(("widths", "---"))]
    assert [place for place, char in enumerate(ruler) if char == "|"] == [
        *(place for place, char in enumerate(below) if char == "|"),
    ]


# --- on this machine ----------------------------------------------------------------------------------


def test_it_looks_at_this_machine_without_a_terminal(tmp_path: Path, runs: Path) -> None:
    result = vaetui("doctor", "--runs", runs, "--data", tmp_path, "--json")
    found = json.loads(result.stdout)
    (torch,) = [one for one in found["findings"] if one["about"] == "PyTorch"]
    assert (result.returncode, result.stderr, torch["standing"]) == (0, "", "well")


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({}, "detected  256 colours on a dark background, half blocks"),
        ({"TERM": "dumb", "LC_ALL": "C"}, "x explorer  refuses to open, since TERM is dumb"),
    ],
)
def test_on_a_terminal(
    env: dict[str, str], words: str, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with terminal("doctor", "--runs", runs, "--data", tmp_path, columns=80, rows=70) as screen:
        code = screen.end()
        text = screen.text()
    assert words in text
    assert ("! locale    LC_ALL=C" in text) == ("LC_ALL" in env)
    assert code == (1 if env.get("TERM") == "dumb" else 0)
    assert ("▀" in text) == ("LC_ALL" not in env)
    assert "PyTorch" in text
    assert os.environ["TERM"] == env.get("TERM", "xterm-256color")
