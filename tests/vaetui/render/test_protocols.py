import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.vaetui.render.pictures import drawings, erased, places, sixel_pixels, transmitted
from vaetui.arrays import Floats
from vaetui.render import protocols
from vaetui.render.colours import ColourMap, diverging, grey, ink

RNG = np.random.default_rng(0)


def noise(height: int = 28, width: int = 28, low: float = 0) -> Floats:
    return np.asarray(RNG.uniform(low, 1, (height, width)), np.float32)


def in_steps(pixels: Floats, colours: ColourMap) -> npt.NDArray[np.uint8]:
    """What 16 levels leave of a picture."""
    return colours((np.rint(pixels * 15) / 15).astype(np.float32))


# --- kitty --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", [grey, ink, diverging])
@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (3, 300), (200, 100)])
def test_kitty_gets_every_pixel_and_the_size_in_cells(colours: ColourMap, shape: tuple[int, int]) -> None:
    pixels = noise(*shape, low=-1 if colours is diverging else 0)
    made = protocols.kitty_picture(pixels, (14, 7), colours)
    ((number, sent),) = transmitted(made.transmission)
    assert number == made.number
    assert (sent.columns, sent.rows) == (14, 7)
    assert (sent.pixels == in_steps(pixels, colours)).all()


def test_a_number_is_that_of_a_picture_in_a_size_and_fits_into_a_colour() -> None:
    one, other = noise(), noise()
    first = protocols.kitty_picture(one, (14, 7))
    assert protocols.kitty_picture(one.copy(), (14, 7)) == first
    others = [
        protocols.kitty_picture(other, (14, 7)),
        protocols.kitty_picture(one, (28, 14)),
        protocols.kitty_picture(one, (14, 7), ink),
    ]
    assert len({first.number, *(picture.number for picture in others)}) == 4
    red, green, blue = first.colour
    assert (red << 16) + (green << 8) + blue == first.number
    assert 0 < first.number < 1 << 24


@pytest.mark.parametrize("each", [False, True])
def test_cells_count_rows_and_columns(each: bool) -> None:
    lines = protocols.placeholders((16, 3), each=each)
    assert [places(line) for line in lines] == [
        [(0, row, column) for column in range(16)] for row in range(3)
    ]


def test_each_cell_of_a_line_that_may_be_cut_knows_its_place() -> None:
    (line,) = protocols.placeholders((16, 1), each=True)
    assert places(line[3 * 5 :]) == [(0, 0, column) for column in range(5, 16)]


def test_pictures_stand_side_by_side_in_lines_of_text() -> None:
    pictures = [noise(), noise()]
    lines = protocols.kitty_lines(pictures, (8, 4), 2, {})
    sent = transmitted("".join(lines))
    assert [(each.pixels == in_steps(one, grey)).all() for (_, each), one in zip(sent, pictures, strict=True)]
    (left, _), (right, _) = sent
    assert left != right
    for row, line in enumerate(lines):
        ours = [[(number, row, column) for column in range(8)] for number in (left, right)]
        assert places(line) == [*ours[0], None, None, *ours[1]]
        assert line.endswith("\x1b[39m")


def test_tmux_hands_on_what_it_gets_in_envelopes_and_keeps_the_text() -> None:
    pixels = noise(200, 200)
    bare, wrapped = (protocols.kitty_lines([pixels], (8, 4), 2, env) for env in ({}, {"TMUX": "/x,1,0"}))
    envelope = "\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\\\"
    inside = [found.replace("\x1b\x1b", "\x1b") for found in re.findall(envelope, wrapped[0])]
    assert inside == re.findall("\x1b_G.*?\x1b\\\\", bare[0])
    assert len(inside) > 1, "a sequence of at most 4096 characters each"
    assert places(re.sub(envelope, "", wrapped[0])) == places(bare[0])
    assert wrapped[1:] == bare[1:]


def test_an_erasure_names_one_picture() -> None:
    assert erased(protocols.erasure(7) + protocols.erasure(1234567)) == [7, 1234567]


# --- sixel --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", [grey, ink, diverging])
@pytest.mark.parametrize("shape", [(1, 1), (5, 9), (6, 9), (28, 28), (13, 300)])
def test_sixels_are_the_pixels_within_their_percents(colours: ColourMap, shape: tuple[int, int]) -> None:
    pixels = noise(*shape, low=-1 if colours is diverging else 0)
    drawn = sixel_pixels(protocols.sixels(pixels, colours))
    error = np.abs(drawn - in_steps(pixels, colours).astype(np.int64))
    assert error.max() <= 2, "half a percent, and rounding"
    if colours is grey:
        assert np.abs(drawn[..., 0] / 255 - pixels).max() <= 1 / 30 + 2 / 255, "half a level, and that"


def test_at_most_16_greys_are_declared_and_only_those_that_are_there() -> None:
    assert len(re.findall(r"#\d+;2;", protocols.sixels(noise(90, 90)))) == 16
    assert len(re.findall(r"#\d+;2;", protocols.sixels(np.zeros((9, 9), np.float32)))) == 1


@pytest.mark.parametrize("colours", [grey, diverging])
def test_a_level_has_one_register_in_all_pictures(colours: ColourMap) -> None:
    low = -1 if colours is diverging else 0
    made = [
        protocols.sixels(pixels, colours)
        for pixels in (noise(9, 9, low), noise(9, 9, low), noise(99, 9, low))
    ]
    inks = {ink for drawing in made for ink in re.findall(r"#(\d+);2;([\d;]+)", drawing)}
    assert len(inks) == len({register for register, _ in inks}) == (31 if low else 16)
    assert {int(register) for register, _ in inks} == set(range(len(inks)))


def test_runs_are_counted() -> None:
    assert len(protocols.sixels(np.ones((6, 1000), np.float32))) < 50


def test_sixels_fill_cells_to_their_last_whole_band() -> None:
    pictures = [noise(), noise(), noise()]
    lines = protocols.sixel_lines(pictures, (28, 14), 2, (9, 18))
    assert lines[:-1] == [""] * 13
    for drawing, picture in zip(drawings(lines[-1]), pictures, strict=True):
        wanted = np.repeat(np.repeat(in_steps(picture, grey), 9, 0), 9, 1).astype(np.int64)
        assert np.abs(sixel_pixels(drawing) - wanted).max() <= 2


@pytest.mark.parametrize(("cell", "height"), [((10, 20), 138), ((9, 17), 114), ((1, 1), 6)])
def test_no_band_reaches_below_the_cells(cell: tuple[int, int], height: int) -> None:
    drawn = sixel_pixels(protocols.sixel_lines([noise()], (14, 7), 2, cell)[-1])
    assert drawn.shape == (height, 14 * cell[0], 3)
    assert (drawn >= 0).all()


@pytest.mark.parametrize(("rows", "down"), [(1, ""), (7, "\x1b[6B")])
def test_the_cursor_goes_a_line_on_then_up_across_and_to_the_last_line(rows: int, down: str) -> None:
    lines = protocols.sixel_lines([noise(), noise()], (14, rows), 2, (10, 20))
    moves = re.sub("\x1bP.*?\x1b\\\\", "*", lines[-1])
    assert moves == f"\x1bD\x1b[{rows}A\x1b7*\x1b8\x1b[16C\x1b7*\x1b8{down}\r"


# --- the terminal -------------------------------------------------------------------------------------


def cell_of(rows: int, columns: int, width: int, height: int) -> tuple[int, int]:
    """The size of a cell on a pseudo-terminal with that size."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))
        found = protocols.cell_size(stream)
    os.close(master)
    return found


def test_the_size_of_a_cell_is_what_the_driver_was_given_else_that_of_the_first(tmp_path: Path) -> None:
    assert cell_of(24, 80, 720, 408) == (9, 17)
    assert cell_of(24, 80, 0, 0) == protocols.CELL
    assert cell_of(0, 0, 720, 408) == protocols.CELL
    assert cell_of(50, 80, 79, 408) == protocols.CELL
    with (tmp_path / "file").open("w") as file:
        assert protocols.cell_size(file) == protocols.CELL


def test_only_kitty_needs_a_library_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [protocols.missing_library(glyphs) for glyphs in ("half", "sixel", "kitty")] == ["", "", ""]
    monkeypatch.setattr(protocols, "find_spec", lambda name: None)
    assert [protocols.missing_library(glyphs) for glyphs in ("half", "sixel")] == ["", ""]
    assert "pip install 'vaetui[pictures]'" in protocols.missing_library("kitty")


def test_neither_imports_nor_pictures_ask_the_terminal(tmp_path: Path) -> None:
    code = (
        "import sys, numpy, vaetui.cli.main, vaetui.cli.tiles, vaetui.tui.app;"
        "import vaetui.render.kitty_pictures;"
        "from vaetui.render import protocols;"
        "assert 'kittytgp' not in sys.modules;"
        "pixels = numpy.eye(28, dtype=numpy.float32);"
        "protocols.kitty_lines([pixels], (28, 14), 2, {}); protocols.sixels(pixels);"
        "protocols.cell_size(sys.stdout); open(sys.argv[1], 'w').write('done')"
    )
    done = tmp_path / "done"
    master, slave = pty.openpty()
    os.write(master, b"typed\n")
    child = subprocess.run(
        [sys.executable, "-c", code, str(done)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    echo = os.read(master, 100) if select.select([master], [], [], 0)[0] else b""
    more = os.read(master, 1000) if select.select([master], [], [], 0)[0] else b""
    assert (child.returncode, more) == (0, b""), more
    assert done.read_text() == "done"
    assert echo == b"typed\r\n", "the driver's own echo and nothing else"
    assert os.read(slave, 100) == b"typed\n", "nobody has read what was typed"
    os.close(slave)
    os.close(master)
