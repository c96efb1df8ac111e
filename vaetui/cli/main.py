"""The Typer application: its commands in the order of the help, and how a command line is run.

Commands are declared in the modules `commands_*` and import their implementations when they run, so that
`--help` answers at once.
"""

from __future__ import annotations

import contextlib
import copy
import os
import sys
from typing import Annotated, Any

import typer

from vaetui.cli import commands_reading as reading
from vaetui.cli import commands_training as training
from vaetui.cli.help_format import HelpCommand, HelpGroup, PanelCommand, help_width
from vaetui.cli.messages import UsageError, print_error
from vaetui.cli.options import (
    THEMES,
    VIEWS,
    AnyRuns,
    Colors,
    DataFolder,
    Examples,
    Glyphs,
    Runs,
    choice,
    option,
    runs_option,
)
from vaetui.cli.streams import OutputError, drop, prepare_streams
from vaetui.render.terminal import detect

EPILOG = """\b
Start here:
  vaetui train --latent 2,10 --beta 1,4      train four models together
  vaetui explore                             look at them
  vaetui explore --examples                  look at the example models

\b
RUN is a directory, a name, the beginning of one name, or @latest.
Runs live in --runs (@examples: those that ship with vaetui), else
$VAETUI_RUNS, else ./checkpoints if it exists, else the user's data folder;
images in --data, else $VAETUI_DATA, else ./data if it exists, else the
user's cache folder.
Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted."""

app = typer.Typer(
    name="vaetui",
    cls=HelpGroup,
    epilog=EPILOG,
    rich_markup_mode=None,  # Rich would triple the time that help takes
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_given: bool) -> None:
    if is_given:
        from importlib.metadata import version

        typer.echo(f"vaetui {version('vaetui')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def vaetui(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Train variational autoencoders and explore them, in the terminal."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def explore(
    run: AnyRuns = None,
    theme: Annotated[str, choice("theme", "NAME", f"Colour theme: {', '.join(THEMES)}.", THEMES)] = "",
    view: Annotated[str, choice("view", "NAME", "The first view: Loss, Sample …", VIEWS)] = "",
    no_mouse: Annotated[
        bool, option("no-mouse", None, "Leave the mouse to the terminal, to select text.")
    ] = False,
    glyphs: Glyphs = "",
    colors: Colors = "",
    runs: Runs = None,
    examples: Examples = False,
    data: DataFolder = None,
) -> int:
    """Open the explorer, on all runs or some.

    It opens at RUN, and shows only the named ones if they are several; without RUN it opens at one that is
    training (in the Loss view), else where it was left. View, theme, grid metric and last run are kept in
    explorer.json in the user's state folder; --view and --theme take precedence.
    """
    import gc

    gc.disable()  # objects of the first frame stay anyway; the app enables it again

    from vaetui.tui import explore as explorer  # first: it sets what numpy reads from the environment

    # isort: split
    from trainer.contract.datasets.registry import data_folder
    from vaetui.preferences import default_path, load_preferences
    from vaetui.render.theme import THEMES
    from vaetui.runs.folders import checked_runs_folder
    from vaetui.tui.keys import VIEWS

    if theme not in ("", *THEMES):
        raise _unknown("theme", theme, THEMES)
    first = {name.casefold(): name for name in ("", *VIEWS)}.get(view.casefold())
    if first is None:
        raise _unknown("view", view, VIEWS)
    try:
        preferences = load_preferences(os.environ, default_path(), glyphs, colors)
    except ValueError as error:
        raise UsageError(str(error)) from None
    folders = checked_runs_folder(runs_option(runs, examples)), data_folder(data)
    explorer.explore(*folders, run or [], theme, first, mouse=not no_mouse, preferences=preferences)
    return 0


def _unknown(kind: str, name: str, names: Any) -> UsageError:
    from trainer.contract.files import clean

    return UsageError(f"no {kind} `{clean(name, 40)}`; there are {', '.join(names)}")


app.command("train", cls=PanelCommand)(training.train)
for command in (
    *(
        training.recipes,
        training.watch,
        training.stop,
        reading.ls,
        reading.show,
        reading.sample,
        reading.interpolate,
    ),
    *(reading.traverse, reading.export, reading.compare, reading.evaluate, reading.report),
    *(explore, reading.doctor),
):
    app.command(command.__name__, cls=HelpCommand)(command)


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command line and return the exit code; errors of the user are one sentence on stderr."""
    prepare_streams()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except OutputError as error:
        drop(sys.stdout)
        if error.is_unread:  # the reader, such as `head`, has ended
            return 0
        from vaetui.cli import hangup

        if hangup.silence():
            return hangup.HUNG_UP
        with contextlib.suppress(OutputError):  # stderr is closed, too
            print_error(f"the output cannot be written: {error}")
        return 1
    return code


def _app_for(arguments: list[str]) -> typer.Typer:
    """Return the application with only the command that is called, or with all where none is called first.

    Typer builds every command that it knows, which takes longer than the rest of the command line.
    """
    called = [info for info in app.registered_commands if arguments[:1] == [info.name]]
    if not called:
        return app
    only = copy.copy(app)
    only.registered_commands = called
    return only


def _run(arguments: list[str]) -> int:
    """Run one command line and return the exit code; the caller flushes the output."""
    try:
        terminal = detect(os.environ, sys.stdout)
        context: Any = {"terminal_width": help_width(terminal.columns), "color": terminal.depth != "none"}
        code = _app_for(arguments)(arguments, prog_name="vaetui", standalone_mode=False, **context)
    except SystemExit as ended:  # the script of completion has been printed
        code = ended.code if isinstance(ended.code, int) else 0
    except typer.TyperException as error:
        message = error.format_message()
        print_error(message[:1].lower() + message[1:])
        return error.exit_code
    except UsageError as error:
        print_error(str(error))
        return 2
    except OutputError:
        raise
    except OSError as error:
        if "--install-completion" not in arguments:
            raise
        print_error(f"completion cannot be installed: {error.strerror}; --show-completion prints the script")
        return 1
    except MemoryError:
        print_error("there is not enough memory for that here: close other programs, or ask for less at once")
        return 1
    except Exception as error:
        from trainer.contract.files import Problem

        if not isinstance(error, Problem):
            raise
        print_error(str(error))
        return 1
    return int(code or 0)
