"""Measure the explorer's latency through a pseudo-terminal: `python -m benchmarks.app_latency`.

The time of a key runs from writing it to the last byte of the frame that follows. Every figure is a median,
printed beside its limit; other load on the machine shows in the 90th percentile.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import os
import pty
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from trainer.contract.config import CONFIG, read_config, write_config
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import MODEL, Status, hold, is_run, write_status

SIZES = ((80, 24), (200, 50))
LIMIT_MS = {(80, 24): 10.0, (200, 50): 25.0}  # per key
FIRST_FRAME_LIMIT, MEMORY_LIMIT, IDLE_LIMIT = 0.5, 150.0, 1.0  # seconds, megabytes, percent of a core
FRAME_GAP = 0.06  # seconds without output that end a frame
LEFT, RIGHT, UP, DOWN = b"\x1b[D", b"\x1b[C", b"\x1b[A", b"\x1b[B"
PAGE_UP, PAGE_DOWN = b"\x1b[5~", b"\x1b[6~"
# Two keys per view that undo each other, so that every press changes the screen.
VIEW_KEYS: Mapping[str, tuple[bytes, bytes]] = {
    "1 Loss": (LEFT, RIGHT),
    "2 Reconstruct": (RIGHT, LEFT),
    "3 Sample": (PAGE_DOWN, PAGE_UP),
    "4 Interpolate": (RIGHT, LEFT),
    "5 Latent": (RIGHT, LEFT),
    "6 Traverse": (RIGHT, LEFT),
    "7 Compare": (DOWN, UP),
    "8 Draw": (RIGHT, LEFT),
}
CHECKPOINT = (b"=", b"-")
HALF_BLOCK = "▀".encode()
TRUECOLOR, ANSI_256 = "truecolor", "256"


class PtyProcess:
    """Run `command` in a pseudo-terminal of `size` (columns, rows); `started` is its start time."""

    def __init__(self, command: Sequence[str], size: tuple[int, int], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        with contextlib.suppress(OSError):
            while self._process.poll() is None:
                self._read(0.05)
        self._process.wait(timeout=10)
        os.close(self._master)

    def _read(self, seconds: float) -> bytes:
        """Return the output that arrives within `seconds`, or b""."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        return os.read(self._master, 1 << 16) if ready else b""

    def wait_for(self, text: bytes, count: int = 1, seconds: float = 20.0) -> float:
        """Wait until the output contains `text` `count` times; return the seconds since the start.

        Raises `TimeoutError`.
        """
        output = b""
        while output.count(text) < count:
            output += self._read(0.5)
            if time.perf_counter() - self.started > seconds:
                raise TimeoutError(f"no {text!r} within {seconds} s: {output[-300:]!r}")
        return time.perf_counter() - self.started

    def settle(self, quiet: float = 0.5) -> int:
        """Read until there is no output for `quiet` seconds; return the number of bytes."""
        count = 0
        while part := self._read(quiet):
            count += len(part)
        return count

    def drain(self, seconds: float) -> int:
        """Read for `seconds` or until the app exits; return the number of bytes."""
        count, end = 0, time.perf_counter() + seconds
        with contextlib.suppress(OSError):  # EIO: the other side is closed
            while (left := end - time.perf_counter()) > 0:
                count += len(self._read(left))
        return count

    def send(self, data: bytes) -> None:
        """Write terminal replies or keys to the app's input."""
        os.write(self._master, data)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, or None while the app runs."""
        return self._process.poll()

    def press(self, key: bytes) -> tuple[float, int]:
        """Send `key`; return the seconds until the last byte of the frame and the number of bytes."""
        started = last = time.perf_counter()
        os.write(self._master, key)
        count, timeout = 0, 2.0
        while part := self._read(timeout):
            last, count, timeout = time.perf_counter(), count + len(part), FRAME_GAP
        return last - started, count

    @property
    def peak_megabytes(self) -> float:
        """Return the peak resident memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(kilobytes) / 1024

    @property
    def cpu_seconds(self) -> float:
        """Return the CPU time used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Explorer(PtyProcess):
    """Run the explorer on a folder of runs."""

    def __init__(
        self,
        runs: Path,
        data: Path,
        size: tuple[int, int],
        home: Path,
        *arguments: str,
        colours: str = TRUECOLOR,
    ) -> None:
        command = [sys.executable, "-m", "vaetui", "explore", "--runs", str(runs), "--data", str(data)]
        super().__init__([*command, *arguments], size, environment(home, colours))


def environment(home: Path, colours: str) -> dict[str, str]:
    """Return environment variables of a terminal with these colours; the session file goes to `home`."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("SSH_", "VAETUI_"))}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has compiled bytecode, too
    variables.pop("COLORTERM", None)
    variables |= {"TERM": "xterm-256color", "XDG_STATE_HOME": str(home)}
    return variables | ({"COLORTERM": colours} if colours == TRUECOLOR else {})


# --- measurements ---------------------------------------------------------------------------------------


def first_frames(runs: Path, data: Path, home: Path, rounds: int) -> None:
    """Print the seconds from process start to the grid and to the first digits."""
    print("\n| first frame, s | grid | digits | asked |\n| --- | --- | --- | --- |")
    for size in SIZES:
        grids, digits = [], []
        for _ in range(rounds):
            with Explorer(runs, data, size, home) as app:
                grids.append(app.wait_for(b"ELBO"))
                digits.append(app.wait_for(HALF_BLOCK, 40))
        print(
            f"| {_name(size)} | {_median(grids):.2f} | {_median(digits):.2f} | {FIRST_FRAME_LIMIT} |",
            flush=True,
        )


def keys(runs: Path, data: Path, home: Path, presses: int) -> None:
    """Print milliseconds and bytes per key for each view: its own keys and the checkpoint's."""
    print("\n| key to frame, ms | own keys | 90 % | bytes | checkpoint | 90 % | bytes | asked |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    memory = {}
    for size in SIZES:
        with Explorer(runs, data, size, home) as app:
            app.wait_for(b"ELBO")
            app.settle()
            for view, own in VIEW_KEYS.items():
                app.press(view[:1].encode())
                app.settle(1.0)
                cells = [_cells(app, pair, presses) for pair in (own, CHECKPOINT)]
                print(f"| {view}, {_name(size)} | {' | '.join(cells)} | {LIMIT_MS[size]:.0f} |", flush=True)
            memory[size] = app.peak_megabytes
    print("\n| memory after all views | MB | asked |\n| --- | --- | --- |")
    for size, used in memory.items():
        print(f"| {_name(size)} | {used:.0f} | {MEMORY_LIMIT:.0f} |")


def _cells(app: Explorer, pair: tuple[bytes, bytes], presses: int) -> str:
    for key in pair:  # warm up caches
        app.press(key)
        app.settle(0.3)
    frames = [app.press(pair[press % 2]) for press in range(presses)]
    times = sorted(1e3 * seconds for seconds, _ in frames)
    size = statistics.median(count for _, count in frames)
    return f"{_median(times):.1f} | {times[int(0.9 * len(times))]:.1f} | {size:.0f}"


def idle(runs: Path, data: Path, home: Path, seconds: float) -> None:
    """Print the CPU use, in percent of a core, without input and while a run trains."""
    print("\n| idle beside a live run | % of a core | asked |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        copies = copy_runs(runs, Path(folder), 5)
        with simulate_training(copies[0]), Explorer(Path(folder), data, SIZES[0], home) as app:
            app.wait_for(b"ELBO")
            app.settle(1.5)
            for view in ("1 Loss", "4 Interpolate"):
                app.press(view[:1].encode())
                app.settle(1.5)
                before = app.cpu_seconds
                app.drain(seconds)
                percent = 100 * (app.cpu_seconds - before) / seconds
                print(f"| {view} | {percent:.2f} | {IDLE_LIMIT:.0f} |", flush=True)


def many_runs(runs: Path, data: Path, home: Path, rounds: int) -> None:
    """Print the time of the first frame with 5 and with 200 runs in the folder."""
    print("\n| runs in the folder | grid, s | ratio |\n| --- | --- | --- |")
    base = 0.0
    for count in (5, 200):
        with tempfile.TemporaryDirectory() as folder:
            copy_runs(runs, Path(folder), count)
            times = []
            for _ in range(rounds):
                with Explorer(Path(folder), data, SIZES[0], home) as app:
                    times.append(app.wait_for(b"ELBO"))
        base = base or _median(times)
        print(f"| {count} | {_median(times):.2f} | {_median(times) / base:.2f} |", flush=True)


# --- runs to explore ------------------------------------------------------------------------------------


def copy_runs(runs: Path, folder: Path, count: int) -> list[Path]:
    """Fill `folder` with `count` finished runs: repeated copies of `runs`, each with its own β."""
    sources = sorted(
        path for dataset in runs.iterdir() if dataset.is_dir() for path in dataset.iterdir() if is_run(path)
    )
    vaes = [path for path in sources if read_config(path).model.is_vae]
    copies = []
    for number in range(count):
        source = vaes[number % len(vaes)]
        config = read_config(source)
        objective = dataclasses.replace(config.objective, beta=float(1 + number // len(vaes)))
        path = folder / config.data.name / f"copy-{number}"
        shutil.copytree(source, path, ignore=shutil.ignore_patterns(CONFIG, MODEL))
        write_config(path, dataclasses.replace(config, objective=objective))
        os.link(source / MODEL, path / MODEL) if _same_disk(source, path) else shutil.copy(
            source / MODEL, path
        )
        copies.append(path)
    return copies


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


@contextlib.contextmanager
def simulate_training(run: Path) -> Iterator[None]:
    """Simulate training of `run`: hold its lock and write its status four times a second."""
    epoch = len((run / METRICS).read_text().splitlines())
    stopped = threading.Event()

    def write() -> None:
        progress = 0.0
        while not stopped.wait(0.25):
            progress = (progress + 0.01) % 1
            write_status(run, Status("running", epoch, 2 * epoch, progress=progress, images_per_second=1e4))

    with hold(run):
        writer = threading.Thread(target=write)
        writer.start()
        try:
            yield
        finally:
            stopped.set()
            writer.join()


def _median(values: list[float]) -> float:
    return statistics.median(values)


def _name(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VAETUI_DATA", "../shared/data")))
    parser.add_argument("--rounds", type=int, default=7, help="starts of the app per figure")
    parser.add_argument("--presses", type=int, default=40, help="key presses per figure")
    parser.add_argument("--idle", type=float, default=15.0, help="seconds of idling per figure")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, load {load:.1f}; {options.runs}, {options.rounds} starts, "
        f"{options.presses} keys"
    )
    with tempfile.TemporaryDirectory() as home:
        paths = (options.runs, options.data, Path(home))
        first_frames(*paths, options.rounds)
        keys(*paths, options.presses)
        idle(*paths, options.idle)
        many_runs(*paths, options.rounds)


if __name__ == "__main__":
    main()
