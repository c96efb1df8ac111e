"""The dialog that starts a report: on which runs, and into which folder."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from trainer.contract.files import clean
from vaetui.commands import home
from vaetui.export.files import writable_folder
from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, BRIGHT, DIM, PANEL, TEXT, WARNING
from vaetui.runs.report_request import REPORTS, ReportRequest, ReportSubject
from vaetui.tui.dialogs.dialog import Dialog, buttons
from vaetui.tui.dialogs.line import EditableText
from vaetui.tui.screen.canvas import Canvas, fit, wrapped
from vaetui.tui.screen.painted import Painted
from vaetui.tui.state.loaded import Loaded

STATE = 28  # column of what is ready
_KEYS = (
    ("Enter", "start", "screen.start"),
    ("Esc", "close", "screen.close"),
    ("↑ ↓", "choose", ""),
)


class ReportDialog(Dialog[ReportRequest]):
    """Return the report that is asked for; the folder can be edited.

    `runs` and `data` are the folders of the command line. What a report can be on is passed to
    `show_subjects` once it is read.
    """

    BINDINGS = [  # noqa: RUF012 - Textual's interface
        Binding("escape", "close", "close"),
        Binding("ctrl+c", "close", "close", priority=True),
        Binding("up", "step(-1)", "previous"),
        Binding("down", "step(1)", "next"),
        Binding("enter", "start", "start"),
    ]
    CSS = "ReportDialog > Vertical { height: 100%; max-height: 23; }"

    def __init__(self, runs: Path, data: Path, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.form = ReportForm(runs, data, terminal)

    def compose(self) -> ComposeResult:
        """Compose the form."""
        with Vertical():
            yield self.form

    def show_subjects(self, loaded: Loaded[Sequence[ReportSubject]]) -> None:
        """Show what a report can be on, or why it could not be read."""
        self.form.show(loaded.value or (), loaded.sentence)

    def action_step(self, by: int) -> None:
        """Select the previous or next subject."""
        self.form.step(by)

    def action_start(self) -> None:
        """Close with the report that is shown, unless it cannot be written."""
        request = self.form.request
        if request is not None and not request.subject.refusal:
            self.dismiss(request)


class ReportForm(Painted, can_focus=True):
    """The subjects, what the selected one is or why it has no report, the folder, the command, the keys."""

    ground = PANEL
    DEFAULT_CSS = "ReportForm { height: 1fr; }"

    def __init__(self, runs: Path, data: Path, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._runs, self._data = runs, data
        self._subjects: Sequence[ReportSubject] = ()
        self._sentence = "reading the recipes and runs …"
        self._chosen = 0
        self._folder, self._proposed = EditableText(), ""

    @property
    def request(self) -> ReportRequest | None:
        """Return the report that is asked for, None before the subjects are read."""
        if not self._subjects:
            return None
        out = self._folder.text.strip() or self._proposed
        return ReportRequest(self._subjects[self._chosen], home(out))

    # --- choosing and editing

    def show(self, subjects: Sequence[ReportSubject], sentence: str) -> None:
        """Show the subjects, with the first selected that can have a report; or why there are none."""
        self._subjects, self._sentence = subjects, sentence
        if subjects:
            self.action_choose(next((n for n, one in enumerate(subjects) if not one.refusal), 0))
        self.repaint()

    def step(self, by: int) -> None:
        """Select the next subject, or a previous one, cyclically."""
        if self._subjects:
            self.action_choose((self._chosen + by) % len(self._subjects))

    def action_choose(self, place: int) -> None:
        """Select a subject, and propose its folder unless another was typed."""
        is_proposed = self._folder.text == self._proposed
        self._chosen = place
        self._proposed = str(_reports_folder() / self._subjects[place].folder)
        if is_proposed:
            self._folder = EditableText(self._proposed, len(self._proposed))
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        """Edit the folder; other keys go to the dialog."""
        line = self._folder.after_event(event)
        if line is not None and self._subjects:
            self._folder = line
            self.repaint()
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text into the folder."""
        if self._subjects:
            self._folder = self._folder.inserted(clean(event.text))
            self.repaint()

    def on_mouse_scroll_down(self) -> None:
        """Select the next subject."""
        self.step(1)

    def on_mouse_scroll_up(self) -> None:
        """Select the previous subject."""
        self.step(-1)

    # --- painting

    def paint(self, canvas: Canvas) -> None:
        """Paint the subjects from the top and the rest from the bottom."""
        width, last = canvas.width, canvas.height - 1
        canvas.text(0, 0, "Report", BRIGHT, bold=True)
        buttons(canvas, last, *_KEYS)
        request = self.request
        if request is None:
            for y, line in enumerate(wrapped(self._sentence, width, last - 2), 1):
                canvas.text(0, y, line, DIM)
            return
        subject = request.subject
        commands = wrapped(f"$ {request.command(self._runs, self._data)}", width - 4, 3)
        foot = last - len(commands)
        for y, line in enumerate(commands, foot):
            canvas.text(0 if y == foot else 2, y, line + (" \\" if y < last - 1 else ""), TEXT)
        start = canvas.text(0, foot - 1, "folder ", DIM)
        self._folder.paint(canvas, start, foot - 1, width, BRIGHT)
        sentence = wrapped(subject.refusal or subject.about, width, 2)
        top = foot - 1 - len(sentence)
        for y, line in enumerate(sentence, top):
            canvas.text(0, y, line, WARNING if subject.refusal else DIM)
        self._list(canvas, top - 1)

    def _list(self, canvas: Canvas, height: int) -> None:
        """Paint the subjects around the selected one below the title."""
        first = min(max(self._chosen - height // 2, 0), max(len(self._subjects) - height, 0))
        for y, place in enumerate(range(first, min(first + height, len(self._subjects))), 1):
            subject, is_chosen = self._subjects[place], place == self._chosen
            colour = BRIGHT if is_chosen else DIM if subject.refusal else TEXT
            canvas.text(0, y, "›" if is_chosen else "", ACCENT, bold=True)
            canvas.text(2, y, subject.title, colour, bold=is_chosen)
            canvas.text(STATE, y, fit(subject.state, canvas.width - STATE), colour)
            canvas.click(0, y, canvas.width, 1, f"choose({place})")


def _reports_folder() -> Path:
    """Return the folder of the proposed folders, relative to the current folder where it is in that."""
    here = writable_folder()
    with contextlib.suppress(FileNotFoundError):  # the current folder has been removed
        return Path(REPORTS) if here == Path.cwd() else here / REPORTS
    return here / REPORTS
