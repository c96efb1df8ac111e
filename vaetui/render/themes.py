"""The themes: what each colour of the screen is in them, as values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vaetui.render.colours import Colour


@dataclass(frozen=True)
class Theme:
    """One set of colours; `description` stands beside its name in the command palette.

    `paper` to `ink` are the greys of a digit, `too_little` and `too_much` the ends of a difference, `scale`
    those of figures, from low to high in equal steps of lightness, so that it also reads in grey. The ten
    `classes` and the `curves` (one a latent size or β) were found by search; tests hold how far apart they
    are, for usual colour vision and for protanopia, deuteranopia and tritanopia. The classes are among the
    256 colours, so that few colours show the same; digits that are near in latent space (4 and 9, 3 and 5)
    got those that are farthest apart.
    """

    name: str
    description: str
    is_dark: bool
    background: Colour
    panel: Colour  # header and footer
    paper: Colour  # a pixel without ink
    line: Colour
    dim: Colour
    text: Colour
    bright: Colour
    accent: Colour
    warning: Colour
    isoline: Colour  # lines of equal −ELBO
    ink: Colour
    too_little: Colour
    too_much: Colour
    scale: tuple[Colour, ...]
    classes: tuple[Colour, ...]
    curves: tuple[Colour, ...]

    @property
    def named(self) -> tuple[Colour, ...]:
        """The colours that the screen calls by name, in the same order in every theme."""
        marks = (self.line, self.dim, self.text, self.bright, self.accent, self.warning, self.isoline)
        return (self.background, self.panel, self.paper, *marks, *self.classes, *self.curves)


def _colours(text: str) -> tuple[Colour, ...]:
    """Return the colours of six hexadecimal digits each."""
    return tuple((red, green, blue) for red, green, blue in map(bytes.fromhex, text.split()))


DARK = Theme(
    "dark",
    "light on dark grey",
    is_dark=True,
    background=(14, 16, 20),
    panel=(24, 27, 33),
    paper=(25, 28, 34),
    line=(62, 68, 78),
    dim=(128, 136, 148),
    text=(205, 210, 218),
    bright=(255, 255, 255),
    accent=(92, 200, 235),
    warning=(255, 150, 90),
    isoline=(92, 98, 110),
    ink=(250, 250, 250),
    too_little=(70, 150, 255),
    too_much=(255, 140, 30),
    scale=_colours("263e54 2c6888 3c96b8 68c6de beeef6"),
    classes=_colours("875f5f 5faf5f 00ffff d70000 ff87af ffffd7 8700ff 5f5f87 af87ff afff00"),
    # Okabe & Ito 2008, the brightest of them first
    curves=_colours("56b4e9 e69f00 00b282 f0e442 d66eaa eb6e32 9696eb"),
)

LIGHT = Theme(
    "light",
    "dark ink on white paper, for light terminals",
    is_dark=False,
    background=(240, 242, 245),
    panel=(225, 228, 233),
    paper=(255, 255, 255),
    line=(178, 184, 194),
    dim=(96, 104, 116),
    text=(38, 44, 54),
    bright=(0, 0, 0),
    accent=(0, 92, 150),
    warning=(168, 50, 0),
    isoline=(150, 156, 166),
    ink=(10, 10, 14),
    too_little=(0, 92, 230),
    too_much=(205, 85, 0),
    scale=_colours("cee4ee 9cc4d8 629cbc 2a709a 08426c"),
    classes=_colours("5f0000 ff005f 00af87 875f00 8787af d75fff 005faf 5f005f 0000af d78700"),
    curves=_colours("377387 af4b0f 5f0fff af0fc3 370f0f 875f4b 0f0f4b"),
)

CONTRAST = Theme(
    "contrast",
    "white and cyan on black",
    is_dark=True,
    background=(0, 0, 0),
    panel=(30, 30, 30),
    paper=(22, 22, 22),
    line=(130, 130, 130),
    dim=(200, 200, 200),
    text=(245, 245, 245),
    bright=(255, 255, 255),
    accent=(90, 220, 255),
    warning=(255, 170, 60),
    isoline=(160, 160, 160),
    ink=(255, 255, 255),
    too_little=(90, 170, 255),
    too_much=(255, 160, 40),
    scale=_colours("303060 3c64a0 5098be 8cccd2 f0fae6"),
    classes=_colours("d7ffaf ff87af 8700ff ffd700 875f5f 5f87ff 5f5f87 87af5f d70000 00ffff"),
    curves=_colours("0f9bff eb7323 c3ff0f 9b9bc3 ffd7d7 73ff87 c38773"),
)

# The dark one with lines that are as far apart as its classes, and marks that differ in lightness, too.
SAFE = dataclasses.replace(
    DARK,
    name="safe",
    description="dark, for every kind of colour vision",
    accent=(86, 180, 255),
    warning=(255, 200, 60),
    too_little=(40, 110, 255),
    too_much=(255, 190, 40),
    scale=_colours("002a5e 40566e 7c7b78 bcae6c ffea46"),
    curves=_colours("5f9bc3 ffc30f c35f0f 4bff9b c323ff d7ffff 878773"),
)
