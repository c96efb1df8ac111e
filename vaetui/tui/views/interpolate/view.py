"""View 4: the way from test digit to test digit, a step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from textual import events

from vaetui import commands
from vaetui.arrays import Bytes
from vaetui.format import fixed
from vaetui.latent import decoded_path, nearest, prior
from vaetui.latent.decoded_path import DecodedPath
from vaetui.latent.interpolation import DRAWING, MAX_STOPS, Interpolation, next_class, next_of_class
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.render.terminal import Terminal
from vaetui.runs import lookup
from vaetui.tui.keys import bindings
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.player import Player
from vaetui.tui.state.loaded import CODES, MODEL
from vaetui.tui.state.selection import Selection
from vaetui.tui.views.base import ImageView
from vaetui.tui.views.interpolate import latent_map, slider
from vaetui.tui.views.interpolate.latent_map import Trail
from vaetui.tui.views.interpolate.paint import Layout, Path, has_both, layout, paint
from vaetui.tui.views.interpolate.slider import Line
from vaetui.tui.widgets.scatter import Frame

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent

Which = int | Literal["a", "b", "chosen"]  # of the stops


class Interpolate(ImageView):
    """The stops of the leg, the digit at the step, slider and curves; with room the map and all frames."""

    title: ClassVar[str] = "Interpolate"
    BINDINGS = bindings("Interpolate")
    KINDS = frozenset({MODEL, CODES})

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.sees_map = False
        self._direction = 1
        self._player = Player(self, self._play_on)
        self._course: DecodedPath | None = None
        self._map: tuple[Frame, Trail] | None = None  # as painted

    @property
    def facts(self) -> frozenset[str]:
        """Whether stops can be added or taken away, and whether there is room for digit or map only."""
        walk = self.state.selection.interpolation
        has = {
            "room": len(walk.stops) < MAX_STOPS,
            "stops": walk.segments > 1,
            "map": not has_both(self.room.width),
        }
        return frozenset(name for name, there in has.items() if there)

    # --- keys and mouse

    def _turn(self, apply: Callable[[Interpolation], Interpolation]) -> None:
        self.change(lambda selection: selection.with_interpolation(apply(selection.interpolation)))

    def action_step(self, by: int) -> None:
        """A step along the walk."""
        self._turn(lambda walk: walk.moved(by))

    def action_at(self, step: int) -> None:
        """To one step."""
        self._turn(lambda walk: walk.at_step(step))

    def action_stop(self, by: int) -> None:
        """To the next stop, or the one before."""
        self._turn(lambda walk: walk.to_adjacent_stop(by))

    def action_to_a(self) -> None:
        """To the first end."""
        self.action_at(0)

    def action_to_b(self) -> None:
        """To the other end."""
        self._turn(lambda walk: walk.at_step(walk.steps - 1))

    def action_steps(self, by: int) -> None:
        """Finer or coarser steps."""
        self._turn(lambda walk: walk.with_step_size(by))

    def action_how(self) -> None:
        """The straight line, or the great circle."""
        self._turn(Interpolation.with_other_method)

    def action_class_of(self, which: Which, by: int) -> None:
        """The next class for one stop, or the one before."""
        self._replace(which, lambda labels, image: next_class(labels, image, by))

    def action_digit_of(self, which: Which, by: int) -> None:
        """Another digit of its class for one stop."""
        self._replace(which, lambda labels, image: next_of_class(labels, image, by))

    def _replace(self, which: Which, choose: Callable[[Bytes, int], int]) -> None:
        def apply(walk: Interpolation, labels: Bytes) -> Interpolation:
            places = {"a": 0, "b": walk.segments, "chosen": walk.selected_stop}
            place = which if isinstance(which, int) else places[which]
            return walk.with_stop(place, choose(labels, walk.stops[place]))

        self._with_labels(apply)

    def action_insert(self) -> None:
        """Another stop."""
        self._with_labels(Interpolation.with_inserted_stop)

    def action_delete(self) -> None:
        """The chosen stop away."""
        self._turn(Interpolation.without_selected_stop)

    def action_classic(self) -> None:
        """The classic walk, or back from it."""
        self._with_labels(Interpolation.with_classic_stops)

    def _with_labels(self, apply: Callable[[Interpolation, Bytes], Interpolation]) -> None:
        if self.state.shown:
            labels = self.state.shown.images.labels
            self._turn(lambda walk: apply(walk, labels))

    def action_map(self) -> None:
        """The map in the place of the large digit, or the digit."""
        if "map" in self.facts:
            self.sees_map = not self.sees_map
            self.repaint()

    async def on_click(self, event: events.Click) -> None:
        """To the step that is nearest on the map; zones are the base class's."""
        if self._map is not None and self._map[0].holds(event.x, event.y):
            box, way = self._map
            x, y = box.place(event.x - box.x, event.y - box.y)
            apart = (way.places - np.array([x, y], np.float32)) / np.array(box.steps, np.float32)
            self.action_at(int(np.square(apart).sum(1).argmin()))

    def on_mouse_scroll_up(self) -> None:
        """A step back."""
        self.action_step(-1)

    def on_mouse_scroll_down(self) -> None:
        """A step on."""
        self.action_step(1)

    # --- playing

    @property
    def is_playing(self) -> bool:
        """Whether it walks by itself."""
        return self._player.is_playing

    def action_play(self) -> None:
        """Walk to and fro, or stand."""
        self._player.toggle()
        self.repaint()

    def leave(self) -> None:
        """Stand still while another view is looked at."""
        if self._player.stop():
            self.repaint()

    def _play_on(self) -> None:
        """A step, at the ends the other way."""
        selection = self.state.selection
        if not 0 <= selection.step + self._direction < selection.steps:
            self._direction = -self._direction
        self.action_step(self._direction)

    # --- painting

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """Decode the walk where it is another than before, and lay it out."""
        if self._course is None or self._course.key != decoded_path.path_key(
            vae, shown, selection.interpolation, selection.sketch
        ):
            self._course = decoded_path.decode_path(vae, shown, selection.interpolation, selection.sketch)
        way, walk = self._course, selection.interpolation
        names = tuple(shown.name_of(image) for image in walk.stops)
        plan = layout(canvas.width, canvas.height, self.sees_map)
        lines = self._lines(way, walk, slider.length(canvas.width))
        paint(canvas, plan, Path(walk, way, names, lines))
        self._paint_map(canvas, plan, way, selection, tuple(label for label, _ in names))

    def _lines(self, way: DecodedPath, walk: Interpolation, count: int) -> tuple[Line, Line, Line]:
        """The step, and what is told of its point."""
        z, codes = way.z[walk.step], self.state.codes
        step = f"{walk.step + 1}/{walk.steps}" + (" plays" if self.is_playing else "")
        if way.vae.config.model.is_vae:
            likely = Line(
                "log p(z)",
                f"{fixed(float(prior.log_prior(z)), 1)} nats",
                decoded_path.density_curve(way, count),
            )
        else:
            likely = Line(
                "norm |z|", f"{float(np.linalg.norm(z)):.2f}", decoded_path.density_curve(way, count)
            )
        near = Line("nearest", "…", None)
        if codes is not None:
            index, distance = nearest.nearest_code(z, codes.mean)
            told = f"{distance:.2f} to a {int(codes.labels[index])}"
            near = Line("nearest", told, decoded_path.distance_curve(way, codes, count))
        return Line("step", step, None), likely, near

    def _paint_map(
        self, canvas: Canvas, plan: Layout, way: DecodedPath, selection: Selection, labels: tuple[str, ...]
    ) -> None:
        self._map = None
        codes: Codes | None = self.state.codes
        if plan.map is None:
            return
        if codes is None:
            canvas.centred(plan.map.x, plan.map.width, plan.map.height // 2, self.state.waiting)
            return
        drawn = latent_map.follow(way, codes, selection, labels)
        box = latent_map.frame(plan.map.x, plan.map.y, plan.map.width, plan.map.height, drawn)
        self._map = box, drawn
        latent_map.paint(canvas, box, drawn)

    def content(self) -> ExportContent:
        """The whole walk."""
        from vaetui.tui.views.interpolate.content import content_of

        return content_of(self.title, self.state, self._course.z if self._course else None)

    def command(self) -> list[str]:
        """The same walk; no command has the drawing."""
        walk = self.state.selection.interpolation
        if self.state.run is None or self._course is None or DRAWING in walk.stops:
            return super().command()
        words = [
            "interpolate",
            lookup.run_argument(self.state.run),
            "--stops",
            commands.image_argument(walk.stops),
        ]
        return [*words, "--steps", str(walk.steps), f"--{walk.method}"]
