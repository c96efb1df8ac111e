"""The base of the explorer: layout, updates, and the timer that checks files for changes."""

from __future__ import annotations

import functools
import gc
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from vaetui import heap
from vaetui.render.terminal import Terminal
from vaetui.render.theme import THEMES, default_theme, use_theme
from vaetui.runs.grid_metric import METRICS
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.runs.training_ends import end_sentences, ended
from vaetui.tui import keys
from vaetui.tui.dialogs.dialog import Dialog
from vaetui.tui.loading import jobs, sources
from vaetui.tui.loading.loader import Finished, Loader
from vaetui.tui.screen import terminal_session, textual_private
from vaetui.tui.screen.strips import SYSTEMS
from vaetui.tui.screen.terminal_app import TerminalApp, textual_theme
from vaetui.tui.session import SessionFile
from vaetui.tui.state.app_state import AppState
from vaetui.tui.state.loaded import FileStamps, Loaded, Values
from vaetui.tui.state.notice import Notice, NoticePosted
from vaetui.tui.state.run_list import RunListSettings
from vaetui.tui.state.view_state import view_state
from vaetui.tui.views import View
from vaetui.tui.views import view as view_of
from vaetui.tui.views.base import SelectionChanged
from vaetui.tui.widgets.bars import KeyLine, NoticeLine, Tabs, TooSmall
from vaetui.tui.widgets.header import Header, HeaderNotes
from vaetui.tui.widgets.run_pane import ROOM_FOR_PANE, RunPane
from vaetui.tui.widgets.sidebar import Sidebar

if TYPE_CHECKING:
    from vaetui.render.kitty_pictures import KittyPictures

POLL_SECONDS = 0.5
ROOM_FOR_GRID, ROOM_FOR_WIDE_GRID = 80, 130  # columns
OPENING = frozenset(
    {"help", "train", "stop", "run_list", "export", "report", "command_palette", "messages"}
)  # actions that open a dialog
ROOM_FOR_RULE = 23  # rows; below that the line under the tabs goes to the view
NOTICE_SECONDS = 8.0  # that a notice is shown
GREETING_SECONDS = 60.0  # that the first line of the first start is shown
# What is seen at the first start, and the next keys.
GREETING_OF_LOSS = "The loss of each epoch, as the run trains: 2 shows reconstructions, ? help"
GREETING_OF_CHOICE = "Images over reconstructions by the model best on validation: → next, ? help"
GREETING = "Images over their reconstructions: → next image, ? help"


class BaseApp(TerminalApp[None]):
    """The explorer without its actions.

    `session` is the session file, None for none; `theme` and `view` take precedence over what it holds.
    """

    TITLE = "vaetui"
    BINDINGS = keys.bindings()
    CSS = """
    Header, NoticeLine, KeyLine { height: 1; }
    #body { height: 1fr; }
    #pane { width: 1fr; }
    Sidebar { width: 24; }
    .-wide Sidebar { width: 35; }
    .-folded Sidebar { display: none; }
    RunPane { width: 66; display: none; }
    .-listed RunPane { display: block; }
    Tabs { height: 2; }
    .-short Tabs { height: 1; }
    View { height: 1fr; display: none; }
    View.-shown { display: block; }
    NoticeLine { display: none; }
    NoticeLine.-shown { display: block; }
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
        # Textual's colours are those of the environment; `terminal` was detected with more care.
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
        self.state.run_list = RunListSettings(has_pane=last.run_pane)
        self.metric = next(metric for metric in METRICS if metric.name == last.metric)
        self.data_folder = data_folder
        self.loader = Loader(self, self.update)
        self.values = Values()
        # The view that is shown; by default the first run decides: Loss while it trains, else Reconstruct.
        self._active: str | None = view or None
        self._views: dict[str, View] = {}  # those that have been shown
        self._hint = Notice()  # the greeting, or why the last key did nothing
        self._wants_grid = last.grid  # None: where it fits beside the view
        self._past_epoch: int | None = None  # that header and sidebar show

    def _pictures(self, terminal: Terminal) -> tuple[Terminal, KittyPictures | None, str]:
        if terminal.glyphs not in ("kitty", "sixel"):
            return terminal, None, ""
        from vaetui.render.kitty_pictures import open_pictures

        send = functools.partial(textual_private.write, self)
        return open_pictures(terminal, send, in_tmux=bool(os.environ.get("TMUX")))

    def exit(self, *args: Any, **settings: Any) -> None:
        """Quit; delete the terminal's pictures while their screen is still shown."""
        if self.kitty_pictures is not None:
            self.kitty_pictures.close()
        super().exit(*args, **settings)

    # --- layout

    def compose(self) -> ComposeResult:
        """Lay out header, sidebar beside the views, notice and keys."""
        yield Header(self.terminal)
        with Horizontal(id="body"):
            yield Sidebar(self.terminal)
            with Vertical(id="pane"):
                yield Tabs(self.terminal)
            yield RunPane(self.state, self.terminal)
        yield NoticeLine(self.terminal)
        yield KeyLine(self.terminal)
        yield TooSmall(self.terminal)

    def preload(self) -> None:
        """Begin to load the images of the selected run while the app starts."""
        if self.state.runs.run is not None:
            self.loader.preload(sources.images(self.state.runs.run, 0, self.data_folder, self.loader.cache))

    def on_mount(self) -> None:
        """Show the first frame; images follow once they are loaded."""
        self._arrange(self.size.width, self.size.height)
        self.read_stamps()
        self.update()
        self.set_interval(POLL_SECONDS, self._poll)
        self.set_interval(heap.TRIM_SECONDS, heap.trim)
        if self.session.read_error:
            self.show_notice(self.session.read_error)
        elif self._caveat:
            self.show_notice(self._caveat)
        elif not self.state.runs.library.unread:
            self._greet()
        self.call_after_refresh(self._read_more)
        if not self.is_headless:
            self.call_after_refresh(_collect_again)

    def _greet(self) -> None:
        """Say at the first start what is seen and which keys are next, until a key does something."""
        runs, title = self.state.runs, self.view.title
        if self.session.is_first and runs.run is not None and title in keys.VIEWS[:2]:
            seen = GREETING_OF_CHOICE if runs.is_chosen else GREETING
            greeting = GREETING_OF_LOSS if title == keys.VIEWS[0] else seen
            self._hint = Notice(greeting, is_greeting=True)
            self._show_notice(self._hint, GREETING_SECONDS)
        self.session.is_first = False

    def on_unmount(self) -> None:
        """Save the session."""
        run = self.state.runs.run
        shown = (self._active or "", self.theme, self.metric.name, self._wants_grid)
        self.session.save(*shown, run.path if run else None, run_pane=self.state.run_list.has_pane)

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
        screen.set_class(self.state.run_list.has_pane and width >= ROOM_FOR_PANE, "-listed")

    @property
    def view(self) -> View:
        """Return the view that is shown; it is mounted once it is needed."""
        title = self._active or keys.VIEWS[0]
        if title not in self._views:
            self._views[title] = view_of(title)(self.terminal)
            self.screen_stack[0].query_one("#pane").mount(self._views[title])
        return self._views[title]

    @property
    def facts(self) -> frozenset[str]:
        """Return the facts on which keys depend, as the key table names them."""
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
        """Show the present state everywhere on the screen; only lines that changed are sent."""
        if not self.is_running:  # it is closing: its widgets are removed one by one
            return
        screen, runs = self.screen_stack[0], self.state.runs
        if self._active is None and runs.run is not None:
            is_new = runs.run.alive or not runs.run.epochs
            self._active = keys.VIEWS[0] if is_new else self.session.last.view or keys.VIEWS[1]
        view, state = self.view, self.state
        values = sources.load_values(self.loader, state, self.data_folder, view.needs(state.selection))
        state.follow(values)
        screen.query_one(Header).show(
            runs.family,
            runs.run,
            runs.marked,
            HeaderNotes(runs.place, len(runs.in_training), runs.trains_elsewhere, state.replaced(values)),
        )
        screen.query_one(Sidebar).show(runs.family, runs.run, self.metric, runs.marked)
        if screen.has_class("-listed"):
            screen.query_one(RunPane).follow()
        screen.query_one(Tabs).show(view.title)
        kinds = (jobs.DOWNLOAD, jobs.TRAINER, jobs.REPORT)
        progress = next(filter(None, map(self.loader.progress, kinds)), "")
        notice = state.current_notice(values, progress)
        screen.query_one(NoticeLine).show(notice.sentence, notice.is_trouble)
        for other in self._views.values():
            if other is not view and other.has_class("-shown"):
                other.leave()
            other.set_class(other is view, "-shown")
        self.update_view(values)
        if screen.focused is not view:
            screen.set_focus(view)
        for dialog in self.screen_stack[1:]:
            if isinstance(dialog, Dialog):
                dialog.follow()

    def update_view(self, values: Values | None = None) -> None:
        """Show the view and its keys, all that depends on the selection; load `values` if not given."""
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
        if view.past_epoch != self._past_epoch:
            self._past_epoch = view.past_epoch
            self.screen_stack[0].query_one(Header).show_epoch(view.past_epoch)
            self.screen_stack[0].query_one(Sidebar).show_epoch(view.past_epoch)
        self.screen_stack[0].query_one(KeyLine).show(view.title, self.facts)

    # --- changes of files, results of jobs, messages of views

    def _poll(self) -> None:
        if terminal_session.has_hung_up() and not self.is_headless:
            self.exit(return_code=129)
            return
        self.state.has_polled = True
        in_training = self.state.runs.in_training
        if self.state.runs.poll() | self.read_stamps():
            self._report_ends(ended(in_training, self.state.runs.library.runs))
            self.update()

    def _report_ends(self, runs: Sequence[Run]) -> None:
        """Show which trainings have ended, and how."""
        for sentence, is_failure in end_sentences(runs):
            self.show_notice(sentence, is_trouble=is_failure)

    def read_stamps(self) -> bool:
        """Read the stamps of the selected run's files; return whether they changed."""
        run, before = self.state.runs.run, self.state.stamps
        self.state.stamps = sources.read_stamps(run.path) if run else FileStamps()
        return self.state.stamps != before

    def _read_more(self) -> None:
        """Read the runs that the first frame did not wait for, a few at a time."""
        if self.state.runs.library.unread:
            self._poll()
            self.call_after_refresh(self._read_more)
        else:
            self._greet()

    def on_finished(self, message: Finished) -> None:
        """Show the result of a task."""
        self.loader.finish(message)
        self.update()

    def on_notice_posted(self, message: NoticePosted) -> None:
        """Show the notice of a view or a thread."""
        self.show_notice(message.sentence, seconds=message.seconds)

    def show_notice(self, sentence: str, *, is_trouble: bool = False, seconds: float | None = None) -> None:
        """Show a sentence in the notice line for `seconds`, None for the usual time, and log it."""
        notice = Notice(sentence, is_trouble)
        self.state.log.add(notice)
        self._show_notice(notice, NOTICE_SECONDS if seconds is None else seconds)

    def _show_notice(self, notice: Notice, seconds: float) -> None:
        self.state.notice = notice
        self.update()
        if seconds < math.inf:
            self.set_timer(seconds, functools.partial(self._remove_notice, notice))

    def _remove_notice(self, notice: Notice) -> None:
        if self.state.notice is notice:
            self.state.notice = Notice()
            self.update()

    def on_selection_changed(self, message: SelectionChanged) -> None:
        """Show another selection."""
        self.state.selection = message.apply(self.state.selection)
        if self.state.selection.gallery.lacks_ranking:  # it may be cached: then the selection follows it
            self.update()
        else:
            self.update_view()

    def on_room_changed(self) -> None:
        """Show the view and its keys for the new size."""
        self.update_view()

    async def action_key(self, name: str) -> None:
        """Run the action of a key, or say why it does nothing now; while nothing can be seen only quit."""
        view, is_small = self.view, self.screen_stack[0].has_class("-small")
        found = keys.find(view.title, name)
        if found is None:
            reason = keys.elsewhere(view.title, name)
        elif found[0].needs and found[0].needs not in self.facts:
            reason = self._reason_against(*found)
        else:
            row, key = found
            if self.state.notice is self._hint:
                self._remove_notice(self._hint)
            if not (row.view and is_small):
                await self.run_action(key.action, view if row.view else self)
            return
        if not is_small:
            self.show_hint(reason)

    def show_hint(self, reason: str) -> None:
        """Show why a key did nothing, until the next key that does something; the log does not keep it."""
        if reason != self.state.notice.sentence:
            self._hint = Notice(reason)
            self._show_notice(self._hint, NOTICE_SECONDS)

    def _reason_against(self, row: keys.KeyGroup, key: keys.Key) -> str:
        """Return why a key does nothing in this view: what the view knows, else what the table says."""
        own = self.view.why_not(row.needs) if row.view else ""
        if row.needs == "absent" and self.loader.is_busy(jobs.DOWNLOAD, self.state.dataset):
            own = "this dataset is being downloaded"
        return f"{key.cap}: {own or keys.reason(row)}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Allow only quitting while the terminal is too small, and one dialog at a time."""
        if action in OPENING and len(self.screen_stack) > 1:
            return False
        return action in ("key", "quit", "suspend_process") or not self.screen_stack[0].has_class("-small")


def _collect_again() -> None:
    """Enable garbage collection, except among the many objects that stay, which would take long."""
    gc.freeze()
    gc.enable()
