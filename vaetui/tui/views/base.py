"""What every view is: a painted pane that is shown a `ViewState`, and says when its selection changes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.render.terminal import Terminal
from vaetui.runs import lookup
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.theme import BRIGHT, DIM, TEXT
from vaetui.tui.state.loaded import MODEL, Loaded
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.content import nothing

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent


@dataclass
class SelectionChanged(Message):
    """Another digit, noise, path or step is to be looked at, in every view.

    `apply` makes it of the selection there is when its turn comes: keys may be faster than the screen.
    """

    apply: Callable[[Selection], Selection]


@dataclass
class CommandRequested(Message):
    """The view's command is to be copied; on its way through the view no `SelectionChanged` is overtaken."""


@dataclass
class RoomChanged(Message):
    """The view that is seen has another size, so other keys may do something."""


class View(Painted, can_focus=True):
    """One of the numbered views, `title` in the table of keys, where its bindings come from."""

    title: ClassVar[str]
    KINDS: ClassVar[frozenset[str]] = frozenset({MODEL})  # of values that are loaded for it

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal, id=self.title)
        self.state = ViewState()
        self.loaded: Mapping[str, Loaded[Any]] = {}  # what was requested, by kind
        self._painted_state: tuple[object, ...] = ()

    def needs(self, selection: Selection) -> frozenset[str]:  # noqa: ARG002
        """Return the kinds of values that are loaded for `selection`, beside images."""
        return self.KINDS

    def requests(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:  # noqa: ARG002
        """Return what is to be loaded for `state` beside what it `needs`.

        `loaded` gets, by kind, what there is of each request before the next one is asked for.
        """
        return ()

    def show(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> None:
        """Show another state; one that looks the same costs nothing."""
        self.state, self.loaded = state, loaded
        concerns = (self.concerns, loaded)
        if concerns != self._painted_state:
            self._painted_state = concerns
            self.repaint()

    @property
    def concerns(self) -> tuple[object, ...]:
        """What the picture is made of, to be compared with what it was made of before."""
        state = self.state
        images = (state.vae, state.shown, state.codes, state.selection)
        return (*images, state.trouble, state.waiting, state.advice)

    @property
    def room(self) -> Size:
        """The size that the view has or would have, also while another is seen."""
        return self.parent.size if isinstance(self.parent, Widget) else self.size

    @property
    def facts(self) -> frozenset[str]:
        """What its keys need and there is, beside the facts about the runs."""
        return frozenset()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Do nothing while the view cannot be seen."""
        return not self.screen.has_class("-small")

    def on_resize(self) -> None:
        """Tell the footer."""
        self.post_message(RoomChanged())

    def leave(self) -> None:
        """Another view is looked at: stop what moves by itself."""

    def content(self) -> ExportContent:
        """What it shows, to be written to a file; the screen is added to it."""

        return nothing(self.title, self.state)

    def command(self) -> list[str]:
        """The words after `vaetui` of the command that makes what it shows, run and data folders aside."""
        run = self.state.run
        return ["explore", *([lookup.run_argument(run)] if run else []), "--view", self.title]

    def change(self, apply: Callable[[Selection], Selection]) -> None:
        """Ask for another selection."""
        self.post_message(SelectionChanged(apply))

    def paint(self, canvas: Canvas) -> None:
        """The state, or what to do where there are no runs."""
        if self.state.run is None:
            write_lines(canvas, self.state.advice)
        else:
            self.paint_state(canvas, self.state)

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """Draw a state that has a run."""
        raise NotImplementedError


class ImageView(View):
    """A view that looks at test images through a model."""

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """The picture, or why there is none."""
        if state.vae is None:
            write_lines(canvas, (state.trouble,))
        elif state.shown is None:
            write_lines(canvas, (state.waiting,))
        else:
            self.paint_images(canvas, state.vae, state.shown, state.selection)

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """Draw what `vae` makes of `selection`, whose images are among `shown`."""
        raise NotImplementedError


def write_lines(canvas: Canvas, lines: Iterable[str]) -> None:
    """Write sentences, a quarter down the pane or higher up; what is to be typed begins with "$"."""
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
    """One line of what is seen and how it was made; the last parts are left out where there is no room."""
    shown = "  ".join(parts)
    while len(shown) > canvas.width - 2 and len(parts) > 1:
        parts = parts[:-1]
        shown = "  ".join(parts)
    canvas.text(1, y, fit(shown, canvas.width - 2), DIM)
