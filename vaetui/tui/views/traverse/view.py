"""What each latent dimension does to a digit: move them one by one, or switch them off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vaetui import commands
from vaetui.arrays import Floats
from vaetui.format import signed
from vaetui.latent.dimensions import RankedDimensions, measured_kl, rank_dimensions
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet
from vaetui.latent.traversal import EXPORT_STEPS, TraversalOffsets
from vaetui.models.autoencoder import Vae
from vaetui.runs import lookup
from vaetui.tui.keys import bindings
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import CODES, MODEL
from vaetui.tui.state.selection import Selection
from vaetui.tui.views.base import ImageView
from vaetui.tui.views.traverse.paint import Layout, Picture, layout, paint
from vaetui.tui.views.traverse.sliders import LEGEND

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent

_SOURCES = {
    "KL": "Sorted by KL (nats)",
    "digit's KL": "Sorted by the KL (nats) of this digit, no other is known",
    "variance": "An AE has no KL: sorted by the variance of its codes, σ is theirs",
}


@dataclass(frozen=True, eq=False)
class Coded:
    """The dimensions for one digit as one model sees it, its `pixels` (1, 784)."""

    key: tuple[object, ...]
    dims: RankedDimensions
    pixels: Floats


class Traverse(ImageView):
    """Sliders, the digit that they decode to, what it was, and the traversal of the chosen dimension."""

    title: ClassVar[str] = "Traverse"
    BINDINGS = bindings("Traverse")
    KINDS = frozenset({MODEL, CODES})  # codes for the order of an autoencoder's dimensions
    _coded: Coded | None = None

    @property
    def concerns(self) -> tuple[object, ...]:
        """The figures to sort by, too."""
        return (*super().concerns, self._kl())

    @property
    def facts(self) -> frozenset[str]:
        """Whether there is anything to put back."""
        latent = self.state.vae.latent if self.state.vae else 0
        return frozenset({"moved"}) if self.state.selection.offsets.is_changed(latent) else frozenset()

    # --- keys

    def action_choose(self, by: int) -> None:
        """The dimension above or below."""
        if self.state.vae:
            size = self.state.vae.latent
            self.change(
                lambda s: s.with_offsets(s.offsets.with_selected(s.offsets.selected_rank(size) + by, size))
            )

    def action_pick(self, place: int) -> None:
        """The dimension of one rank."""
        if self.state.vae:
            size = self.state.vae.latent
            self.change(lambda s: s.with_offsets(s.offsets.with_selected(place, size)))

    def action_move(self, by: float) -> None:
        """The chosen dimension up or down, in standard deviations."""

        def moved(selection: Selection, dims: RankedDimensions) -> TraversalOffsets:
            place = selection.offsets.selected_rank(len(dims))
            own = float(dims.mean[place])
            return selection.offsets.with_value(place, selection.offsets.value(place, own) + by, own)

        self._shift(moved)

    def action_put(self, place: int, value: float) -> None:
        """One dimension to a value."""
        self._shift(lambda s, dims: s.offsets.with_value(place, value, float(dims.mean[place])))

    def action_switch(self) -> None:
        """The chosen dimension off, or on again."""
        self._shift(lambda s, dims: s.offsets.with_toggled(s.offsets.selected_rank(len(dims))))

    def action_back(self) -> None:
        """The chosen dimension back to the digit's own code."""
        self._shift(lambda s, dims: s.offsets.with_reset(s.offsets.selected_rank(len(dims))))

    def action_all_back(self) -> None:
        """Every dimension back."""
        self._shift(lambda selection, _: selection.offsets.with_all_reset())

    def action_digit(self, by: int) -> None:
        """Another test digit."""
        if self.state.shown:
            images = len(self.state.shown)
            self.change(lambda selection: selection.moved(by, images))

    def _shift(self, make: Callable[[Selection, RankedDimensions], TraversalOffsets]) -> None:
        """Move what `make` says, of the selection that there is when its turn comes."""
        vae, shown = self.state.vae, self.state.shown
        if vae and shown:
            self.change(
                lambda selection: selection.with_offsets(
                    make(selection, self._code(vae, shown, selection).dims)
                )
            )

    # --- painting

    def _kl(self) -> tuple[float, ...]:
        run, vae = self.state.run, self.state.vae
        return measured_kl(run.epochs, vae) if run and vae else ()

    def _code(self, vae: Vae, shown: ImageSet, selection: Selection) -> Coded:
        """The digit encoded, where it is another than before."""
        codes: Codes | None = self.state.codes
        key = (vae, shown, codes, selection.digit, self._kl())
        if self._coded is None or self._coded.key != key:
            pixels = shown.pixels([selection.digit])
            self._coded = Coded(key, rank_dimensions(vae.encode(pixels), self._kl(), codes), pixels)
        return self._coded

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """Decode the code as it is, as it was, and along the chosen dimension; lay it out."""
        coded = self._code(vae, shown, selection)
        plan = layout(canvas.width, canvas.height, len(coded.dims))
        paint(canvas, plan, _picture(vae, shown, selection, coded, plan))

    def content(self) -> ExportContent:
        """The moved code, and the sweep of the chosen dimension."""
        from vaetui.tui.views.traverse.content import content_of

        state = self.state
        dims = self._code(state.vae, state.shown, state.selection).dims if state.vae and state.shown else None
        return content_of(self.title, state, dims)

    def command(self) -> list[str]:
        """The traversal of the chosen dimension, the others where they are."""
        state = self.state
        if state.run is None or state.vae is None or state.shown is None:
            return super().command()
        dims, moves = self._code(state.vae, state.shown, state.selection).dims, state.selection.offsets
        chosen = moves.selected_rank(len(dims))
        moved = sorted(place for place in {*dict(moves.values), *moves.off} - {chosen} if place < len(dims))
        values = [f"{dims.number[place] + 1}={np.float32(moves.value(place, 0.0))}" for place in moved]
        strip = layout(self.size.width, self.size.height, len(dims)).strip
        words = [
            "traverse",
            lookup.run_argument(state.run),
            "--digit",
            commands.image_argument([state.selection.digit]),
        ]
        words += ["--dim", str(dims.number[chosen] + 1)]
        words += ["--set", ",".join(values)] if values else []
        return [*words, "--steps", str(strip.count if strip else EXPORT_STEPS)]


def _picture(vae: Vae, shown: ImageSet, selection: Selection, coded: Coded, plan: Layout) -> Picture:
    dims, moves = coded.dims, selection.offsets
    place = moves.selected_rank(len(dims))
    is_off = place in moves.off
    before = moves.with_toggled(place) if is_off else moves.with_all_reset()
    points = np.stack([dims.code(moves), dims.code(moves.with_all_reset()), dims.code(before)])
    along = dims.traversal(moves, place, plan.strip.values) if plan.strip else points[:0]
    made = vae.decode(np.concatenate([points, along]))
    nats = vae.distortion(np.repeat(coded.pixels, 3, 0), points).tolist()
    change = made[0] - made[2]
    squared = float(np.square(change).sum())
    label, roomy = shown.label(selection.digit), plan.other_size[0] > 9
    long = plan.other_size[0] > 14
    kind = "binarised" if shown.is_binarised else "test"
    original = f"original: {kind} {selection.digit}, a {label}" if long else f"{selection.digit}: a {label}"
    unmoved = f"unmoved: {nats[1]:.1f} nats" if long else "unmoved"
    changed = "off − on" if is_off else "change"
    delta = f"Δ {squared:.1f} px²  {signed(nats[0] - nats[2], 1)} nats"
    if squared == 0 and not roomy:
        delta = "values stay with the rank" if dims.source != "variance" else "no KL: by codes' variance"
    return Picture(
        dims,
        moves,
        now=made[0],
        now_name=f"decoded: {nats[0]:.1f} nats",
        others=(coded.pixels[0], made[1], change),
        names=(original, unmoved, changed),
        frames=made[3:],
        words=_words(dims, delta, "" if long else f"{nats[0]:.1f} nats, unmoved {nats[1]:.1f}"),
        epoch=vae.epoch,
    )


def _words(dims: RankedDimensions, change: str, cost: str) -> tuple[str, ...]:
    """Sentences beside the sliders, the most important first."""
    source = _SOURCES[dims.source] if dims.score is not None else "In natural order until the codes are here"
    mark = LEGEND if dims.std is not None else LEGEND.partition("  ━")[0]
    ranks = "values stay with the rank, not the number, of a dim when the checkpoint changes."
    return tuple(filter(None, (change, mark, cost, f"{source}; {ranks}")))
