"""View 2: test digits, what models make of them, and what each costs in nats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trainer.contract.likelihoods import LIKELIHOODS
from vaetui import commands
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.models.image_ranking import model_name
from vaetui.runs import lookup
from vaetui.runs.families import AE, cell_of
from vaetui.runs.run_watcher import Run
from vaetui.runs.timeline import Timeline
from vaetui.tui.keys import bindings
from vaetui.tui.loading import sources
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.gallery import Gallery, Layout, Numbers
from vaetui.tui.state.loaded import MODEL, RANKING, RECONSTRUCTIONS, TIMELINE, Loaded
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import Reconstruction, ViewState
from vaetui.tui.views.base import ImageView, caption
from vaetui.tui.views.content import timeline_frame
from vaetui.tui.views.reconstruct import large, paint, pairs
from vaetui.tui.views.reconstruct.series import Cell, series
from vaetui.tui.views.timeline import PastView
from vaetui.tui.widgets.board import Rect
from vaetui.tui.widgets.wall import wall

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent

ACROSS: tuple[Layout, ...] = ("row", "column", "all")
NONE = np.arange(0)


class Reconstruct(PastView, ImageView):
    """Columns of digits; one digit large; one digit by many checkpoints; the trainer's probes by epoch."""

    title: ClassVar[str] = "Reconstruct"
    BINDINGS = bindings("Reconstruct")
    KINDS = frozenset({MODEL, TIMELINE})

    # --- the state

    @property
    def gallery(self) -> Gallery:
        """Which digits, in which order and layout."""
        return self.state.selection.gallery

    @property
    def concerns(self) -> tuple[object, ...]:
        """The family and the order, too."""
        state = self.state
        across = state.family if self.gallery.layout in ACROSS else None
        return (*super().concerns, across, state.ranking, state.no_ranking)

    def needs(self, selection: Selection) -> frozenset[str]:
        """Add the ranking where the rank of one digit is shown or an order waits for it."""
        gallery = selection.gallery
        return self.KINDS | ({RANKING} if gallery.lacks_ranking or gallery.layout == "one" else set())

    def requests(self, state: ViewState, _: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:
        """Return what several checkpoints make of the selected digit, where that is the layout."""
        selection, shown = state.selection, state.shown
        layout = selection.gallery.layout
        if layout not in ACROSS or selection.epoch is not None or shown is None:
            return
        labels = shown.images.labels
        listed = selection.gallery.listed(labels)
        if len(listed):
            image = int(listed[min(selection.gallery.place(labels, selection.digit), len(listed) - 1)])
            yield sources.reconstructions(self.title, _runs(state, layout), shown, image, state)

    @property
    def facts(self) -> frozenset[str]:
        """Whether there are digits to go to, and ways to show them."""
        state, found = self.state, set(super().facts)
        if state.shown is None or (state.vae is None and not self.is_past):
            return frozenset(found)
        listed = self._listed(state.selection)
        last = max(len(listed) - self._seen_at_once(), 0)
        found |= {"digits"} if last else set()
        found |= {"moved"} if min(self._at(state.selection, listed), last) else set()
        found |= {"classes"} if len(listed) or self.gallery.only is not None else set()
        found |= set() if self.is_past else {"orders", "layouts"}
        return frozenset(found)

    def _listed(self, selection: Selection) -> Numbers:
        """The test images that are gone through, () where their dataset is not here."""
        shown, timeline = self.state.shown, self.state.timeline
        if shown is None:
            return NONE
        if selection.epoch is None:
            return selection.gallery.listed(shown.images.labels)
        if timeline is None or self._stands_in(timeline):
            return NONE
        index, only = timeline.probe_index, selection.gallery.only
        return index if only is None else index[shown.images.labels[index] == only]

    def _stands_in(self, timeline: Timeline) -> bool:
        """Whether the images that are here are others than those of the timeline."""
        run, shown = self.state.run, self.state.shown
        return not (run and shown and shown.name == run.config.data.name) or (
            int(timeline.probe_index.max()) >= len(shown)
        )

    def _at(self, selection: Selection, listed: Numbers) -> int:
        """The place of the selection's digit among those listed."""
        if selection.epoch is not None:
            found = np.flatnonzero(listed == selection.digit)
            return int(found[0]) if len(found) else 0
        labels = self.state.shown.images.labels if self.state.shown else np.zeros(0, np.uint8)
        return selection.gallery.place(labels, selection.digit)

    def _seen_at_once(self) -> int:
        width, height = self.room
        if self.is_past:
            return pairs.layout(width, height - 1).digits
        return pairs.layout(width, height).digits if self.gallery.layout == "grid" else 1

    def _window(self) -> Numbers:
        """The digits that are seen."""
        listed, seen = self._listed(self.state.selection), self._seen_at_once()
        first = min(self._at(self.state.selection, listed), max(len(listed) - seen, 0))
        return listed[first : first + seen]

    # --- keys

    def action_move(self, by: int) -> None:
        """To another digit."""

        def moved(selection: Selection) -> Selection:
            listed = self._listed(selection)
            if not len(listed):
                return selection
            last = max(len(listed) - self._seen_at_once(), 0)
            at = min(max(min(self._at(selection, listed), last) + by, 0), last)
            return selection.at(int(listed[at]))

        self.change(moved)

    def action_page(self, by: int) -> None:
        """By as many digits as are seen, ten where that is one."""
        seen = self._seen_at_once()
        self.action_move(by * (seen if seen > 1 else 10))

    def action_first(self) -> None:
        """To the first digit."""
        if len(listed := self._listed(self.state.selection)):
            self.action_show_digit(int(listed[0]))

    def action_show_digit(self, image: int) -> None:
        """To one digit."""
        self.change(lambda selection: selection.at(image))

    def action_only(self, by: int) -> None:
        """Digits of the next class alone."""
        self.change(lambda selection: selection.with_gallery(selection.gallery.next_only(by)))

    def action_order(self) -> None:
        """The next order, or the same by the model that is looked at now."""
        vae, shown = self.state.vae, self.state.shown
        if vae is None or shown is None or self.is_past:
            return

        def order(selection: Selection) -> Selection:
            gallery = selection.gallery.next_order(model_name(vae), vae.epoch)
            listed = gallery.listed(shown.images.labels)
            is_first = gallery.ranking is not None and len(listed)
            return selection.with_gallery(gallery).at(int(listed[0]) if is_first else selection.digit)

        self.change(order)

    def action_layout(self) -> None:
        """The next layout in which there is more to see than one checkpoint."""
        if "layouts" in self.facts:
            ways = self._layouts()
            self.change(
                lambda selection: selection.with_gallery(
                    selection.gallery.laid(_after(ways, selection.gallery.layout))
                )
            )

    def _layouts(self) -> list[Layout]:
        family = self.state.family
        several = {way: family is not None and len(_runs(self.state, way)) > 1 for way in ACROSS}
        if several["row"] != several["column"]:
            several["all"] = False  # it would be the same
        return ["grid", "one", *(way for way in ACROSS if several[way])]

    async def action_pick_run(self, place: int) -> None:
        """Open a run of the family."""
        runs = self.state.family.runs if self.state.family else ()
        if place < len(runs):
            latent, column = cell_of(runs[place])
            await self.run_action(f"app.select({latent}, {column!r})")

    # --- painting

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """The digits in the layout that is chosen."""
        listed = self._listed(selection)
        if not len(listed):
            canvas.text(
                2, canvas.height // 4, f"No test digits of class {selection.gallery.only}: c goes on."
            )
        elif selection.gallery.layout == "grid":
            self._paint_grid(canvas, vae, shown)
        elif selection.gallery.layout == "one":
            self._paint_one(canvas, vae, shown, listed)
        else:
            self._paint_across(canvas, shown, int(self._window()[0]), selection.gallery.layout)

    def _paint_grid(self, canvas: Canvas, vae: Vae, shown: ImageSet) -> None:
        plan = pairs.layout(canvas.width, canvas.height)
        images = self._window().tolist()
        pairs.paint(canvas, plan, paint.pairs(vae, shown, images))
        caption(canvas, 0, self._which(shown, images), *pairs.legend(plan))
        foot = 1 + plan.bands * plan.lines + (canvas.height > 2 + plan.bands * plan.lines)
        at = "at the posterior's mean" if vae.config.model.is_vae else "at the code"
        cost = f"nats: {LIKELIHOODS[vae.config.objective.likelihood].caption}"
        caption(canvas, foot, f"epoch {vae.epoch}", cost, at)

    def _paint_one(self, canvas: Canvas, vae: Vae, shown: ImageSet, listed: Numbers) -> None:
        plan = large.layout(canvas.width, canvas.height)
        at = self._at(self.state.selection, listed)
        first = min(max(at - plan.across // 2, 0), max(len(listed) - plan.across, 0))
        images = listed[first : first + plan.across].tolist() if plan.across else [int(listed[at])]
        here = at - first if plan.across else 0
        seen = paint.enlarged(vae, shown, images, here, self.state.ranking, self.state.no_ranking)
        large.paint(canvas, plan, seen)
        caption(canvas, 0, self._which(shown, [int(listed[at])]), f"epoch {vae.epoch}")

    def _paint_across(self, canvas: Canvas, shown: ImageSet, image: int, way: Layout) -> None:
        family, runs = self.state.family, _runs(self.state, way)
        run = self.state.run
        if family is None or run is None:
            return
        loaded = self.loaded.get(RECONSTRUCTIONS, Loaded[dict[Path, Reconstruction]]())
        made = loaded.value or {}
        name = self._which(shown, [image])
        if way == "all":
            rect = Rect(1, 0, canvas.width - 2, canvas.height)
            original = (shown.pixels([image])[0], name)
            wall(canvas, rect, family, made, original, run.path, loaded.sentence)
            return
        cells = []
        for each in runs:
            latent, column = cell_of(each)
            head = f"z {latent}" if way == "column" else "AE" if column == AE else f"β {column:g}"
            cells.append(Cell(head, made.get(each.path), family.runs.index(each), each.path == run.path))
        unseen = series(canvas, Rect(0, 1, canvas.width, canvas.height - 1), shown.pixels([image])[0], cells)
        latent, column = cell_of(run)
        fixed = f"z {latent}" if way == "row" else "AE" if column == AE else f"β {column:g}"
        more = (f"{unseen} more not seen",) if unseen else ()
        cost = f"nats: {LIKELIHOODS[run.config.objective.likelihood].caption}"
        caption(canvas, 0, f"all with {fixed}", *more, loaded.sentence or name, cost, "at the mean")

    def _which(self, shown: ImageSet, images: list[int]) -> str:
        """The digits that are seen, and their order."""
        gallery, drawn = self.gallery, "binarised " if shown.is_binarised else ""
        if gallery.lacks_ranking:
            order = self.state.no_ranking
        else:
            order = f"{gallery.order} first for {gallery.ranking.name}" if gallery.ranking else ""
        if len(images) == 1:
            which = f"{drawn}{shown.name} test digit {images[0]}, class {shown.label(images[0])}"
        elif gallery.ranking is None and gallery.only is None:
            which = f"{drawn}{shown.name} test digits {images[0]} to {images[-1]}"
        else:
            only = "" if gallery.only is None else f" of class {gallery.only}"
            which = f"{drawn}{shown.name} test digits{only}"
        return ", ".join(filter(None, (order, which)))

    def paint_frame(self, canvas: Canvas, timeline: Timeline, place: int) -> tuple[int, tuple[str, ...]]:
        """The trainer's probes at one epoch."""
        plan = pairs.layout(canvas.width, canvas.height - 1)
        is_apart = self._stands_in(timeline)
        shown = None if is_apart else self.state.shown
        found = paint.probes(timeline, place, shown, self._window().tolist())
        pairs.paint(canvas, plan, found)
        free = 1 + plan.bands * plan.lines
        if is_apart:
            return free, ("without the originals, which are not here",)
        return free, ("squared error per pixel, of 8-bit pictures", *pairs.legend(plan))

    def content(self) -> ExportContent:
        """The digits that are seen, or all probes of the epoch."""
        from vaetui.tui.views.reconstruct.content import content_of

        state = self.state
        if state.selection.epoch is not None and state.timeline is not None:
            place = state.timeline.place(state.selection.epoch)
            return timeline_frame(self.title, state, place, "probes")
        return content_of(self.title, state, self._window().tolist())

    def command(self) -> list[str]:
        """Show the digits that are seen."""
        indices = self.content().arrays.get("indices")
        if self.state.run is None or indices is None:
            return super().command()
        return [
            "show",
            lookup.run_argument(self.state.run),
            "--digits",
            commands.image_argument(indices.tolist()),
        ]


def _runs(state: ViewState, way: Layout) -> tuple[Run, ...]:
    """Return the runs of the selected row, of its column, or all."""
    family, run = state.family, state.run
    if family is None or run is None:
        return ()
    here = cell_of(run)
    axis = {"row": 0, "column": 1}.get(way)
    return tuple(each for each in family.runs if axis is None or cell_of(each)[axis] == here[axis])


def _after(ways: list[Layout], way: Layout) -> Layout:
    """The layout after one, or the first."""
    return ways[(ways.index(way) + 1) % len(ways)] if way in ways else ways[0]
