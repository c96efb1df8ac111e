"""View 2: test images, their reconstructions, and what each costs in nats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from trainer.contract.likelihoods import LIKELIHOODS
from vaetui import commands
from vaetui.arrays import Integers
from vaetui.latent.reconstructions import reconstruct_images, reconstructed_probes
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
from vaetui.tui.state.gallery import Gallery, Layout
from vaetui.tui.state.loaded import MODEL, RANKING, RECONSTRUCTIONS, TIMELINE, Loaded
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import Reconstruction, ViewState
from vaetui.tui.views.base import ImageView, caption, that_hold
from vaetui.tui.views.reconstruct import large, pairs
from vaetui.tui.views.reconstruct.series import Cell, series
from vaetui.tui.views.timeline import TimelineView
from vaetui.tui.widgets.checkpoint_grid import draw_checkpoint_grid
from vaetui.tui.widgets.layout import Rect, first_shown

ACROSS: tuple[Layout, ...] = ("row", "column", "all")
NONE = np.arange(0)


class Reconstruct(TimelineView, ImageView):
    """Columns of images; one image large; one image by many checkpoints; the trainer's probes by epoch."""

    title: ClassVar[str] = "Reconstruct"
    BINDINGS = bindings("Reconstruct")
    KINDS = frozenset({MODEL, TIMELINE})

    # --- the state

    @property
    def gallery(self) -> Gallery:
        """Return which images are shown, in which order and layout."""
        return self.state.selection.gallery

    @property
    def concerns(self) -> tuple[object, ...]:
        """Return the family and the order, too."""
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
        """Return whether there are other images and other ways to show them."""
        state, found = self.state, super().facts
        if state.shown is None or (state.vae is None and not self.is_past):
            return found
        listed = self._listed(state.selection)
        last = max(len(listed) - self._seen_at_once(), 0)
        return found | that_hold(
            digits=last,
            moved=min(self._at(state.selection, listed), last),
            classes=len(listed) or self.gallery.only is not None,
            orders=not self.is_past,
            layouts=not self.is_past,
        )

    def _listed(self, selection: Selection) -> Integers:
        """Return the numbers of the images to go through, none where their dataset is not here."""
        shown, timeline = self.state.shown, self.state.timeline
        if shown is None:
            return NONE
        if selection.epoch is None:
            return selection.gallery.listed(shown.images.labels)
        if timeline is None or self._is_other_set(timeline):
            return NONE
        index, only = timeline.probe_index, selection.gallery.only
        return index if only is None else index[shown.images.labels[index] == only]

    def _is_other_set(self, timeline: Timeline) -> bool:
        """Return whether the images are of another dataset than those of the timeline."""
        run, shown = self.state.run, self.state.shown
        return not (run and shown and shown.name == run.config.data.name) or (
            int(timeline.probe_index.max()) >= len(shown)
        )

    def _at(self, selection: Selection, listed: Integers) -> int:
        """Return the place of the selected image among those listed."""
        if selection.epoch is not None:
            found = np.flatnonzero(listed == selection.digit)
            return int(found[0]) if len(found) else 0
        labels = self.state.shown.images.labels if self.state.shown else np.zeros(0, np.uint8)
        return selection.gallery.place(labels, selection.digit)

    def _seen_at_once(self) -> int:
        width, height = self.room
        if self.is_past:
            return pairs.layout(width, height - 1).images
        return pairs.layout(width, height).images if self.gallery.layout == "grid" else 1

    def seen(self) -> Integers:
        """Return the numbers of the images on the screen."""
        listed, seen = self._listed(self.state.selection), self._seen_at_once()
        first = min(self._at(self.state.selection, listed), max(len(listed) - seen, 0))
        return listed[first : first + seen]

    # --- keys

    def action_move(self, by: int) -> None:
        """Move to another image."""

        def moved(selection: Selection) -> Selection:
            listed = self._listed(selection)
            if not len(listed):
                return selection
            last = max(len(listed) - self._seen_at_once(), 0)
            at = min(max(min(self._at(selection, listed), last) + by, 0), last)
            return selection.at(int(listed[at]))

        self.change(moved)

    def action_page(self, by: int) -> None:
        """Move by as many images as are shown, ten where that is one."""
        seen = self._seen_at_once()
        self.action_move(by * (seen if seen > 1 else 10))

    def action_first(self) -> None:
        """Go to the first image."""
        if len(listed := self._listed(self.state.selection)):
            self.action_show_digit(int(listed[0]))

    def action_show_digit(self, image: int) -> None:
        """Go to one image."""
        self.change(lambda selection: selection.at(image))

    def action_only(self, by: int) -> None:
        """Show the next class alone."""
        self.change(lambda selection: selection.with_gallery(selection.gallery.next_only(by)))

    def action_order(self) -> None:
        """Take the next order, or the same one by the present model."""
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
        """Take the next layout with more than one checkpoint."""
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
        """Select a run of the family."""
        runs = self.state.family.runs if self.state.family else ()
        if place < len(runs):
            latent, column = cell_of(runs[place])
            await self.run_action(f"app.select({latent}, {column!r})")

    # --- painting

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """Paint the images in the layout that is chosen."""
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
            self._paint_across(canvas, shown, int(self.seen()[0]), selection.gallery.layout)

    def _paint_grid(self, canvas: Canvas, vae: Vae, shown: ImageSet) -> None:
        plan = pairs.layout(canvas.width, canvas.height)
        images = self.seen().tolist()
        pairs.paint(canvas, plan, reconstruct_images(vae, shown, images))
        caption(canvas, 0, self._which(shown, images), *pairs.legend(plan))
        foot = 1 + plan.bands * plan.lines + (canvas.height > 2 + plan.bands * plan.lines)
        at = "at the posterior's mean" if vae.config.model.is_vae else "at the code"
        cost = f"nats: {LIKELIHOODS[vae.config.objective.likelihood].caption}"
        caption(canvas, foot, f"epoch {vae.epoch}", cost, at)

    def _paint_one(self, canvas: Canvas, vae: Vae, shown: ImageSet, listed: Integers) -> None:
        plan = large.layout(canvas.width, canvas.height)
        at = self._at(self.state.selection, listed)
        image, ranking = int(listed[at]), self.state.ranking
        first = first_shown(at, plan.across, len(listed)) if plan.across else at
        images = listed[first : first + max(plan.across, 1)].tolist()
        rank = ranking.describe(image) + large.BY_DISTORTION if ranking else self.state.no_ranking
        cost = LIKELIHOODS[vae.config.objective.likelihood].caption
        large.paint(canvas, plan, reconstruct_images(vae, shown, images), at - first, rank, cost)
        caption(canvas, 0, self._which(shown, [image]), f"epoch {vae.epoch}")

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
            draw_checkpoint_grid(canvas, rect, family, made, original, run.path, loaded.sentence)
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
        """Name the images on the screen and their order."""
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
        """Paint the trainer's probes at one epoch."""
        plan = pairs.layout(canvas.width, canvas.height - 1)
        is_apart = self._is_other_set(timeline)
        shown = None if is_apart else self.state.shown
        probes, index = timeline.probes[place], timeline.probe_index
        pairs.paint(canvas, plan, reconstructed_probes(probes, index, shown, self.seen().tolist()))
        free = 1 + plan.bands * plan.lines
        if is_apart:
            return free, ("without the originals: their dataset is not here",)
        return free, ("MSE per pixel (8-bit)", *pairs.legend(plan))

    def command(self) -> list[str]:
        """Return the command that shows these images."""
        indices = self.content().arrays.get("indices")
        if self.state.run is None or indices is None:
            return super().command()
        images = commands.image_argument(indices.tolist())
        return ["show", lookup.run_argument(self.state.run), "--digits", images]


def _runs(state: ViewState, way: Layout) -> tuple[Run, ...]:
    """Return the runs of the selected row, of its column, or all."""
    family, run = state.family, state.run
    if family is None or run is None:
        return ()
    here = cell_of(run)
    axis = {"row": 0, "column": 1}.get(way)
    return tuple(each for each in family.runs if axis is None or cell_of(each)[axis] == here[axis])


def _after(ways: list[Layout], way: Layout) -> Layout:
    """Return the layout after one, or the first."""
    return ways[(ways.index(way) + 1) % len(ways)] if way in ways else ways[0]
