"""Test whether memory or open files grow during a long training: `python -m benchmarks.soak`.

A grid trains while the explorer shows it in a pseudo-terminal, with key presses in all views; the training is
stopped and resumed several times. Resident memory, open file descriptors and threads of both processes are
read from /proc. Memory is tested against an upper bound and by its slope after a warm-up; the explorer's
slope only after an hour, when its caches are full. Each resume starts a new trainer process, so the
regression has one slope for all trainers and an intercept for each. Exit code 1: growth, memory above the
bound, or a failure.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.app_latency import CHECKPOINT, SIZES, TRUECOLOR, VIEW_KEYS, Explorer, environment
from trainer.contract.datasets.registry import is_here
from trainer.contract.files import Problem
from trainer.contract.lock import is_alive
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import is_run, read_status

LIMIT = 20.0  # MB per hour; a larger slope counts as growth
FILE_LIMIT = 5  # more descriptors than this gained since the warm-up count as a leak
WARM_UP = 0.5  # fraction of the duration: imports and caches
CACHES_FULL = 3600.0  # seconds until the explorer's caches, bounded by number, are full: no verdict before
MEMORY_LIMIT = 300.0  # MB of the explorer at any time
TRAINER_WARM_UP = 180.0  # seconds of each trainer that are ignored: one-time allocations of some MB
MIN_SECONDS = 120.0  # after the warm-up, for a slope
BLOCK = 30.0  # seconds averaged into one point, since neighbouring samples are correlated
KEY_SECONDS = 0.5
LIVE_KEYS, OTHER_KEYS = 24, 6  # in the view of live charts, in each other view: a round takes 45 s
QUIT_SECONDS = 30.0  # time for the explorer to quit on a busy machine
ROWS = 10  # of the table
STOP_SECONDS = 120.0


@dataclass(frozen=True)
class Process:
    """State of a process from /proc: resident memory in MB, open file descriptors, threads."""

    megabytes: float
    files: int
    threads: int


@dataclass(frozen=True)
class Sample:
    """Both processes `seconds` after the start; `life` counts trainers, `trainer` is None between two."""

    seconds: float
    app: Process
    trainer: Process | None
    life: int
    epoch: int


@dataclass(frozen=True)
class Slope:
    """Growth in MB per hour and its standard error."""

    growth: float
    error: float

    @property
    def is_growth(self) -> bool:
        """Return whether the growth exceeds `LIMIT` by more than two standard errors."""
        return self.growth - 2 * self.error > LIMIT

    def __str__(self) -> str:
        """Return growth ± error."""
        return f"{self.growth:+.1f} ± {self.error:.1f}"


# --- measurement --------------------------------------------------------------------------------------


def process(pid: int) -> Process | None:
    """Read the state of the process with this id; None if it does not exist."""
    folder = Path("/proc", str(pid))
    try:
        lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        files = sum(1 for _ in (folder / "fd").iterdir())
        return Process(int(lines["VmRSS"].split()[0]) / 1024, files, int(lines["Threads"]))
    except (OSError, KeyError):  # just ended, or a zombie
        return None


def slope(lives: Sequence[Sequence[tuple[float, float]]]) -> Slope:
    """Fit the common slope of series of (seconds, MB) by least squares over blocks; NaN if all are short."""
    times: list[float] = []
    sizes: list[float] = []
    long = [life for life in lives if life and life[-1][0] - life[0][0] >= MIN_SECONDS]
    for life in map(blocks, long):
        mean_time, mean_size = (sum(column) / len(life) for column in zip(*life, strict=True))
        times += [seconds - mean_time for seconds, _ in life]
        sizes += [size - mean_size for _, size in life]
    spread = sum(t * t for t in times)
    if not spread:
        return Slope(math.nan, math.nan)
    growth = sum(t * size for t, size in zip(times, sizes, strict=True)) / spread
    residual = sum((size - growth * t) ** 2 for t, size in zip(times, sizes, strict=True))
    error = math.sqrt(residual / max(len(times) - len(long) - 1, 1) / spread)
    return Slope(3600 * growth, 3600 * error)


def blocks(life: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the mean time and memory of every `BLOCK` seconds."""
    groups = itertools.groupby(life, lambda point: int((point[0] - life[0][0]) / BLOCK))
    columns = (tuple(zip(*points, strict=True)) for _, points in groups)
    return [(statistics.mean(seconds), statistics.mean(sizes)) for seconds, sizes in columns]


@dataclass
class Soak:
    """Samples of a soak test, the number of stops, and the errors."""

    samples: list[Sample] = field(default_factory=list)
    stops: int = 0
    errors: list[str] = field(default_factory=list)

    def lives_of_trainers(self) -> list[list[tuple[float, float]]]:
        """Return (seconds, MB) of every trainer without its warm-up, one series each."""
        lives = []
        alive = [one for one in self.samples if one.trainer]
        for _, members in itertools.groupby(alive, lambda one: one.life):
            life = [(one.seconds, one.trainer.megabytes) for one in members if one.trainer]
            lives.append([point for point in life if point[0] - life[0][0] > TRAINER_WARM_UP])
        return lives

    def warm(self) -> list[Sample]:
        """Return the samples after the warm-up."""
        return [one for one in self.samples if one.seconds > WARM_UP * self.samples[-1].seconds]


# --- training and explorer ----------------------------------------------------------------------------


class Training:
    """A grid trained in `runs`, started and stopped by `vaetui` commands."""

    def __init__(self, runs: Path, data: Path, home: Path, dataset: str) -> None:
        self.runs, self.life = runs, 0
        self._environment = environment(home, TRUECOLOR)
        grid = ["--latent", "2,10", "--epochs", "100000"]
        self._arguments = ["--data", str(data), "--dataset", dataset, *grid]

    def start(self) -> None:
        """Start or resume the training. Raises `CalledProcessError`."""
        self._vaetui("train", "--detach", *self._arguments)
        self.life += 1

    def stop(self) -> None:
        """Stop the training and wait for its end. Raises `CalledProcessError` or `TimeoutError`."""
        self._vaetui("stop", *(str(run) for run in self.members() if is_alive(run)))
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(is_alive, self.members())):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the training did not stop in {STOP_SECONDS:.0f} s")
            time.sleep(0.1)

    def members(self) -> list[Path]:
        """Return the run directories."""
        return [path for path in sorted(self.runs.glob("*/*")) if is_run(path)]

    def pid(self) -> int:
        """Return the process id of the trainer, or 0."""
        for run in self.members():
            with contextlib.suppress(Problem):
                if is_alive(run):
                    return read_status(run).pid
        return 0

    def epoch(self) -> int:
        """Return the number of completed epochs of the first run."""
        with contextlib.suppress(OSError, IndexError):
            return (self.members()[0] / METRICS).read_bytes().count(b"\n")
        return 0

    def _vaetui(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "vaetui", *arguments, "--runs", str(self.runs)]
        subprocess.run(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )


def keys(views: Mapping[str, tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield keys for ever: many in the view of live charts, then some in each other view."""
    while True:
        for view, own in views.items():
            yield view[:1].encode()
            count = LIVE_KEYS if view == next(iter(views)) else OTHER_KEYS
            yield from itertools.islice(itertools.cycle(own), count)
            yield from CHECKPOINT


def soak(training: Training, app: Explorer, minutes: float, every: float, stops: int) -> Soak:
    """Press keys, stop and resume for `minutes`, and sample both processes every `every` seconds."""
    result, started = Soak(), time.monotonic()
    key_presses, sampled = keys(VIEW_KEYS), -math.inf
    stop_times = [60 * minutes * (number + 1) / (stops + 1) for number in range(stops)]
    while (now := time.monotonic() - started) < 60 * minutes:
        if app.exit_code is not None:
            result.errors.append(f"the explorer ended with exit code {app.exit_code} after {now:.0f} s")
            return result
        app.send(next(key_presses))
        app.drain(KEY_SECONDS)
        if now - sampled >= every:
            sampled = now
            _sample(result, training, app, now)
        if stop_times and now > stop_times[0]:
            stop_times.pop(0)
            try:
                training.stop()
                app.drain(5)
                training.start()
            except (subprocess.CalledProcessError, TimeoutError) as error:
                result.errors.append(cause(error))
                return result
            result.stops += 1
    app.send(b"q")
    quitting = time.monotonic()
    while app.exit_code is None and time.monotonic() - quitting < QUIT_SECONDS:
        app.drain(0.5)
    if app.exit_code != 0:
        result.errors.append(f"the explorer did not quit with exit code 0 after q: {app.exit_code}")
    return result


def cause(error: subprocess.CalledProcessError | TimeoutError) -> str:
    """Return a sentence for a failed command."""
    if isinstance(error, TimeoutError):
        return str(error)
    return f"`vaetui {' '.join(error.cmd[3:])}` failed: {error.stderr.strip()}"


def _sample(result: Soak, training: Training, app: Explorer, now: float) -> None:
    explorer = process(app.pid)
    if explorer:
        trainer = process(training.pid()) if training.pid() else None
        result.samples.append(Sample(now, explorer, trainer, training.life, training.epoch()))


# --- report -------------------------------------------------------------------------------------------


def table(samples: Sequence[Sample]) -> Iterator[str]:
    """Yield a Markdown table of `ROWS` samples at even intervals."""
    yield "| minute | explorer MB | files | threads | trainer MB | files | threads | epoch |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    count = min(ROWS, len(samples))
    indices = sorted({round(row * (len(samples) - 1) / max(count - 1, 1)) for row in range(count)})
    for one in (samples[index] for index in indices):
        cells = [f"{one.seconds / 60:.1f}", *_cells(one.app), *_cells(one.trainer), str(one.epoch)]
        yield f"| {' | '.join(cells)} |"


def _cells(one: Process | None) -> list[str]:
    return [f"{one.megabytes:.1f}", str(one.files), str(one.threads)] if one else ["", "", ""]


def verdict(result: Soak) -> tuple[list[str], bool]:
    """Return the lines of a Markdown list, and whether the soak test passed."""
    warm = result.warm()
    slopes = {
        "explorer": slope([[(one.seconds, one.app.megabytes) for one in warm]]),
        "trainer": slope(result.lives_of_trainers()),
    }
    lines, passed = [], not result.errors
    lasted = result.samples[-1].seconds if result.samples else 0.0
    for name, fitted in slopes.items():
        is_tested = name == "trainer" or lasted >= CACHES_FULL
        grows = is_tested and fitted.is_growth
        passed &= not grows
        status = "grows" if grows else "steady" if is_tested else "no verdict before an hour"
        measured = f"{fitted} MB an hour after the warm-up ({status}; the limit is {LIMIT:.0f})"
        lines.append(f"- {name}: {'too short to tell' if math.isnan(fitted.growth) else measured}")
    peak = max((one.app.megabytes for one in result.samples), default=0.0)
    passed &= peak <= MEMORY_LIMIT
    lines.append(f"- explorer: at most {peak:.0f} MB ({MEMORY_LIMIT:.0f} are allowed)")
    gained = warm[-1].app.files - warm[0].app.files if warm else 0
    leak = "steady" if gained <= FILE_LIMIT else "grows"
    lines.append(f"- open files of the explorer: {gained:+d} since the warm-up ({leak})")
    passed &= gained <= FILE_LIMIT
    lines.append(f"- {result.stops} stops and resumes")
    if warm and warm[-1].epoch > warm[0].epoch:
        growth, epochs = warm[-1].app.megabytes - warm[0].app.megabytes, warm[-1].epoch - warm[0].epoch
        lines.append(
            f"- explorer: {growth / epochs:+.2f} MB an epoch since the warm-up, for what they add to look at"
        )
    return [*lines, *(f"- **{error}**" for error in result.errors)], passed


def main() -> int:
    """Print the table and the verdict; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between samples")
    parser.add_argument("--stops", type=int, default=2, help="number of stops and resumes of the training")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VAETUI_DATA", "../shared/data")))
    parser.add_argument("--dataset", help="default: mnist if it is in --data, else digits")
    parser.add_argument("--size", choices=["80x24", "200x50"], default="200x50")
    options = parser.parse_args()
    dataset = options.dataset or ("mnist" if is_here("mnist", options.data) else "digits")
    size = SIZES[["80x24", "200x50"].index(options.size)]
    with tempfile.TemporaryDirectory() as folder:
        runs, home = Path(folder, "runs"), Path(folder, "home")
        training = Training(runs, options.data, home, dataset)
        try:
            training.start()
            with Explorer(runs, options.data, size, home) as app:
                app.wait_for(b"ELBO", seconds=60)
                result = soak(training, app, options.minutes, options.every, options.stops)
        except (subprocess.CalledProcessError, TimeoutError) as error:
            print(cause(error), file=sys.stderr)
            return 1
        finally:
            if any(map(is_alive, training.members())):
                with contextlib.suppress(subprocess.CalledProcessError, TimeoutError):
                    training.stop()
    lines, passed = verdict(result)
    where = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{where}; {options.minutes:g} minutes at {options.size}, two models on {dataset}\n")
    print("\n".join([*table(result.samples), "", *lines]))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
