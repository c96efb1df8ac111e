"""Figures by matplotlib in one style; the same numbers give the same bytes.

matplotlib is imported for the first figure. The user's settings of matplotlib are ignored, and texts use the
fonts that it ships with.
"""

from __future__ import annotations

import io
import itertools
import logging
import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from vaetui.render.themes import LIGHT
from vaetui.report.document import ReportFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 17.0  # centimetres between the margins of an A4 page
DPI = 200
INCH = 2.54

# Okabe & Ito 2008; the ten classes have the colours of the explorer's light theme. Both are safe for the
# colour-blind.
FEW = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
CLASSES = tuple(f"#{bytes(colour).hex()}" for colour in LIGHT.classes)
MARKERS = "os^Dv*XPp<>h"

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "lines.markersize": 3.5,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.1,  # inches, so that no name is cut off
    "image.interpolation": "nearest",
}


@cache
def _prepare() -> None:
    """Import matplotlib with its own settings and fonts, not those of the user."""
    for logger in ("matplotlib", "matplotlib.font_manager"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    backend = os.environ.pop("MPLBACKEND", None)
    import matplotlib
    from matplotlib import font_manager

    if backend is not None:
        os.environ["MPLBACKEND"] = backend
    matplotlib.rcdefaults()
    matplotlib.use("agg")
    matplotlib.rcParams.update(_STYLE)
    fonts, own = font_manager.fontManager, matplotlib.get_data_path()
    fonts.ttflist = [font for font in fonts.ttflist if font.fname.startswith(own)]


def sheet(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure; sizes in centimetres."""
    _prepare()
    from matplotlib.figure import Figure

    return Figure(figsize=(width / INCH, height / INCH), dpi=DPI)


def panels(count: int, across: int, height: float, **settings: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure of `count` panels, `across` per row, and its axes; a row has `height` centimetres."""
    across = min(count, across)
    rows = -(-count // across)
    width = WIDTH if across > 1 else WIDTH * 0.66
    figure = sheet(height * rows, width)
    axes = figure.subplots(rows, across, squeeze=False, **settings).ravel().tolist()
    for spare in axes[count:]:
        spare.set_visible(False)
    return figure, axes[:count]


def picture(file: str, figure: Figure, caption: str, alt: str, width: float = 0.0) -> ReportFigure:
    """Draw the figure as a PNG `file` without date and software.

    `width` is relative to the page, 0…1; by default that of the figure.
    """
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    share = min(1.0, float(figure.get_figwidth()) * INCH / WIDTH)
    return ReportFigure(file, data.getvalue(), caption, alt, width or share)


def numbered(name: str, number: int) -> str:
    """Return the name of a PNG file: of number 0 without it, such as "loss.png", then "loss-2.png"."""
    return f"{name}-{number + 1}.png" if number else f"{name}.png"


def styles(keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return a colour and a marker for each of `keys`: distinct colours for few, else a sequence."""
    names = list(dict.fromkeys(keys))
    colours: Sequence[Any] = FEW
    if len(names) > len(FEW):
        _prepare()
        from matplotlib import colormaps

        colours = colormaps["viridis"](np.linspace(0, 0.9, len(names))).tolist()
    return {
        name: {"color": colour, "marker": marker}
        for name, colour, marker in zip(names, colours, itertools.cycle(MARKERS), strict=False)
    }
