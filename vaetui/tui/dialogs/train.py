"""The dialog that trains: every setting of `vaetui train`, and what it would come to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import get_current_worker

from trainer.files import Problem
from vaetui.order import FIELDS, Order, is_readable, is_usual
from vaetui.render.terminal import Terminal
from vaetui.tui.dialogs.dialog import Dialog
from vaetui.tui.dialogs.fields import Choice, Edited, Heading, Line, Name
from vaetui.tui.dialogs.foot import Foot
from vaetui.tui.surveyor import Outlook, Placed, Surveyor, UnwantedError

PAUSE = 0.15  # seconds without a key after which an order is surveyed


@dataclass
class Surveyed(Message):
    """What an order would come to."""

    order: Order
    outlook: Outlook


@dataclass
class Prepared(Message):
    """How far the preparing of the runs is, or, once it `is_over`, why nothing is started."""

    outlook: Outlook
    is_over: bool


class Train(Dialog[None]):
    """Closes when runs are prepared, which `begin` is given; Escape leaves before that."""

    BINDINGS = [  # noqa: RUF012 - Textual's way
        Binding("escape", "leave", "leave"),
        Binding("enter", "start", "start"),
        Binding("down", "app.focus_next", "the next field"),
        Binding("up", "app.focus_previous", "the field before"),
        Binding("pagedown", "group(1)", "the next group"),
        Binding("pageup", "group(-1)", "the group before"),
    ]
    CSS = """
    Train > Vertical { height: 100%; max-height: 38; padding: 1 1 0 1; }
    Train #form { height: 1fr; overflow-y: auto; scrollbar-size-vertical: 1; background: $surface; }
    Train Horizontal { height: 1; }
    .-short Train > Vertical { padding: 0 1; }
    """

    def __init__(
        self, order: Order, surveyor: Surveyor, begin: Callable[[Placed], None], terminal: Terminal
    ) -> None:
        super().__init__(terminal)
        self.order = order
        self.outlook = Outlook("")
        self.is_starting = False
        self._surveyor = surveyor
        self._begin = begin
        self._pause: Timer | None = None
        self._here = next(iter(FIELDS))  # the field that has or had the focus

    # --- the form

    def compose(self) -> ComposeResult:
        """A line a setting, under the headings of `vaetui train --help`."""
        panel = ""
        with Vertical():
            with Vertical(id="form"):
                for key, setting in FIELDS.items():
                    if setting.panel != panel:
                        panel = setting.panel
                        yield Heading(panel, self.terminal)
                    with Horizontal():
                        words, text = setting.metavar.split("|"), self.order.texts[key]
                        yield Name(key, self.terminal)
                        yield Choice(key, text, words, self.terminal) if len(words) > 1 else Line(key, text)
            yield Foot(self.terminal)

    def on_mount(self) -> None:
        """Begin with the first setting."""
        self.action_go(self._here)
        self._look()

    def on_descendant_focus(self) -> None:
        """Say what the field takes."""
        key = self.focused.id if self.focused else None
        if key is not None and key in FIELDS:
            self._here = key
        self._show()

    def on_edited(self, event: Edited) -> None:
        """See what the order comes to now."""
        if self.order.texts[event.key] != event.value:
            self.order = self.order.changed(event.key, event.value)
            self._look()

    def action_go(self, key: str) -> None:
        """To a field."""
        self.query_one(f"#{key}").focus()

    def action_group(self, by: int) -> None:
        """To the first field of the next group."""
        panels = list(dict.fromkeys(setting.panel for setting in FIELDS.values()))
        place = min(max(panels.index(FIELDS[self._here].panel) + by, 0), len(panels) - 1)
        self.action_go(next(key for key, setting in FIELDS.items() if setting.panel == panels[place]))

    # --- what it comes to

    def _look(self) -> None:
        """Say at once what is wrong with a text; the rest is surveyed when no key has come for a moment."""
        if self._pause:
            self._pause.stop()
        wrong = self.order.wrong()
        if wrong:
            self.outlook = Outlook(wrong, is_trouble=True)
        else:
            self.outlook = Outlook("…")
            self._pause = self.set_timer(PAUSE, self._survey)
        self._show()

    def _survey(self) -> None:
        work = functools.partial(self._look_closely, self.order)
        self.run_worker(work, thread=True, exclusive=True, group="survey")

    def _look_closely(self, order: Order) -> None:
        self.post_message(Surveyed(order, self._surveyor.look(order)))

    def on_surveyed(self, message: Surveyed) -> None:
        """Show what the order comes to, if it is still the same and not being started."""
        if message.order == self.order and not self.is_starting:
            self.outlook = message.outlook
            self._show()

    def _show(self) -> None:
        for name in self.query(Name):
            text = self.order.texts[name.key]
            name.show(name.key == self._here, is_readable(name.key, text), is_usual(name.key, text))
        for line in self.query(Line):
            key = line.id or ""
            line.set_class(is_usual(key, line.value), "-usual")
            line.set_class(not is_readable(key, line.value), "-wrong")
        command = self.order.command(self._surveyor.runs, self._surveyor.images)
        self.query_one(Foot).show(FIELDS[self._here], self.outlook, command)

    # --- starting

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Start."""
        event.stop()
        self.action_start()

    def action_start(self) -> None:
        """Prepare the runs, in a thread since images may have to be downloaded; then leave with them."""
        wrong = [key for key, text in self.order.texts.items() if not is_readable(key, text)]
        if wrong:
            self.action_go(wrong[0])
        if self.is_starting or self.order.wrong():
            return
        self._await_start(Outlook("preparing …"), is_over=False)
        work = functools.partial(self._place, self.order)
        self.run_worker(work, thread=True, exclusive=True, group="place")

    def _place(self, order: Order) -> None:
        worker = get_current_worker()

        def narrate(sentence: str) -> None:
            self.post_message(Prepared(Outlook(sentence), is_over=False))

        try:
            placed = self._surveyor.place(order, narrate, lambda: worker.is_cancelled)
        except Problem as problem:
            self.post_message(Prepared(Outlook(str(problem), is_trouble=True), is_over=True))
        except UnwantedError:
            return
        else:
            self.app.call_later(self._end, placed)  # the app, since this may just have been closed

    def _end(self, placed: Placed) -> None:
        if not placed.paths:
            self.post_message(Prepared(Outlook(placed.sentence), is_over=True))
            return
        if self.is_current:
            self.dismiss()
        self._begin(placed)

    def on_prepared(self, message: Prepared) -> None:
        """Say how far it is, or why nothing is started: that can be mended here."""
        self._await_start(message.outlook, message.is_over)

    def _await_start(self, outlook: Outlook, is_over: bool) -> None:
        self.is_starting = not is_over
        self.outlook = outlook
        self.query_one("#form").disabled = self.is_starting
        if is_over:
            self.action_go(self._here)
        self._show()

    def action_leave(self) -> None:
        """Close it; what is being downloaded for it ends."""
        self.dismiss()
