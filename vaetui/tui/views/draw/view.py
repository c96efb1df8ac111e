"""View 8: draw an image by hand, and see its reconstruction at once."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import ClassVar

from textual import events

from trainer.contract.config import SIDE
from vaetui.latent.interpolation import DRAWING
from vaetui.latent.reconstructions import ReconstructedDrawing, reconstruct_drawing
from vaetui.render import strokes
from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT, WARNING
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import CODES, MODEL
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.base import RoomChanged, View, that_hold
from vaetui.tui.views.draw.field import Cursor, Field, field
from vaetui.tui.views.draw.reconstruction import code, manual, panel
from vaetui.tui.widgets.images import DOUBLE, FULL

MOST_STROKES = 200  # that can be undone
RIGHT = 3  # mouse button
HINT = "Drag to draw, or press space and move with the arrows."
EMPTY = f"Empty canvas, {SIDE} × {SIDE} pixels."
HINT_OF_KEYS = "Press space, then draw with the arrows."


class Draw(View):
    """The drawing field, beside it the reconstruction, below them the code."""

    title: ClassVar[str] = "Draw"
    about: ClassVar[str] = (
        "Your drawing as the model gets it, its reconstruction, and the test images whose codes are"
        " nearest. On MNIST a test image costs from 40 nats (a 1) to 95 (an 8) for z = 20 at β = 1; a"
        " drawing that costs far more is unlike any image of the training."
    )
    KINDS = frozenset({MODEL, CODES})

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._x, self._y = SIDE // 2, SIDE // 2
        self._pen = 1
        self._is_down = self._erases = False
        self._held = 0  # the mouse button that draws
        self._last = (0.0, 0.0)  # where the mouse was
        self._past: list[bytes] = []
        self._future: list[bytes] = []
        self.field: Field | None = None  # as painted

    @property
    def facts(self) -> frozenset[str]:
        """Return whether there is ink, and whether strokes can be undone or redone."""
        return that_hold(ink=any(self.state.selection.drawing), past=self._past, future=self._future)

    # --- keys

    def why_not(self, fact: str) -> str:  # noqa: ARG002
        """Leave the reason to the key table: one can draw without a model."""
        return ""

    def action_move(self, right: int, down: int) -> None:
        """Move the cursor; the pen draws while it is down."""
        start = (self._x, self._y)
        self._x = min(max(self._x + right, 0), SIDE - 1)
        self._y = min(max(self._y + down, 0), SIDE - 1)
        if self._is_down:
            self._mark(start, (self._x, self._y), self._erases)
        self._refresh_pen()

    def action_ink(self) -> None:
        """Put the pen down, or lift it."""
        self._is_down = not self._is_down
        if self._is_down:
            self._begin()
            self._mark((self._x, self._y), (self._x, self._y), self._erases)
        self._refresh_pen()

    def action_erase(self) -> None:
        """Switch between erasing and drawing; with the pen down that begins another stroke."""
        self._erases = not self._erases
        if self._is_down:
            self._begin()
        self._refresh_pen()

    def action_pen(self, by: int) -> None:
        """Select a thicker pen (1), or a thinner one (−1)."""
        self._pen = min(max(self._pen + by, 0), len(strokes.WIDTHS) - 1)
        self._refresh_pen()

    def action_centre(self) -> None:
        """Encode the drawing centred, or as drawn."""
        self.change(lambda selection: dataclasses.replace(selection, is_centred=not selection.is_centred))

    def action_end(self, end: str) -> None:
        """Use the drawing as an end of the interpolation."""
        self.change(
            lambda selection: selection.with_end(end, DRAWING) if any(selection.drawing) else selection
        )

    def action_clear(self) -> None:
        """Clear the field."""
        self._is_down = False
        self._begin()
        self.change(lambda selection: dataclasses.replace(selection, drawing=strokes.BLANK))

    def action_undo(self) -> None:
        """Undo the last stroke."""
        self._step(self._past, self._future)

    def action_redo(self) -> None:
        """Redo the last stroke."""
        self._step(self._future, self._past)

    def _step(self, source: list[bytes], other: list[bytes]) -> None:
        def apply(selection: Selection) -> Selection:
            while source and source[-1] == selection.drawing:  # a stroke that changed nothing
                source.pop()
            if not source:
                return selection
            other.append(selection.drawing)
            return dataclasses.replace(selection, drawing=source.pop())

        self._is_down = False
        self.change(apply)
        self._refresh_pen()

    def _begin(self) -> None:
        """Begin a stroke: keep the drawing before it, for undo."""

        def keep(selection: Selection) -> Selection:
            self._past.append(selection.drawing)
            del self._past[:-MOST_STROKES]
            self._future.clear()
            return selection

        self.change(keep)

    def _mark(self, start: strokes.Place, end: strokes.Place, erases: bool) -> None:
        mark = strokes.stroke(start, end, strokes.WIDTHS[self._pen])
        self.change(lambda selection: selection.with_stroke(mark, erases))

    def _refresh_pen(self) -> None:
        self.repaint()
        self.post_message(RoomChanged())

    # --- mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a stroke: the left button draws, or erases in that mode, the right one erases."""
        if self.field is None or self.state.run is None or not self.field.holds(event.x, event.y):
            return
        if event.button not in (1, RIGHT) or self._held:
            return
        self._is_down, self._held = False, event.button
        self.capture_mouse()
        self._begin()
        self._last = self.field.place(event.x, event.y)
        self._drag(event.x, event.y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Continue the stroke."""
        if self._held:
            self._drag(event.x, event.y)

    def on_mouse_up(self) -> None:
        """End the stroke."""
        if self._held:
            self._held = 0
            self.release_mouse()

    def leave(self) -> None:
        """Lift the pen while another view is shown."""
        self._is_down = False
        self.on_mouse_up()

    def _drag(self, x: int, y: int) -> None:
        if self.field is None:
            return
        place = self.field.place(x, y)
        self._mark(self._last, place, self._erases or self._held == RIGHT)
        self._last = place
        self._x, self._y = int(place[0]), int(place[1])
        self._refresh_pen()

    # --- painting

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """Paint field, tools, and the reconstruction of the drawing."""
        is_large = canvas.width >= DOUBLE[0] + 30 and canvas.height >= DOUBLE[1] + 6
        box = self.field = Field(1, 1, *DOUBLE) if is_large else Field(0, 1, *FULL)
        erases = self._erases or self._held == RIGHT
        cursor = Cursor(self._x, self._y, self._is_down or bool(self._held), erases)
        field(canvas, box, strokes.to_page(state.selection.drawing), cursor)
        self._tools(canvas)
        right, foot = box.x + box.width + (2 if is_large else 0), box.y + box.height
        has_ink, found = any(state.selection.drawing), self.reconstruction()
        if found is None:
            hint = HINT if self.terminal.has_mouse else HINT_OF_KEYS
            sentences = (state.trouble,) if has_ink else (EMPTY, hint)
            room = max(canvas.width - 2, 8)
            lines = [line for sentence in sentences for line in textwrap.wrap(sentence, room)]
            for y, line in enumerate(lines, foot):
                canvas.text(1, y, line, TEXT if has_ink else BRIGHT)
            if not has_ink:
                manual(canvas, right + 1)
            return
        stops = state.selection.interpolation.ends
        ends = " ".join(name for name, stop in zip("AB", stops, strict=True) if stop == DRAWING)
        panel(canvas, right, found, ends, foot, state)
        code(canvas, foot + (1 if is_large else 0), found, state)

    def _tools(self, canvas: Canvas) -> None:
        """Paint the tools above the field, for the mouse, and the state of the pen."""
        pen = f"pen {self._pen + 1}{'↓' if self._is_down else '↑'}"
        colour = WARNING if self._erases else TEXT
        is_thickest = self._pen == len(strokes.WIDTHS) - 1  # a click goes through all widths
        tools = (
            (pen, f"pen({-self._pen if is_thickest else 1})", ACCENT if self._is_down else TEXT),
            ("rub " if self._erases else "draw", "erase", colour),
            ("undo", "undo", TEXT if self._past else DIM),
            ("redo", "redo", TEXT if self._future else DIM),
            ("clear", "clear", TEXT if any(self.state.selection.drawing) else DIM),
        )
        column = 1
        for text, action, ink in tools:
            canvas.click(column, 0, len(text), 1, action)
            column = canvas.text(column, 0, text, ink) + 1

    def reconstruction(self) -> ReconstructedDrawing | None:
        """Return the reconstruction of the drawing, None without model or ink."""
        state, selection = self.state, self.state.selection
        if state.vae is None or not any(selection.drawing):
            return None
        return reconstruct_drawing(state.vae, selection.sketch, state.shown, state.codes)
