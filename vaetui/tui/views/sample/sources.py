"""The sources side by side: which of them leave the part of latent space with codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from vaetui.format import compact
from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.sample_statistics import BINS, COUNT, SampleStatistics
from vaetui.latent.sources import SOURCES, Source
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT, WARNING
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.state.selection import Selection
from vaetui.tui.views.sample.paint import FAR

# Short names of the sources, and shorter ones.
_VAE = (("prior", "posterior", "aggregated", "mixture"), ("prior", "post.", "aggr.", "mix."))
_AE = (("N(0, I)", "image", "codes", "mixture"), ("N(0, I)", "image", "codes", "mix."))
MANY = 0.1  # of samples far off: twice the share of posterior samples
_LEVELS = " ▁▂▃▄▅▆▇█"
_NAME, _FAR, _DISTANCE, _CODES = 34, 8, 16, 16  # columns
_PLOT = 3 + _NAME + _FAR + _DISTANCE + _CODES + 3

Statistics = Mapping[Source, SampleStatistics]


def line(canvas: Canvas, y: int, statistics: Statistics, source: Source, is_vae: bool) -> None:
    """Write the share of far samples of each source in one line, the selected source bright."""
    head = f"{FAR} of {COUNT}:"
    long, short = _VAE if is_vae else _AE
    longest = len(f"{head} {' 100% '.join(long)} 100%")
    names = dict(zip(SOURCES, long if longest <= canvas.width - 1 else short, strict=True))
    x = canvas.text(1, y, head, DIM)
    for name, found in statistics.items():
        x = canvas.text(x + 1, y, names[name], BRIGHT if name == source else DIM)
        x = canvas.text(x + 1, y, f"{found.far_share:.0%}", WARNING if found.far_share > MANY else TEXT)


def table(
    canvas: Canvas,
    y: int,
    statistics: Statistics,
    names: Sequence[str],
    selection: Selection,
    near: CodeDistances,
) -> None:
    """Paint a row for each source: far samples, distances, different codes, the distribution of distances."""
    _head(canvas, y, near, selection.temperature)
    for place, (name, words) in enumerate(zip(SOURCES, names, strict=True)):
        row = y + 1 + place
        is_chosen = name == selection.sampling.source
        canvas.text(1, row, "›" if is_chosen else " ", ACCENT, bold=True)
        canvas.text(3, row, fit(words, _NAME), BRIGHT if is_chosen else TEXT, bold=is_chosen)
        canvas.click(1, row, canvas.width - 2, 1, f"source_of({name!r})")
        if name in statistics:
            _figures(canvas, row, statistics[name], near.median)


def _head(canvas: Canvas, y: int, near: CodeDistances, temperature: float) -> None:
    canvas.text(3, y, f"{COUNT} samples each, T {temperature:.1f}", DIM)
    end = 3 + _NAME
    for width, words in ((_FAR, f"{FAR} far"), (_DISTANCE, "median dist."), (_CODES, "nearest codes")):
        end += width
        canvas.right(end, y, words, DIM)
    if canvas.width >= _PLOT + BINS and near.limit > 0:
        half, tick = BINS // 2, min(int(near.median / near.limit * BINS / 2), BINS // 2 - 1)
        words = f"median {compact(near.median)}"
        if tick >= len(words):
            canvas.right(_PLOT + tick + 1, y, f"{words}│", DIM)
        elif half - tick > len(words):
            canvas.text(_PLOT + tick, y, f"│{words}", DIM)
        canvas.text(_PLOT + half, y, f"│{FAR} beyond {compact(near.limit)}", DIM)


def _figures(canvas: Canvas, y: int, found: SampleStatistics, median: float) -> None:
    end = 3 + _NAME + _FAR
    canvas.right(end, y, f"{found.far_share:.0%}", WARNING if found.far_share > MANY else BRIGHT, bold=True)
    end += _DISTANCE
    ratio = f"  ×{compact(found.distance / median, width=3)}" if median > 0 else ""
    canvas.right(end, y, compact(found.distance) + ratio, TEXT)
    end += _CODES
    canvas.right(end, y, str(found.codes), TEXT)
    if canvas.width >= _PLOT + BINS:
        top = max(found.bins) or 1.0
        bars = "".join(_LEVELS[math.ceil(8 * share / top)] for share in found.bins)
        canvas.text(_PLOT, y, bars[: BINS // 2], ACCENT)
        canvas.text(_PLOT + BINS // 2, y, bars[BINS // 2 :], WARNING)
