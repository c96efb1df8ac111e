"""What every view is: a painted pane that is shown a `Scene`, and says when its subject changes."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from vaetui.latent.test_images import ImageSet
from vaetui.models.mlp import Vae
from vaetui.render.terminal import Terminal
from vaetui.runs import view_commands
from vaetui.tui.loading.progress import SLOW_SECONDS
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.theme import BRIGHT, DIM, TEXT
from vaetui.tui.state.selection import Subject
from vaetui.tui.state.view_state import Scene
from vaetui.tui.views.content import nothing

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent


@dataclass
class Change(Message):
    """Another digit, noise, path or step is to be looked at, in every view.

    `apply` makes it of the subject there is when its turn comes: keys may be faster than the screen.
    """

    apply: Callable[[Subject], Subject]


@dataclass
class News(Message):
    """Something has happened that a line is to say for some seconds; from any thread."""

    sentence: str
    seconds: float | None = None  # None: as long as usual


@dataclass
class CommandWanted(Message):
    """The view's command is to be copied; on its way through the view no `Change` is overtaken."""


@dataclass
class RoomChanged(Message):
    """The view that is seen has another size, so other keys may do something."""


class View(Painted, can_focus=True):
    """One of the numbered views, `title` in the table of keys, where its bindings come from."""

    title: ClassVar[str]
    needs_model: ClassVar[bool] = True
    needs_codes: ClassVar[bool] = False

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal, id=self.title)
        self.scene = Scene()
        self._waits_for: tuple[object, float] = (None, 0.0)

    def show(self, scene: Scene) -> None:
        """Show another scene; one that looks the same costs nothing."""
        before, self.scene = self.concerns, scene
        if before != self.concerns:
            self.repaint()

    @property
    def concerns(self) -> tuple[object, ...]:
        """What the picture is made of, to be compared with what it was made of before."""
        scene = self.scene
        images = (scene.vae, scene.shown, scene.codes, scene.subject)
        return (*images, scene.trouble, scene.waiting, scene.advice)

    @property
    def room(self) -> Size:
        """The size that the view has or would have, also while another is seen."""
        return self.parent.size if isinstance(self.parent, Widget) else self.size

    @property
    def facts(self) -> frozenset[str]:
        """What its keys need and there is, beside the facts about the runs."""
        return frozenset()

    @property
    def wants(self) -> frozenset[str]:
        """What is to be read for it beside model and images: "codes", "timelines", "rankings"."""
        return frozenset({"codes"} if self.needs_codes else ())

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

        return nothing(self.title, self.scene)

    def command(self) -> list[str]:
        """The words after `vaetui` of the command that makes what it shows, run and data folders aside."""
        run = self.scene.run
        return ["explore", *([view_commands.name(run)] if run else []), "--view", self.title]

    def change(self, apply: Callable[[Subject], Subject]) -> None:
        """Ask for another subject."""
        self.post_message(Change(apply))

    def wait(self, what: object, sentence: str) -> str:
        """`sentence` once `what` has been waited for a while, "" until then."""
        now = time.monotonic()
        if self._waits_for[0] != what:
            self._waits_for = (what, now)
            self.set_timer(SLOW_SECONDS, self.repaint)
        return sentence if now - self._waits_for[1] >= SLOW_SECONDS else ""

    def paint(self, canvas: Canvas) -> None:
        """The scene, or what to do where there are no runs."""
        if self.scene.run is None:
            write_lines(canvas, self.scene.advice)
        else:
            self.paint_scene(canvas, self.scene)

    def paint_scene(self, canvas: Canvas, scene: Scene) -> None:
        """Draw a scene that has a run."""
        raise NotImplementedError


class ImageView(View):
    """A view that looks at test images through a model."""

    def paint_scene(self, canvas: Canvas, scene: Scene) -> None:
        """The picture, or why there is none."""
        if scene.vae is None:
            write_lines(canvas, (scene.trouble,))
        elif scene.shown is None:
            write_lines(canvas, (scene.waiting,))
        else:
            self.paint_images(canvas, scene.vae, scene.shown, scene.subject)

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, subject: Subject) -> None:
        """Draw what `vae` makes of `subject`, whose images are among `shown`."""
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
