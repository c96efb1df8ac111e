"""Whether memory or open files grow when a training is watched for long: `python -m benchmarks.soak`.

A grid trains, the explorer looks on through a pseudo-terminal while keys go through all its views, and now
and then the training is stopped and resumed. Resident memory, open descriptors and threads of both processes
are read from /proc. Memory is judged by a bound and by its slope after a warm-up: the explorer's from an hour
on, when its caches are full. A trainer is a new process after each stop, so the trainers share one slope and
have a level each. Exit code 1 where something grows, is above its bound, or broke.
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

from benchmarks.app_latency import CHECKPOINT, RGB, SIZES, STEPS, Explorer, environment
from trainer.contract.datasets.registry import is_here
from trainer.contract.files import Problem
from trainer.contract.lock import is_alive
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import is_run, read_status

LIMIT = 20.0  # MB an hour above which memory grows
FILES = 5  # descriptors more at the end than after the warm-up are a leak
WARM_UP = 0.5  # of the time, in which what is imported or computed once is so
FILLED = 3600.0  # seconds after which the explorer's caches, bounded by number, are full: no verdict before
BOUND = 300.0  # MB that the explorer may never be above
SETTLING = 180.0  # seconds of each trainer's life that say nothing: what is done once grows by some MB
LEAST = 120.0  # seconds after these from which on a slope is told
BLOCK = 30.0  # seconds whose samples count as one, since neighbours are alike
KEY_SECONDS = 0.5
LIVE, OTHERS = 24, 6  # keys in the view of live charts, in each of the others: a round takes 45 s
LEAVING = 30.0  # seconds that the explorer may take to leave, on a busy machine
ROWS = 10  # of the table
STOP_SECONDS = 120.0


@dataclass(frozen=True)
class Process:
    """What /proc tells of a process: resident memory in MB, open descriptors, threads."""

    megabytes: float
    files: int
    threads: int


@dataclass(frozen=True)
class Sample:
    """Both processes, so many seconds after the start; `life` counts trainers, `trainer` is None between."""

    seconds: float
    app: Process
    trainer: Process | None
    life: int
    epoch: int


@dataclass(frozen=True)
class Slope:
    """Growth in MB an hour and its standard error."""

    growth: float
    error: float

    @property
    def is_growth(self) -> bool:
        """Whether it is surely more than `LIMIT`."""
        return self.growth - 2 * self.error > LIMIT

    def __str__(self) -> str:
        """Growth ± error."""
        return f"{self.growth:+.1f} ± {self.error:.1f}"


# --- what is measured ---------------------------------------------------------------------------------


def process(pid: int) -> Process | None:
    """The process with this id, None where there is none."""
    folder = Path("/proc", str(pid))
    try:
        lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        files = sum(1 for _ in (folder / "fd").iterdir())
        return Process(int(lines["VmRSS"].split()[0]) / 1024, files, int(lines["Threads"]))
    except (OSError, KeyError):  # it has just ended, or is a zombie
        return None


def slope(lives: Sequence[Sequence[tuple[float, float]]]) -> Slope:
    """The common slope of lines of (seconds, MB), by least squares over blocks; NaN where all are short."""
    times: list[float] = []
    sizes: list[float] = []
    long = [life for life in lives if life and life[-1][0] - life[0][0] >= LEAST]
    for life in map(blocks, long):
        mean_time, mean_size = (sum(column) / len(life) for column in zip(*life, strict=True))
        times += [seconds - mean_time for seconds, _ in life]
        sizes += [size - mean_size for _, size in life]
    spread = sum(t * t for t in times)
    if not spread:
        return Slope(math.nan, math.nan)
    found = sum(t * size for t, size in zip(times, sizes, strict=True)) / spread
    rest = sum((size - found * t) ** 2 for t, size in zip(times, sizes, strict=True))
    error = math.sqrt(rest / max(len(times) - len(long) - 1, 1) / spread)
    return Slope(3600 * found, 3600 * error)


def blocks(life: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The means of time and size of every `BLOCK` seconds."""
    found = itertools.groupby(life, lambda point: int((point[0] - life[0][0]) / BLOCK))
    columns = (tuple(zip(*points, strict=True)) for _, points in found)
    return [(statistics.mean(seconds), statistics.mean(sizes)) for seconds, sizes in columns]


@dataclass
class Soak:
    """What was seen in one go, and what went wrong."""

    samples: list[Sample] = field(default_factory=list)
    stops: int = 0
    troubles: list[str] = field(default_factory=list)

    def lives_of_trainers(self) -> list[list[tuple[float, float]]]:
        """Memory of every trainer without its first seconds, a line each."""
        lives = []
        alive = [one for one in self.samples if one.trainer]
        for _, members in itertools.groupby(alive, lambda one: one.life):
            life = [(one.seconds, one.trainer.megabytes) for one in members if one.trainer]
            lives.append([point for point in life if point[0] - life[0][0] > SETTLING])
        return lives

    def warm(self) -> list[Sample]:
        """The samples after the warm-up."""
        return [one for one in self.samples if one.seconds > WARM_UP * self.samples[-1].seconds]


# --- what is done -------------------------------------------------------------------------------------


class Training:
    """A grid that trains in `runs`, stopped and resumed by the command line."""

    def __init__(self, runs: Path, data: Path, home: Path, dataset: str) -> None:
        self.runs, self.life = runs, 0
        self._environment = environment(home, RGB)
        self._words = ["--data", str(data), "--dataset", dataset, "--latent", "2,10", "--epochs", "100000"]

    def begin(self) -> None:
        """Start or resume. Raises `CalledProcessError`."""
        self._vaetui("train", "--detach", *self._words)
        self.life += 1

    def stop(self) -> None:
        """Ask it to save and stop, and wait until it has. Raises `CalledProcessError` or `TimeoutError`."""
        self._vaetui("stop", *(str(run) for run in self.members() if is_alive(run)))
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(is_alive, self.members())):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the training did not stop in {STOP_SECONDS:.0f} s")
            time.sleep(0.1)

    def members(self) -> list[Path]:
        """The runs."""
        return [path for path in sorted(self.runs.glob("*/*")) if is_run(path)]

    def pid(self) -> int:
        """The trainer's process, 0 where none is known."""
        for run in self.members():
            with contextlib.suppress(Problem):
                if is_alive(run):
                    return read_status(run).pid
        return 0

    def epoch(self) -> int:
        """How many epochs its first run has."""
        with contextlib.suppress(OSError, IndexError):
            return (self.members()[0] / METRICS).read_bytes().count(b"\n")
        return 0

    def _vaetui(self, *words: str) -> None:
        command = [sys.executable, "-m", "vaetui", *words, "--runs", str(self.runs)]
        subprocess.run(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )


def keys(views: Mapping[str, tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Keys without end: the live charts for long, then a while in every other view and its checkpoints."""
    while True:
        for view, own in views.items():
            yield view[:1].encode()
            yield from itertools.islice(itertools.cycle(own), LIVE if view == next(iter(views)) else OTHERS)
            yield from CHECKPOINT


def soak(training: Training, app: Explorer, minutes: float, every: float, stops: int) -> Soak:
    """Press keys, stop and resume for so many minutes, and look at both processes now and then."""
    seen, began = Soak(), time.monotonic()
    pressed, looked = keys(STEPS), -math.inf
    pauses = [60 * minutes * (number + 1) / (stops + 1) for number in range(stops)]
    while (now := time.monotonic() - began) < 60 * minutes:
        if app.code is not None:
            seen.troubles.append(f"the explorer ended with exit code {app.code} after {now:.0f} s")
            return seen
        app.send(next(pressed))
        app.drain(KEY_SECONDS)
        if now - looked >= every:
            looked = now
            _look(seen, training, app, now)
        if pauses and now > pauses[0]:
            pauses.pop(0)
            try:
                training.stop()
                app.drain(5)
                training.begin()
            except (subprocess.CalledProcessError, TimeoutError) as error:
                seen.troubles.append(cause(error))
                return seen
            seen.stops += 1
    app.send(b"q")
    leaving = time.monotonic()
    while app.code is None and time.monotonic() - leaving < LEAVING:
        app.drain(0.5)
    if app.code != 0:
        seen.troubles.append(f"the explorer was told to leave by q, and its exit code is {app.code}")
    return seen


def cause(error: subprocess.CalledProcessError | TimeoutError) -> str:
    """What went wrong with a command."""
    if isinstance(error, TimeoutError):
        return str(error)
    return f"`vaetui {' '.join(error.cmd[3:])}` failed: {error.stderr.strip()}"


def _look(seen: Soak, training: Training, app: Explorer, now: float) -> None:
    explorer = process(app.pid)
    if explorer:
        trainer = process(training.pid()) if training.pid() else None
        seen.samples.append(Sample(now, explorer, trainer, training.life, training.epoch()))


# --- what is told -------------------------------------------------------------------------------------


def table(samples: Sequence[Sample]) -> Iterator[str]:
    """Some of the samples, as evenly spread as they can be, as a Markdown table."""
    yield "| minute | explorer MB | files | threads | trainer MB | files | threads | epoch |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    count = min(ROWS, len(samples))
    places = sorted({round(row * (len(samples) - 1) / max(count - 1, 1)) for row in range(count)})
    for one in (samples[place] for place in places):
        cells = [f"{one.seconds / 60:.1f}", *_cells(one.app), *_cells(one.trainer), str(one.epoch)]
        yield f"| {' | '.join(cells)} |"


def _cells(one: Process | None) -> list[str]:
    return [f"{one.megabytes:.1f}", str(one.files), str(one.threads)] if one else ["", "", ""]


def verdict(seen: Soak) -> tuple[list[str], bool]:
    """Lines of a Markdown list, and whether all is well."""
    warm = seen.warm()
    grown = {
        "explorer": slope([[(one.seconds, one.app.megabytes) for one in warm]]),
        "trainer": slope(seen.lives_of_trainers()),
    }
    lines, well = [], not seen.troubles
    lasted = seen.samples[-1].seconds if seen.samples else 0.0
    for name, found in grown.items():
        is_told = name == "trainer" or lasted >= FILLED
        grows = is_told and found.is_growth
        well &= not grows
        said = "grows" if grows else "steady" if is_told else "no verdict before an hour"
        measured = f"{found} MB an hour after the warm-up ({said}; the limit is {LIMIT:.0f})"
        lines.append(f"- {name}: {'too short to tell' if math.isnan(found.growth) else measured}")
    most = max((one.app.megabytes for one in seen.samples), default=0.0)
    well &= most <= BOUND
    lines.append(f"- explorer: at most {most:.0f} MB ({BOUND:.0f} are allowed)")
    more = warm[-1].app.files - warm[0].app.files if warm else 0
    leak = "steady" if more <= FILES else "grows"
    lines.append(f"- open files of the explorer: {more:+d} since the warm-up ({leak})")
    well &= more <= FILES
    lines.append(f"- {seen.stops} stops and resumes")
    if warm and warm[-1].epoch > warm[0].epoch:
        more_mb, epochs = warm[-1].app.megabytes - warm[0].app.megabytes, warm[-1].epoch - warm[0].epoch
        lines.append(
            f"- explorer: {more_mb / epochs:+.2f} MB an epoch since the warm-up, for what they add to look at"
        )
    return [*lines, *(f"- **{trouble}**" for trouble in seen.troubles)], well


def main() -> int:
    """Print the table and the verdict; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--every", type=float, default=2.0, help="seconds from look to look")
    parser.add_argument("--stops", type=int, default=2, help="how often the training is stopped and resumed")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VAETUI_DATA", "../shared/data")))
    parser.add_argument("--dataset", help="mnist where it is in --data, else digits")
    parser.add_argument("--size", choices=["80x24", "200x50"], default="200x50")
    chosen = parser.parse_args()
    dataset = chosen.dataset or ("mnist" if is_here("mnist", chosen.data) else "digits")
    size = SIZES[["80x24", "200x50"].index(chosen.size)]
    with tempfile.TemporaryDirectory() as folder:
        runs, home = Path(folder, "runs"), Path(folder, "home")
        training = Training(runs, chosen.data, home, dataset)
        try:
            training.begin()
            with Explorer(runs, chosen.data, size, home) as app:
                app.until(b"ELBO", seconds=60)
                seen = soak(training, app, chosen.minutes, chosen.every, chosen.stops)
        except (subprocess.CalledProcessError, TimeoutError) as error:
            print(cause(error), file=sys.stderr)
            return 1
        finally:
            if any(map(is_alive, training.members())):
                with contextlib.suppress(subprocess.CalledProcessError, TimeoutError):
                    training.stop()
    lines, well = verdict(seen)
    where = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{where}; {chosen.minutes:g} minutes at {chosen.size}, two models on {dataset}\n")
    print("\n".join([*table(seen.samples), "", *lines]))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
