"""The machine that is checked, as a value that a test can make up, and the findings."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trainer.contract.files import clean

Standing = Literal["well", "hint", "broken"]  # hint: it works, and could be better; broken: something fails


@dataclass(frozen=True)
class Finding:
    """One line `about` something; `mend` says what to do where something is wrong."""

    about: str
    found: str
    standing: Standing = "well"
    mend: str = ""


@dataclass(frozen=True)
class Section:
    """Findings under a heading."""

    title: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Answer:
    """The result of a command; `trouble` is one line on why it failed, "" if it did not."""

    output: str
    trouble: str = ""


def run(command: Sequence[str], seconds: float) -> Answer | None:
    """Run `command` without input for at most `seconds`; return None if there is no such command."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        return Answer("", f"no answer within {seconds:.0f} s")
    except OSError as error:
        return Answer("", clean(error.strerror or str(error)))
    if not done.returncode:
        return Answer(done.stdout)
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return Answer(done.stdout, clean(lines[-1]) if lines else f"it ended with code {done.returncode}")


@dataclass(frozen=True)
class World:
    """The environment, the commands and the files that are checked; `root` is the root of the files."""

    env: Mapping[str, str]
    run: Callable[[Sequence[str], float], Answer | None] = run
    root: Path = Path("/")
    pid: int = 0
    uid: int = 0

    @classmethod
    def here(cls) -> World:
        """Return the machine of this process."""
        return cls(os.environ, pid=os.getpid(), uid=os.getuid())

    def read(self, path: str) -> str:
        """Read a small text file below `root`; "" if there is none or it cannot be read."""
        try:
            with (self.root / path).open("rb") as file:
                return file.read(1 << 16).decode("utf-8", "replace")
        except OSError:
            return ""

    def ancestors(self) -> tuple[str, ...]:
        """Return the names of the parent processes from Linux' /proc, the nearest first."""
        names: list[str] = []
        pid = self.pid
        while pid > 0 and len(names) < 100:
            lines = self.read(f"proc/{pid}/status").splitlines()
            status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            if pid != self.pid:
                names.append(status.get("Name", "").strip())
            parent = status.get("PPid", "").strip()
            pid = int(parent) if parent.isdecimal() else 0
        return tuple(names)
