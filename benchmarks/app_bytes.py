"""What a changed frame sends through a pseudo-terminal, in bytes: `python -m benchmarks.app_bytes`.

A wall of 64 thumbnails and one large digit, all others at every key, beside what chafa makes of the same
pictures; then the keys of the explorer. All bytes count, those that place the cursor and open and close the
frame as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from rich.console import Console
from textual.app import ComposeResult

from benchmarks.app_latency import CHECKPOINT, DIGIT, FEW, LEFT, RGB, RIGHT, Driven, Explorer, environment
from trainer.contract.datasets.registry import load_test
from vaetui.render.terminal import Terminal
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.diff_renderer import DiffApp
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.strips import SYSTEMS
from vaetui.tui.widgets.digit import FULL, THUMB, digit

Pixels = npt.NDArray[np.uint8]

SIZE = (200, 50)
THUMBS, ACROSS = 64, 11
PICTURES = THUMBS + 1
MOST, AIM = 0.70, 0.55  # of chafa's bytes, at 256 colours
MOST_MS, AIM_MS = 25.0, 12.0  # of an interpolation step
SYNCHRONISED = b"\x1b[?2026;2$y"  # a terminal's answer: it can hold a frame back until it is whole
VIEWS = {"2 Reconstruct": (RIGHT, LEFT), "3 Sample": (b"r", b"R"), "4 Interpolate": (RIGHT, LEFT)}
VIEWS |= {"6 Traverse": (RIGHT, LEFT)}


class Wall(Painted, can_focus=True):
    """64 thumbnails and a large digit; a key shows the next 65 test digits."""

    BINDINGS: ClassVar = [("n", "next")]

    def __init__(self, terminal: Terminal, pixels: Pixels) -> None:
        super().__init__(terminal)
        self._pixels, self._first = pixels.astype(np.float32) / np.float32(255), 0

    def action_next(self) -> None:
        """Other digits in all places."""
        self._first += PICTURES
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """The large one last, at the right."""
        for place in range(THUMBS):
            x, y = place % ACROSS * (THUMB[0] + 1), place // ACROSS * (THUMB[1] + 1)
            digit(canvas, x, y, self._pixels[self._first + place])
        digit(canvas, ACROSS * (THUMB[0] + 1), 0, self._pixels[self._first + THUMBS], FULL)


class WallApp(DiffApp[None]):
    """The wall on a terminal of `SIZE`, with the explorer's way of writing."""

    def __init__(self, wall: Wall) -> None:
        super().__init__()
        self._wall = wall
        colours = SYSTEMS[wall.terminal.depth]
        self.console = Console(file=self.console.file, color_system=colours, force_terminal=True)  # type: ignore[arg-type]

    def compose(self) -> ComposeResult:
        """Nothing but the wall."""
        yield self._wall


def wall_bytes(data: Path, home: Path, colours: str, frames: int) -> float:
    """Bytes of a frame of the wall in which every picture has changed."""
    command = [sys.executable, "-m", "benchmarks.app_bytes", "--data", str(data), "--wall", colours]
    with Driven(command, SIZE, environment(home, colours)) as app:
        app.send(SYNCHRONISED)
        app.until(DIGIT, 40)
        app.settle()
        return statistics.mean(app.press(b"n")[1] for _ in range(frames))


def chafa_bytes(pixels: Pixels, colours: str, folder: Path) -> float:
    """What chafa prints for the frames of the wall, of 65 pictures each, as a mean."""
    sizes = [THUMB] * THUMBS + [FULL]
    total = 0
    for place, picture in enumerate(pixels):
        file, size = folder / "digit.pgm", sizes[place % PICTURES]
        file.write_bytes(b"P5 28 28 255\n" + picture.tobytes())
        command = ["chafa", "-f", "symbols", "--symbols", "vhalf", "-c", "full" if colours == RGB else FEW]
        drawn = subprocess.run(
            [*command, "-s", f"{size[0]}x{size[1]}", file], capture_output=True, check=True
        )
        total += len(drawn.stdout)
    return total / (len(pixels) / PICTURES)


def pictures(data: Path, home: Path, frames: int) -> None:
    """The table of the wall."""
    pixels = test_pixels(data)[PICTURES : (frames + 1) * PICTURES]
    if not (has_chafa := shutil.which("chafa") is not None):
        print("\nchafa is not installed, so there is nothing to compare with (Debian package `chafa`)")
    print(f"\n| {THUMBS} thumbnails and a large digit, bytes | changed frame | chafa ", end="")
    print("| changed ÷ chafa | asked | aim |\n| --- | --- | --- | --- | --- | --- |")
    for colours in (FEW, RGB):
        changed = wall_bytes(data, home, colours, frames)
        chafa = chafa_bytes(pixels, colours, home) if has_chafa else 0.0
        beside = f"{chafa:.0f} | {changed / chafa:.2f}" if has_chafa else "– | –"
        asked = f"{MOST:.2f} | {AIM:.2f}" if colours == FEW else "– | –"
        print(f"| {colours} | {changed:.0f} | {beside} | {asked} |", flush=True)


def keys(runs: Path, data: Path, home: Path, presses: int) -> None:
    """The table of the explorer's keys."""
    print(
        f"\n| explorer at {SIZE[0]}×{SIZE[1]} | own key, bytes | checkpoint, bytes | own key, ms | 90 % ",
        end="",
    )
    print("| processor, ms | asked, ms | aim |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for colours in (FEW, RGB):
        with Explorer(runs, data, SIZE, home, colours=colours) as app:
            app.send(SYNCHRONISED)
            app.until(b"ELBO")
            app.settle()
            for view, own in VIEWS.items():
                app.press(view[:1].encode())
                app.settle(1.0)
                checkpoint = _presses(app, CHECKPOINT, presses // 4)[0]
                size, middle, most, used = _presses(app, own, presses)
                asked = f"{MOST_MS:.0f} | {AIM_MS:.0f}" if view == "4 Interpolate" else "– | –"
                figures = f"{size:.0f} | {checkpoint:.0f} | {middle:.1f} | {most:.1f} | {used:.1f}"
                print(f"| {view}, {colours} | {figures} | {asked} |", flush=True)


def _presses(app: Driven, pair: Sequence[bytes], presses: int) -> tuple[float, float, float, float]:
    """Bytes, milliseconds (median and 90 %) and processor milliseconds of two keys that undo each other."""
    for key in pair:  # what is read or computed once is so now
        app.press(key)
        app.settle(0.3)
    before = app.cpu_seconds
    took = [app.press(pair[turn % 2]) for turn in range(presses)]
    used = 1e3 * (app.cpu_seconds - before) / presses
    times = sorted(1e3 * seconds for seconds, _ in took)
    size = statistics.median(count for _, count in took)
    return size, statistics.median(times), times[int(0.9 * len(times))], used


def test_pixels(data: Path) -> Pixels:
    """The test digits `(images, 784)`."""
    return load_test("mnist", data).pixels


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VAETUI_DATA", "../shared/data")))
    parser.add_argument("--frames", type=int, default=10, help="changed frames of the wall")
    parser.add_argument("--presses", type=int, default=100, help="keys for each figure")
    parser.add_argument("--wall", choices=(FEW, RGB), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.wall:
        terminal = Terminal(chosen.wall, "half", is_tty=True, columns=SIZE[0], reason="")
        WallApp(Wall(terminal, test_pixels(chosen.data))).run()
        return
    with tempfile.TemporaryDirectory() as home:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        pictures(chosen.data, Path(home), chosen.frames)
        keys(chosen.runs, chosen.data, Path(home), chosen.presses)


if __name__ == "__main__":
    main()
