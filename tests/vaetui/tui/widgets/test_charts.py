"""Curves never break the chart."""

import pytest

from tests.vaetui.tui.driving import terminal
from vaetui.render.chart import Axes, Curve
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.charts import draw_chart


@pytest.mark.parametrize(
    "values", [[5.0], [0.0, 0.0], [3.0] * 9, [1e-300, 1e300], [100 / n for n in range(1, 5000)]]
)
@pytest.mark.parametrize("is_log", [False, True])
@pytest.mark.parametrize("size", [(56, 18), (20, 6)])
def test_every_curve_fits_its_chart(values: list[float], is_log: bool, size: tuple[int, int]) -> None:
    canvas = Canvas(*size, terminal())
    xs = tuple(float(n) for n in range(1, len(values) + 1))
    axes = Axes(*size, 1, len(values), is_log)
    there = draw_chart(canvas, 0, 0, [Curve((9, 9, 9), xs, tuple(values))], axes) is not None
    assert there == (not is_log or max(values) > 0)
    drawn = "\n".join(strip.text for strip in canvas.strips())
    assert ("└" in drawn) == there
    assert any(0x2800 < ord(c) < 0x2900 or c == "●" for c in drawn) == there
