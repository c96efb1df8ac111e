"""Compare the bytes of drawn digits with chafa's: `python -m benchmarks.render_bytes --data DIR`.

Ours: the lines that `vaetui show` prints for a single digit, with line ends, mean over the first 100 test
digits of MNIST. chafa's: its whole output for the same digit as a 28×28 PNG, with the command in the table
(its optimisation level 9 makes no difference). `--symbols vhalf` restricts chafa to half blocks, to which the
limits refer; adding `space` and `solid` gives it the same characters as ours. Quadrants are compared at half
size, since at full size a half block already is one pixel.

Encoding time runs from a digit's pixels to its lines, in this process on one thread: the median over digits
on first use, and the lowest such median over `--rounds`, with warm caches of colours and spans. Other load on
the machine shows in the first one.

The bytes that the explorer sends follow; see `benchmarks.app_bytes`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks import app_bytes
from trainer.contract.datasets.registry import load
from vaetui.render.ansi import to_ansi
from vaetui.render.cells import picture
from vaetui.render.terminal import Depth, Glyphs

DIGITS = 100
FULL, HALF = (28, 14), (14, 7)  # columns, rows
LIMIT_MS = 0.3

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A way to draw digits with chafa's equivalent options; `limit` is the allowed ratio to chafa's bytes."""

    glyphs: Glyphs
    depth: Depth
    size: tuple[int, int]
    symbols: str
    colours: str
    limit: str = ""

    @property
    def command(self) -> list[str]:
        """Return chafa's command line without the file."""
        size = f"{self.size[0]}x{self.size[1]}"
        return ["chafa", "-f", "symbols", "--symbols", self.symbols, "-s", size, "-c", self.colours]

    def lines(self, pixels: Pixels) -> list[str]:
        """Return our lines for a digit."""
        return to_ansi(picture(pixels, *self.size, self.glyphs, self.depth), self.depth)


HALVES, QUADRANTS = "vhalf+space+solid", "quad+half+space+solid"
CASES = (
    Case("half", "truecolor", FULL, "vhalf", "full", "0.50"),
    Case("half", "256", FULL, "vhalf", "256", "0.55"),
    Case("half", "16", FULL, "vhalf", "16"),
    Case("half", "truecolor", FULL, HALVES, "full"),
    Case("half", "256", FULL, HALVES, "256"),
    Case("half", "truecolor", HALF, HALVES, "full"),
    Case("half", "256", HALF, HALVES, "256"),
    Case("quadrant", "truecolor", HALF, QUADRANTS, "full"),
    Case("quadrant", "256", HALF, QUADRANTS, "256"),
    Case("quadrant", "16", HALF, QUADRANTS, "16"),
    Case("quadrant", "none", HALF, QUADRANTS, "none"),
    Case("ascii", "none", FULL, "ascii", "none"),
)


def on_stdout(digits: Sequence[Pixels]) -> None:
    """Print the bytes per digit on standard output, with chafa's where it is installed."""
    version = _chafa()
    print(f"\n| bytes a digit on stdout | cells | ours | chafa's | of chafa's | asked | {version} |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.png") for number in range(len(digits))]
        for file, pixels in zip(files, digits, strict=True):
            Image.fromarray(pixels).save(file)
        for case in CASES:
            ours = statistics.mean(
                sum(len(line.encode()) + 1 for line in case.lines(pixels)) for pixels in digits
            )
            theirs = statistics.mean(_bytes_of(case, file) for file in files) if version else None
            comparison = f"{theirs:.0f} | {ours / theirs:.3f}" if theirs else "– | –"
            name, size = f"{case.glyphs}, {case.depth}", f"{case.size[0]}×{case.size[1]}"
            command = f"`{' '.join(case.command)}`" if version else ""
            print(f"| {name} | {size} | {ours:.0f} | {comparison} | {case.limit} | {command} |", flush=True)
    if not version:
        print("\nchafa is not installed (Debian's package `chafa`): nothing was measured beside it.")


def _chafa() -> str:
    """Return the version of the installed chafa, or "" without one."""
    if shutil.which("chafa") is None:
        return ""
    done = subprocess.run(["chafa", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0].lower()


def _bytes_of(case: Case, file: Path) -> int:
    return len(subprocess.run([*case.command, str(file)], capture_output=True, check=True).stdout)


def encoding(digits: Sequence[Pixels], rounds: int) -> None:
    """Print the milliseconds from pixels to text."""
    print("\n| encoding a digit, ms | cells | each new | least of rounds | asked |")
    print("| --- | --- | --- | --- | --- |")
    timed = dict.fromkeys((case.glyphs, case.depth, case.size) for case in CASES)
    for glyphs, depth, size in timed:
        case = Case(glyphs, depth, size, "", "")
        medians = [_milliseconds(case, digits) for _ in range(rounds)]
        figures = f"{medians[0]:.2f} | {min(medians):.2f} | {LIMIT_MS}"
        print(f"| {glyphs}, {depth} | {size[0]}×{size[1]} | {figures} |", flush=True)


def _milliseconds(case: Case, digits: Sequence[Pixels]) -> float:
    times = []
    for pixels in digits:
        started = time.perf_counter()
        case.lines(pixels)
        times.append(time.perf_counter() - started)
    return 1e3 * statistics.median(times)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VAETUI_DATA", "../shared/data")))
    parser.add_argument("--rounds", type=int, default=10, help="passes over the digits")
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    parser.add_argument("--presses", type=int, default=40, help="key presses per figure of the explorer")
    options = parser.parse_args()
    digits = list(load("mnist", options.data).test.pixels[:DIGITS].reshape(-1, 28, 28))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the first {DIGITS} test digits of MNIST")
    on_stdout(digits)
    encoding(digits, options.rounds)
    with tempfile.TemporaryDirectory() as home:
        app_bytes.pictures(options.data, Path(home), frames=20)
        app_bytes.keys(options.runs, options.data, Path(home), options.presses)


if __name__ == "__main__":
    main()
