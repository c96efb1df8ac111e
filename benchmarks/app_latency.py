"""How quick the explorer is through a real pseudo-terminal: `python -m benchmarks.app_latency`.

A key's time is from its writing to the last byte that the app sends for it. Every figure is a median,
beside what is asked of it; a machine that is busy with other things shows in the 90th percentile.
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
MOST_MS = {(80, 24): 10.0, (200, 50): 25.0}  # a key
MOST_FIRST, MOST_MB, MOST_IDLE = 0.5, 150.0, 1.0  # seconds, megabytes, percent of a core
QUIET = 0.06  # seconds without a byte after which a frame is over
LEFT, RIGHT, UP, DOWN = b"\x1b[D", b"\x1b[C", b"\x1b[A", b"\x1b[B"
# In each view two keys that undo each other, so that every press changes the screen; then the checkpoint's.
STEPS: Mapping[str, tuple[bytes, bytes]] = {
    "1 Loss": (LEFT, RIGHT),
    "2 Reconstruct": (RIGHT, LEFT),
    "3 Sample": (b"r", b"R"),
    "4 Interpolate": (RIGHT, LEFT),
    "5 Latent": (RIGHT, LEFT),
    "6 Traverse": (RIGHT, LEFT),
    "7 Compare": (DOWN, UP),
    "8 Draw": (RIGHT, LEFT),
}
CHECKPOINT = (b"=", b"-")
DIGIT = "▀".encode()
RGB, FEW = "truecolor", "256"


class Driven:
    """`command` in a pseudo-terminal of `size` columns × rows; `began` is when its process was started."""

    def __init__(self, command: Sequence[str], size: tuple[int, int], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.began = time.perf_counter()
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
        """What comes within `seconds`, b"" if nothing does."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        return os.read(self._master, 1 << 16) if ready else b""

    def until(self, sign: bytes, count: int = 1, seconds: float = 20.0) -> float:
        """Seconds from the start until `sign` has come `count` times."""
        seen = b""
        while seen.count(sign) < count:
            seen += self._read(0.5)
            if time.perf_counter() - self.began > seconds:
                raise TimeoutError(f"{sign!r} did not come in {seconds} s: {seen[-300:]!r}")
        return time.perf_counter() - self.began

    def settle(self, quiet: float = 0.5) -> int:
        """Read until nothing comes for `quiet` seconds; returns how many bytes came."""
        count = 0
        while part := self._read(quiet):
            count += len(part)
        return count

    def drain(self, seconds: float) -> int:
        """Read for `seconds`, or until the app ends; returns how many bytes came."""
        count, end = 0, time.perf_counter() + seconds
        with contextlib.suppress(OSError):  # what Linux says when the other side is closed
            while (left := end - time.perf_counter()) > 0:
                count += len(self._read(left))
        return count

    def send(self, answer: bytes) -> None:
        """Tell the app what a terminal tells, or its user presses."""
        os.write(self._master, answer)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, None while the app runs."""
        return self._process.poll()

    def press(self, key: bytes) -> tuple[float, int]:
        """Seconds from writing `key` to the last byte of the frame, and how many bytes it has."""
        began = last = time.perf_counter()
        os.write(self._master, key)
        count, wait = 0, 2.0
        while part := self._read(wait):
            last, count, wait = time.perf_counter(), count + len(part), QUIET
        return last - began, count

    @property
    def megabytes(self) -> float:
        """The most memory that the process has had."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(kilobytes) / 1024

    @property
    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Explorer(Driven):
    """The explorer on the runs of a folder."""

    def __init__(
        self, runs: Path, data: Path, size: tuple[int, int], home: Path, *arguments: str, colours: str = RGB
    ) -> None:
        command = [sys.executable, "-m", "vaetui", "explore", "--runs", str(runs), "--data", str(data)]
        super().__init__([*command, *arguments], size, environment(home, colours))


def environment(home: Path, colours: str) -> dict[str, str]:
    """Of a terminal with so many colours; what the app remembers goes into `home`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SSH_", "VAETUI_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # who has installed it has its bytecode, too
    kept.pop("COLORTERM", None)
    kept |= {"TERM": "xterm-256color", "XDG_STATE_HOME": str(home)}
    return kept | ({"COLORTERM": colours} if colours == RGB else {})


# --- what is measured -----------------------------------------------------------------------------------


def first_frames(runs: Path, data: Path, home: Path, rounds: int) -> None:
    """Seconds from the start of the process to the grid and to the first digits."""
    print("\n| first frame, s | grid | digits | asked |\n| --- | --- | --- | --- |")
    for size in SIZES:
        grids, digits = [], []
        for _ in range(rounds):
            with Explorer(runs, data, size, home) as app:
                grids.append(app.until(b"ELBO"))
                digits.append(app.until(DIGIT, 40))
        print(f"| {_name(size)} | {_median(grids):.2f} | {_median(digits):.2f} | {MOST_FIRST} |", flush=True)


def keys(runs: Path, data: Path, home: Path, presses: int) -> None:
    """Milliseconds and bytes a key, in every view: its own keys, and those that change the checkpoint."""
    print("\n| key to frame, ms | own keys | 90 % | bytes | checkpoint | 90 % | bytes | asked |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    memory = {}
    for size in SIZES:
        with Explorer(runs, data, size, home) as app:
            app.until(b"ELBO")
            app.settle()
            for view, own in STEPS.items():
                app.press(view[:1].encode())
                app.settle(1.0)
                cells = [_cells(app, pair, presses) for pair in (own, CHECKPOINT)]
                print(f"| {view}, {_name(size)} | {' | '.join(cells)} | {MOST_MS[size]:.0f} |", flush=True)
            memory[size] = app.megabytes
    print("\n| memory after all views | MB | asked |\n| --- | --- | --- |")
    for size, used in memory.items():
        print(f"| {_name(size)} | {used:.0f} | {MOST_MB:.0f} |")


def _cells(app: Explorer, pair: tuple[bytes, bytes], presses: int) -> str:
    for key in pair:  # what is read or computed once is so now
        app.press(key)
        app.settle(0.3)
    took = [app.press(pair[turn % 2]) for turn in range(presses)]
    times = sorted(1e3 * seconds for seconds, _ in took)
    size = statistics.median(count for _, count in took)
    return f"{_median(times):.1f} | {times[int(0.9 * len(times))]:.1f} | {size:.0f}"


def idle(runs: Path, data: Path, home: Path, seconds: float) -> None:
    """Percent of a core that the app takes while it is only looked at, beside a run that trains."""
    print("\n| idle beside a live run | % of a core | asked |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        copies = copied(runs, Path(folder), 5)
        with training(copies[0]), Explorer(Path(folder), data, SIZES[0], home) as app:
            app.until(b"ELBO")
            app.settle(1.5)
            for view in ("1 Loss", "4 Interpolate"):
                app.press(view[:1].encode())
                app.settle(1.5)
                before = app.cpu_seconds
                app.drain(seconds)
                part = 100 * (app.cpu_seconds - before) / seconds
                print(f"| {view} | {part:.2f} | {MOST_IDLE:.0f} |", flush=True)


def many_runs(runs: Path, data: Path, home: Path, rounds: int) -> None:
    """The first frame with 200 runs in the folder against that with 5."""
    print("\n| runs in the folder | grid, s | ratio |\n| --- | --- | --- |")
    base = 0.0
    for count in (5, 200):
        with tempfile.TemporaryDirectory() as folder:
            copied(runs, Path(folder), count)
            took = []
            for _ in range(rounds):
                with Explorer(Path(folder), data, SIZES[0], home) as app:
                    took.append(app.until(b"ELBO"))
        base = base or _median(took)
        print(f"| {count} | {_median(took):.2f} | {_median(took) / base:.2f} |", flush=True)


# --- runs to look at ------------------------------------------------------------------------------------


def copied(runs: Path, folder: Path, count: int) -> list[Path]:
    """`count` finished runs in `folder`: those of `runs` again and again, with a β of their own each."""
    sources = sorted(
        path for dataset in runs.iterdir() if dataset.is_dir() for path in dataset.iterdir() if is_run(path)
    )
    vaes = [path for path in sources if read_config(path).model.is_vae]
    made = []
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
        made.append(path)
    return made


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


@contextlib.contextmanager
def training(run: Path) -> Iterator[None]:
    """Let `run` look as if it trained: its lock held, its status written four times a second."""
    epoch = len((run / METRICS).read_text().splitlines())
    over = threading.Event()

    def write() -> None:
        progress = 0.0
        while not over.wait(0.25):
            progress = (progress + 0.01) % 1
            write_status(run, Status("running", epoch, 2 * epoch, progress=progress, images_per_second=1e4))

    with hold(run):
        writer = threading.Thread(target=write)
        writer.start()
        try:
            yield
        finally:
            over.set()
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
    parser.add_argument("--rounds", type=int, default=7, help="starts of the app for each figure")
    parser.add_argument("--presses", type=int, default=40, help="keys for each figure")
    parser.add_argument("--idle", type=float, default=15.0, help="seconds of looking on")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, load {load:.1f}; {chosen.runs}, {chosen.rounds} starts, "
        f"{chosen.presses} keys"
    )
    with tempfile.TemporaryDirectory() as home:
        where = (chosen.runs, chosen.data, Path(home))
        first_frames(*where, chosen.rounds)
        keys(*where, chosen.presses)
        idle(*where, chosen.idle)
        many_runs(*where, chosen.rounds)


if __name__ == "__main__":
    main()
