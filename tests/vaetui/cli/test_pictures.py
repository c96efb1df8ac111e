"""Digits as pictures on standard output: the layout of half blocks, and every pixel."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.vaetui.cli.reading import facts, output
from tests.vaetui.cli.shell import call, complaint
from tests.vaetui.render.pictures import EMPTY, drawings, places, sixel_pixels, transmitted
from vaetui import preferences
from vaetui.render import protocols
from vaetui.render.terminal import Glyphs, detect

COMMANDS = {
    "show": ("--digits", "7,#0"),
    "sample": ("--count", "2"),
    "interpolate": ("3", "8", "--steps", "2"),
    "traverse": ("--digit", "3", "--dim", "1", "--steps", "2"),
}


@pytest.fixture
def taken_for(monkeypatch: pytest.MonkeyPatch) -> "Taken":
    return Taken(monkeypatch)


class Taken:
    """Lets standard output be taken for what has pictures of a protocol."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(self, glyphs: Glyphs, is_tty: bool = False) -> None:
        self._patch.setattr(
            preferences,
            "detect",
            lambda env, stream, **asked: dataclasses.replace(
                detect(env, stream, **asked), glyphs=glyphs, is_tty=is_tty
            ),
        )


def grid(command: str, run: Path) -> list[list[list[int]]]:
    """The pixels that a command tells programs."""
    found = facts(command, run, *COMMANDS[command])
    if command == "show":
        return [digit[kind] for kind in ("original", "reconstruction") for digit in found["digits"]]
    rows = found["dims"] if command == "traverse" else [found]
    return [digit["image"] for row in rows for digit in row["digits"]]


def in_steps(pixels: list[list[int]]) -> npt.NDArray[np.int64]:
    return np.asarray(np.rint(np.array(pixels) / 17) * 17, np.int64)


@pytest.mark.parametrize("command", COMMANDS)
def test_kitty_shows_what_programs_are_reported_in_the_layout_of_half_blocks(
    command: str, run: Path, taken_for: Taken
) -> None:
    plain = output(call(command, run, *COMMANDS[command]))
    taken_for("kitty")
    lines = output(call(command, run, *COMMANDS[command]))
    sent = transmitted("\n".join(lines))
    assert {(each.columns, each.rows) for _, each in sent} == {(28, 14)}
    for (_, each), pixels in zip(sent, grid(command, run), strict=True):
        assert np.abs(each.pixels[..., 0] - in_steps(pixels)).max() <= 17, "rounded to 255 there before"
    assert len(lines) == len(plain)
    rows = [row for line in lines if EMPTY in line for row in [places(line)]]
    assert [len(row) for row in rows] == [58] * 14 * (len(sent) // 2)
    assert {tuple(place for place, cell in enumerate(row) if cell is None) for row in rows} == {(28, 29)}
    assert all(line == other for line, other in zip(lines, plain, strict=True) if EMPTY not in line)


def test_an_option_asks_for_pictures_also_in_a_pipe_and_a_variable_only_on_a_terminal(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("show", run, "--digits", "7")
    assert len(transmitted(call(*words, "--glyphs", "kitty").stdout)) == 2
    assert len(drawings(call(*words, "--glyphs", "sixel").stdout)) == 2
    plain = call(*words).stdout
    monkeypatch.setenv("VAETUI_GLYPHS", "kitty")
    assert call(*words).stdout == plain


def test_thumbnails_keep_all_pixels(run: Path, taken_for: Taken) -> None:
    taken_for("kitty")
    sent = transmitted(call("show", run, "--digits", "7", "--small").stdout)
    assert [(each.columns, each.rows, each.pixels.shape) for _, each in sent] == [(14, 7, (28, 28, 3))] * 2


def test_sixels_show_the_same_digits_in_the_same_lines(run: Path, taken_for: Taken) -> None:
    plain = output(call("show", run, "--digits", "7,#0"))
    taken_for("sixel")
    lines = output(call("show", run, "--digits", "7,#0"))
    assert len(lines) == len(plain)
    drawn = [sixel_pixels(drawing) for line in lines for drawing in drawings(line)]
    assert [pixels.shape for pixels in drawn] == [(276, 280, 3)] * 4
    for pixels, wanted in zip(drawn, grid("show", run), strict=True):
        middles = pixels[5 + np.arange(28) * 276 // 28, 5::10, 0]
        assert np.abs(middles - in_steps(wanted)).max() <= 17 + 2, "rounded to 255 there before"


def test_without_the_library_nothing_is_begun(
    run: Path, taken_for: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "find_spec", lambda name: None)
    taken_for("kitty")
    found = call("show", run)
    assert found.returncode == 2
    assert complaint(found).endswith("pip install 'vaetui[pictures]'")
    taken_for("sixel")
    assert call("show", run).returncode == 0


@pytest.mark.parametrize(("glyphs", "needs"), [("kitty", "allow-passthrough on"), ("sixel", "tmux 3.4")])
def test_inside_tmux_one_sentence_says_what_it_must_do(
    glyphs: Glyphs, needs: str, run: Path, taken_for: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux-1/default,1,0")
    taken_for(glyphs, is_tty=True)
    found = call("show", run)
    (sentence,) = found.stderr.splitlines()
    assert needs in sentence
    assert ("\x1bPtmux;" in found.stdout) == (glyphs == "kitty")
    taken_for("half", is_tty=True)
    assert call("show", run).stderr == ""
    monkeypatch.delenv("TMUX")
    taken_for(glyphs, is_tty=True)
    assert call("show", run).stderr == ""
