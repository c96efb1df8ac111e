"""The dialog that exports a view to a file: format and name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from trainer.contract.files import Problem, clean
from vaetui.commands import home
from vaetui.export import files
from vaetui.export.files import ExportContent, ExportFormat
from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, BRIGHT, DIM, PANEL, TEXT
from vaetui.tui.dialogs.dialog import Dialog
from vaetui.tui.screen.canvas import Canvas, fit_end
from vaetui.tui.screen.painted import Painted

_writing = Lock()  # so that no two exports choose the same unused name


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """A file to write: path, format and content."""

    path: Path
    wanted: ExportFormat
    content: ExportContent

    def write(self) -> str:
        """Write the file under the next unused name; return a message with its path, or the error."""
        try:
            data = self.content.encode(self.wanted)
            with _writing:
                path = files.unused_path(self.path)
                files.save({path: data})
        except Problem as problem:
            return str(problem)
        return f"written: {clean(str(path))}"


class FormatList(Painted):
    """The title, and below it the formats with a mark at the selected one."""

    ground = PANEL

    def __init__(self, title: str, formats: tuple[ExportFormat, ...], terminal: Terminal) -> None:
        super().__init__(terminal)
        self.styles.height = len(formats) + 3
        self._title, self._formats = title, formats
        self.chosen = 0

    def choose(self, place: int) -> None:
        """Select a format."""
        self.chosen = place
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Paint the title and one line per format."""
        canvas.text(0, 0, self._title, BRIGHT, bold=True)
        for place, one in enumerate(self._formats):
            y, is_chosen = place + 2, place == self.chosen
            colour = BRIGHT if is_chosen else TEXT
            canvas.text(0, y, "›" if is_chosen else " ", ACCENT, bold=True)
            ending = "npz" if one.part == "arrays" else one.ending[1:].upper()
            canvas.text(2, y, ending, colour, bold=is_chosen)
            canvas.text(7, y, one.name, colour)
            canvas.click(0, y, canvas.width, 1, f"screen.choose({place})")


class TargetPath(Painted):
    """The full path of the file, shortened from the left, and below it the keys."""

    ground = PANEL
    DEFAULT_CSS = "TargetPath { height: 3; }"
    path = ""
    texts = ""  # whether images have titles and captions, "" where the format has no images

    def show(self, path: str, texts: str) -> None:
        """Show a path."""
        self.path, self.texts = path, texts
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Paint the path and the keys."""
        canvas.text(canvas.text(0, 0, "→ ", DIM), 0, fit_end(self.path, canvas.width - 2), DIM)
        x = 0
        keys = (("↑ ↓", "format"), ("Enter", "export"), ("Esc", "close"))
        for key, does in (*keys, *((("Tab", self.texts),) if self.texts else ())):
            x = canvas.text(canvas.text(x, 2, key, ACCENT, bold=True) + 1, 2, does, TEXT) + 2


class Export(Dialog[ExportRequest]):
    """Select a format with the arrows, titles and captions with Tab, edit the name, export with Enter."""

    BINDINGS = [  # noqa: RUF012 - Textual's interface
        Binding("escape", "close", "close"),
        Binding("ctrl+c", "close", "close", priority=True),
        Binding("up", "step(-1)", "previous format"),
        Binding("down", "step(1)", "next format"),
        Binding("tab", "toggle_texts", "titles and captions on or off"),
    ]
    CSS = """
    Export > Vertical { width: 58; max-width: 100%; height: auto; padding: 1 2; background: $surface; }
    Export Input { height: 1; border: none; padding: 0; background: $background; }
    Export Input:focus { border: none; }
    """

    def __init__(self, title: str, content: ExportContent, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._title, self._content = title, content
        self._formats = content.formats
        self._folder = files.writable_folder()
        self._proposed = ""
        self._is_plain = False

    def compose(self) -> ComposeResult:
        """Compose title, formats, name, path and keys."""
        with Vertical():
            yield FormatList(f"Export {self._title}", self._formats, self.terminal)
            yield Input(self._propose(), select_on_focus=False)
            yield TargetPath(self.terminal)

    def on_mount(self) -> None:
        """Focus the name; its cursor does not blink."""
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self._show()

    # --- the format

    @property
    def _wanted(self) -> ExportFormat:
        return self._formats[self.query_one(FormatList).chosen]

    def action_step(self, by: int) -> None:
        """Select the previous or next format."""
        self.action_choose((self.query_one(FormatList).chosen + by) % len(self._formats))

    def action_choose(self, place: int) -> None:
        """Select a format and change the ending of the name; propose another name if it was not edited."""
        field = self.query_one(Input)
        is_proposed = field.value == self._proposed
        self.query_one(FormatList).choose(place)
        stem = field.value.strip()
        if Path(stem).suffix.lower() in files.ENDINGS:
            stem = stem[: -len(Path(stem).suffix)]
        field.value = self._propose(place) if is_proposed else stem + self._wanted.ending
        field.cursor_position = len(field.value)
        self._show()

    def _propose(self, place: int = 0) -> str:
        wanted = self._formats[place]
        named = self._folder / f"{self._content.name}{wanted.mark}{wanted.ending}"
        self._proposed = files.unused_path(named).name
        return self._proposed

    def action_toggle_texts(self) -> None:
        """Switch titles, captions and metadata of images off, or on again."""
        self._is_plain = not self._is_plain
        self._show()

    # --- the name

    @on(Input.Changed)
    def _typed(self) -> None:
        """Show the path; an ending of another format selects that format."""
        value = self.query_one(Input).value.strip().lower()
        if not value.endswith(self._wanted.ending):
            for place, one in enumerate(self._formats):
                if value.endswith(one.ending):
                    self.query_one(FormatList).choose(place)
                    break
        self._show()

    @property
    def path(self) -> Path:
        """Return the file to write."""
        name = clean(self.query_one(Input).value) or self._proposed
        if not name.lower().endswith(self._wanted.ending):
            name += self._wanted.ending
        return files.unused_path(self._folder / home(name))

    def _show(self) -> None:
        texts = f"titles {'off' if self._is_plain else 'on'}" if self._wanted.part != "arrays" else ""
        self.query_one(TargetPath).show(str(self.path), texts)

    @on(Input.Submitted)
    def _submit(self) -> None:
        content = self._content.plain() if self._is_plain else self._content
        self.dismiss(ExportRequest(self.path, self._wanted, content))
