"""Measure the bytes of a changed frame through a pseudo-terminal: `python -m benchmarks.app_bytes`.

First a wall of 64 thumbnails and one large digit, all replaced at every key, compared with chafa's output for
the same images; then the keys of the explorer. All bytes count, including cursor movements and the sequences
that begin and end a frame.
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

from benchmarks.app_latency import (
    ANSI_256,
    CHECKPOINT,
    HALF_BLOCK,
    LEFT,
    PAGE_DOWN,
    PAGE_UP,
    RIGHT,
    TRUECOLOR,
    Explorer,
    PtyProcess,
    environment,
)
from trainer.contract.datasets.registry import load_test
from vaetui.render.terminal import Terminal
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.diff_renderer import DiffApp
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.strips import SYSTEMS
from vaetui.tui.widgets.images import FULL, THUMB, draw_image

Pixels = npt.NDArray[np.uint8]

SIZE = (200, 50)
THUMBS, COLUMNS = 64, 11
PICTURES = THUMBS + 1
LIMIT, TARGET = 0.70, 0.55  # ratio to chafa's bytes, at 256 colours
LIMIT_MS, TARGET_MS = 25.0, 12.0  # per interpolation step
SYNCHRONIZED_OUTPUT = b"\x1b[?2026;2$y"  # the reply of a terminal that supports synchronized output
VIEWS = {"2 Reconstruct": (RIGHT, LEFT), "3 Sample": (PAGE_DOWN, PAGE_UP), "4 Interpolate": (RIGHT, LEFT)}
VIEWS |= {"6 Traverse": (RIGHT, LEFT)}


class Wall(Painted, can_focus=True):
    """Show 64 thumbnails and a large digit; `n` shows the next 65 test digits."""

    BINDINGS: ClassVar = [("n", "next")]

    def __init__(self, terminal: Terminal, pixels: Pixels) -> None:
        super().__init__(terminal)
        self._pixels, self._first = pixels.astype(np.float32) / np.float32(255), 0

    def action_next(self) -> None:
        """Replace all digits."""
        self._first += PICTURES
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Draw the thumbnails, then the large digit to their right."""
        for index in range(THUMBS):
            x, y = index % COLUMNS * (THUMB[0] + 1), index // COLUMNS * (THUMB[1] + 1)
            draw_image(canvas, x, y, self._pixels[self._first + index])
        draw_image(canvas, COLUMNS * (THUMB[0] + 1), 0, self._pixels[self._first + THUMBS], FULL)


class WallApp(DiffApp[None]):
    """Show the wall with the explorer's output driver."""

    def __init__(self, wall: Wall) -> None:
        super().__init__()
        self._wall = wall
        colours = SYSTEMS[wall.terminal.depth]
        self.console = Console(file=self.console.file, color_system=colours, force_terminal=True)  # type: ignore[arg-type]

    def compose(self) -> ComposeResult:
        """Yield the wall."""
        yield self._wall


def wall_bytes(data: Path, home: Path, colours: str, frames: int) -> float:
    """Return the mean bytes of a frame of the wall in which every image changes."""
    command = [sys.executable, "-m", "benchmarks.app_bytes", "--data", str(data), "--wall", colours]
    with PtyProcess(command, SIZE, environment(home, colours)) as app:
        app.send(SYNCHRONIZED_OUTPUT)
        app.wait_for(HALF_BLOCK, 40)
        app.settle()
        return statistics.mean(app.press(b"n")[1] for _ in range(frames))


def chafa_bytes(pixels: Pixels, colours: str, folder: Path) -> float:
    """Return the mean bytes that chafa prints for a frame of the wall, 65 images each."""
    sizes = [THUMB] * THUMBS + [FULL]
    total = 0
    for index, picture in enumerate(pixels):
        file, size = folder / "digit.pgm", sizes[index % PICTURES]
        file.write_bytes(b"P5 28 28 255\n" + picture.tobytes())
        command = [
            "chafa",
            "-f",
            "symbols",
            "--symbols",
            "vhalf",
            "-c",
            "full" if colours == TRUECOLOR else ANSI_256,
        ]
        drawn = subprocess.run(
            [*command, "-s", f"{size[0]}x{size[1]}", file], capture_output=True, check=True
        )
        total += len(drawn.stdout)
    return total / (len(pixels) / PICTURES)


def pictures(data: Path, home: Path, frames: int) -> None:
    """Print the table of the wall."""
    pixels = test_pixels(data)[PICTURES : (frames + 1) * PICTURES]
    if not (has_chafa := shutil.which("chafa") is not None):
        print("\nchafa is not installed, so there is nothing to compare with (Debian package `chafa`)")
    print(f"\n| {THUMBS} thumbnails and a large digit, bytes | changed frame | chafa ", end="")
    print("| changed ÷ chafa | asked | aim |\n| --- | --- | --- | --- | --- | --- |")
    for colours in (ANSI_256, TRUECOLOR):
        changed = wall_bytes(data, home, colours, frames)
        chafa = chafa_bytes(pixels, colours, home) if has_chafa else 0.0
        comparison = f"{chafa:.0f} | {changed / chafa:.2f}" if has_chafa else "– | –"
        limits = f"{LIMIT:.2f} | {TARGET:.2f}" if colours == ANSI_256 else "– | –"
        print(f"| {colours} | {changed:.0f} | {comparison} | {limits} |", flush=True)


def keys(runs: Path, data: Path, home: Path, presses: int) -> None:
    """Print the table of the explorer's keys."""
    print(
        f"\n| explorer at {SIZE[0]}×{SIZE[1]} | own key, bytes | checkpoint, bytes | own key, ms | 90 % ",
        end="",
    )
    print("| processor, ms | asked, ms | aim |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for colours in (ANSI_256, TRUECOLOR):
        with Explorer(runs, data, SIZE, home, colours=colours) as app:
            app.send(SYNCHRONIZED_OUTPUT)
            app.wait_for(b"ELBO")
            app.settle()
            for view, own in VIEWS.items():
                app.press(view[:1].encode())
                app.settle(1.0)
                checkpoint = _presses(app, CHECKPOINT, presses // 4)[0]
                size, median, percentile, cpu = _presses(app, own, presses)
                limits = f"{LIMIT_MS:.0f} | {TARGET_MS:.0f}" if view == "4 Interpolate" else "– | –"
                figures = f"{size:.0f} | {checkpoint:.0f} | {median:.1f} | {percentile:.1f} | {cpu:.1f}"
                print(f"| {view}, {colours} | {figures} | {limits} |", flush=True)


def _presses(app: PtyProcess, pair: Sequence[bytes], presses: int) -> tuple[float, float, float, float]:
    """Alternate two keys; return bytes, median ms, 90th percentile of ms and CPU ms per press."""
    for key in pair:  # warm up caches
        app.press(key)
        app.settle(0.3)
    before = app.cpu_seconds
    frames = [app.press(pair[press % 2]) for press in range(presses)]
    cpu = 1e3 * (app.cpu_seconds - before) / presses
    times = sorted(1e3 * seconds for seconds, _ in frames)
    size = statistics.median(count for _, count in frames)
    return size, statistics.median(times), times[int(0.9 * len(times))], cpu


def test_pixels(data: Path) -> Pixels:
    """Load the test images, uint8 `(images, 784)`."""
    return load_test("mnist", data).pixels


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VAETUI_DATA", "../shared/data")))
    parser.add_argument("--frames", type=int, default=10, help="frames of the wall")
    parser.add_argument("--presses", type=int, default=100, help="key presses per figure")
    parser.add_argument("--wall", choices=(ANSI_256, TRUECOLOR), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.wall:
        terminal = Terminal(options.wall, "half", is_tty=True, columns=SIZE[0], reason="")
        WallApp(Wall(terminal, test_pixels(options.data))).run()
        return
    with tempfile.TemporaryDirectory() as home:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        pictures(options.data, Path(home), options.frames)
        keys(options.runs, options.data, Path(home), options.presses)


if __name__ == "__main__":
    main()
