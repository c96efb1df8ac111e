"""Print images on the terminal, as JSON, or write them to the file of `--out`."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.contract.files import clean
from vaetui.cli.loaded_run import LoadedRun
from vaetui.cli.messages import UsageError, fill, print_status
from vaetui.cli.tiles import Layout, layout
from vaetui.export import files
from vaetui.export.content import run_arrays
from vaetui.export.files import ExportContent
from vaetui.export.images import Label
from vaetui.format import alternatives
from vaetui.preferences import default_path, load_preferences
from vaetui.render import protocols
from vaetui.render.terminal import Terminal

ANIMATION = ".gif"


@dataclass(frozen=True)
class ImageOutput:
    """Where a command prints its images: on `terminal`, as JSON, or to the file `out`.

    The file has titles, names and captions unless it is `plain`.
    """

    terminal: Terminal
    small: bool
    out: Path | None
    plain: bool
    as_json: bool

    def check(self) -> None:
        """Raise `UsageError` for a file of an unknown type."""
        if self.out is not None and self.out.suffix.lower() not in files.ENDINGS:
            raise unknown_file_type(self.out, files.ENDINGS)

    def check_training(self, *given: str) -> bool:
        """Return whether the file is an animation of the training, which is of images that the trainer kept.

        Raises `UsageError` for options `given` with it that choose other images.
        """
        is_animation = self.out is not None and self.out.suffix.lower() == ANIMATION
        if is_animation and given:
            raise UsageError(
                f"a {ANIMATION} has the images that the trainer kept of every epoch: "
                f"leave out {alternatives(given, 'and')}"
            )
        return is_animation

    def layout(self, count: int | None) -> Layout:
        """Return the layout of `count` images, None for as many as fit side by side."""
        return layout(self.terminal.columns, count, small=self.small)

    def emit(
        self,
        loaded: LoadedRun,
        facts: dict[str, Any],
        *,
        content: Callable[[], ExportContent],
        draw: Callable[[], None],
    ) -> int:
        """Write the `content` of a file, print `facts` as JSON, or `draw` the images; return exit code 0.

        The fact "protocol" describes how the images were made; it is printed below them.
        """
        if self.out:
            self._write(self.out, loaded, content(), facts["protocol"])
        if self.as_json:
            head = {
                "run": loaded.run.name,
                "path": str(loaded.run.path),
                "epoch": loaded.model.epoch,
                "keep": loaded.keep,
                "dataset": loaded.dataset,
            }
            sys.stdout.write(json.dumps(head | facts) + "\n")
        elif not self.out:
            best = " (best)" if loaded.keep == "best" else ""
            position = loaded.model.position_text
            sys.stdout.write(f"{loaded.run.name} · {loaded.dataset} · {position}{best}\n\n")
            draw()
            sys.stdout.write(f"\n{fill(facts['protocol'], self.terminal.columns)}\n")
        return 0

    def _write(self, out: Path, loaded: LoadedRun, content: ExportContent, protocol: str) -> None:
        """Write `content` with its run and how it was made over a file that exists, and print its name."""
        run, model = loaded.run.name, loaded.model
        whole = dataclasses.replace(
            content,
            arrays={**run_arrays(run, model), **content.arrays},
            label=Label(run, loaded.dataset, model.epoch, protocol, model.step),
        )
        whole = whole.plain() if self.plain else whole
        file_format = next(one for one in whole.formats if one.ending == out.suffix.lower())
        files.save({out: whole.encode(file_format)})
        print_status(f"wrote {clean(str(out))}")


def image_output(
    glyphs: str, colors: str, *, small: bool, out: Path | None, plain: bool, as_json: bool
) -> ImageOutput:
    """Return the output on the terminal of standard output, with the options and the user's preferences.

    Raises `UsageError` for a preference that is unknown, or impossible here.
    """
    try:
        preferences = load_preferences(os.environ, default_path(), glyphs, colors)
        terminal = preferences.detect(os.environ, sys.stdout)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if terminal.glyphs in protocols.IN_TMUX:
        if lack := protocols.missing_library(terminal.glyphs):
            raise UsageError(lack)
        if terminal.is_tty and os.environ.get("TMUX"):
            print_status(protocols.IN_TMUX[terminal.glyphs])
    if plain and out is None:
        raise UsageError("--plain is for a file: name it with --out")
    return ImageOutput(terminal, small, out, plain, as_json)


def unknown_file_type(out: Path, endings: Sequence[str]) -> UsageError:
    """Return the error for an --out that has none of the `endings`."""
    kinds = alternatives(endings)
    return UsageError(f"--out {clean(str(out))!r} has no known file type: end it in {kinds}")
