"""The dialog that writes what a view shows to a file: which kind of file, and its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from trainer.contract.files import Problem, clean
from vaetui.export import files
from vaetui.export.files import ExportContent, ExportFormat
from vaetui.render.terminal import Terminal
from vaetui.tui.dialogs.dialog import Dialog
from vaetui.tui.screen.canvas import Canvas, fit_end
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, PANEL, TEXT

_writing = Lock()  # so that two files never find the same name free


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """A file to be written."""

    path: Path
    wanted: ExportFormat
    content: ExportContent

    def fill(self) -> str:
        """Write it, under the next free name, and say so; or what was in the way."""
        try:
            data = self.content.encode(self.wanted)
            with _writing:
                path = files.unused_path(self.path)
                files.save(path, data)
        except Problem as problem:
            return str(problem)
        return f"written: {clean(str(path))}"


def folder() -> Path:
    """Where files go that are named without a folder: the current one, or home where it takes none."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # removed since
        return Path.home()
    return here if os.access(here, os.W_OK) else Path.home()


class FormatList(Painted):
    """The formats, the chosen one marked."""

    ground = PANEL

    def __init__(self, terminal: Terminal, formats: tuple[ExportFormat, ...]) -> None:
        super().__init__(terminal)
        self.formats, self.chosen = formats, 0

    def choose(self, place: int) -> None:
        """Mark another."""
        self.chosen = place
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """A line a format."""
        for y, one in enumerate(self.formats):
            is_chosen = y == self.chosen
            canvas.text(0, y, "›" if is_chosen else " ", ACCENT, bold=True)
            colour = BRIGHT if is_chosen else TEXT
            canvas.text(
                2, y, one.ending[1:].upper() if one.part != "arrays" else "npz", colour, bold=is_chosen
            )
            canvas.text(7, y, one.name, colour)
            canvas.click(0, y, canvas.width, 1, f"screen.choose({y})")


class TargetPath(Painted):
    """The whole path that will be written, shortened from the left."""

    ground = PANEL
    path = ""

    def show(self, path: str) -> None:
        """Show another."""
        self.path = path
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """One line."""
        canvas.text(canvas.text(0, 0, "→ ", DIM), 0, fit_end(self.path, canvas.width - 2), DIM)


class Caption(Painted):
    """A line that stays as it is."""

    ground = PANEL

    def __init__(self, terminal: Terminal, *parts: tuple[str, str]) -> None:
        super().__init__(terminal)
        self.parts = parts

    def paint(self, canvas: Canvas) -> None:
        """Pairs of a bright and a plain word."""
        x = 0
        for bright, word in self.parts:
            x = canvas.text(x, 0, bright, ACCENT if word else BRIGHT, bold=True)
            x = canvas.text(x + 1, 0, word, TEXT) + 2


class Export(Dialog[ExportRequest]):
    """Choose a format with the arrows, change the name where wanted, write with Enter."""

    BINDINGS = [  # noqa: RUF012 - Textual's way
        Binding("escape", "close", "close"),
        Binding("ctrl+c", "close", "close", priority=True),
        Binding("up", "step(-1)", "the format above"),
        Binding("down", "step(1)", "the format below"),
    ]
    CSS = """
    Export > Vertical { width: 58; max-width: 100%; height: auto; padding: 1 2; background: $surface; }
    Export Caption, Export TargetPath { height: 1; }
    Export FormatList { margin: 1 0; }
    Export Input { height: 1; border: none; padding: 0; background: $background; }
    Export Input:focus { border: none; }
    Export Caption.-foot { margin-top: 1; }
    """

    def __init__(self, title: str, content: ExportContent, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._title, self._content = title, content
        self._formats = content.formats
        self._folder = folder()
        self._own = ""  # the name as it is proposed

    def compose(self) -> ComposeResult:
        """Title, formats, name, path, keys."""
        terminal = self.terminal
        with Vertical():
            yield Caption(terminal, (f"Write what {self._title} shows", ""))
            kinds = FormatList(terminal, self._formats)
            kinds.styles.height = len(self._formats)
            yield kinds
            yield Input(self._propose(), select_on_focus=False)
            yield TargetPath(terminal)
            keys = (("↑ ↓", "format"), ("Enter", "write"), ("Esc", "close"))
            foot = Caption(terminal, *keys)
            foot.add_class("-foot")
            yield foot

    def on_mount(self) -> None:
        """The cursor stands in the name, and does not blink."""
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self._show()

    # --- the format

    @property
    def _wanted(self) -> ExportFormat:
        return self._formats[self.query_one(FormatList).chosen]

    def action_step(self, by: int) -> None:
        """The format above or below."""
        self.action_choose((self.query_one(FormatList).chosen + by) % len(self._formats))

    def action_choose(self, place: int) -> None:
        """One format; the name follows, a new one is proposed where nobody has changed it."""
        field = self.query_one(Input)
        is_own = field.value == self._own
        self.query_one(FormatList).choose(place)
        stem = field.value.strip()
        if Path(stem).suffix.lower() in files.ENDINGS:
            stem = stem[: -len(Path(stem).suffix)]
        field.value = self._propose(place) if is_own else stem + self._wanted.ending
        field.cursor_position = len(field.value)
        self._show()

    def _propose(self, place: int = 0) -> str:
        wanted = self._formats[place]
        named = self._folder / f"{self._content.name}{wanted.mark}{wanted.ending}"
        self._own = files.unused_path(named).name
        return self._own

    # --- the name

    @on(Input.Changed)
    def _typed(self) -> None:
        """Another name; one that ends as another format does chooses that."""
        value = self.query_one(Input).value.strip().lower()
        if not value.endswith(self._wanted.ending):
            for place, one in enumerate(self._formats):
                if value.endswith(one.ending):
                    self.query_one(FormatList).choose(place)
                    break
        self._show()

    @property
    def path(self) -> Path:
        """The file that will be written."""
        name = clean(self.query_one(Input).value) or self._own
        if not name.lower().endswith(self._wanted.ending):
            name += self._wanted.ending
        try:
            given = Path(name).expanduser()
        except RuntimeError:  # a home that nobody has
            given = Path(name)
        return files.unused_path(self._folder / given)

    def _show(self) -> None:
        self.query_one(TargetPath).show(str(self.path))

    @on(Input.Submitted)
    def _submit(self) -> None:
        self.dismiss(ExportRequest(self.path, self._wanted, self._content))

    def action_close(self) -> None:
        """Write nothing."""
        self.dismiss(None)
