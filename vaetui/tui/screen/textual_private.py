"""Private names of Textual: which ones are used, and what happens in a version that has others.

Checked with Textual 8.2.0 and 8.2.8; pyproject.toml admits only versions of that minor release. No other
package uses private names of Textual. Where one is missing, Textual's own drawing or driver is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip


def _has(owner: type, names: str) -> bool:
    """Return whether instances have all `names`, as attributes of the class or set by a constructor."""
    known = set(dir(owner))
    for base in owner.__mro__:
        code = getattr(vars(base).get("__init__"), "__code__", None)
        known |= set(code.co_names) if code else set()
    return known.issuperset(names.split())


def _private(module: str, name: str, attributes: str = "") -> Any:
    """Return a name of Textual; a class that has no instances where it or an attribute is missing."""
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        return type(name, (), {})
    return found if not attributes or _has(found, attributes) else type(name, (), {})


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


def suspend(app: App[Any]) -> bool:
    """Stop the process where the app's own driver can; return whether it can."""
    suspend = getattr(getattr(app, "_driver", None), "suspend", None)
    if suspend is not None:
        suspend()
    return suspend is not None


def is_output_pending(app: App[Any]) -> bool:
    """Return whether output waits for a slow line; Textual has no public name for that."""
    writer = getattr(getattr(app, "_driver", None), "_writer_thread", None)
    queue = getattr(writer, "_queue", None)
    return queue is not None and queue.qsize() > 0


def event_loop(app: App[Any]) -> asyncio.AbstractEventLoop | None:
    """Return the loop in which the app runs, None before and after."""
    return getattr(app, "_loop", None)


def end(app: App[Any], code: int) -> None:
    """End the app at once, without running what is still in its queue."""
    close = getattr(app, "_close_messages_no_wait", None)
    if close is None or not hasattr(app, "_return_code"):
        app.exit(return_code=code)
        return
    app._return_code = code
    close()


def rendered_lines(screen: Screen[Any]) -> list[Strip]:
    """Return the lines of a screen, whether or not another covers it."""
    render: Callable[[], list[Strip]] | None
    render = getattr(getattr(screen, "_compositor", None), "render_strips", None)
    return render() if render else _joined_lines(screen)


def _joined_lines(screen: Screen[Any]) -> list[Strip]:
    """Return the lines of a screen from those of its innermost widgets, which do not overlap."""
    width, height = screen.size
    leaves = [w for w in screen.query("*") if w.region.area and w.is_on_screen and not list(w.children)]
    lines = [Strip.blank(width) for _ in range(height)]
    for widget in leaves:
        region = widget.region
        for y, strip in enumerate(widget.render_lines(Region(0, 0, *region.size)), region.y):
            before, after = lines[y].crop(0, region.x), lines[y].crop(region.right, width)
            lines[y] = Strip.join([before, strip, after])
    return lines
