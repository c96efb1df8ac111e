"""A widget that is painted on a `Canvas` and sends only the lines that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from vaetui.render.colours import Colour
from vaetui.render.terminal import Terminal
from vaetui.render.theme import BACKGROUND
from vaetui.tui.screen.canvas import Canvas, ClickZone
from vaetui.tui.screen.strips import DiffStrip

if TYPE_CHECKING:
    from vaetui.render.kitty_pictures import KittyPictures


class Painted(Widget):
    """A widget whose subclasses paint on a canvas in `paint` and call `repaint` after changes."""

    ALLOW_SELECT = False
    ground: Colour = BACKGROUND
    picture_ids: frozenset[int] = frozenset()  # numbers of the kitty pictures that it shows

    def __init__(self, terminal: Terminal, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.terminal = terminal
        self._strips: list[DiffStrip] = []
        self._zones: list[ClickZone] = []
        self._canvas: Canvas | None = None  # of `_strips`
        self._painted: tuple[int, int] | None = None  # the size of `_strips`, None to paint again
        self._painted_from: tuple[object, ...] | None = None

    def paint(self, canvas: Canvas) -> None:
        """Paint the widget on `canvas`."""
        raise NotImplementedError

    def repaint_if_changed(self, *values: object) -> None:
        """Paint again if `values`, all that the widget shows, differ from the last ones."""
        if values != self._painted_from:
            self._painted_from = values
            self.repaint()

    def repaint(self) -> None:
        """Paint again and refresh the lines that differ; a hidden widget is painted once it is shown."""
        self._painted = None
        if not self.display or not self.is_mounted or not self.size:
            return
        before = self._strips
        self._compose_strips()
        if len(before) != len(self._strips):
            self.refresh()
            return
        width, changed = self.size.width, list[Region]()
        for y, (strip, old) in enumerate(zip(self._strips, before, strict=True)):
            if strip is not old and strip != old:
                changed.append(Region(0, y, width, 1))
        if changed:
            self.refresh(*changed)

    def invalidate(self) -> None:
        """Paint again when the next line is rendered."""
        self._painted = None

    def _compose_strips(self) -> None:
        kitty_pictures: KittyPictures | None = getattr(self.app, "kitty_pictures", None)
        width, height = self.size
        canvas = Canvas(width, height, self.terminal, self.ground, kitty_pictures)
        self.paint(canvas)
        self._strips, self._zones = canvas.strips(self._canvas), canvas.zones
        self._canvas = canvas
        self._painted = (width, height)
        if kitty_pictures is not None:
            self.picture_ids = frozenset(canvas.picture_ids)
            if kitty_pictures.is_full:
                kitty_pictures.drop(visible_pictures(self.app))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the painted lines; there are no borders, padding or filters to add."""
        if self._painted != self.size:
            self._compose_strips()
        lines: list[Strip] = [*self._strips[crop.y : crop.bottom]]
        whole = crop.column_span == (0, self.size.width)
        return lines if whole else [line.crop(*crop.column_span) for line in lines]

    async def on_click(self, event: events.Click) -> None:
        """Run the action of the zone that was clicked."""
        zone = next((zone for zone in self._zones if zone.holds(event.x, event.y)), None)
        if zone is not None:
            event.stop()
            await self.run_action(zone.action)


def visible_pictures(app: App[Any]) -> set[int]:
    """Return the numbers of all pictures on the screen and behind dialogs."""
    return {
        number
        for screen in app.screen_stack
        for widget in screen.query(Painted)
        for number in widget.picture_ids
    }
