"""The one builder of command lines for the user to paste, and the default runs folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import platformdirs

RUNS_VARIABLE = "VAETUI_RUNS"
SHIPPED = "@examples"  # the name of the folder of the runs that ship with vaetui
WITHOUT_DATA = ("compare",)  # commands that read no images

_ESCAPES = {ord("\\"): "\\\\", ord("'"): "\\'", ord("`"): "\\x60"}


def command(*words: str, runs: Path | None = None, data: Path | None = None) -> str:
    """Return a command line of `vaetui`, quoted for a shell.

    The folders `runs` and `data` are named unless they are the defaults. `train` never names the examples,
    which it refuses to change.
    """
    named: list[str] = []
    if words[:1] == ("train",) and runs is not None and runs.absolute() == examples_folder():
        runs = None
    if runs is not None and runs.absolute() != runs_folder(None).absolute():
        named += ["--runs", SHIPPED if runs.absolute() == examples_folder() else str(runs)]
    if data is not None and not _is_usual_data(data):
        named += ["--data", str(data)]
    return " ".join(map(quote, ["vaetui", *words, *named]))


def copyable_command(words: Sequence[str], runs: Path, data: Path) -> str:
    """Return the command line of a view to copy, which works in any folder."""
    images = None if words[0] in WITHOUT_DATA else data.absolute()
    return command(*words, runs=runs.absolute(), data=images)


def copied_message(line: str) -> str:
    """Return the message that `line` was copied, without spaces to wrap at, so that its end is cut off."""
    return "copied: " + line.replace(" ", "\N{NO-BREAK SPACE}")


def image_argument(numbers: Iterable[int]) -> str:
    """Return test images as an argument: #3,#14."""
    return ",".join(f"#{number}" for number in numbers)


def quote(word: str) -> str:
    """Quote `word` for a shell.

    Control characters are escaped, since terminals interpret them; so are backticks, which enclose commands
    in messages.
    """
    if word.isprintable() and "`" not in word:
        return shlex.quote(word)
    escaped = "".join(
        c.translate(_ESCAPES) if c.isprintable() else "".join(f"\\x{byte:02x}" for byte in os.fsencode(c))
        for c in word
    )
    return f"$'{escaped}'"


def first_of(paths: Sequence[Path], most: int = 8) -> tuple[list[Path], str]:
    """Return the first `most` paths, and a note with their number, "" if these are all."""
    kept = list(paths[:most])
    return kept, f" (for the first {most} of {len(paths)})" if len(paths) > most else ""


def runs_folder(option: Path | None) -> Path:
    """Return the runs folder: `option`, else $VAETUI_RUNS, ./checkpoints if it exists, or in XDG's data.

    "@examples" stands for the folder of the shipped runs.
    """
    named = option or os.environ.get(RUNS_VARIABLE)
    if str(named) == SHIPPED:
        return examples_folder()
    if named:
        return home(str(named))
    here = Path("checkpoints")
    return here if here.is_dir() else platformdirs.user_data_path("vaetui") / "runs"


def examples_folder() -> Path:
    """Return the folder of the shipped runs in the package; a checkout has more of them than a wheel."""
    return Path(__file__).parent.absolute() / "examples"


def home(text: str) -> Path:
    """Return `text` as a path, with a leading ~ expanded."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises for ~nobody


def _is_usual_data(folder: Path) -> bool:
    from trainer.contract.datasets.registry import data_folder  # imports numpy, which the first frame avoids

    return folder.absolute() == data_folder(None).absolute()
