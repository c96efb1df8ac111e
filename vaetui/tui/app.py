"""The explorer: layout, actions, and the one timer that looks for what changed."""

from __future__ import annotations

import functools
import gc
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from vaetui.render.terminal import Terminal
from vaetui.runs import view_commands
from vaetui.runs.families import Column
from vaetui.runs.run_index import RunIndex
from vaetui.tui import heap, keys
from vaetui.tui.app_state import Study, Told
from vaetui.tui.dialog_actions import DialogActions
from vaetui.tui.dialogs.dialog import Palette
from vaetui.tui.dialogs.help import Help
from vaetui.tui.jobs import Jobs
from vaetui.tui.reader import Came, Reader
from vaetui.tui.screen import terminal_session
from vaetui.tui.screen import theme as look
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.strips import SYSTEMS
from vaetui.tui.session import Notes
from vaetui.tui.state.grid_metric import METRICS
from vaetui.tui.state.run_selection import BETA, LATENT
from vaetui.tui.views import View
from vaetui.tui.views import view as view_of
from vaetui.tui.views.base import Change, CommandWanted, News
from vaetui.tui.widgets.bars import Header, KeyLine, Notice, Tabs, TooSmall
from vaetui.tui.widgets.sidebar import Sidebar

if TYPE_CHECKING:
    from vaetui.tui.screen.kitty_pictures import KittyPictures

POLL_SECONDS = 0.5
TOLD_SECONDS = 8.0  # that a sentence stays
ROOM_FOR_GRID, ROOM_FOR_WIDE_GRID = 80, 130  # columns
OPENING = frozenset(
    {"help", "train", "stop", "find", "export", "command_palette"}
)  # actions that open a dialog
ROOM_FOR_RULE = 23  # rows; below that the line under the tabs goes to the view


class Explorer(DialogActions):
    """The whole app. Tests give it a `terminal`; `explore` gives it the one that it found.

    `state` is the file of what is remembered, None for nothing; `theme` and `view` go before what is
    remembered.
    """

    TITLE = "vaetui"
    BINDINGS = keys.bindings("")
    CSS = """
    Header, Notice, KeyLine { height: 1; }
    #body { height: 1fr; }
    #pane { width: 1fr; }
    Sidebar { width: 24; }
    .-wide Sidebar { width: 35; }
    .-folded Sidebar { display: none; }
    Tabs { height: 2; }
    .-short Tabs { height: 1; }
    View { height: 1fr; display: none; }
    View.-shown { display: block; }
    Notice { display: none; }
    Notice.-told { display: block; }
    TooSmall { display: none; height: 1fr; }
    Screen.-small > * { display: none; }
    Screen.-small > TooSmall { display: block; }
    """

    def __init__(
        self,
        runs: RunIndex,
        data_folder: Path,
        terminal: Terminal,
        wanted: Sequence[Path] = (),
        state: Path | None = None,
        theme: str = "",
        view: str = "",
    ) -> None:
        super().__init__(ansi_color=True if terminal.depth in ("16", "none") else None)
        # Textual took its colours from the environment; the terminal was asked with more care.
        self.console = Console(
            file=self.console.file,
            color_system=SYSTEMS[terminal.depth],  # type: ignore[arg-type]
            force_terminal=True,
            legacy_windows=False,
            highlight=False,
            emoji=False,
            _environ={},
        )
        for each in look.THEMES.values():
            self.register_theme(each.for_textual())
        self.terminal, self.kitty_pictures, self._caveat = self._pictures(terminal)
        self.notes = Notes(state)
        last = self.notes.memory
        self.theme = theme or last.theme or look.default_theme(terminal)
        look.use_theme(self.theme)
        self.study = Study(runs, tuple(wanted), last.run(runs.folder))
        self.metric = last.place
        self.data_folder = data_folder
        self.reader = Reader(self, self.study, data_folder, self.update, self.tell)
        self.jobs = Jobs(self, data_folder, self.tell, lambda: runs.runs, self.reader.read_images)
        # The view that is seen; the first run decides: curves of what trains, digits of what is done.
        self._active: str | None = view or None
        self._views: dict[str, View] = {}  # those that have been looked at
        self._wants_grid = last.grid  # None: where it fits beside the view

    def _pictures(self, terminal: Terminal) -> tuple[Terminal, KittyPictures | None, str]:
        if terminal.glyphs not in ("kitty", "sixel"):
            return terminal, None, ""
        from vaetui.tui.screen.kitty_pictures import open_pictures

        return open_pictures(terminal, self._send, in_tmux=bool(os.environ.get("TMUX")))

    def _send(self, text: str) -> None:
        assert self._driver is not None
        self._driver.write(text)

    def exit(self, *args: Any, **settings: Any) -> None:
        """Leave; the terminal forgets the pictures while it still shows the screen that they are of."""
        if self.kitty_pictures is not None:
            self.kitty_pictures.close()
        super().exit(*args, **settings)

    # --- layout

    def compose(self) -> ComposeResult:
        """Header, sidebar beside the views, notice, keys."""
        yield Header(self.terminal)
        with Horizontal(id="body"):
            yield Sidebar(self.terminal)
            with Vertical(id="pane"):
                yield Tabs(self.terminal)
        yield Notice(self.terminal)
        yield KeyLine(self.terminal)
        yield TooSmall(self.terminal)

    def on_mount(self) -> None:
        """Show what is there; images are read meanwhile and follow."""
        self._arrange(self.size.width, self.size.height)
        self.update()
        self.set_interval(POLL_SECONDS, self._poll)
        self.set_interval(heap.TRIM_SECONDS, heap.trim)
        if self.notes.trouble:
            self.tell(self.notes.trouble)
        elif self._caveat:
            self.tell(self._caveat)
        self._read()
        self.call_after_refresh(self._go_on_reading)
        if not self.is_headless:
            self.call_after_refresh(_collect_again)

    def on_unmount(self) -> None:
        """Remember how it was left."""
        self._remember()

    def _remember(self) -> None:
        run = self.study.browser.run
        metric = METRICS[self.metric].name
        self.notes.keep(self._active or "", self.theme, metric, self._wants_grid, run.path if run else None)

    def on_resize(self, event: events.Resize) -> None:
        """Lay the screen out for its new size."""
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, width: int, height: int) -> None:
        screen = self.screen_stack[0]
        has_room = width >= ROOM_FOR_GRID if self._wants_grid is None else self._wants_grid
        screen.set_class(width < TooSmall.wanted[0] or height < TooSmall.wanted[1], "-small")
        screen.set_class(not has_room, "-folded")
        screen.set_class(width >= ROOM_FOR_WIDE_GRID, "-wide")
        screen.set_class(height < ROOM_FOR_RULE, "-short")

    @property
    def view(self) -> View:
        """The view that is seen, mounted when it is first asked for."""
        title = self._active or keys.VIEWS[0]
        if title not in self._views:
            made = self._views[title] = view_of(title)(self.terminal)
            self.screen_stack[0].query_one("#pane").mount(made)
        return self._views[title]

    @property
    def facts(self) -> frozenset[str]:
        """What there is to act on now, as the key table names it."""
        has_grid = self.study.browser.run is not None and not self.screen_stack[0].has_class("-folded")
        is_absent = self.study.is_absent() and self.study.dataset() not in self.jobs.downloads
        found = {"grid": has_grid, "colours": self.terminal.depth != "none", "absent": is_absent}
        here = {fact for fact, holds in found.items() if holds}
        return self.study.browser.facts() | self.view.facts | here

    def update(self) -> None:
        """Show every part of the screen what there is now; each sends only the lines that changed."""
        if not self.screen_stack:  # it is being left
            return
        screen, browser = self.screen_stack[0], self.study.browser
        if self._active is None and browser.run is not None:
            is_new = browser.run.alive or not browser.run.epochs
            self._active = keys.VIEWS[0] if is_new else self.notes.memory.view or keys.VIEWS[1]
        view = self.view
        scene = self.study.scene(view.needs_model)
        screen.query_one(Header).show(browser.family, browser.run, browser.place, browser.marked)
        screen.query_one(Sidebar).show(browser.family, browser.run, METRICS[self.metric], browser.marked)
        screen.query_one(Tabs).show(view.title)
        notice = self.study.notice()
        screen.query_one(Notice).show(notice.sentence, notice.is_trouble)
        for other in self._views.values():
            if other is not view and other.has_class("-shown"):
                other.leave()
            other.set_class(other is view, "-shown")
        view.show(scene)
        screen.query_one(KeyLine).show(view.title, self.facts)
        if screen.focused is not view:
            screen.set_focus(view)

    # --- reading

    def _poll(self) -> None:
        if terminal_session.has_hung_up() and not self.is_headless:
            self.exit(return_code=129)
        elif self.study.poll():
            self.update()
            self._read()

    def _go_on_reading(self) -> None:
        """Read the runs that the first frame did not wait for, a few at a time."""
        if self.study.browser.library.unread:
            self._poll()
            self.call_after_refresh(self._go_on_reading)

    def _read(self) -> None:
        """Begin to read what is wanted and not here."""
        if not self.screen_stack:  # it is being left
            return
        self.reader.read(self.view.needs_model, self.view.wants)

    def on_came(self, message: Came) -> None:
        """Show what has come."""
        self.reader.take(message)
        self.update()
        self._read()

    def tell(self, sentence: str, *, is_trouble: bool = False, seconds: float | None = None) -> None:
        """Tell something in the notice line for `seconds`, some by themselves, or until the next is told."""
        seconds = TOLD_SECONDS if seconds is None else seconds
        told = self.study.told = Told(sentence, is_trouble)
        self.update()
        if seconds < math.inf:
            self.set_timer(seconds, functools.partial(self._forget, told))

    def _forget(self, told: Told) -> None:
        if self.study.told is told:
            self.study.told = Told()
            self.update()

    def on_news(self, message: News) -> None:
        """Tell what a view, or a thread, has to tell."""
        self.tell(message.sentence, seconds=message.seconds)

    # --- actions

    def on_change(self, message: Change) -> None:
        """Look at another digit, noise, path or step."""
        self.study.subject = message.apply(self.study.subject)
        self.update()
        self._read()

    def on_room_changed(self) -> None:
        """Name the keys that do something in the new size."""
        if self.screen_stack:  # else it is being left
            self.screen_stack[0].query_one(KeyLine).show(self.view.title, self.facts)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Do nothing but leave while the terminal is too small to see what is done; one dialog at a time."""
        if action in OPENING and len(self.screen_stack) > 1:
            return False
        return action in ("quit", "suspend_process") or not self.screen_stack[0].has_class("-small")

    def look(self, is_other: bool = True) -> None:
        """Show another run, if it is another."""
        if is_other:
            self.update()
            self._read()

    def action_latent(self, by: int) -> None:
        """To the checkpoint with the next latent size."""
        self.look(self.study.browser.move(LATENT, by))

    def action_beta(self, by: int) -> None:
        """To the checkpoint with the next β."""
        self.look(self.study.browser.move(BETA, by))

    def action_select(self, latent: int, column: Column) -> None:
        """To the checkpoint in a cell of the grid."""
        self.look(self.study.browser.select(latent, column))

    def action_family(self) -> None:
        """To the next family of runs."""
        self.look(self.study.browser.next_family())

    def action_mark(self) -> None:
        """Mark the run, or take its mark away."""
        if self.study.browser.mark():
            self.update()

    def action_unmark_all(self) -> None:
        """Take every mark away."""
        if self.study.browser.unmark_all():
            self.update()

    def action_metric(self) -> None:
        """Colour the grid by the next figure."""
        self.metric = (self.metric + 1) % len(METRICS)
        self.update()

    def action_sidebar(self) -> None:
        """Fold the grid, or unfold it."""
        self._wants_grid = self.screen_stack[0].has_class("-folded")
        self._arrange(self.size.width, self.size.height)

    def action_theme(self) -> None:
        """To the next theme."""
        names = list(look.THEMES)
        if "colours" in self.facts:
            self.wear(names[(names.index(self.theme) + 1) % len(names)])

    def wear(self, name: str) -> None:
        """Paint everything in the colours of a theme, and remember it."""
        look.use_theme(name)
        self.theme = name
        for widget in self.screen_stack[0].query(Painted):
            widget.repaint()
        self._remember()
        if self.notes.untold:
            self.tell(self.notes.tell())

    def action_view(self, title: str) -> None:
        """Look at another view."""
        self._active = title
        self.update()
        self._read()

    def action_copy(self) -> None:
        """Copy the command line that makes what is seen, after what the keys before have changed."""
        self.view.post_message(CommandWanted())

    def on_command_wanted(self) -> None:
        """Copy it by OSC 52."""
        line = view_commands.line(self.view.command(), self.study.browser.library.folder, self.data_folder)
        self.copy_to_clipboard(line)
        self.tell(view_commands.told(line))

    def action_help(self) -> None:
        """Every key and what it does."""
        self.push_screen(Help(self.view.title, self.terminal))

    def action_command_palette(self) -> None:
        """Every command by name."""
        self.push_screen(Palette(id="--command-palette"))

    def action_download(self) -> None:
        """Download the images that others stand in for."""
        if "absent" in self.facts:
            self.jobs.download(self.study.dataset())

    def action_press(self, key: str) -> None:
        """Do what a key does, for the mouse and the palette."""
        self.simulate_key(key)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """What the command palette offers: every key that works now."""
        for row in keys.active_groups(self.view.title, self.facts):
            for key in row.keys:
                if key.action != "command_palette":
                    press = functools.partial(self.action_press, key.name)
                    yield SystemCommand(key.help, f"{row.view or 'everywhere'}: {key.cap}", press)
        for theme in look.THEMES.values() if "colours" in self.facts else ():
            yield SystemCommand(
                f"theme {theme.name}", theme.description, functools.partial(self.wear, theme.name)
            )


def _collect_again() -> None:
    """Let garbage be collected from now on, but not looked for among what stays: that would take a while."""
    gc.freeze()
    gc.enable()
