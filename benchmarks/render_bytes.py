"""What pictures of digits cost on the wire, beside chafa: `python -m benchmarks.render_bytes --data DIR`.

Bytes are those of the lines that `vaetui show` prints for a digit alone, ends of lines included, as a mean
over the first 100 test digits of MNIST; chafa's are all that it writes for the same digit as a PNG of 28×28
pixels, with the command in the table (its optimisation 9 changes none of them). `--symbols vhalf` makes it
draw half blocks only, as the figures asked for have it; with `space` and `solid` it has our characters.
Quadrants are compared at half size: at full size nothing is finer than a half block.

Encoding is from a digit's pixels to its lines, in this process and on one thread: the median over the digits,
each of them for the first time, and the least of such medians over `--rounds`, in which the caches of colours
and spans are warm. A busy machine shows in the first one.

What the explorer sends follows: see `benchmarks.app_bytes`.
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
from vaetui.render.cells import Depth, Glyphs, picture, to_ansi

DIGITS = 100
FULL, HALF = (28, 14), (14, 7)  # columns, rows
MOST_MS = 0.3

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A way to draw digits, and chafa's symbols and colours for the same; `asked` is of its bytes."""

    glyphs: Glyphs
    depth: Depth
    size: tuple[int, int]
    symbols: str
    colours: str
    asked: str = ""

    @property
    def command(self) -> list[str]:
        """Chafa's, but for the file."""
        size = f"{self.size[0]}x{self.size[1]}"
        return ["chafa", "-f", "symbols", "--symbols", self.symbols, "-s", size, "-c", self.colours]

    def lines(self, pixels: Pixels) -> list[str]:
        """Our text of a digit."""
        return to_ansi(picture(pixels, *self.size, self.glyphs, self.depth), self.depth)


ALIKE, QUARTERS = "vhalf+space+solid", "quad+half+space+solid"
CASES = (
    Case("half", "truecolor", FULL, "vhalf", "full", "0.50"),
    Case("half", "256", FULL, "vhalf", "256", "0.55"),
    Case("half", "16", FULL, "vhalf", "16"),
    Case("half", "truecolor", FULL, ALIKE, "full"),
    Case("half", "256", FULL, ALIKE, "256"),
    Case("half", "truecolor", HALF, ALIKE, "full"),
    Case("half", "256", HALF, ALIKE, "256"),
    Case("quadrant", "truecolor", HALF, QUARTERS, "full"),
    Case("quadrant", "256", HALF, QUARTERS, "256"),
    Case("quadrant", "16", HALF, QUARTERS, "16"),
    Case("quadrant", "none", HALF, QUARTERS, "none"),
    Case("ascii", "none", FULL, "ascii", "none"),
)


def on_stdout(digits: Sequence[Pixels]) -> None:
    """Bytes a digit on standard output, beside chafa's where it is installed."""
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
            beside = f"{theirs:.0f} | {ours / theirs:.3f}" if theirs else "– | –"
            name, size = f"{case.glyphs}, {case.depth}", f"{case.size[0]}×{case.size[1]}"
            command = f"`{' '.join(case.command)}`" if version else ""
            print(f"| {name} | {size} | {ours:.0f} | {beside} | {case.asked} | {command} |", flush=True)
    if not version:
        print("\nchafa is not installed (Debian's package `chafa`): nothing was measured beside it.")


def _chafa() -> str:
    """The version of the chafa that is installed, "" for none."""
    if shutil.which("chafa") is None:
        return ""
    told = subprocess.run(["chafa", "--version"], capture_output=True, text=True, check=True)
    return told.stdout.splitlines()[0].lower()


def _bytes_of(case: Case, file: Path) -> int:
    return len(subprocess.run([*case.command, str(file)], capture_output=True, check=True).stdout)


def encoding(digits: Sequence[Pixels], rounds: int) -> None:
    """Milliseconds from pixels to text."""
    print("\n| encoding a digit, ms | cells | each new | least of rounds | asked |")
    print("| --- | --- | --- | --- | --- |")
    timed = dict.fromkeys((case.glyphs, case.depth, case.size) for case in CASES)
    for glyphs, depth, size in timed:
        case = Case(glyphs, depth, size, "", "")
        medians = [_milliseconds(case, digits) for _ in range(rounds)]
        figures = f"{medians[0]:.2f} | {min(medians):.2f} | {MOST_MS}"
        print(f"| {glyphs}, {depth} | {size[0]}×{size[1]} | {figures} |", flush=True)


def _milliseconds(case: Case, digits: Sequence[Pixels]) -> float:
    took = []
    for pixels in digits:
        began = time.perf_counter()
        case.lines(pixels)
        took.append(time.perf_counter() - began)
    return 1e3 * statistics.median(took)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VAETUI_DATA", "../shared/data")))
    parser.add_argument("--rounds", type=int, default=10, help="times that all digits are encoded")
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    parser.add_argument("--presses", type=int, default=40, help="keys for each of the explorer's figures")
    chosen = parser.parse_args()
    digits = list(load("mnist", chosen.data).test.pixels[:DIGITS].reshape(-1, 28, 28))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the first {DIGITS} test digits of MNIST")
    on_stdout(digits)
    encoding(digits, chosen.rounds)
    with tempfile.TemporaryDirectory() as home:
        app_bytes.pictures(chosen.data, Path(home), frames=20)
        app_bytes.keys(chosen.runs, chosen.data, Path(home), chosen.presses)


if __name__ == "__main__":
    main()
