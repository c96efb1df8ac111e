"""The arguments and options that several commands share.

Only typer and the table of settings are imported here, so that `--help` answers at once.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from vaetui.cli import completion
from vaetui.cli.messages import UsageError
from vaetui.settings import SETTINGS, WHERE

# The values that are named in help and completion. They are checked by the code that uses them, which is
# not imported for --help.
THEMES = ("dark", "light", "contrast", "safe")
VIEWS = ("Loss", "Reconstruct", "Sample", "Interpolate", "Latent", "Traverse", "Compare", "Draw")
GLYPHS = ("auto", "half", "quadrant", "ascii", "kitty", "sixel")
COLORS = ("auto", "truecolor", "256", "16", "none")
FORMATS = ("onnx", "npz")
DATASETS = SETTINGS["dataset"].choices


def setting(key: str) -> Any:
    """Return the option of a training setting."""
    row = SETTINGS[key]
    complete = completion.one_of(row.choices) if row.choices else None
    return option(key, row.placeholder, row.help, complete, panel=row.panel)


def option(
    name: str,
    metavar: str | None,
    text: str,
    complete: completion.Complete | None = None,
    panel: str | None = None,
    **settings: Any,
) -> Any:
    """Return an option `--name` with a metavar (None for a flag), its help and `settings` of typer."""
    return typer.Option(
        f"--{name}",
        metavar=metavar,
        help=text,
        autocompletion=complete,
        rich_help_panel=panel,
        **settings,
    )


def choice(name: str, metavar: str, text: str, words: tuple[str, ...] | list[str]) -> Any:
    """Return an option whose values `words` are completed."""
    return option(name, metavar, text, completion.one_of(words))


def run_argument(text: str) -> Any:
    """Return an argument for runs, which are completed."""
    return typer.Argument(metavar="RUN", help=text, show_default=False, autocompletion=completion.runs)


Runs = Annotated[Path | None, option("runs", "DIR", "Folder of the runs.", panel=WHERE)]
Examples = Annotated[
    bool, option("examples", None, "Use the example runs of vaetui, as --runs @examples does.", panel=WHERE)
]
DataFolder = Annotated[Path | None, option("data", "DIR", "Folder of the images.", panel=WHERE)]
UnreadData = Annotated[
    Path | None, option("data", "DIR", "Folder of the images; this command reads none.", panel=WHERE)
]
RunName = Annotated[str, run_argument("The run.")]
RunNames = Annotated[list[str], run_argument("One run or more.")]
AnyRuns = Annotated[list[str] | None, run_argument("Runs; all if none is named.")]
Small = Annotated[bool, option("small", None, "Draw 14×7 thumbnails.")]
Count = Annotated[int | None, option("count", "N", "Number of images.", min=1, max=1000)]
Glyphs = Annotated[str, choice("glyphs", "NAME", f"Characters: {', '.join(GLYPHS)} (pictures).", GLYPHS)]
Colors = Annotated[str, choice("colors", "NAME", f"Colours: {', '.join(COLORS)}.", COLORS)]
Out = Annotated[
    Path | None,
    option("out", "FILE", "Write FILE instead (overwrites it): .png, .svg, .gif or .npz (numbers)."),
]
Plain = Annotated[
    bool, option("plain", None, "Leave titles, names, captions and metadata out of images in FILE.")
]
Each = Annotated[
    bool, option("each", None, "List every run, also those that differ in the seed only: a row per seed.")
]
Json = Annotated[bool, option("json", None, "Print JSON instead (described above).")]


def runs_option(runs: Path | None, examples: bool) -> Path | None:
    """Return the runs folder that --runs or --examples names, None without either."""
    if not examples:
        return runs
    if runs is not None:
        raise UsageError("--runs and --examples exclude each other")
    from vaetui.commands import SHIPPED

    return Path(SHIPPED)


def takes_settings(command: Callable[..., int]) -> Callable[..., int]:
    """Put an option for every setting before those of `command`, which gets their texts as `texts`."""
    own = [
        parameter.replace(kind=Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.name != "texts"
    ]
    parameters = {option: option.replace("-", "_") for option in SETTINGS}
    options = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=SETTINGS[option].default,
            annotation=Annotated[str, setting(option)],
        )
        for option, name in parameters.items()
    ]

    @functools.wraps(command)
    def run(**given: Any) -> int:
        texts = {option: given.pop(name) for option, name in parameters.items()}
        return command(texts=texts, **given)

    run.__signature__ = inspect.Signature([*options, *own], return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*options, *own]}
    return run
