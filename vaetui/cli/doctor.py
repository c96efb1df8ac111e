"""`vaetui doctor`: what is found, what it was taken for and why, and what to do about it."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.text import Text

from trainer.contract.datasets.registry import data_folder
from trainer.contract.files import clean
from vaetui.cli import card
from vaetui.cli.say import Usage, complain, fill
from vaetui.cli.streams import plain
from vaetui.cli.table import console_for
from vaetui.commands import runs_folder
from vaetui.doctor import folders, logout, machine, surroundings
from vaetui.doctor.world import Finding, Section, World
from vaetui.preferences import NOTHING, Preferences, default_path, preferences, variable
from vaetui.render.terminal import Terminal, detect

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
    """Look at everything and tell; returns the exit code, 1 where something would fail."""
    world = world or World.here()
    terminal, wanted, file = taken(world, glyphs, colors)
    sections = look(world, terminal, wanted, file, data_folder(data), runs_folder(runs))
    if as_json:
        found = list(sections)
        sys.stdout.write(json.dumps(facts(terminal, found), indent=1) + "\n")
    else:
        found = print_all(sections, terminal)
    broken = [finding for section in found for finding in section.findings if finding.standing == "broken"]
    if broken and not as_json:
        complain(f"{len(broken)} of these would fail, marked x")
    return 1 if broken else 0


def taken(world: World, glyphs: str, colors: str) -> tuple[Terminal, Preferences, Finding]:
    """The terminal, what was asked for, and a word on file and variables: here they may be wrong.

    They go unheeded then. Raises `Usage` for wrong options.
    """
    path = default_path()
    there = f"{clean(str(path))}{'' if os.path.lexists(path) else ' (not there)'}"
    finding = Finding(
        "settings",
        f"--glyphs, {variable('glyphs')}, --colors, {variable('colors')}, {variable('background')}, {there}",
    )
    try:
        wanted = preferences(world.env, path, glyphs, colors)
        return (
            detect(
                world.env,
                sys.stdout,
                glyphs=wanted.glyphs,
                colors=wanted.colors,
                background=wanted.background,
            ),
            wanted,
            finding,
        )
    except ValueError as error:
        if glyphs or colors:
            raise Usage(str(error)) from None
        finding = Finding("settings", str(error), "broken", "every command refuses it: mend it, or remove it")
        return detect(world.env, sys.stdout), NOTHING, finding


def look(
    world: World, terminal: Terminal, wanted: Preferences, file: Finding, data: Path, runs: Path
) -> Iterator[Section]:
    """Section after section; what takes longest comes last."""
    first = surroundings.section(world, terminal, is_asked=wanted.glyphs is not None)
    yield Section(first.title, (*first.findings, file))
    yield folders.section(data, runs)
    after = logout.section(world)
    if after:
        yield after
    yield machine.section(world)


def print_all(sections: Iterator[Section], terminal: Terminal) -> list[Section]:
    """Print each as soon as it is there, the test card under the terminal's; gives them back."""
    console = console_for(terminal=terminal)
    printed: list[Section] = []

    def say(text: Text) -> None:
        # Characters give way to as many or more, so that styles are kept by line only.
        said = Text(plain(text.plain), style=text.style) if terminal.glyphs == "ascii" else text
        console.print(said, soft_wrap=True)

    for section in sections:
        say(Text(f"\n{section.title}" if printed else section.title, style="bold"))
        for finding in section.findings:
            say(words(finding, console.width))
        if not printed:
            sys.stdout.write("\n" + "".join(line.rstrip(" ") + "\n" for line in card.lines(terminal)))
        sys.stdout.flush()
        printed.append(section)
    say(Text(f"\n{LEGEND}", style="dim"))
    return printed


def words(finding: Finding, width: int) -> Text:
    """What was found, broken between words beside its name, and what to do under it."""
    mark, style = MARKS[finding.standing]
    text = Text(_filled(finding.found, width, f"{mark} {finding.about:<{card.INDENT - 3}} "))
    text.stylize(style, 0, 1)
    if finding.mend:
        mend = _filled(finding.mend, width, f"{'→':>{card.INDENT + 1}} ")
        text.append(f"\n{mend}", style=style)
    return text


def _filled(text: str, width: int, first: str) -> str:
    """`text` after `first` in lines that are as wide, the later ones set in as far."""
    return fill(text, width, first, " " * len(first))


def facts(terminal: Terminal, sections: list[Section]) -> dict[str, Any]:
    """All of it for a program."""
    return {
        "terminal": dataclasses.asdict(terminal),
        "findings": [
            {"section": section.title, **dataclasses.asdict(finding)}
            for section in sections
            for finding in section.findings
        ],
    }
