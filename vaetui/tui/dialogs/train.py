"""The train dialog: every setting of `vaetui train`, and what training with them would do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from trainer.contract.files import Problem
from vaetui.render.terminal import Terminal
from vaetui.render.theme import BRIGHT, DIM, PANEL, TEXT, WARNING
from vaetui.runs.training_preview import PreparationCancelled, PreparedRuns, Preview, TrainingPreviewer
from vaetui.runs.training_request import REQUEST_SETTINGS, TrainingRequest
from vaetui.tui.dialogs.dialog import Dialog, buttons
from vaetui.tui.dialogs.form import SettingsForm
from vaetui.tui.screen.canvas import Canvas, wrapped
from vaetui.tui.screen.painted import Painted

PAUSE = 0.15  # seconds without a key after which a request is previewed
_KEYS = (
    ("Enter", "start", "screen.start"),
    ("Esc", "cancel", "screen.close"),
    ("↑ ↓", "setting", ""),
    ("PgUp PgDn", "group", ""),
    ("← →", "choose", ""),
)


@dataclass
class PreviewReady(Message):
    """The preview of a request."""

    request: TrainingRequest
    preview: Preview


@dataclass
class PreparationProgress(Message):
    """Progress of preparing the runs, or, once it `is_over`, why nothing is started."""

    preview: Preview
    is_over: bool


class FormFooter(Painted):
    """Help of the selected setting, the preview, the command line that trains the same, and the keys."""

    ground = PANEL
    DEFAULT_CSS = "FormFooter { height: 9; }"
    explanation = ""
    preview = Preview("")
    command = ""

    def show(self, explanation: str, preview: Preview, command: str) -> None:
        """Show the help of a setting, a preview and a command line."""
        self.explanation, self.preview, self.command = explanation, preview, command
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Paint help from the top and the rest from the bottom; help is cut where both are long."""
        width, last = canvas.width, canvas.height - 1
        commands = wrapped(f"$ {self.command}", width - 4, 3)
        foot = last - len(commands)
        preview = wrapped(self.preview.sentence, width, foot - 1)
        explained = wrapped(self.explanation, width, foot - len(preview))
        for y, line in enumerate(explained, int(len(explained) + len(preview) < foot)):
            canvas.text(0, y, line, DIM)
        for y, line in enumerate(preview, foot - len(preview)):
            canvas.text(0, y, line, WARNING if self.preview.is_error or self.preview.is_warning else BRIGHT)
        for y, line in enumerate(commands, foot):
            canvas.text(0 if y == foot else 2, y, line + (" \\" if y < last - 1 else ""), TEXT)
        buttons(canvas, last, *_KEYS)


class TrainDialog(Dialog[None]):
    """Call `begin` with the prepared runs and close; closing it cancels the preparation."""

    BINDINGS = [  # noqa: RUF012 - Textual's interface
        Binding("escape", "close", "cancel"),
        Binding("enter", "start", "start"),
    ]
    CSS = """
    TrainDialog > Vertical { height: 100%; max-height: 36; }
    TrainDialog SettingsForm { height: 1fr; }
    """

    def __init__(
        self,
        request: TrainingRequest,
        previewer: TrainingPreviewer,
        begin: Callable[[PreparedRuns], None],
        terminal: Terminal,
    ) -> None:
        super().__init__(terminal)
        self.form = SettingsForm(request, terminal)
        self.preview = Preview("")
        self._previewer = previewer
        self._begin = begin
        self._previewed: TrainingRequest | None = None  # the request that the preview is for, or will be
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """Compose the fields above the preview."""
        with Vertical():
            yield self.form
            yield FormFooter(self.terminal)

    def on_form_changed(self) -> None:
        """Preview the edited request, or explain the selected setting."""
        if self.form.request != self._previewed:
            self._preview_request()
        self._show()

    # --- preview

    def _preview_request(self) -> None:
        """Show an error at once; else preview the request when no key has come for a moment."""
        self._cancel_preview()
        self._previewed = self.form.request
        error = self.form.request.error()
        if error:
            self.preview = Preview(error, is_error=True)
        else:
            self.preview = Preview("…")
            self._pause = self.set_timer(PAUSE, self._compute_preview)

    @work(thread=True, exclusive=True, group="preview")
    def _compute_preview(self) -> None:
        request = self.form.request
        preview = self._previewer.preview(request)
        if not get_current_worker().is_cancelled:
            self.post_message(PreviewReady(request, preview))

    def _cancel_preview(self) -> None:
        if self._pause:
            self._pause.stop()
        self.workers.cancel_group(self, "preview")

    def on_preview_ready(self, message: PreviewReady) -> None:
        """Show the preview, if the request is still the same and not being started."""
        if message.request == self.form.request and not self.form.is_locked:
            self.preview = message.preview
            self._show()

    def _show(self) -> None:
        command = self.form.request.command(self._previewer.runs, self._previewer.images)
        explanation = self.form.request.explanation(self.form.selected)
        self.query_one(FormFooter).show(explanation, self.preview, command)

    # --- starting

    def action_start(self) -> None:
        """Prepare the runs in a thread, since images may have to be downloaded; then close."""
        request = self.form.request
        invalid = [key for key, text in request.texts.items() if not REQUEST_SETTINGS[key].accepts(text)]
        if invalid:
            self.form.go(invalid[0])
        if self.form.is_locked or request.error():
            return
        self._cancel_preview()  # which would replace what the preparation reports
        self._show_progress(Preview("preparing …"), is_over=False)
        self._prepare(request)

    @work(thread=True, exclusive=True, group="prepare")
    def _prepare(self, request: TrainingRequest) -> None:
        worker = get_current_worker()

        def narrate(sentence: str) -> None:
            self.post_message(PreparationProgress(Preview(sentence), is_over=False))

        try:
            prepared = self._previewer.prepare(request, narrate, lambda: worker.is_cancelled)
        except Problem as problem:
            self.post_message(PreparationProgress(Preview(str(problem), is_error=True), is_over=True))
        except PreparationCancelled:
            return
        else:
            self.app.call_later(self._finish, prepared)  # of the app: this may just have been closed

    def _finish(self, prepared: PreparedRuns) -> None:
        if not prepared.paths:
            self.post_message(PreparationProgress(Preview(prepared.sentence), is_over=True))
            return
        if self.is_current:
            self.dismiss()
        self._begin(prepared)

    def on_preparation_progress(self, message: PreparationProgress) -> None:
        """Show the progress, or why nothing is started."""
        self._show_progress(message.preview, message.is_over)

    def _show_progress(self, preview: Preview, is_over: bool) -> None:
        self.form.is_locked = not is_over
        self.preview = preview
        self._show()
