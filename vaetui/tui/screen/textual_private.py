"""Private names of Textual, with a fallback for versions that lack them.

Checked with Textual 8.2.0 and 8.2.8; pyproject.toml admits only versions of that minor release. No other
package uses private names of Textual. Where one is missing, Textual's own drawing or driver is used.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

from textual.app import App


def _has(owner: type, names: str) -> bool:
    """Return whether instances have all `names`, as attributes of the class or set by a constructor."""
    known = set(dir(owner))
    for base in owner.__mro__:
        code = getattr(vars(base).get("__init__"), "__code__", None)
        known |= set(code.co_names) if code else set()
    return known.issuperset(names.split())


def _private(module: str, name: str, attributes: str) -> Any:
    """Return a class of Textual; an empty one where it or an attribute is missing."""
    missing = type(name, (), {})
    try:
        owner = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        return missing
    return owner if _has(owner, attributes) else missing


if TYPE_CHECKING:
    from textual._compositor import ChopsUpdate as ChopsUpdate
    from textual._compositor import LayoutUpdate as LayoutUpdate
    from textual._xterm_parser import XTermParser as XTermParser
    from textual.drivers.linux_driver import LinuxDriver as LinuxDriver
else:
    ChopsUpdate = _private("textual._compositor", "ChopsUpdate", "chops spans chop_ends render_segments")
    LayoutUpdate = _private("textual._compositor", "LayoutUpdate", "strips region render_segments")
    XTermParser = _private("textual._xterm_parser", "XTermParser", "parse_mouse_code _sequence_to_key_events")
    LinuxDriver = _private(
        "textual.drivers.linux_driver",
        "LinuxDriver",
        "_app _auto_restart _debug _disable_line_wrap _enable_bracketed_paste _enable_mouse_support"
        " _get_terminal_size _key_thread _loop _must_signal_resume _query_in_band_window_resize"
        " _run_input_thread _size _writer_thread exit_event fileno process_message send_message",
    )


def has_driver() -> bool:
    """Return whether `TerminalDriver` works with this version of Textual."""
    is_whole = _has(XTermParser, "parse_mouse_code") and _has(LinuxDriver, "_key_thread")
    return is_whole and _has(App, "_handle_exception")


def write(app: App[Any], text: str) -> None:
    """Write to the terminal, past the frames."""
    driver = getattr(app, "_driver", None)
    if driver is not None:
        driver.write(text)


def is_output_pending(app: App[Any]) -> bool:
    """Return whether output waits for a slow line; Textual has no public name for that."""
    writer = getattr(getattr(app, "_driver", None), "_writer_thread", None)
    queue = getattr(writer, "_queue", None)
    return queue is not None and queue.qsize() > 0


def event_loop(app: App[Any]) -> asyncio.AbstractEventLoop | None:
    """Return the loop in which the app runs, None before and after."""
    return getattr(app, "_loop", None)
