"""The codes nearest to a point."""

import numpy as np
import pytest

from vaetui.arrays import Floats
from vaetui.latent.nearest import nearest_code

RNG = np.random.default_rng(0)


def points(count: int, latent: int = 10) -> Floats:
    return RNG.standard_normal((count, latent)).astype(np.float32)


def test_nearest_code() -> None:
    codes = points(50)
    index, distance = nearest_code(codes[17] + np.float32(0.01), codes)
    assert index == 17
    assert distance == pytest.approx(0.01 * np.sqrt(10), rel=1e-4)
    with pytest.raises(ValueError, match="no codes"):
        nearest_code(codes[0], codes[:0])
