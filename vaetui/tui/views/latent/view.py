"""The codes of the test images as a scatter, with a cursor that decodes where it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual import events

from vaetui.format import thousands
from vaetui.latent import projection, tsne_cache
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.models.autoencoder import Vae
from vaetui.render.terminal import Terminal
from vaetui.tui.keys import bindings
from vaetui.tui.loading import sources
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import CODES, MODEL, TSNE, Loaded
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.base import View, caption, write_lines
from vaetui.tui.views.latent import readout
from vaetui.tui.widgets import scatter
from vaetui.tui.widgets.scatter import Frame

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent

_NAMES = {"dims": "two dims", "pca": "PCA", "tsne": "t-SNE"}


class Latent(View):
    """Codes in two dimensions, along principal axes or by t-SNE, by class; or the plane of z = 2, decoded."""

    title: ClassVar[str] = "Latent"
    BINDINGS = bindings("Latent")
    KINDS = frozenset({MODEL, CODES})

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._frame: Frame | None = None  # of what is seen
        self._map: ProjectedCodes | None = None

    def requests(self, state: ViewState, _: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:
        """Return the map by t-SNE, where that is the projection."""
        if state.run is not None and state.codes is not None and state.selection.scatter.projection == "tsne":
            yield sources.tsne(state.run, state.codes, state.versions[CODES])

    @property
    def facts(self) -> frozenset[str]:
        """Codes, axes to choose from, and a plane that can be decoded whole."""
        vae, codes = self.state.vae, self.state.codes
        if vae is None or codes is None or vae.latent != codes.mean.shape[1]:
            return frozenset()
        plane = self.state.selection.scatter
        found = {"codes"} if not (plane.is_grid and vae.latent == 2) else set()
        if found and vae.latent > 2 and plane.projection != "tsne":
            found.add("axes")
        if vae.latent == 2:
            found.add("flat")
        return frozenset(found)

    # --- keys and mouse

    def _turn(self, apply: Callable[[ScatterSettings], ScatterSettings], needs: str = "codes") -> None:
        if needs in self.facts:
            self.change(lambda selection: dataclasses.replace(selection, scatter=apply(selection.scatter)))

    def action_cursor(self, across: int, up: int) -> None:
        """By columns and rows of the screen."""
        frame, chart = self._frame, self._map
        if frame is None or chart is None:
            return

        def move(plane: ScatterSettings) -> ScatterSettings:
            x, y = chart.clamp(plane.x, plane.y)
            return plane.with_cursor(*chart.clamp(x + across * frame.steps[0], y + up * frame.steps[1]))

        self._turn(move)

    def action_axis(self, direction: Literal["across", "up"], by: int) -> None:
        """Another dimension in one direction."""
        latent = self.state.vae.latent if self.state.vae else 1
        self._turn(lambda plane: plane.with_next_axis(direction, by, latent), "axes")

    def action_projection(self) -> None:
        """Dims, PCA, t-SNE."""
        self._turn(ScatterSettings.with_next_projection)

    def action_only(self, by: int) -> None:
        """The next class alone."""
        self._turn(lambda plane: plane.with_next_class(by))

    def action_show_only(self, label: int) -> None:
        """One class alone, −1 for all; the one that is alone already makes room for all again."""
        self._turn(lambda plane: plane.with_class(None if label in (-1, plane.only_class) else label))

    def action_zoom(self, by: int) -> None:
        """Closer or farther."""
        self._turn(lambda plane: plane.with_zoom(by))

    def action_reset(self) -> None:
        """Everything in sight, the cursor in the middle."""
        self._turn(ScatterSettings.with_reset_view)

    def action_sheet(self) -> None:
        """Digits over the plane, or codes."""
        self._turn(ScatterSettings.with_toggled_grid, "flat")

    async def on_click(self, event: events.Click) -> None:
        """The cursor goes where the scatter is clicked; zones are the base class's."""
        frame = self._frame
        if frame is not None and frame.holds(event.x, event.y):
            x, y = frame.place(event.x - frame.x, event.y - frame.y)
            self._turn(lambda plane: plane.with_cursor(x, y))

    def on_mouse_scroll_up(self) -> None:
        """Closer."""
        self.action_zoom(1)

    def on_mouse_scroll_down(self) -> None:
        """Farther."""
        self.action_zoom(-1)

    # --- painting

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """The scatter, the plane, or why there is neither."""
        self._frame = self._map = None
        vae, codes = state.vae, state.codes
        if vae is None:
            write_lines(canvas, (state.trouble,))
        elif codes is None:
            write_lines(canvas, (state.waiting,))
        elif state.selection.scatter.is_grid and vae.latent == 2:
            caption(
                canvas,
                0,
                *readout.sheet(canvas, vae, projection.project_on_dims(codes, 0, 1)),
                f"epoch {vae.epoch}",
            )
        else:
            self._paint_scatter(canvas, state, vae, codes)

    def _paint_scatter(self, canvas: Canvas, state: ViewState, vae: Vae, codes: Codes) -> None:
        plane = state.selection.scatter
        chart = self._chart(state, codes)
        side = readout.room(canvas.width, canvas.height)
        size = canvas.width - scatter.AXIS - side.width - 3, canvas.height - 3 - scatter.FOOT
        count = min(len(codes.mean), tsne_cache.MOST) if plane.projection == "tsne" else len(codes.mean)
        what = "codes" if not vae.config.model.is_vae else "posterior means"
        of = f"{thousands(count)} {what} of test images"
        close = f"×{2**plane.zoom}" if plane.zoom else ""
        caption(canvas, 0, *filter(None, (_NAMES[plane.projection], close, of, f"epoch {vae.epoch}")))
        scatter.legend(canvas, 1, canvas.height - 1, plane.only_class)
        if isinstance(chart, str):
            canvas.centred(0, canvas.width, canvas.height // 3, chart)
            return
        frame = Frame(scatter.AXIS, 2, max(size[0], 4), max(size[1], 2), chart.visible(plane))
        self._frame, self._map = frame, chart
        cursor = chart.clamp(plane.x, plane.y)
        scatter.paint(canvas, frame, chart, cursor, plane.only_class)
        here = readout.Here(vae, codes, state.shown, chart, plane, cursor)
        readout.paint(canvas, canvas.width - side.width - 1, 1, side, here)

    def _chart(self, state: ViewState, codes: Codes) -> ProjectedCodes | str:
        """The map that is wanted, or a line on why it is not here."""
        plane = state.selection.scatter
        axes = plane.axes(codes.mean.shape[1])
        if plane.projection == "dims":
            return projection.project_on_dims(codes, *axes)
        if plane.projection == "pca":
            return projection.project_on_axes(codes, *axes)
        return self.loaded[TSNE].value or self.loaded[TSNE].sentence

    def content(self) -> ExportContent:
        """The codes, and where they lie."""
        from vaetui.tui.views.latent.content import content_of

        return content_of(self.title, self.state, self._map)
