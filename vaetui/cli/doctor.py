"""`vaetui doctor`: check the terminal, folders and PyTorch, and suggest fixes."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rich.text import Text

from trainer.contract.datasets.registry import data_folder
from trainer.contract.files import clean
from vaetui.cli import card
from vaetui.cli.messages import UsageError, fill, print_error
from vaetui.cli.streams import plain
from vaetui.cli.table import console_for
from vaetui.commands import runs_folder
from vaetui.doctor import folders, logout, machine, surroundings
from vaetui.doctor.world import Finding, Section, World
from vaetui.preferences import DEFAULTS, Preferences, default_path, load_preferences, variable
from vaetui.render.terminal import Terminal

MARKS = {"well": (" ", ""), "hint": ("!", "yellow"), "broken": ("x", "bold red")}
LEGEND = "! could be better   x fails   → what to do"


def doctor(
    runs: Path | None,
    data: Path | None,
    *,
    glyphs: str,
    colors: str,
    as_json: bool,
    world: World | None = None,
) -> int:
    """Check everything and print the findings; return the exit code, 1 where something would fail."""
    world = world or World.here()
    # Programs read standard output through a pipe: the terminal around it is the one of the messages.
    stream = sys.stderr if as_json and not sys.stdout.isatty() and sys.stderr.isatty() else sys.stdout
    terminal, given, file = detect_terminal(world, glyphs, colors, stream)
    sections = check(world, terminal, given, file, data_folder(data), runs_folder(runs))
    if as_json:
        checked = list(sections)
        findings = [
            {"section": section.title, **dataclasses.asdict(finding)}
            for section in checked
            for finding in section.findings
        ]
        facts = {"terminal": dataclasses.asdict(terminal), "findings": findings}
        sys.stdout.write(json.dumps(facts, indent=1) + "\n")
    else:
        checked = print_all(sections, terminal)
    broken = [one for section in checked for one in section.findings if one.standing == "broken"]
    if broken and not as_json:
        print_error(f"{len(broken)} of these would fail, marked x")
    return 1 if broken else 0


def detect_terminal(
    world: World, glyphs: str, colors: str, stream: TextIO
) -> tuple[Terminal, Preferences, Finding]:
    """Return the terminal of `stream`, the preferences, and a finding on their sources.

    A wrong file or variable is ignored, as the finding says. Raises `UsageError` for wrong options.
    """
    path = default_path()
    absent = "" if os.path.lexists(path) else " (does not exist)"
    variables = f"--glyphs, {variable('glyphs')}, --colors, {variable('colors')}, {variable('background')}"
    finding = Finding("settings", f"{variables}, {clean(str(path))}{absent}")
    try:
        given = load_preferences(world.env, path, glyphs, colors)
    except ValueError as error:
        if glyphs or colors:
            raise UsageError(str(error)) from None
        given, mend = DEFAULTS, "every command refuses it: correct it, or remove it"
        finding = Finding("settings", str(error), "broken", mend)
    return given.detect(world.env, stream), given, finding


def check(
    world: World, terminal: Terminal, given: Preferences, file: Finding, data: Path, runs: Path
) -> Iterator[Section]:
    """Yield section after section, the slowest last."""
    first = surroundings.section(world, terminal, is_requested=given.glyphs is not None)
    yield Section(first.title, (*first.findings, file))
    yield folders.section(data, runs)
    if logging_out := logout.section(world):
        yield logging_out
    yield machine.section(world)


def print_all(sections: Iterator[Section], terminal: Terminal) -> list[Section]:
    """Print each section as soon as it is checked, the test pattern after the first; return all."""
    console = console_for(terminal=terminal)
    printed: list[Section] = []

    def write(text: Text) -> None:
        # ASCII replacements may be longer than the characters, so styles are kept for whole lines only.
        line = Text(plain(text.plain), style=text.style) if terminal.glyphs == "ascii" else text
        console.print(line, soft_wrap=True)

    for section in sections:
        write(Text(f"\n{section.title}" if printed else section.title, style="bold"))
        for finding in section.findings:
            write(words(finding, console.width))
        if not printed:
            sys.stdout.write("\n" + "".join(line.rstrip(" ") + "\n" for line in card.lines(terminal)))
        sys.stdout.flush()
        printed.append(section)
    write(Text(f"\n{LEGEND}", style="dim"))
    return printed


def words(finding: Finding, width: int) -> Text:
    """Return the lines of a finding: its name and text, and below what to do."""
    mark, style = MARKS[finding.standing]
    head = f"{mark} {finding.about:<{card.INDENT - 3}} "
    text = Text(fill(finding.found, width, head, " " * len(head)))
    text.stylize(style, 0, 1)
    if finding.mend:
        arrow = f"{'→':>{card.INDENT + 1}} "
        text.append("\n" + fill(finding.mend, width, arrow, " " * len(arrow)), style=style)
    return text
