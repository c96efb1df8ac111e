"""How colours look: contrast as WCAG 2 has it, and how far apart they are for every kind of colour vision."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vaetui.render.colours import Colour

Array = npt.NDArray[np.float64]

KINDS = {  # what colours become, in linear RGB, for whom: Machado et al. 2009, severity 1
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colours: Sequence[Colour]) -> Array:
    """sRGB `(colours, 3)` in 0…255 as light, 0…1."""
    level = np.asarray(colours, np.float64) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of two colours' luminances, 1 to 21."""
    low, high = sorted((linear([one, other]) @ _TO_XYZ[1]).tolist())
    return float((high + 0.05) / (low + 0.05))


def lab(colours: Sequence[Colour], seeing: str) -> Array:
    """CIE L*a*b* `(colours, 3)` of what one of `KINDS` sees."""
    xyz = (linear(colours) @ np.array(KINDS[seeing]).T).clip(0, 1) @ _TO_XYZ.T / [0.9505, 1, 1.089]
    cube = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * cube[:, 1] - 16, 500 * (cube[:, 0] - cube[:, 1]), 200 * (cube[:, 1] - cube[:, 2])], 1
    )


def least_apart(colours: Sequence[Colour], seeing: str) -> float:
    """The smallest ΔE*ab between any two of `colours`."""
    places = lab(colours, seeing)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    return float(apart[~np.eye(len(colours), dtype=bool)].min())
