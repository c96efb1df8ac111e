"""What is moved in a code, by rank: what a dimension is numbered means nothing in another checkpoint."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

MAX_OFFSET = 3.0  # standard deviations, or where the digit's own code is further out
EXPORT_STEPS = 25  # values of a traversal that goes to a file


@dataclass(frozen=True)
class TraversalOffsets:
    """Which dimension is chosen, which have values of their own which are off; a method gives new ones.

    A rank is 0 for the dimension that carries most. `values` are pairs of rank and value, in standard
    deviations of the prior; what is off counts as 0 and keeps its value for later.
    """

    rank: int = 0
    values: tuple[tuple[int, float], ...] = ()
    off: frozenset[int] = frozenset()

    def value(self, rank: int, own: float) -> float:
        """What the dimension of `rank` is, where the digit's code has `own`."""
        return 0.0 if rank in self.off else dict(self.values).get(rank, own)

    def is_changed(self, latent: int) -> bool:
        """Whether anything is moved or off among the first `latent` ranks."""
        return any(rank < latent for rank in (*dict(self.values), *self.off))

    def selected_rank(self, latent: int) -> int:
        """The chosen rank, or the last there is among `latent`."""
        return min(self.rank, latent - 1)

    def with_selected(self, rank: int, latent: int) -> TraversalOffsets:
        """With another dimension chosen, staying inside `latent`."""
        return dataclasses.replace(self, rank=min(max(rank, 0), latent - 1))

    def with_value(self, rank: int, value: float, own: float) -> TraversalOffsets:
        """With the dimension of `rank` chosen, on and at `value`, within the prior's reach or `own`'s."""
        low, high = min(-MAX_OFFSET, own), max(MAX_OFFSET, own)
        kept = dict(self.values) | {rank: min(max(value, low), high)}
        return TraversalOffsets(rank, tuple(sorted(kept.items())), self.off - {rank})

    def with_toggled(self, rank: int) -> TraversalOffsets:
        """With the dimension of `rank` off, or on again where it was before."""
        return TraversalOffsets(rank, self.values, self.off ^ {rank})

    def with_reset(self, rank: int) -> TraversalOffsets:
        """With the dimension of `rank` at the digit's own code."""
        kept = tuple(pair for pair in self.values if pair[0] != rank)
        return TraversalOffsets(rank, kept, self.off - {rank})

    def with_all_reset(self) -> TraversalOffsets:
        """With every dimension at the digit's own code."""
        return TraversalOffsets(self.rank)
