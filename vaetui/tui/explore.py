"""Open the explorer on the terminal of standard input."""

from __future__ import annotations

import dataclasses
import functools
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from trainer.contract.files import Problem, clean
from vaetui import crash_log
from vaetui.commands import command
from vaetui.preferences import DEFAULTS, Preferences
from vaetui.render.terminal import Terminal, detect, is_dumb
from vaetui.runs.lookup import find_run
from vaetui.runs.run_index import RunIndex
from vaetui.tui import session
from vaetui.tui.app import Explorer
from vaetui.tui.screen import terminal_session

READ_SECONDS = 0.02  # of reading runs, before the first frame and between keys


def explore(
    runs_folder: Path,
    data_folder: Path,
    names: list[str],
    theme: str = "",
    view: str = "",
    mouse: bool = True,
    preferences: Preferences = DEFAULTS,
) -> None:
    """Open the app on a folder of runs, at the one named, or on those named, and return when it is closed.

    `preferences` replace what is detected of the terminal. Raises `Problem` if the terminal cannot show the
    app or a name means no run, `SystemExit` if a signal or an error ended it.
    """
    terminal = dataclasses.replace(open_terminal(os.environ, runs_folder, preferences), has_mouse=mouse)
    wanted = [find_run(runs_folder, name).path.absolute() for name in names]
    folder = wanted[0].parent.parent if wanted else runs_folder.absolute()
    wanted = [_path_in(folder, path) for path in wanted]
    if terminal.depth == "none":
        os.environ["NO_COLOR"] = "1"  # for Textual
    else:
        os.environ.pop("NO_COLOR", None)
    state = session.default_path()
    last = session.read_session(state)[0].run(folder)
    library = RunIndex(folder, READ_SECONDS, first=[*wanted, *([last] if last else [])])
    app = Explorer(library, data_folder, terminal, wanted, state, theme, view)
    app.preload()
    report = functools.partial(crash_log.report, path=crash_log.default_path())
    code = terminal_session.run(app, mouse, report)
    if app.session.write_error:
        sys.stderr.write(f"vaetui: {app.session.take_write_error()}\n")
    if code:
        sys.exit(code)


def _path_in(folder: Path, run: Path) -> Path:
    """Return the path of `run` as the index of `folder` has it. Raises `Problem` if it is not in there."""
    path = folder / run.parent.name / run.name
    if not (path == run or (path.exists() and path.samefile(run))):
        raise Problem(
            f"{clean(str(run))} is not in {clean(str(folder))}: the explorer shows runs of one folder, "
            "so open one folder at a time"
        )
    return path


def open_terminal(env: Mapping[str, str], runs: Path, wanted: Preferences = DEFAULTS) -> Terminal:
    """Return the terminal of the standard streams, detected from `env`; `wanted` replaces what is detected.

    Raises `Problem` if there is none, or it cannot move its cursor or show what is wanted; the message has a
    command that shows the `runs` without a terminal.
    """
    instead = f"`{command('show', '@latest', runs=runs)}` prints images without one"
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error output", sys.stderr)):
        if stream is None or not stream.isatty():
            raise Problem(f"the explorer needs a terminal and its standard {name} is none: {instead}")
    if is_dumb(env):
        word = env.get("TERM", "") or "not set"
        raise Problem(f"the explorer needs a terminal that can place its cursor, TERM is {word}: {instead}")
    try:
        return detect(
            env, sys.stdout, glyphs=wanted.glyphs, colors=wanted.colors, background=wanted.background
        )
    except ValueError as error:
        raise Problem(str(error)) from None
