"""A machine that a test makes up: environment, processes, files and the answers of commands."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from vaetui.doctor.world import Answer, Finding, Section, World
from vaetui.render.terminal import Depth, Glyphs, Terminal

PID = 4711


def world(
    root: Path,
    env: Mapping[str, str] | None = None,
    answers: Mapping[str, Answer] | None = None,
    ancestors: Sequence[str] = (),
) -> World:
    """`answers` by the last word of a command or its name; what has none is not there."""

    def run(command: Sequence[str], seconds: float) -> Answer | None:
        assert seconds > 0
        known = answers or {}
        return known.get(command[-1], known.get(command[0]))

    names = ["vaetui", *ancestors]
    for place, name in enumerate(names):
        folder = root / "proc" / str(PID + place)
        folder.mkdir(parents=True)
        parent = PID + place + 1 if place + 1 < len(names) else 0
        (folder / "status").write_text(f"Name:\t{name}\nUmask:\t0022\nPPid:\t{parent}\n")
    return World({"TERM": "xterm-256color", "LANG": "C.UTF-8"} | dict(env or {}), run, root, PID, uid=1000)


def terminal(
    depth: Depth = "256", glyphs: Glyphs = "half", *, is_tty: bool = True, columns: int = 80
) -> Terminal:
    return Terminal(depth, glyphs, is_tty, columns, reason="it is made up")


def about(section: Section | None, name: str) -> Finding:
    """The last finding on `name`."""
    assert section is not None
    return next(finding for finding in reversed(section.findings) if finding.about == name)
