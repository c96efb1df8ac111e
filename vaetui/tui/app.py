"""The explorer: layout, actions, and the one timer that looks for what changed."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.worker import get_current_worker

from vaetui import launch
from vaetui.library import Column, Library, find
from vaetui.order import Order, order_of
from vaetui.render.terminal import Terminal
from vaetui.tui import guard, keys, look, store
from vaetui.tui.browser import BETA, LATENT
from vaetui.tui.dialogs.find import Find
from vaetui.tui.dialogs.stop import Stop
from vaetui.tui.dialogs.train import Train
from vaetui.tui.errands import Errands
from vaetui.tui.help import Help
from vaetui.tui.metric import METRICS
from vaetui.tui.scene import Codes, Shown
from vaetui.tui.study import Study, Told
from vaetui.tui.surveyor import Placed, Surveyor
from vaetui.tui.views import VIEWS, View
from vaetui.tui.views.view import Change
from vaetui.tui.widgets.bars import Header, KeyLine, Notice, Tabs, TooSmall
from vaetui.tui.widgets.grid import Sidebar
from vaetui.vae import Vae

POLL_SECONDS = 0.5
SLOW_SECONDS = 0.2  # after which waiting is told
TOLD_SECONDS = 8.0  # that a sentence stays
ROOM_FOR_GRID, ROOM_FOR_WIDE_GRID = 80, 130  # columns
ROOM_FOR_RULE = 23  # rows; below that the line under the tabs goes to the view
SYSTEMS = {"truecolor": "truecolor", "256": "256", "16": "standard", "none": "standard"}


@dataclass
class ImagesRead(Message):
    """The test images of `dataset` are here, or `notice` says why others or none are."""

    dataset: str
    shown: Shown | None
    notice: str
    is_absent: bool


@dataclass
class CodesRead(Message):
    """The codes of the test images by `vae` are here."""

    vae: Vae
    codes: Codes


class Explorer(App[None]):
    """The whole app. Tests give it a `terminal`; `explore` gives it the one that it found."""

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
        self, runs: Library, data_folder: Path, terminal: Terminal, wanted: Sequence[Path] = ()
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
        self.register_theme(look.THEME)
        self.theme = look.THEME.name
        self.terminal = terminal
        self.study = Study(runs, tuple(wanted))
        self.metric = 0
        self.data_folder = data_folder
        self.errands = Errands(self)
        # The view that is seen; the first run decides: curves of what trains, digits of what is done.
        self._active: str | None = None
        self._wants_grid: bool | None = None  # None: where it fits beside the view
        self._reading: set[str] = set()  # datasets
        self._coding: Vae | None = None  # the model whose codes are on their way

    # --- layout

    def compose(self) -> ComposeResult:
        """Header, sidebar beside the views, notice, keys."""
        yield Header(self.terminal)
        with Horizontal(id="body"):
            yield Sidebar(self.terminal)
            with Vertical(id="pane"):
                yield Tabs(self.terminal)
                for view in VIEWS:
                    yield view(self.terminal)
        yield Notice(self.terminal)
        yield KeyLine(self.terminal)
        yield TooSmall(self.terminal)

    def on_mount(self) -> None:
        """Show what is there; images follow the first frame."""
        self._arrange(self.size.width, self.size.height)
        self.update()
        self.set_interval(POLL_SECONDS, self._poll)
        self.call_after_refresh(self._read)

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
        """The view that is seen."""
        return self.screen_stack[0].query_one(f"#{self._active or keys.VIEWS[0]}", View)

    @property
    def facts(self) -> frozenset[str]:
        """What there is to act on now, as the key table names it."""
        has_grid = self.study.browser.run is not None and not self.screen_stack[0].has_class("-folded")
        is_absent = self.study.is_absent() and self.study.dataset() not in self.errands.downloads
        mine = {fact for fact, holds in {"grid": has_grid, "absent": is_absent}.items() if holds}
        return self.study.browser.facts() | self.view.facts | mine

    def update(self) -> None:
        """Show every part of the screen what there is now; each sends only the lines that changed."""
        screen, browser = self.screen_stack[0], self.study.browser
        if self._active is None and browser.run is not None:
            self._active = keys.VIEWS[0 if browser.run.alive or not browser.run.epochs else 1]
        view = self.view
        scene = self.study.scene(view.needs_model)
        screen.query_one(Header).show(browser.family, browser.run, browser.place)
        screen.query_one(Sidebar).show(browser.family, browser.run, METRICS[self.metric])
        screen.query_one(Tabs).show(view.title)
        notice = self.study.notice()
        screen.query_one(Notice).show(notice.sentence, notice.is_trouble)
        for other in screen.query(View):
            if other is not view and other.has_class("-shown"):
                other.leave()
            other.set_class(other is view, "-shown")
        view.show(scene)
        screen.query_one(KeyLine).show(view.title, self.facts)
        if screen.focused is not view:
            screen.set_focus(view)

    # --- reading

    def _poll(self) -> None:
        if guard.has_hung_up() and not self.is_headless:
            self.exit(return_code=129)
        elif self.study.poll():
            self.update()
            self._read()

    def _read(self) -> None:
        """Begin to read the images and codes that are wanted and not here."""
        dataset = self.study.dataset()
        if dataset and not self.study.has_images() and dataset not in self._reading:
            self.read_images(dataset)
            self.set_timer(SLOW_SECONDS, self._tell_waiting)
        if self.view.needs_codes:
            scene = self.study.scene(True)
            if scene.run and scene.vae and scene.shown and not scene.codes and scene.vae is not self._coding:
                self._coding = scene.vae
                work = functools.partial(self._read_codes, scene.run.path, scene.vae, scene.shown)
                self.run_worker(work, thread=True, exclusive=True, group="codes")

    def read_images(self, dataset: str) -> None:
        """Begin to read the test images of `dataset`, once more where others stand in for them."""
        self._reading.add(dataset)
        self.run_worker(functools.partial(self._read_images, dataset), thread=True)

    def _read_images(self, dataset: str) -> None:
        shown, notice = store.test_images(dataset, self.data_folder)
        is_absent = bool(notice) and store.is_absent(dataset, self.data_folder)
        self.post_message(ImagesRead(dataset, shown, notice, is_absent))

    def _read_codes(self, run: Path, vae: Vae, shown: Shown) -> None:
        worker = get_current_worker()
        codes = store.codes(run, vae, shown, lambda: worker.is_cancelled)
        if codes is not None:
            self.post_message(CodesRead(vae, codes))

    def _tell_waiting(self) -> None:
        if not self.study.has_images():
            self.study.waiting = "loading test images …"
            self.update()

    def on_images_read(self, message: ImagesRead) -> None:
        """Show the images that have come."""
        self.study.waiting = ""
        self.study.take_images(message.dataset, message.shown, message.notice, message.is_absent)
        self._coding = None
        self.update()
        self._read()

    def on_codes_read(self, message: CodesRead) -> None:
        """Show what the codes that have come tell."""
        self.study.take_codes(message.vae, message.codes)
        self.update()

    # --- actions

    def on_change(self, message: Change) -> None:
        """Look at another digit, noise, path or step."""
        self.study.subject = message.apply(self.study.subject)
        self.update()

    def on_room_changed(self) -> None:
        """Name the keys that do something in the new size."""
        self.screen_stack[0].query_one(KeyLine).show(self.view.title, self.facts)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Do nothing but leave while the terminal is too small to see what is done; no palette in dialogs."""
        if action == "command_palette" and len(self.screen_stack) > 1:
            return False
        return action == "quit" or not self.screen_stack[0].has_class("-small")

    def _look(self, is_other: bool) -> None:
        """Show another run, if it is another."""
        if is_other:
            self.update()
            self._read()

    def action_latent(self, by: int) -> None:
        """To the checkpoint with the next latent size."""
        self._look(self.study.browser.move(LATENT, by))

    def action_beta(self, by: int) -> None:
        """To the checkpoint with the next β."""
        self._look(self.study.browser.move(BETA, by))

    def action_select(self, latent: int, column: Column) -> None:
        """To the checkpoint in a cell of the grid."""
        self._look(self.study.browser.select(latent, column))

    def action_family(self) -> None:
        """To the next family of runs."""
        self._look(self.study.browser.next_family())

    def action_metric(self) -> None:
        """Colour the grid by the next figure."""
        self.metric = (self.metric + 1) % len(METRICS)
        self.update()

    def action_sidebar(self) -> None:
        """Fold the grid, or unfold it."""
        self._wants_grid = self.screen_stack[0].has_class("-folded")
        self._arrange(self.size.width, self.size.height)

    def action_view(self, title: str) -> None:
        """Look at another view."""
        self._active = title
        self.update()
        self._read()

    def action_help(self) -> None:
        """Every key and what it does."""
        self.push_screen(Help(self.view.title, self.terminal))

    def action_train(self) -> None:
        """Ask what to train, beginning with what the selected run was trained with."""
        run, surveyor = self.study.browser.run, Surveyor(self.study.browser.library.folder, self.data_folder)
        order = order_of(run.config) if run else Order()
        self.push_screen(Train(order, surveyor, self._begin, self.terminal))

    def _begin(self, placed: Placed) -> None:
        """Have runs that were prepared trained, and look at the first."""
        self.errands.start(placed)
        self.study.poll()
        self.study.browser.await_run(placed.paths[0])
        if placed.dataset in self._reading:
            self.read_images(placed.dataset)  # they may have been downloaded for it
        self.action_view(keys.VIEWS[0])

    def action_stop(self) -> None:
        """Stop the training of the selected run, if that is what is wanted."""
        run = self.study.browser.run
        if run is not None and run.alive:
            others = len(launch.companions(run, self.study.browser.library.runs))
            ask = Stop(run.name, others, self.terminal)
            self.push_screen(ask, lambda yes: self.errands.stop(run) if yes else None)

    def action_find(self) -> None:
        """Look for a run by name, size, β or state."""
        browser = self.study.browser
        if browser.run is not None:
            runs = [run for family in browser.families for run in family.runs]
            self.push_screen(Find(runs, browser.run.path, self.terminal), self._look_at)

    def _look_at(self, path: Path | None) -> None:
        if path is not None:
            self.study.browser.await_run(path)
            self._look(True)

    def action_download(self) -> None:
        """Download the images that others stand in for."""
        if "absent" in self.facts:
            self.errands.download(self.study.dataset())

    def tell(self, sentence: str, *, is_trouble: bool = False, lasts: bool = False) -> None:
        """Tell something in the notice line, for some seconds or, if it `lasts`, until the next is told."""
        told = self.study.told = Told(sentence, is_trouble)
        self.update()
        if not lasts:
            self.set_timer(
                TOLD_SECONDS, lambda: self.tell("", lasts=True) if self.study.told is told else None
            )

    def action_press(self, key: str) -> None:
        """Do what a key does, for the mouse and the palette."""
        self.simulate_key(key)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """What the command palette offers: every key that works now."""
        for row in keys.rows(self.view.title, self.facts):
            for key in row.keys:
                if key.action != "command_palette":
                    press = functools.partial(self.action_press, key.name)
                    yield SystemCommand(key.does, f"{row.view or 'everywhere'}: {key.cap}", press)


def explore(runs_folder: Path, data_folder: Path, names: list[str]) -> None:
    """Open the app on the runs of a folder, beginning with those named; returns when it is left.

    Raises `Problem` where the terminal cannot show it or a name means no run, `SystemExit` where a signal
    or an error ended it.
    """
    terminal = guard.open_terminal(os.environ)
    wanted = [find(runs_folder, name).path.absolute() for name in names]
    folder = wanted[0].parent.parent if wanted else runs_folder.absolute()
    if terminal.depth == "none":
        os.environ["NO_COLOR"] = "1"  # what Textual goes by
    else:
        os.environ.pop("NO_COLOR", None)
    app = Explorer(Library(folder), data_folder, terminal, wanted)
    guard.end_on_signals(app)
    app.run()
    if app.return_code:
        sys.exit(app.return_code)
