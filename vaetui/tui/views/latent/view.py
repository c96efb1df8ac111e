"""View 5: the codes of the test images as a scatter plot, with a cursor whose place is decoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal

from textual import events

from vaetui.format import thousands
from vaetui.latent import projection, tsne_cache
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.models.autoencoder import Vae
from vaetui.tui.loading import latent_sources
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import CODES, MODEL, TSNE, Loaded
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.base import View, model_caption, that_hold, write_lines
from vaetui.tui.views.latent import readout
from vaetui.tui.widgets import scatter
from vaetui.tui.widgets.scatter import Plot

_NAMES = {"dims": "two dims", "pca": "PCA", "tsne": "t-SNE"}


class Latent(View):
    """Codes in two dimensions, by PCA or by t-SNE, by class; for two dimensions also the decoded plane."""

    title: ClassVar[str] = "Latent"
    about: ClassVar[str] = (
        "Each point is the code of a test image in the colour of its class, and the image at the right is"
        " decoded from the cursor. On MNIST 65% of the ten codes nearest to a code are of its class for z ="
        " 2, and 93% for z = 64."
    )
    KINDS = frozenset({MODEL, CODES})

    _plot: Plot | None = None  # as painted
    map: ProjectedCodes | None = None

    def requests(self, state: ViewState, _: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:
        """Return the map by t-SNE, where that is the projection."""
        if state.run is not None and state.codes is not None and state.selection.scatter.projection == "tsne":
            yield latent_sources.tsne(state.run, state.codes, state.versions[CODES])

    @property
    def facts(self) -> frozenset[str]:
        """Return whether there are codes, axes to choose from, and a plane to decode."""
        vae, codes = self.state.vae, self.state.codes
        if vae is None or codes is None or vae.latent != codes.mean.shape[1]:
            return frozenset()
        plane, is_flat = self.state.selection.scatter, vae.latent == 2
        has_axes = vae.latent > 2 and plane.projection != "tsne"
        return that_hold(codes=not (plane.is_grid and is_flat), axes=has_axes, flat=is_flat)

    # --- keys and mouse

    def why_not(self, fact: str) -> str:
        """Return why there are no codes, too."""
        return super().why_not(fact) or (self.state.waiting if self.state.codes is None else "")

    def _update(self, apply: Callable[[ScatterSettings], ScatterSettings], needs: str = "codes") -> None:
        if needs in self.facts:
            self.change(lambda selection: dataclasses.replace(selection, scatter=apply(selection.scatter)))

    def action_cursor(self, across: int, up: int) -> None:
        """Move the cursor by columns and rows of the screen."""
        plot, chart = self._plot, self.map
        if plot is None or chart is None:
            return

        def move(plane: ScatterSettings) -> ScatterSettings:
            x, y = chart.clamp(plane.x, plane.y)
            return plane.with_cursor(*chart.clamp(x + across * plot.steps[0], y + up * plot.steps[1]))

        self._update(move)

    def action_axis(self, direction: Literal["across", "up"], by: int) -> None:
        """Select another dimension for one axis."""
        latent = self.state.vae.latent if self.state.vae else 1
        self._update(lambda plane: plane.with_next_axis(direction, by, latent), "axes")

    def action_projection(self) -> None:
        """Select the next projection: two dimensions, PCA, t-SNE."""
        self._update(ScatterSettings.with_next_projection)

    def action_only(self, by: int) -> None:
        """Show the next class alone."""
        self._update(lambda plane: plane.with_next_class(by))

    def action_show_only(self, label: int) -> None:
        """Show one class alone, or all: for −1, and for the class that is shown alone."""
        self._update(lambda plane: plane.with_class(None if label in (-1, plane.only_class) else label))

    def action_zoom(self, by: int) -> None:
        """Zoom in or out."""
        self._update(lambda plane: plane.with_zoom(by))

    def action_point(self, by: int) -> None:
        """Make the points larger or smaller."""
        self._update(lambda plane: plane.with_point(by))

    def action_reset(self) -> None:
        """Reset zoom and cursor."""
        self._update(ScatterSettings.with_reset_view)

    def action_sheet(self) -> None:
        """Show the decoded plane, or the codes."""
        self._update(ScatterSettings.with_toggled_grid, "flat")

    async def on_click(self, event: events.Click) -> None:
        """Move the cursor to the click in the plot; the base class has the click zones."""
        plot = self._plot
        if plot is not None and plot.holds(event.x, event.y):
            x, y = plot.place(event.x, event.y)
            self._update(lambda plane: plane.with_cursor(x, y))

    # --- painting

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """Paint the codes, the decoded plane, or why there is neither."""
        self._plot = self.map = None
        vae, codes = state.vae, state.codes
        if vae is None:
            write_lines(canvas, (state.trouble,))
        elif codes is None:
            write_lines(canvas, (state.waiting,))
        elif state.selection.scatter.is_grid and vae.latent == 2:
            words = readout.sheet(canvas, vae, projection.project_on_dims(codes, 0, 1))
            model_caption(canvas, 0, vae, *words)
        else:
            self._paint_scatter(canvas, state, vae, codes)

    def _paint_scatter(self, canvas: Canvas, state: ViewState, vae: Vae, codes: Codes) -> None:
        plane = state.selection.scatter
        chart = self._chart(state, codes)
        image = readout.image_size(canvas.width, canvas.height)
        width = canvas.width - scatter.AXIS - readout.WIDTH[image] - 3
        of = _description(vae, codes, is_tsne=plane.projection == "tsne")
        close = f"×{2**plane.zoom}" if plane.zoom else ""
        points = f"points {plane.point}×{plane.point}" if plane.point > 1 else ""
        model_caption(canvas, 0, vae, _NAMES[plane.projection], close, points, of)
        scatter.legend(canvas, 1, canvas.height - 1, plane.only_class)
        if isinstance(chart, str):
            canvas.centred(0, canvas.width, canvas.height // 3, chart)
            return
        plot = Plot(
            scatter.AXIS, 2, max(width, 4), max(canvas.height - 3 - scatter.FOOT, 2), chart.visible(plane)
        )
        self._plot, self.map = plot, chart
        cursor = chart.clamp(plane.x, plane.y)
        scatter.paint(canvas, plot, chart, cursor, plane)
        here = readout.Here(vae, codes, state.shown, chart, plane, cursor)
        readout.paint(canvas, image, here)

    def _chart(self, state: ViewState, codes: Codes) -> ProjectedCodes | str:
        """Return the projected codes, or a line on why there are none."""
        plane = state.selection.scatter
        axes = plane.axes(codes.mean.shape[1])
        if plane.projection == "dims":
            return projection.project_on_dims(codes, *axes)
        if plane.projection == "pca":
            return projection.project_on_axes(codes, *axes)
        return self.loaded[TSNE].value or self.loaded[TSNE].sentence


def _description(vae: Vae, codes: Codes, *, is_tsne: bool) -> str:
    """Return how many codes of what are plotted."""
    count = min(len(codes.mean), tsne_cache.MOST) if is_tsne else len(codes.mean)
    random = "random " if count < len(codes.mean) else ""
    what = "posterior means" if vae.config.model.is_vae else "codes"
    return f"{thousands(count)} {random}{what} of test images"
