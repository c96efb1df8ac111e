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


def ciede2000(one: Array, other: Array) -> Array:
    """The CIEDE2000 difference of colours `(…, 3)` in CIE L*a*b*, by Sharma et al. 2005."""
    (light, a, b), (other_light, other_a, other_b) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    chroma = (np.hypot(a, b) + np.hypot(other_a, other_b)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    colour, other_colour = a * stretch + 1j * b, other_a * stretch + 1j * other_b
    size, other_size = np.abs(colour), np.abs(other_colour)
    turn = np.angle(other_colour * np.conj(colour))  # of the hue, −π to π
    hue = np.degrees(np.angle(colour * np.exp(0.5j * turn)))
    light_mean, size_mean = (light + other_light) / 2, (size + other_size) / 2
    waves = 1 - 0.17 * _cosine(hue - 30) + 0.24 * _cosine(2 * hue)
    waves += 0.32 * _cosine(3 * hue + 6) - 0.20 * _cosine(4 * hue - 63)
    by_light = (other_light - light) / (
        1 + 0.015 * (light_mean - 50) ** 2 / np.hypot(light_mean - 50, 20**0.5)
    )
    by_chroma = (other_size - size) / (1 + 0.045 * size_mean)
    by_hue = 2 * np.sqrt(size * other_size) * np.sin(turn / 2) / (1 + 0.015 * size_mean * waves)
    bend = 2 * np.sqrt(size_mean**7 / (size_mean**7 + 25.0**7))
    bend *= -np.sin(np.radians(60 * np.exp(-((((hue % 360) - 275) / 25) ** 2))))
    return np.asarray(np.sqrt(by_light**2 + by_chroma**2 + by_hue**2 + bend * by_chroma * by_hue))


def _cosine(degrees: Array) -> Array:
    return np.asarray(np.cos(np.radians(degrees)))


def least_told_apart(colours: Sequence[Colour], seeing: str) -> float:
    """The smallest CIEDE2000 difference between any two of `colours`."""
    places = lab(colours, seeing)
    apart = ciede2000(places[:, None], places[None])
    return float(apart[~np.eye(len(colours), dtype=bool)].min())


def least_apart(colours: Sequence[Colour], seeing: str) -> float:
    """The smallest ΔE*ab between any two of `colours`."""
    places = lab(colours, seeing)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    return float(apart[~np.eye(len(colours), dtype=bool)].min())
