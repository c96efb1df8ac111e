"""The scale of the colours of a grid."""

from vaetui.runs.metric_scale import inlier_range


def test_what_is_far_out_does_not_stretch_a_scale() -> None:
    usual = [105.0, 107.0, 110.0, 122.0, 126.0, 132.0, 150.0, 155.0]
    assert inlier_range(usual) == (105.0, 155.0)
    assert inlier_range([*usual, 800.0]) == (105.0, 155.0)
    assert inlier_range([-900.0, *usual]) == (105.0, 155.0)
    assert inlier_range([*usual, float("nan"), float("inf")]) == (105.0, 155.0)
    assert inlier_range([1.0, 2.0, 900.0]) == (1.0, 900.0), "among few nothing is far out"
    assert inlier_range([3.0]) == (3.0, 3.0)
    assert inlier_range([5.0] * 9) == (5.0, 5.0)
