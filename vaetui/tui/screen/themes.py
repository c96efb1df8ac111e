"""The themes: what each colour of the screen is in them, as values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from textual.theme import Theme as TextualTheme

from vaetui.render.cells import Colour


@dataclass(frozen=True)
class Theme:
    """One set of colours; `description` stands beside its name in the command palette.

    `paper` to `ink` are the greys of a digit, `too_little` and `too_much` the ends of a difference, `scale`
    those of figures, from low to high in equal steps of lightness, so that it also reads in grey. The ten
    `classes` and the `curves` (one a latent size or β) were found by search; tests hold how far apart they
    are, for usual colour vision and for protanopia, deuteranopia and tritanopia.
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

    def for_textual(self) -> TextualTheme:
        """For what Textual draws itself: palette, help, scroll bars."""
        return TextualTheme(
            self.name,
            primary=_hex(self.accent),
            accent=_hex(self.accent),
            warning=_hex(self.warning),
            error=_hex(self.warning),
            foreground=_hex(self.text),
            background=_hex(self.background),
            surface=_hex(self.panel),
            panel=_hex(self.panel),
            dark=self.is_dark,
        )


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


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
    scale=((38, 62, 84), (44, 104, 136), (60, 150, 184), (104, 198, 222), (190, 238, 246)),
    classes=(
        (95, 175, 235),
        (235, 255, 35),
        (195, 35, 15),
        (55, 255, 155),
        (135, 15, 255),
        (215, 175, 55),
        (195, 255, 235),
        (195, 15, 135),
        (95, 95, 215),
        (175, 95, 95),
    ),
    curves=(  # Okabe & Ito 2008, the brightest of them first
        (86, 180, 233),
        (230, 159, 0),
        (0, 178, 130),
        (240, 228, 66),
        (214, 110, 170),
        (235, 110, 50),
        (150, 150, 235),
    ),
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
    scale=((206, 228, 238), (156, 196, 216), (98, 156, 188), (42, 112, 154), (8, 66, 108)),
    classes=(
        (255, 0, 95),
        (95, 0, 255),
        (0, 175, 135),
        (215, 135, 0),
        (0, 0, 95),
        (215, 95, 255),
        (135, 0, 0),
        (135, 135, 175),
        (135, 0, 175),
        (135, 0, 95),
    ),
    curves=(
        (55, 115, 135),
        (175, 75, 15),
        (95, 15, 255),
        (175, 15, 195),
        (55, 15, 15),
        (135, 95, 75),
        (15, 15, 75),
    ),
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
    scale=((48, 48, 96), (60, 100, 160), (80, 152, 190), (140, 204, 210), (240, 250, 230)),
    classes=(
        (255, 195, 95),
        (175, 35, 255),
        (235, 255, 15),
        (215, 15, 175),
        (235, 55, 15),
        (195, 255, 255),
        (15, 255, 175),
        (175, 95, 75),
        (95, 175, 255),
        (155, 155, 155),
    ),
    curves=(
        (15, 155, 255),
        (235, 115, 35),
        (195, 255, 15),
        (155, 155, 195),
        (255, 215, 215),
        (115, 255, 135),
        (195, 135, 115),
    ),
)

# The dark one with lines that are as far apart as its classes, and marks that differ in lightness, too.
SAFE = dataclasses.replace(
    DARK,
    name="safe",
    description="dark, told apart by every kind of colour vision",
    accent=(86, 180, 255),
    warning=(255, 200, 60),
    too_little=(40, 110, 255),
    too_much=(255, 190, 40),
    scale=((0, 42, 94), (64, 86, 110), (124, 123, 120), (188, 174, 108), (255, 234, 70)),
    curves=(
        (95, 155, 195),
        (255, 195, 15),
        (195, 95, 15),
        (75, 255, 155),
        (195, 35, 255),
        (215, 255, 255),
        (135, 135, 115),
    ),
)
