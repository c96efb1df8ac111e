"""Offsets of a latent traversal by KL rank: the number of a dimension means nothing in another checkpoint."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

MAX_OFFSET = 3.0  # standard deviations, or the image's own code where that is larger
EXPORT_STEPS = 25  # values of an exported traversal


@dataclass(frozen=True)
class TraversalOffsets:
    """The selected dimension and the values set by the user; every method returns new ones.

    Rank 0 is the dimension of the largest KL. `values` are pairs of rank and value, in standard deviations of
    the prior; a dimension in `off` counts as 0 and keeps its value for later.
    """

    rank: int = 0
    values: tuple[tuple[int, float], ...] = ()
    off: frozenset[int] = frozenset()

    def value(self, rank: int, own: float) -> float:
        """Return the value of the dimension of `rank`, where the image's code has `own`."""
        return 0.0 if rank in self.off else dict(self.values).get(rank, own)

    def is_changed(self, latent: int) -> bool:
        """Return whether any of the first `latent` ranks has an offset or is off."""
        return any(rank < latent for rank in (*dict(self.values), *self.off))

    def selected_rank(self, latent: int) -> int:
        """Return the selected rank, at most the last of `latent`."""
        return min(self.rank, latent - 1)

    def with_selected(self, rank: int, latent: int) -> TraversalOffsets:
        """Select another dimension, within `latent`."""
        return dataclasses.replace(self, rank=min(max(rank, 0), latent - 1))

    def with_value(self, rank: int, value: float, own: float) -> TraversalOffsets:
        """Select the dimension of `rank` and set it to `value`, within ±`MAX_OFFSET` or `own`."""
        low, high = min(-MAX_OFFSET, own), max(MAX_OFFSET, own)
        kept = dict(self.values) | {rank: min(max(value, low), high)}
        return TraversalOffsets(rank, tuple(sorted(kept.items())), self.off - {rank})

    def with_toggled(self, rank: int) -> TraversalOffsets:
        """Set the dimension of `rank` to 0, or switch it on again."""
        return TraversalOffsets(rank, self.values, self.off ^ {rank})

    def with_reset(self, rank: int) -> TraversalOffsets:
        """Reset the dimension of `rank` to the image's own code."""
        kept = tuple(pair for pair in self.values if pair[0] != rank)
        return TraversalOffsets(rank, kept, self.off - {rank})

    def with_all_reset(self) -> TraversalOffsets:
        """Reset every dimension to the image's own code."""
        return TraversalOffsets(self.rank)
