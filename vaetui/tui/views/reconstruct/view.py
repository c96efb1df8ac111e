"""View 2: test images, their reconstructions, distortion and rate."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from trainer.contract.config import Config
from trainer.contract.likelihoods import LIKELIHOODS
from vaetui import commands
from vaetui.arrays import Integers
from vaetui.latent.reconstructions import reconstruct_images, reconstructed_probes
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.models.image_ranking import model_name
from vaetui.runs import lookup
from vaetui.runs.families import cell_of
from vaetui.runs.run_watcher import Run
from vaetui.runs.timeline import Timeline
from vaetui.tui.loading import sources
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.gallery import Gallery, Layout
from vaetui.tui.state.loaded import MODEL, RANKING, RECONSTRUCTIONS, TIMELINE, Loaded
from vaetui.tui.state.notice import NoticePosted
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import Reconstruction, ViewState
from vaetui.tui.views.base import ImageView, caption, model_caption, that_hold
from vaetui.tui.views.reconstruct import large, pairs
from vaetui.tui.views.reconstruct.series import Cell, series
from vaetui.tui.views.timeline import TimelineView
from vaetui.tui.widgets.checkpoint_grid import column_title, draw_checkpoint_grid
from vaetui.tui.widgets.layout import Rect, first_shown

ACROSS: tuple[Layout, ...] = ("row", "column", "all")
NOT_ACROSS = "One image across checkpoints is shown by the newest models only: press End, then w."
BITS = "from 8-bit images"


class Reconstruct(TimelineView, ImageView):
    """A grid of images; one image large; one image by many checkpoints; the trainer's probes by epoch."""

    title: ClassVar[str] = "Reconstruct"
    about: ClassVar[str] = (
        "Test images over what the model makes of their codes; the nats below each are its distortion,"
        " lower is better. On MNIST the mean is 78 nats for z = 20 and 144 for z = 2 (β = 1, one posterior"
        " draw): 1 is the easiest class, 2 and 8 are the hardest."
    )
    KINDS = frozenset({MODEL, TIMELINE})

    # --- state

    @property
    def gallery(self) -> Gallery:
        """Return the filter, order and layout of the images."""
        return self.state.selection.gallery

    @property
    def concerns(self) -> tuple[object, ...]:
        """Return the family, the marks and the order, too."""
        state = self.state
        across = (state.family, state.marked_paths) if self.gallery.layout in ACROSS else None
        return (*super().concerns, across, state.ranking, state.no_ranking)

    def needs(self, selection: Selection) -> frozenset[str]:
        """Add the ranking for the rank of a large image, or for an order that lacks it."""
        gallery = selection.gallery
        shows_rank = gallery.layout == "one" and selection.epoch is None
        return self.KINDS | ({RANKING} if gallery.lacks_ranking or shows_rank else set())

    def requests(self, state: ViewState, _: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:
        """Return the request for the reconstructions by several checkpoints, if the layout shows them."""
        selection, shown = state.selection, state.shown
        layout = selection.gallery.layout
        if layout not in ACROSS or selection.epoch is not None or shown is None:
            return
        labels = shown.images.labels
        listed = selection.gallery.listed(labels)
        if len(listed):
            image = int(listed[min(selection.gallery.place(labels, selection.image), len(listed) - 1)])
            yield sources.reconstructions(self.title, _runs(state, layout), shown, image, state)

    @property
    def facts(self) -> frozenset[str]:
        """Return whether there are other images, classes, orders and layouts."""
        state, facts = self.state, super().facts
        if state.shown is None or (state.vae is None and not self.is_past):
            return facts
        listed, first, last = self._scroll(state.selection)
        return facts | that_hold(
            images=last,
            moved=first,
            classes=len(listed) or self.gallery.only is not None,
            orders=not self.is_past,
            layouts=len(listed),
        )

    def _listed(self, selection: Selection) -> Integers:
        """Return the numbers of the images to page through, none if their dataset is missing."""
        shown, timeline = self.state.shown, self.state.timeline
        if shown is None:
            return np.arange(0)
        if selection.epoch is None:
            return selection.gallery.listed(shown.images.labels)
        if timeline is None or self._is_other_set(timeline):
            return np.arange(0)
        listed = selection.gallery.listed(shown.images.labels)
        return listed[np.isin(listed, timeline.probe_index)]

    def _is_other_set(self, timeline: Timeline) -> bool:
        """Return whether the images are not those that the timeline has reconstructions of."""
        run, shown = self.state.run, self.state.shown
        return not (run and shown and shown.name == run.config.data.name) or (
            int(timeline.probe_index.max()) >= len(shown)
        )

    def _at(self, selection: Selection, listed: Integers) -> int:
        """Return the place of the selected image among those listed."""
        labels = self.state.shown.images.labels if self.state.shown else np.zeros(0, np.uint8)
        place = selection.gallery.place(labels, selection.image)
        if selection.epoch is None:
            return place
        before = selection.gallery.listed(labels)[:place]
        return min(int(np.isin(before, listed).sum()), max(len(listed) - 1, 0))

    def _room_for(self) -> int:
        """Return how many images are shown at once."""
        width, height = self.room
        if self.is_past:
            return pairs.layout(width, height - 1).images if self._past_layout == "grid" else 1
        return pairs.layout(width, height).images if self.gallery.layout == "grid" else 1

    @property
    def _past_layout(self) -> Layout:
        """Return the layout of an earlier epoch: one image instead of one by many checkpoints."""
        return "grid" if self.gallery.layout == "grid" else "one"

    def _scroll(self, selection: Selection) -> tuple[Integers, int, int]:
        """Return the listed images, the place of the first that is shown, and its last possible place."""
        listed = self._listed(selection)
        last = max(len(listed) - self._room_for(), 0)
        return listed, min(self._at(selection, listed), last), last

    def shown_images(self) -> Integers:
        """Return the numbers of the images on the screen."""
        listed, first, _ = self._scroll(self.state.selection)
        return listed[first : first + self._room_for()]

    # --- keys

    def action_move(self, by: int) -> None:
        """Move to another image."""

        def move(selection: Selection) -> Selection:
            listed, first, last = self._scroll(selection)
            if not len(listed):
                return selection
            return dataclasses.replace(selection, image=int(listed[min(max(first + by, 0), last)]))

        self.change(move)

    def action_page(self, by: int) -> None:
        """Move by as many images as are shown, by ten if one is shown."""
        shown = self._room_for()
        self.action_move(by * (shown if shown > 1 else 10))

    def action_first(self) -> None:
        """Go to the first image."""
        if len(listed := self._listed(self.state.selection)):
            self.action_show_image(int(listed[0]))

    def action_show_image(self, image: int) -> None:
        """Go to one image."""
        self.change(lambda selection: dataclasses.replace(selection, image=image))

    def action_only(self, by: int) -> None:
        """Show one class only, the next one."""
        self.change(lambda selection: dataclasses.replace(selection, gallery=selection.gallery.next_only(by)))

    def action_order(self) -> None:
        """Select the next order, or the same one by the present model."""
        vae, shown = self.state.vae, self.state.shown
        if vae is None or shown is None or self.is_past:
            return

        def order(selection: Selection) -> Selection:
            gallery = selection.gallery.next_order(model_name(vae), vae.epoch)
            listed = gallery.listed(shown.images.labels)
            is_first = gallery.ranking is not None and len(listed)
            image = int(listed[0]) if is_first else selection.image
            return dataclasses.replace(selection, gallery=gallery, image=image)

        self.change(order)

    def action_layout(self) -> None:
        """Select the next layout; those across checkpoints need more than one."""
        if "layouts" not in self.facts:
            return
        several = [layout for layout in ACROSS if len(_runs(self.state, layout)) > 1]
        if len(several) == 2:  # one row or one column, which is all
            del several[1]
        if self.is_past:
            if several and self._past_layout == "one":
                self.post_message(NoticePosted(NOT_ACROSS))
            several.clear()
        layouts: list[Layout] = ["grid", "one", *several]

        def change(selection: Selection) -> Selection:
            gallery = selection.gallery
            place = layouts.index(gallery.layout) if gallery.layout in layouts else 1 if self.is_past else -1
            gallery = dataclasses.replace(gallery, layout=layouts[(place + 1) % len(layouts)])
            return dataclasses.replace(selection, gallery=gallery)

        self.change(change)

    async def action_pick_run(self, place: int) -> None:
        """Select a run of the family."""
        runs = self.state.family.runs if self.state.family else ()
        if place < len(runs):
            latent, column = cell_of(runs[place])
            await self.run_action(f"app.select({latent}, {column!r})")

    # --- painting

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """Paint the images in the selected layout."""
        gallery, listed = selection.gallery, self._listed(selection)
        if not len(listed):
            canvas.text(2, canvas.height // 4, f"No test images of class {gallery.only}: press c for others.")
        elif gallery.layout == "grid":
            self._paint_grid(canvas, vae, shown)
        elif gallery.layout == "one":
            self._paint_one(canvas, vae, shown, listed)
        else:
            self._paint_across(canvas, shown, int(self.shown_images()[0]))

    def _paint_grid(self, canvas: Canvas, vae: Vae, shown: ImageSet) -> None:
        plan = pairs.layout(canvas.width, canvas.height)
        images = self.shown_images().tolist()
        pairs.paint(canvas, plan, reconstruct_images(vae, shown, images))
        caption(canvas, 0, self._title(shown, images), *pairs.legend(plan, self.terminal))
        end = 1 + plan.bands * plan.lines + (canvas.height > 2 + plan.bands * plan.lines)
        at = "at the posterior's mean" if vae.config.model.is_vae else "at the code"
        caption(canvas, end, vae.position_text, f"nats: {_formula(vae.config)}", at)

    def _paint_one(self, canvas: Canvas, vae: Vae, shown: ImageSet, listed: Integers) -> None:
        plan = large.layout(canvas.width, canvas.height)
        at = self._at(self.state.selection, listed)
        image, ranking = int(listed[at]), self.state.ranking
        first = first_shown(at, plan.across, len(listed)) if plan.across else at
        images = listed[first : first + max(plan.across, 1)].tolist()
        rank = ranking.describe(image) + large.BY_DISTORTION if ranking else self.state.no_ranking
        reconstructed = reconstruct_images(vae, shown, images)
        large.paint(canvas, plan, reconstructed, at - first, rank, _formula(vae.config))
        model_caption(canvas, 0, vae, self._title(shown, [image]))

    def _paint_across(self, canvas: Canvas, shown: ImageSet, image: int) -> None:
        family, run, layout = self.state.family, self.state.run, self.gallery.layout
        assert family is not None
        assert run is not None
        loaded = self.loaded.get(RECONSTRUCTIONS, Loaded[dict[Path, Reconstruction]]())
        pixels, title = shown.pixels([image])[0], self._title(shown, [image])
        marked = self.state.marked_paths
        if layout == "all":
            rect = Rect(1, 0, canvas.width - 2, canvas.height)
            draw_checkpoint_grid(canvas, rect, family, loaded, (pixels, title), run.path, marked)
            return
        axis, other = (0, 1) if layout == "row" else (1, 0)
        cells = []
        for each in _runs(self.state, layout):
            made = (loaded.value or {}).get(each.path)
            signs = (each is run, each.path in marked)
            cells.append(Cell(_cell_titles(each)[other], made, family.runs.index(each), *signs))
        hidden = series(canvas, Rect(0, 1, canvas.width, canvas.height - 1), pixels, cells)
        more = f"{hidden} more not shown" if hidden else ""
        cost = f"nats: {_formula(run.config)}"
        fixed = f"all with {_cell_titles(run)[axis]}"
        order, name = self._order_and_name(shown, [image])
        caption(canvas, 0, fixed, more, loaded.sentence or name, order, cost, "at the mean")

    def _title(self, shown: ImageSet, images: list[int]) -> str:
        """Return the order and the name of the images on the screen."""
        return ", ".join(filter(None, self._order_and_name(shown, images)))

    def _order_and_name(self, shown: ImageSet, images: list[int]) -> tuple[str, str]:
        """Return the order, "" for the dataset's, and the name of the images on the screen."""
        gallery = self.gallery
        order = f"{gallery.order} for {gallery.ranking.name}" if gallery.ranking else ""
        if gallery.lacks_ranking:
            order = self.state.no_ranking
        if len(images) == 1:
            name = f"{shown.title} image {images[0]}, class {shown.label(images[0])}"
        elif gallery.only is not None:
            name = f"{shown.title}, class {gallery.only}"
        else:
            name = f"{shown.title} images" + ("" if gallery.ranking else f" {images[0]} to {images[-1]}")
        return order, name

    def paint_frame(self, canvas: Canvas, timeline: Timeline, place: int) -> tuple[int, tuple[str, ...]]:
        """Paint the trainer's probes at one epoch."""
        shown, run = None if self._is_other_set(timeline) else self.state.shown, self.state.run
        assert run is not None
        wanted, at = self.shown_images().tolist(), 0
        large_plan = large.layout(canvas.width, canvas.height - 2)
        is_large = self._past_layout == "one" and shown is not None and len(wanted) > 0
        if is_large:
            listed, chosen, _ = self._scroll(self.state.selection)
            first = first_shown(chosen, large_plan.across, len(listed)) if large_plan.across else chosen
            wanted, at = listed[first : first + max(large_plan.across, 1)].tolist(), chosen - first
        images = reconstructed_probes(
            timeline.probes[place], timeline.probe_index, shown, wanted, run.config.objective.likelihood
        )
        is_nats = bool(images) and images[0].distortion is not None
        unit = f"nats: {_formula(run.config)}" if is_nats else "MSE per pixel"
        words = [f"{unit}, {BITS}", *self._others(timeline)]
        if is_large:
            large.paint(canvas, large_plan, images, at, BITS, _formula(run.config))
            image = images[at]
            assert shown is not None
            return canvas.height - 2, (self._title(shown, [image.number]), *words)
        plan = pairs.layout(canvas.width, canvas.height - 1)
        pairs.paint(canvas, plan, images)
        free = 1 + plan.bands * plan.lines
        if shown is None:
            return free, ("without the originals: their dataset is missing",)
        return free, (*words, *pairs.legend(plan, self.terminal))

    def _others(self, timeline: Timeline) -> list[str]:
        """Say so where the newest model shows test images that the timeline lacks."""
        newest = dataclasses.replace(self.state.selection, epoch=None)
        listed = self._listed(newest)
        first = min(self._at(newest, listed), max(len(listed) - 1, 0))
        expected = listed[first : first + self._room_for()]
        lacking = int((~np.isin(expected, timeline.probe_index)).sum())
        kept = len(timeline.probe_index)
        return [f"not those of the newest: the timeline keeps {kept} images"] if lacking else []

    def command(self) -> list[str]:
        """Return the command that shows these images."""
        indices = self.content().arrays.get("indices")
        if self.state.run is None or indices is None:
            return super().command()
        images = commands.image_argument(indices.tolist())
        return ["show", lookup.run_argument(self.state.run), "--digits", images]


def _runs(state: ViewState, layout: Layout) -> tuple[Run, ...]:
    """Return the runs of the selected row, of its column, or all."""
    family, run = state.family, state.run
    if family is None or run is None:
        return ()
    axis = {"row": 0, "column": 1}.get(layout)
    return tuple(each for each in family.runs if axis is None or cell_of(each)[axis] == cell_of(run)[axis])


def _cell_titles(run: Run) -> tuple[str, str]:
    """Return the titles of a run's row and column in the grid."""
    latent, column = cell_of(run)
    return f"z {latent}", column_title(column)


def _formula(config: Config) -> str:
    """Return the formula of the distortion."""
    return LIKELIHOODS[config.objective.likelihood].caption
