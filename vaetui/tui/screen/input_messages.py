"""Messages by which the driver waits until the app has handled an input event."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from textual.message import Message


@dataclass
class InputSent(Message, bubble=False):
    """Follows an event to the app; `handled` is set once the event has been handled."""

    handled: threading.Event = field(default_factory=threading.Event)


@dataclass
class InputHandled(Message):
    """Follows an event from the focused widget up to the app."""

    handled: threading.Event
