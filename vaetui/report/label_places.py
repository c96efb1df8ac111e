"""Move labels of a figure apart, so that none covers another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

_ROUNDS = 1000
_GOLDEN_ANGLE = 2.399963  # radians: directions for labels at one place, all different


def move_apart(places: Doubles, diameter: float, size: tuple[float, float]) -> Doubles:
    """Return `places` `(labels, 2)`, moved until circles of `diameter` around them do not overlap.

    They stay within (0, 0) and `size`, in the same unit. Labels that do not overlap stay where they are; the
    same places give the same result. Where there is no room for all, they overlap as little as was found.
    """
    low = np.minimum(diameter / 2, np.array(size) / 2)
    high = np.array(size) - low
    angles = _GOLDEN_ANGLE * np.arange(len(places))
    moved = places.clip(low, high)
    # Labels at one place have no direction to move in: each gets its own.
    own = 1e-6 * diameter * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(_ROUNDS):
        apart = (moved + own)[:, None] - (moved + own)[None]
        distance = np.linalg.norm(apart, axis=-1)
        np.fill_diagonal(distance, np.inf)
        lacking = (diameter - distance).clip(0)
        if lacking.max(initial=0.0) < 1e-3 * diameter:
            break
        push = (0.51 * lacking / distance)[..., None] * apart
        moved = (moved + push.sum(1)).clip(low, high)
    return moved
