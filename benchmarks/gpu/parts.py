"""Run the parts of a report, each in a process with a time limit, isolated from the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MINIMUM_SECONDS = 10.0  # no part is started with less time left


@dataclass(frozen=True)
class Section:
    """Results of a part: Markdown, and the requirements that are not met."""

    text: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A Python module that writes results to a file, and a function that shows that file."""

    title: str
    arguments: Sequence[str]  # after `python -m`; RESULTS stands for the file
    limit: float  # seconds
    show: Callable[[Path], Section]


RESULTS = "{results}"


@dataclass(frozen=True)
class Outcome:
    """How a part ended."""

    title: str
    result: str  # a few words for the table
    text: str = ""
    seconds: float = 0.0
    failed: bool = False


class Deadline:
    """A point in time, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Return the seconds left, 0 afterwards."""
        return max(0.0, self.at - time.monotonic())


def run_parts(parts: Iterable[Part], deadline: Deadline, folder: Path) -> Iterator[Outcome]:
    """Run the parts in order until the deadline; yield the others as left out."""
    for number, part in enumerate(parts):
        if deadline.left < MINIMUM_SECONDS:
            yield Outcome(part.title, "left out: no time")
        else:
            yield run(part, min(part.limit, deadline.left), folder / f"{number}.json")


def run(part: Part, limit: float, results: Path) -> Outcome:
    """Run a part for at most `limit` seconds; show its results so far in any case."""
    started = time.monotonic()
    arguments = [argument.replace(RESULTS, str(results)) for argument in part.arguments]
    output, code = _call([sys.executable, "-m", *arguments], limit, results.with_suffix(".log"))
    seconds = time.monotonic() - started
    try:
        section = part.show(results)
    except Exception as error:  # a missing or partial file must not stop the other parts
        section = Section("", (f"{type(error).__name__}: {error}",))
    if code is None:
        return Outcome(part.title, f"not finished in {limit:.0f} s", section.text, seconds, failed=True)
    faults = (_last_line(output) or f"exit code {code}",) if code else section.faults
    return Outcome(part.title, "; ".join(faults) or "passed", section.text, seconds, failed=bool(faults))


def _call(command: Sequence[str], limit: float, log: Path) -> tuple[str, int | None]:
    """Run a process; return its output and exit code, None if it was killed at the time limit."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        code: int | None
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:  # with its children
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return log.read_text(errors="replace"), code


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(value: object) -> str:
    """Return a value escaped for a cell of a Markdown table."""
    return " ".join(str(value).split()).replace("|", "\\|")
