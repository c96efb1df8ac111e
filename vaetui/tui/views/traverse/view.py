"""View 6: what each latent dimension does to an image: change them one by one, or switch them off."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar

import numpy as np

from vaetui import commands
from vaetui.arrays import Floats
from vaetui.format import compact, fixed, signed
from vaetui.latent.dimensions import RankedDimensions, measured_kl, rank_dimensions
from vaetui.latent.posteriors import Codes
from vaetui.latent.reconstructions import ChangedCode, decode_changed
from vaetui.latent.test_images import ImageSet
from vaetui.latent.traversal import EXPORT_STEPS, TraversalOffsets
from vaetui.models.autoencoder import Vae
from vaetui.runs import lookup
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import CODES, MODEL
from vaetui.tui.state.selection import Selection
from vaetui.tui.views.base import ImageView, that_hold
from vaetui.tui.views.traverse.paint import Layout, ShownCode, layout, paint
from vaetui.tui.views.traverse.sliders import LEGEND

# What the dimensions are sorted by: the heading of the column, in at most 8 columns, and a sentence.
_SOURCES = {
    "KL": ("KL {short}", "Sorted by {split} KL (nats)"),
    "digit's KL": ("image KL", "Sorted by the KL (nats) of this image: no other is known"),
    "variance": ("variance", "An AE has no KL: sorted by the variance of its codes, σ is theirs"),
}
_SPLITS = {"validation": "val", "training": "train"}
_NO_KL = "no KL: by codes' variance"


class Traverse(ImageView):
    """Sliders, the image that they decode to, the original, and the traversal of the chosen dimension."""

    title: ClassVar[str] = "Traverse"
    about: ClassVar[str] = (
        "One slider a latent dimension, sorted by its KL: move one to see what it encodes. On MNIST all 20"
        " dimensions of z = 20 are active at β = 1 (0.7 to 2.1 nats each), and 12 of 20 at β = 4; the others"
        " carry nothing."
    )
    KINDS = frozenset({MODEL, CODES})  # codes for the order of an autoencoder's dimensions

    @property
    def concerns(self) -> tuple[object, ...]:
        """Return the KL to sort by, too."""
        return (*super().concerns, self._kl())

    @property
    def facts(self) -> frozenset[str]:
        """Return whether an image is shown, and anything to reset."""
        latent = self.state.vae.latent if self.state.vae else 0
        return that_hold(
            shown=self.state.vae is not None and self.state.shown is not None,
            moved=self.state.selection.offsets.is_changed(latent),
        )

    # --- keys

    def action_choose(self, by: int) -> None:
        """Select the dimension above or below."""
        self._update(
            lambda offsets, dims: offsets.with_selected(offsets.selected_rank(len(dims)) + by, len(dims))
        )

    def action_pick(self, place: int) -> None:
        """Select the dimension of one rank."""
        self._update(lambda offsets, dims: offsets.with_selected(place, len(dims)))

    def action_move(self, by: float) -> None:
        """Change the chosen dimension by some standard deviations."""

        def moved(offsets: TraversalOffsets, dims: RankedDimensions) -> TraversalOffsets:
            place = offsets.selected_rank(len(dims))
            own = float(dims.mean[place])
            return offsets.with_value(place, offsets.value(place, own) + by, own)

        self._update(moved)

    def action_put(self, place: int, value: float) -> None:
        """Set one dimension."""
        self._update(lambda offsets, dims: offsets.with_value(place, value, float(dims.mean[place])))

    def action_switch(self) -> None:
        """Switch the chosen dimension off, or on again."""
        self._update(lambda offsets, dims: offsets.with_toggled(offsets.selected_rank(len(dims))))

    def action_back(self) -> None:
        """Reset the chosen dimension to the image's own code."""
        self._update(lambda offsets, dims: offsets.with_reset(offsets.selected_rank(len(dims))))

    def action_all_back(self) -> None:
        """Reset every dimension."""
        self._update(lambda offsets, _: offsets.with_all_reset())

    def _update(self, apply: Callable[[TraversalOffsets, RankedDimensions], TraversalOffsets]) -> None:
        if self.state.vae and self.state.shown:
            vae, shown = self.state.vae, self.state.shown
            self.change(
                lambda s: dataclasses.replace(s, offsets=apply(s.offsets, self._encode(vae, shown, s)[0]))
            )

    # --- painting

    def _kl(self) -> tuple[float, ...]:
        run, vae = self.state.run, self.state.vae
        return measured_kl(run.epochs, vae) if run and vae else ()

    def _encode(self, vae: Vae, shown: ImageSet, selection: Selection) -> tuple[RankedDimensions, Floats]:
        return _encode(vae, shown, selection.image, self._kl(), self.state.codes)

    def dimensions(self) -> RankedDimensions | None:
        """Return the dimensions of the selected image, None without model or images."""
        state = self.state
        return self._encode(state.vae, state.shown, state.selection)[0] if state.vae and state.shown else None

    def paint_images(self, canvas: Canvas, vae: Vae, shown: ImageSet, selection: Selection) -> None:
        """Decode the code as it is, as it was, and along the chosen dimension; paint that."""
        dims, pixels = self._encode(vae, shown, selection)
        plan = layout(canvas.width, canvas.height, len(dims))
        latest = self.state.run.latest if self.state.run else None
        split = "validation" if latest is None or latest.val else "training"
        paint(canvas, plan, _shown_code(vae, shown, selection, dims, pixels, plan, split))

    def command(self) -> list[str]:
        """Return the command for the traversal of the chosen dimension, the others where they are."""
        run, dims, selection = self.state.run, self.dimensions(), self.state.selection
        if run is None or dims is None:
            return super().command()
        offsets = selection.offsets
        chosen = offsets.selected_rank(len(dims))
        changed = sorted(p for p in {*dict(offsets.values), *offsets.off} - {chosen} if p < len(dims))
        values = [f"{dims.number[p] + 1}={np.float32(offsets.value(p, 0.0))}" for p in changed]
        strip = layout(self.size.width, self.size.height, len(dims)).strip
        words = ["traverse", lookup.run_argument(run), "--digit", commands.image_argument([selection.image])]
        words += ["--dim", str(dims.number[chosen] + 1), *(["--set", ",".join(values)] if values else [])]
        return [*words, "--steps", str(strip.count if strip else EXPORT_STEPS)]


@lru_cache(maxsize=1)
def _encode(
    vae: Vae, shown: ImageSet, image: int, kl: tuple[float, ...], codes: Codes | None
) -> tuple[RankedDimensions, Floats]:
    """Return the dimensions of a test image as `vae` encodes it, and its pixels `(1, 784)`."""
    pixels = shown.pixels([image])
    return rank_dimensions(vae.encode(pixels), kl, codes), pixels


def _shown_code(
    vae: Vae,
    shown: ImageSet,
    selection: Selection,
    dims: RankedDimensions,
    pixels: Floats,
    plan: Layout,
    split: str,
) -> ShownCode:
    """Return what to paint; `split` names the images whose KL was measured: validation or training."""
    offsets, image = selection.offsets, selection.image
    values = plan.strip.values if plan.strip else np.zeros(0, np.float32)
    code = decode_changed(vae, pixels, dims, offsets, values)
    is_long, is_roomy = plan.other_size[0] > 14, plan.other_size[0] > 9
    kind = "binarised" if shown.is_binarised else "test"
    label, own = shown.label(image), fixed(code.nats[1], 1)
    return ShownCode(
        dims,
        offsets,
        pixels[0],
        code,
        names=(
            f"original: {kind} {image}, a {label}" if is_long else f"{image}: a {label}",
            f"reconstruction: {own} nats" if is_long else "reconstruction" if is_roomy else "recon.",
            "decoded − reconstruction" if is_long else "difference" if is_roomy else "diff.",
        ),
        words=(
            *_costs(code, is_long),
            *([_NO_KL] if not is_roomy and dims.source == "variance" else []),
            *_words(dims, split),
        ),
        position=vae.position_text,
        score=_SOURCES[dims.source][0].format(short=_SPLITS[split]),
    )


def _costs(code: ChangedCode, are_named: bool) -> tuple[str, ...]:
    """Return how far the decoded image is from the reconstruction; with their nats unless `are_named`."""
    now, own = (round(nats, 1) for nats in code.nats)  # so that the difference is that of the shown figures
    apart, error = signed(now - own, 1), f"squared error {fixed(code.squared_error, 1)} (sum over pixels)"
    if are_named:
        return (f"Decoded against reconstruction: {apart} nats, {error}",)
    reconstruction = f"reconstruction {compact(own, 1, 5)} nats"
    if code.squared_error == 0:
        return (reconstruction,)
    decoded = f"decoded {compact(now, 1, 5)} nats ({signed(now - own, 1, 4)})"
    return decoded, reconstruction, f"difference: {error}"


def _words(dims: RankedDimensions, split: str) -> tuple[str, ...]:
    """Return sentences on marks and order, the most important first."""
    source = "Not sorted until the codes are known"
    if dims.score is not None:
        source = _SOURCES[dims.source][1].format(split=split)
    mark = LEGEND if dims.std is not None else LEGEND.partition("  ━")[0]
    ranks = "offsets follow the KL rank when the checkpoint changes."
    return mark, f"{source}; {ranks}"
