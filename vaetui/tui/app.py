"""The explorer: layout, actions, and the one timer that looks for what changed."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from vaetui import heap
from vaetui.render.terminal import Terminal
from vaetui.render.theme import THEMES, default_theme, use_theme
from vaetui.runs.families import Column
from vaetui.runs.grid_metric import METRICS
from vaetui.runs.run_index import RunIndex
from vaetui.tui import keys
from vaetui.tui.dialog_actions import DialogActions
from vaetui.tui.dialogs.dialog import Palette
from vaetui.tui.dialogs.help import Help
from vaetui.tui.loading import jobs, sources
from vaetui.tui.loading.loader import Finished, Loader
from vaetui.tui.screen import terminal_session, textual_private
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.strips import SYSTEMS
from vaetui.tui.screen.terminal_app import textual_theme
from vaetui.tui.session import SessionFile
from vaetui.tui.state.app_state import AppState
from vaetui.tui.state.loaded import FileStamps, Loaded, Values
from vaetui.tui.state.notice import NoticePosted
from vaetui.tui.state.run_selection import BETA, LATENT
from vaetui.tui.state.view_state import view_state
from vaetui.tui.views import View
from vaetui.tui.views import view as view_of
from vaetui.tui.views.base import SelectionChanged
from vaetui.tui.widgets.bars import Header, KeyLine, NoticeLine, Tabs, TooSmall
from vaetui.tui.widgets.sidebar import Sidebar

if TYPE_CHECKING:
    from vaetui.render.kitty_pictures import KittyPictures

POLL_SECONDS = 0.5
ROOM_FOR_GRID, ROOM_FOR_WIDE_GRID = 80, 130  # columns
OPENING = frozenset(
    {"help", "train", "stop", "find", "export", "command_palette"}
)  # actions that open a dialog
ROOM_FOR_RULE = 23  # rows; below that the line under the tabs goes to the view


class Explorer(DialogActions):
    """The whole app. Tests give it a `terminal`; `explore` gives it the one that it found.

    `session` is the session file, None for none; `theme` and `view` go before what it holds.
    """

    TITLE = "vaetui"
    BINDINGS = keys.bindings("")
    CSS = """
    Header, NoticeLine, KeyLine { height: 1; }
    #body { height: 1fr; }
    #pane { width: 1fr; }
    Sidebar { width: 24; }
    .-wide Sidebar { width: 35; }
    .-folded Sidebar { display: none; }
    Tabs { height: 2; }
    .-short Tabs { height: 1; }
    View { height: 1fr; display: none; }
    View.-shown { display: block; }
    NoticeLine { display: none; }
    NoticeLine.-told { display: block; }
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
        session: Path | None = None,
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
        for each in THEMES.values():
            self.register_theme(textual_theme(each))
        self.terminal, self.kitty_pictures, self._caveat = self._pictures(terminal)
        self.session = SessionFile(session)
        last = self.session.last
        self.theme = theme or last.theme or default_theme(terminal)
        use_theme(self.theme)
        self.state = AppState(runs, tuple(wanted), last.run(runs.folder))
        self.metric = last.metric_index
        self.data_folder = data_folder
        self.loader = Loader(self, self.update)
        self.values = Values()
        self.trainers = []
        # The view that is seen; the first run decides: curves of what trains, digits of what is done.
        self._active: str | None = view or None
        self._views: dict[str, View] = {}  # those that have been looked at
        self._wants_grid = last.grid  # None: where it fits beside the view

    def _pictures(self, terminal: Terminal) -> tuple[Terminal, KittyPictures | None, str]:
        if terminal.glyphs not in ("kitty", "sixel"):
            return terminal, None, ""
        from vaetui.render.kitty_pictures import open_pictures

        return open_pictures(terminal, self._send, in_tmux=bool(os.environ.get("TMUX")))

    def _send(self, text: str) -> None:
        textual_private.write(self, text)

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
        yield NoticeLine(self.terminal)
        yield KeyLine(self.terminal)
        yield TooSmall(self.terminal)

    def preload(self) -> None:
        """Begin to load the images of the selected run while the app starts."""
        if self.state.runs.run is not None:
            self.loader.preload(sources.images(self.state.runs.run, 0, self.data_folder, self.loader.cache))

    def on_mount(self) -> None:
        """Show what there is; images are loaded meanwhile and follow."""
        self._arrange(self.size.width, self.size.height)
        self._look_at_files()
        self.update()
        self.set_interval(POLL_SECONDS, self._poll)
        self.set_interval(heap.TRIM_SECONDS, heap.trim)
        if self.session.read_error:
            self.show_notice(self.session.read_error)
        elif self._caveat:
            self.show_notice(self._caveat)
        self.call_after_refresh(self._go_on_reading)
        if not self.is_headless:
            self.call_after_refresh(_collect_again)

    def on_unmount(self) -> None:
        """Remember how it was left."""
        self._remember()

    def _remember(self) -> None:
        run = self.state.runs.run
        metric = METRICS[self.metric].name
        self.session.save(self._active or "", self.theme, metric, self._wants_grid, run.path if run else None)

    def on_resize(self, event: events.Resize) -> None:
        """Lay the screen out for its new size."""
        if self.is_running:
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
        images = self.values.images.value
        facts = self.state.runs.facts | self.view.facts
        if self.state.runs.run is not None and not self.screen_stack[0].has_class("-folded"):
            facts |= {"grid"}
        if self.terminal.depth != "none":
            facts |= {"colours"}
        if images and images.is_missing and not self.loader.is_busy(jobs.DOWNLOAD, self.state.dataset):
            facts |= {"absent"}
        return facts

    def update(self) -> None:
        """Show every part of the screen what there is now; each sends only the lines that changed."""
        if not self.is_running:  # it is closing: its widgets are removed one by one
            return
        screen, runs = self.screen_stack[0], self.state.runs
        if self._active is None and runs.run is not None:
            is_new = runs.run.alive or not runs.run.epochs
            self._active = keys.VIEWS[0] if is_new else self.session.last.view or keys.VIEWS[1]
        view, state = self.view, self.state
        values = sources.load_values(self.loader, state, self.data_folder, view.needs(state.selection))
        state.follow(values)
        screen.query_one(Header).show(runs.family, runs.run, runs.place, runs.marked)
        screen.query_one(Sidebar).show(runs.family, runs.run, METRICS[self.metric], runs.marked)
        screen.query_one(Tabs).show(view.title)
        progress = self.loader.progress(jobs.DOWNLOAD) or self.loader.progress(jobs.TRAINER)
        notice = state.current_notice(values, progress)
        screen.query_one(NoticeLine).show(notice.sentence, notice.is_trouble)
        for other in self._views.values():
            if other is not view and other.has_class("-shown"):
                other.leave()
            other.set_class(other is view, "-shown")
        self.update_view(values)
        if screen.focused is not view:
            screen.set_focus(view)

    def update_view(self, values: Values | None = None) -> None:
        """Load what the view needs, unless that is done, and show it: all that depends on the selection."""
        if not self.is_running:
            return
        view, state = self.view, self.state
        if values is None:
            values = sources.load_values(self.loader, state, self.data_folder, view.needs(state.selection))
        self.values = values
        shown, loaded = view_state(state, values), dict[str, Loaded[Any]]()
        for request in view.requests(shown, loaded):
            loaded[request.key[0]] = self.loader.get(request)
        view.show(shown, loaded)
        self.screen_stack[0].query_one(KeyLine).show(view.title, self.facts)

    # --- what changes by itself

    def _poll(self) -> None:
        if terminal_session.has_hung_up() and not self.is_headless:
            self.exit(return_code=129)
            return
        self.state.has_polled = True
        if self.state.runs.poll() | self._look_at_files():
            self.update()

    def _look_at_files(self) -> bool:
        """Look at the files of the selected run. Returns whether they changed."""
        run, before = self.state.runs.run, self.state.stamps
        self.state.stamps = sources.read_stamps(run.path) if run else FileStamps()
        return self.state.stamps != before

    def _go_on_reading(self) -> None:
        """Read the runs that the first frame did not wait for, a few at a time."""
        if self.state.runs.library.unread:
            self._poll()
            self.call_after_refresh(self._go_on_reading)

    def on_finished(self, message: Finished) -> None:
        """Show what was loaded."""
        self.loader.finish(message)
        self.update()

    def on_notice_posted(self, message: NoticePosted) -> None:
        """Tell what a view, or a thread, has to tell."""
        self.show_notice(message.sentence, seconds=message.seconds)

    # --- actions

    def on_selection_changed(self, message: SelectionChanged) -> None:
        """Look at another digit, noise, path or step."""
        self.state.selection = message.apply(self.state.selection)
        if self.state.selection.gallery.lacks_ranking:  # it may be cached: then the selection follows it
            self.update()
        else:
            self.update_view()

    def on_room_changed(self) -> None:
        """Load what is seen in the new size, and name the keys that do something."""
        self.update_view()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Do nothing but leave while the terminal is too small to see what is done; one dialog at a time."""
        if action in OPENING and len(self.screen_stack) > 1:
            return False
        return action in ("quit", "suspend_process") or not self.screen_stack[0].has_class("-small")

    def show_selected(self, is_other: bool = True) -> None:
        """Show another run, if it is another."""
        if is_other:
            self._look_at_files()
            self.update()

    def action_latent(self, by: int) -> None:
        """To the checkpoint with the next latent size."""
        self.show_selected(self.state.runs.move(LATENT, by))

    def action_beta(self, by: int) -> None:
        """To the checkpoint with the next β."""
        self.show_selected(self.state.runs.move(BETA, by))

    def action_select(self, latent: int, column: Column) -> None:
        """To the checkpoint in a cell of the grid."""
        self.show_selected(self.state.runs.select(latent, column))

    def action_family(self) -> None:
        """To the next family of runs."""
        self.show_selected(self.state.runs.next_family())

    def action_mark(self) -> None:
        """Mark the run, or take its mark away."""
        if self.state.runs.mark():
            self.update()

    def action_unmark_all(self) -> None:
        """Take every mark away."""
        if self.state.runs.unmark_all():
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
        names = list(THEMES)
        if "colours" in self.facts:
            self.wear(names[(names.index(self.theme) + 1) % len(names)])

    def wear(self, name: str) -> None:
        """Paint everything in the colours of a theme, and remember it."""
        use_theme(name)
        self.theme = name
        for widget in self.screen_stack[0].query(Painted):
            widget.repaint()
        self._remember()
        if self.session.write_error:
            self.show_notice(self.session.take_write_error())

    def action_view(self, title: str) -> None:
        """Look at another view."""
        self._active = title
        self.update()

    def action_help(self) -> None:
        """Every key and what it does."""
        self.push_screen(Help(self.view.title, self.terminal))

    def action_command_palette(self) -> None:
        """Every command by name."""
        self.push_screen(Palette(id="--command-palette"))

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
        for theme in THEMES.values() if "colours" in self.facts else ():
            yield SystemCommand(
                f"theme {theme.name}", theme.description, functools.partial(self.wear, theme.name)
            )


def _collect_again() -> None:
    """Let garbage be collected from now on, but not looked for among what stays: that would take a while."""
    gc.freeze()
    gc.enable()
