"""The points of curves that are drawn."""

from vaetui.render.chart import Curve


def test_points_are_as_many_as_can_be_seen_with_both_ends() -> None:
    curve = Curve((0, 0, 0), tuple(map(float, range(9999))), tuple(map(float, range(9999))))
    xs, ys = curve.points(100, is_log=False)
    assert (len(xs), xs[0], xs[-1]) == (100, 0, 9998)
    assert xs == ys
