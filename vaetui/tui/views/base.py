"""What every view is: a painted pane that is shown a `ViewState`, and says when its selection changes."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.render.terminal import Terminal
from vaetui.render.theme import BRIGHT, DIM, TEXT
from vaetui.runs import lookup
from vaetui.runs.run_watcher import Run
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.player import Player
from vaetui.tui.state.loaded import MODEL, Loaded
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import ViewState

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent


@dataclass
class SelectionChanged(Message):
    """Change the selection, in every view.

    `apply` gets the selection of the moment when the message is handled: keys may be faster than the screen.
    """

    apply: Callable[[Selection], Selection]


@dataclass
class CommandRequested(Message):
    """Copy the view's command; sent through the view, so that it comes after every `SelectionChanged`."""


@dataclass
class RoomChanged(Message):
    """Look again at which keys do something: the size or the state of the view has changed."""


class View(Painted, can_focus=True):
    """One of the numbered views, `title` in the table of keys, where its bindings come from."""

    title: ClassVar[str]
    about: ClassVar[str]  # what is seen, how to read it, and the usual range of its figures
    KINDS: ClassVar[frozenset[str]] = frozenset({MODEL})  # of values that are loaded for it

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal, id=self.title)
        self.state = ViewState()
        self.past_epoch: int | None = None  # that it shows instead of the model
        self.loaded: Mapping[str, Loaded[Any]] = {}  # what was requested, by kind
        self.player = Player(self, self.play_on)

    def needs(self, selection: Selection) -> frozenset[str]:  # noqa: ARG002
        """Return the kinds of values that are loaded for `selection`, beside images."""
        return self.KINDS

    def requests(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:  # noqa: ARG002
        """Return what is to be loaded for `state` beside what it `needs`.

        `loaded` gets, by kind, what there is of each request before the next one is asked for.
        """
        return ()

    def show(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> None:
        """Show another state; paint only if it differs in what the picture depends on."""
        self.state, self.loaded = state, loaded
        self.repaint_if_changed(*self.concerns, loaded)

    @property
    def concerns(self) -> tuple[object, ...]:
        """Return the values that the picture depends on, to see whether it has to be painted again."""
        state = self.state
        images = (state.vae, state.shown, state.codes, state.selection)
        return (*images, state.trouble, state.waiting, state.advice)

    @property
    def room(self) -> Size:
        """Return the size that the view has or would have, also while another is seen."""
        return self.parent.size if isinstance(self.parent, Widget) else self.size

    @property
    def pointed_run(self) -> Run | None:
        """Return the run that is marked or unmarked by a key."""
        return self.state.run

    @property
    def facts(self) -> frozenset[str]:
        """Return what the conditions of its keys (`keys.py`) find, beside the facts about the runs."""
        return frozenset()

    def why_not(self, fact: str) -> str:  # noqa: ARG002
        """Return why a fact that its keys need does not hold, "" where the key table says it."""
        return self.state.trouble if MODEL in self.KINDS else ""

    async def on_mouse_scroll_up(self) -> None:
        """Do what the wheel does in this view."""
        await self.run_action("app.key('wheel-up')")

    async def on_mouse_scroll_down(self) -> None:
        """Do what the wheel does in this view."""
        await self.run_action("app.key('wheel-down')")

    def on_resize(self) -> None:
        """Tell the footer."""
        self.post_message(RoomChanged())

    def play_on(self) -> None:
        """Show the next frame while the view plays."""

    def leave(self) -> None:
        """Pause while another view is shown."""
        if self.player.stop():
            self.repaint()

    def content(self) -> ExportContent:
        """Return the numbers that it shows, for a file: what `content_of` in its module `content` returns."""
        from vaetui.export.content import run_arrays
        from vaetui.export.files import ExportContent
        from vaetui.export.images import Label

        module = import_module(f"{__package__}.{self.title.lower()}.content")
        found: ExportContent | None = module.content_of(self)
        vae, run = self.state.vae, self.state.run.path.name if self.state.run else ""
        name = "-".join(filter(None, (self.title.lower(), run)))
        found = found or ExportContent()  # the screen is all there is
        dataset = self.state.run.config.data.name if self.state.run else ""
        arrays = {**run_arrays(run, vae), **found.arrays} if found.arrays else {}
        epoch = int(arrays["epoch"]) if "epoch" in arrays else None
        step = vae.step if vae is not None and "epoch" not in found.arrays else 0
        words = found.description or f"the explorer's view {self.title}"
        label = Label(run, dataset, epoch, words, step)
        return dataclasses.replace(found, name=name, arrays=arrays, label=label)

    def command(self) -> list[str]:
        """Return the words after `vaetui` of the command that does the same, without run and data folders."""
        run = self.state.run
        return ["explore", *([lookup.run_argument(run)] if run else []), "--view", self.title]

    def change(self, apply: Callable[[Selection], Selection]) -> None:
        """Change the selection."""
        self.post_message(SelectionChanged(apply))

    def action_image(self, by: int) -> None:
        """Select the test image that is `by` further in the set."""
        if self.state.shown:
            images = len(self.state.shown)
            self.change(lambda selection: selection.moved(by, images))

    def paint(self, canvas: Canvas) -> None:
        """Paint the state, or what to do where there are no runs."""
        if self.state.run is None:
            write_lines(canvas, self.state.advice)
        else:
            self.paint_state(canvas, self.state)

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """Paint a state that has a run."""
        raise NotImplementedError


class ImageView(View):
    """A view of test images through a model."""

    def why_not(self, fact: str) -> str:
        """Return why there is no model or no images, too."""
        return super().why_not(fact) or (self.state.waiting if self.state.shown is None else "")

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """Paint the images, or why there are none."""
        if state.vae is None:
            write_lines(canvas, (state.trouble,))
        elif state.shown is None:
            write_lines(canvas, (state.waiting,))
        else:
            self.paint_images(canvas, state.vae, state.shown, state.selection)

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """Paint what `vae` makes of `selection`, whose images are among `shown`."""
        raise NotImplementedError


def that_hold(**facts: Any) -> frozenset[str]:
    """Return the names of the facts that hold."""
    return frozenset(filter(facts.get, facts))


def write_lines(canvas: Canvas, lines: Iterable[str]) -> None:
    """Write sentences, a quarter down the pane or higher up; commands begin with "$"."""
    wrapped = [
        textwrap.wrap(line, max(canvas.width - 6, 8), break_on_hyphens=False) or [""] for line in lines
    ]
    y = max(min(canvas.height // 4, canvas.height - sum(map(len, wrapped))), 0)
    for pieces in wrapped:
        is_command = pieces[0].startswith("$")
        for place, piece in enumerate(pieces):
            end = " \\" if is_command and place < len(pieces) - 1 else ""  # so that it can be copied
            canvas.text(2, y, piece + end, BRIGHT if is_command else TEXT, bold=is_command)
            y += 1


def caption(canvas: Canvas, y: int, *parts: str) -> None:
    """Write one line, without the empty parts, and without the last ones where there is no room."""
    shown = [part for part in parts if part]
    while len("  ".join(shown)) > canvas.width - 2 and len(shown) > 1:
        shown.pop()
    canvas.text(1, y, fit("  ".join(shown), canvas.width - 2), DIM)


def model_caption(canvas: Canvas, y: int, vae: Vae, *parts: str) -> None:
    """Write one line that says after which epoch the weights are: last, but first if inside an epoch."""
    position = vae.position_text
    caption(canvas, y, *((*parts, position) if vae.is_after_epoch else (position, *parts)))
