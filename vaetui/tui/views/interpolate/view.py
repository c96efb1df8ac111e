"""View 4: interpolation from test image to test image, a step at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from textual import events

from vaetui import commands
from vaetui.arrays import Bytes
from vaetui.format import fixed
from vaetui.latent import decoded_path, nearest, prior
from vaetui.latent.decoded_path import DecodedPath
from vaetui.latent.interpolation import DRAWING, MAX_STOPS, Interpolation, next_class, next_of_class
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.render.strokes import Sketch
from vaetui.runs import lookup
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import CODES, MODEL
from vaetui.tui.state.selection import Selection
from vaetui.tui.views.base import ImageView, that_hold
from vaetui.tui.views.interpolate import latent_map, slider
from vaetui.tui.views.interpolate.latent_map import MapPath
from vaetui.tui.views.interpolate.paint import Layout, ShownPath, has_both, layout, paint
from vaetui.tui.views.interpolate.slider import SliderRow
from vaetui.tui.widgets.scatter import Plot


class Interpolate(ImageView):
    """The stops of the segment, the image at the step, slider and metrics; with room map and all frames."""

    title: ClassVar[str] = "Interpolate"
    about: ClassVar[str] = (
        "A path between the codes of test images, decoded step by step; where log p(z) is low or the"
        " nearest code is far, the decoder has seen no data. On MNIST a straight path crosses 1.5 other"
        " classes on average for z = 2, and 0.4 for z = 64."
    )
    KINDS = frozenset({MODEL, CODES})

    shows_map = False
    path: DecodedPath | None = None
    map: tuple[Plot, MapPath] | None = None  # as painted
    _direction = 1

    @property
    def facts(self) -> frozenset[str]:
        """Return whether a path is shown, takes or loses stops, and whether image or map only has room."""
        interpolation = self.state.selection.interpolation
        return that_hold(
            shown=self.state.vae is not None and self.state.shown is not None,
            room=len(interpolation.stops) < MAX_STOPS,
            stops=interpolation.segments > 1,
            map=not has_both(self.room.width),
        )

    # --- keys and mouse

    def _update(self, apply: Callable[[Interpolation], Interpolation]) -> None:
        self.change(lambda s: dataclasses.replace(s, interpolation=apply(s.interpolation)))

    def action_step(self, by: int) -> None:
        """Move along the path."""
        self._update(lambda interpolation: interpolation.moved(by))

    def action_at(self, step: int) -> None:
        """Go to one step."""
        self._update(lambda interpolation: interpolation.at_step(step))

    def action_stop(self, by: int) -> None:
        """Go to the next stop, or the previous one."""
        self._update(lambda interpolation: interpolation.to_adjacent_stop(by))

    def action_to_b(self) -> None:
        """Go to the other end."""
        self._update(lambda interpolation: interpolation.at_step(interpolation.steps - 1))

    def action_steps(self, by: int) -> None:
        """Use finer or coarser steps."""
        self._update(lambda interpolation: interpolation.with_step_size(by))

    def action_how(self) -> None:
        """Switch between linear and spherical interpolation."""
        self._update(Interpolation.with_other_method)

    def action_class_of(self, stop: int | None, by: int) -> None:
        """Replace a stop, None for the selected one, with an image of the next class, or of the previous."""
        self._replace(stop, lambda labels, image: next_class(labels, image, by))

    def action_image_of(self, stop: int | None, by: int) -> None:
        """Replace a stop, None for the selected one, with another image of its class."""
        self._replace(stop, lambda labels, image: next_of_class(labels, image, by))

    def _replace(self, stop: int | None, choose: Callable[[Bytes, int], int]) -> None:
        def apply(interpolation: Interpolation, labels: Bytes) -> Interpolation:
            place = interpolation.selected_stop if stop is None else stop
            return interpolation.with_stop(place, choose(labels, interpolation.stops[place]))

        self._with_labels(apply)

    def action_insert(self) -> None:
        """Insert a stop."""
        self._with_labels(Interpolation.with_inserted_stop)

    def action_delete(self) -> None:
        """Delete the selected stop."""
        self._update(Interpolation.without_selected_stop)

    def action_classic(self) -> None:
        """Switch between two stops and a path through several classes."""
        self._with_labels(Interpolation.with_classic_stops)

    def _with_labels(self, apply: Callable[[Interpolation, Bytes], Interpolation]) -> None:
        if self.state.shown:
            labels = self.state.shown.images.labels
            self._update(lambda interpolation: apply(interpolation, labels))

    def action_map(self) -> None:
        """Show the map in the place of the large image, or the image."""
        if "map" in self.facts:
            self.shows_map = not self.shows_map
            self.repaint()

    async def on_click(self, event: events.Click) -> None:
        """Go to the step nearest to the click on the map; the base class has the click zones."""
        if self.map is not None and self.map[0].holds(event.x, event.y):
            plot, path = self.map
            here = np.array(plot.place(event.x, event.y), np.float32)
            apart = (path.places - here) / np.array(plot.steps, np.float32)
            self.action_at(int(np.square(apart).sum(1).argmin()))

    def action_play(self) -> None:
        """Play or pause the steps, back and forth."""
        self.player.toggle()
        self.repaint()

    def play_on(self) -> None:
        """Go one step, at the ends in the other direction."""
        interpolation = self.state.selection.interpolation
        if not 0 <= interpolation.step + self._direction < interpolation.steps:
            self._direction = -self._direction
        self.action_step(self._direction)

    # --- painting

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """Paint the path, which is computed where it has changed."""
        interpolation = selection.interpolation
        sketch = selection.sketch if DRAWING in interpolation.stops else Sketch()
        self.path = decoded_path.decode_path(vae, shown, interpolation.at_step(0), sketch)
        names = tuple(map(shown.name_of, interpolation.stops))
        plan = layout(canvas.width, canvas.height, self.shows_map)
        rows = self._rows(self.path, interpolation, slider.length(canvas.width))
        paint(canvas, plan, ShownPath(interpolation, self.path, names, rows))
        labels, _ = zip(*names, strict=True)
        self._paint_map(canvas, plan, self.path, labels)

    def _rows(
        self, path: DecodedPath, interpolation: Interpolation, count: int
    ) -> tuple[SliderRow, SliderRow, SliderRow]:
        """Return the step, and the metrics of its point and along the path."""
        z, codes = path.z[interpolation.step], self.state.codes
        step = f"{interpolation.step + 1}/{interpolation.steps}" + (
            " plays" if self.player.is_playing else ""
        )
        if path.vae.config.model.is_vae:
            name, value = "log p(z)", f"{fixed(float(prior.log_prior(z)), 1)} nats"
        else:
            name, value = "norm |z|", f"{float(np.linalg.norm(z)):.2f}"
        density = SliderRow(name, value, decoded_path.density_curve(path, count))
        near = SliderRow("nearest", "…", None)
        if codes is not None:
            index, distance = nearest.nearest_code(z, codes.mean)
            value = f"{distance:.2f} to a {int(codes.labels[index])}"
            near = SliderRow("nearest", value, decoded_path.distance_curve(path, codes, count))
        return SliderRow("step", step, None), density, near

    def _paint_map(self, canvas: Canvas, plan: Layout, path: DecodedPath, labels: tuple[str, ...]) -> None:
        self.map = None
        codes, rect = self.state.codes, plan.map
        if rect is None:
            return
        if codes is None:
            canvas.centred(rect.x, rect.width, rect.height // 2, self.state.waiting)
            return
        drawn = latent_map.project(path, codes, self.state.selection, labels)
        self.map = latent_map.paint(canvas, rect, drawn), drawn

    def command(self) -> list[str]:
        """Return the command for the same path; no command has the drawing."""
        run, interpolation = self.state.run, self.state.selection.interpolation
        if run is None or self.path is None or DRAWING in interpolation.stops:
            return super().command()
        stops = commands.image_argument(interpolation.stops)
        words = ["interpolate", lookup.run_argument(run), "--stops", stops]
        return [*words, "--steps", str(interpolation.steps), f"--{interpolation.method}"]
