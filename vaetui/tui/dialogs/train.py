"""The dialog that trains: every setting of `vaetui train`, and what it would come to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from trainer.contract.files import Problem
from vaetui.render.terminal import Terminal
from vaetui.runs.training_preview import PreparationCancelled, PreparedRuns, Preview, TrainingPreviewer
from vaetui.runs.training_request import REQUEST_SETTINGS, TrainingRequest, is_valid
from vaetui.tui.dialogs.dialog import Dialog
from vaetui.tui.dialogs.foot import FormFooter
from vaetui.tui.dialogs.form import SettingsForm

PAUSE = 0.15  # seconds without a key after which an order is surveyed


@dataclass
class PreviewReady(Message):
    """What an order would come to."""

    order: TrainingRequest
    outlook: Preview


@dataclass
class PreparationProgress(Message):
    """How far the preparing of the runs is, or, once it `is_over`, why nothing is started."""

    outlook: Preview
    is_over: bool


class TrainDialog(Dialog[None]):
    """Closes when runs are prepared, which `begin` is given; Escape leaves before that."""

    BINDINGS = [  # noqa: RUF012 - Textual's way
        Binding("escape", "leave", "leave"),
        Binding("enter", "start", "start"),
    ]
    CSS = """
    TrainDialog > Vertical { height: 100%; max-height: 36; }
    TrainDialog SettingsForm { height: 1fr; }
    """

    def __init__(
        self,
        order: TrainingRequest,
        surveyor: TrainingPreviewer,
        begin: Callable[[PreparedRuns], None],
        terminal: Terminal,
    ) -> None:
        super().__init__(terminal)
        self.form = SettingsForm(order, terminal)
        self.outlook = Preview("")
        self.is_starting = False
        self._surveyor = surveyor
        self._begin = begin
        self._looked_at: TrainingRequest | None = None  # the order that the outlook is for, or on its way
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """The fields over what they come to."""
        with Vertical():
            yield self.form
            yield FormFooter(self.terminal)

    def on_form_changed(self) -> None:
        """See what the order comes to now, or what another field takes."""
        if self.form.order != self._looked_at:
            self._look()
        self._show()

    # --- what it comes to

    def _look(self) -> None:
        """Say at once what is wrong with a text; the rest is surveyed when no key has come for a moment."""
        if self._pause:
            self._pause.stop()
        self._looked_at = self.form.order
        wrong = self.form.order.wrong()
        if wrong:
            self.outlook = Preview(wrong, is_trouble=True)
        else:
            self.outlook = Preview("…")
            self._pause = self.set_timer(PAUSE, self._survey)

    def _survey(self) -> None:
        work = functools.partial(self._look_closely, self.form.order)
        self.run_worker(work, thread=True, exclusive=True, group="survey")

    def _look_closely(self, order: TrainingRequest) -> None:
        self.post_message(PreviewReady(order, self._surveyor.look(order)))

    def on_preview_ready(self, message: PreviewReady) -> None:
        """Show what the order comes to, if it is still the same and not being started."""
        if message.order == self.form.order and not self.is_starting:
            self.outlook = message.outlook
            self._show()

    def _show(self) -> None:
        command = self.form.order.command(self._surveyor.runs, self._surveyor.images)
        self.query_one(FormFooter).show(REQUEST_SETTINGS[self.form.here], self.outlook, command)

    # --- starting

    def action_start(self) -> None:
        """Prepare the runs, in a thread since images may have to be downloaded; then leave with them."""
        order = self.form.order
        wrong = [key for key, text in order.texts.items() if not is_valid(key, text)]
        if wrong:
            self.form.go(wrong[0])
        if self.is_starting or order.wrong():
            return
        self._await_start(Preview("preparing …"), is_over=False)
        self.run_worker(functools.partial(self._place, order), thread=True, exclusive=True, group="place")

    def _place(self, order: TrainingRequest) -> None:
        worker = get_current_worker()

        def narrate(sentence: str) -> None:
            self.post_message(PreparationProgress(Preview(sentence), is_over=False))

        try:
            placed = self._surveyor.place(order, narrate, lambda: worker.is_cancelled)
        except Problem as problem:
            self.post_message(PreparationProgress(Preview(str(problem), is_trouble=True), is_over=True))
        except PreparationCancelled:
            return
        else:
            self.app.call_later(self._end, placed)  # the app, since this may just have been closed

    def _end(self, placed: PreparedRuns) -> None:
        if not placed.paths:
            self.post_message(PreparationProgress(Preview(placed.sentence), is_over=True))
            return
        if self.is_current:
            self.dismiss()
        self._begin(placed)

    def on_preparation_progress(self, message: PreparationProgress) -> None:
        """Say how far it is, or why nothing is started: that can be mended here."""
        self._await_start(message.outlook, message.is_over)

    def _await_start(self, outlook: Preview, is_over: bool) -> None:
        self.is_starting = self.form.is_locked = not is_over
        self.outlook = outlook
        self._show()

    def action_leave(self) -> None:
        """Close it; what is being downloaded for it ends."""
        self.dismiss()
