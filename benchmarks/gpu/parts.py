"""Parts of a proof: each a process with a time limit, so that none can harm or delay the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LEAST = 10.0  # seconds: no part is begun for less


@dataclass(frozen=True)
class Shown:
    """What a part found: Markdown, and what of it is not as it must be."""

    text: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A Python module that writes what it finds to a file, and what is shown of that file."""

    title: str
    arguments: Sequence[str]  # after `python -m`; RESULTS stands for the file
    most: float  # seconds that it may take
    show: Callable[[Path], Shown]


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
    """A time by which everything is over."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then, 0 afterwards."""
        return max(0.0, self.at - time.monotonic())


def carry_out(parts: Iterable[Part], deadline: Deadline, folder: Path) -> Iterator[Outcome]:
    """Do the parts in order until the deadline; what there is no time for is left out, and says so."""
    for number, part in enumerate(parts):
        if deadline.left < LEAST:
            yield Outcome(part.title, "left out: no time")
        else:
            yield run(part, min(part.most, deadline.left), folder / f"{number}.json")


def run(part: Part, limit: float, results: Path) -> Outcome:
    """Run one part for `limit` seconds at most; what it found until then is shown in any case."""
    began = time.monotonic()
    words = [word.replace(RESULTS, str(results)) for word in part.arguments]
    said, code = _call([sys.executable, "-m", *words], limit, results.with_suffix(".log"))
    seconds = time.monotonic() - began
    try:
        shown = part.show(results)
    except Exception as error:  # whatever its file lacks, the other parts go on
        shown = Shown("", (f"{type(error).__name__}: {error}",))
    if code is None:
        return Outcome(part.title, f"not finished in {limit:.0f} s", shown.text, seconds, failed=True)
    faults = (_last_line(said) or f"exit code {code}",) if code else shown.faults
    return Outcome(part.title, "; ".join(faults) or "passed", shown.text, seconds, failed=bool(faults))


def _call(command: Sequence[str], limit: float, log: Path) -> tuple[str, int | None]:
    """What a process said, and its exit code; None for one that ran out of time and was ended."""
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
            if process.poll() is None:  # its children too
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return log.read_text(errors="replace"), code


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(value: object) -> str:
    """A value for a cell of a Markdown table."""
    return " ".join(str(value).split()).replace("|", "\\|")
