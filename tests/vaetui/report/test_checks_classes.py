"""Checks on classes, on made-up figures: each holds on some and fails on others."""

from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.vaetui.report.making import quality, run, verdict


def of_classes(base: float, **changes: float) -> dict[str, float]:
    """A figure for every class; `changes` by "c" and the class, such as c1."""
    return {str(label): changes.get(f"c{label}", base) for label in range(10)}


@pytest.mark.parametrize(("one", "verdict_of"), [(0.019, True), (0.031, False)])
def test_error_falls_for_every_class(runs: Path, one: float, verdict_of: bool) -> None:
    small = run(runs, tiny.config("ae", 2), per_class_mse=of_classes(0.03))
    large = run(runs, tiny.config("ae", 5), per_class_mse=of_classes(0.02, c3=one))
    found = verdict([small, large], "error_falls_for_every_class", kind="ae")
    assert found.verdict is verdict_of
    assert f"steps of 10 that fall {10 if verdict_of else 9}" in found.measured


@pytest.mark.parametrize(("base", "verdict_of"), [(0.0205, True), (0.0195, False), (0.03, False)])
def test_error_rises_for_most_classes(runs: Path, base: float, verdict_of: bool) -> None:
    """It rises slightly, falls, or rises by half."""
    paths = [
        run(runs, tiny.config(latent=2), per_class_mse=of_classes(0.03)),
        run(runs, tiny.config(latent=5), per_class_mse=of_classes(0.02)),
        run(runs, tiny.config(latent=10), per_class_mse=of_classes(base)),
    ]
    found = verdict(paths, "error_rises_for_most_classes", kind="vae", latent=10)
    assert found.verdict is verdict_of


def test_easiest_and_hardest_classes(runs: Path) -> None:
    each = of_classes(0.02, c1=0.01, c7=0.015, c2=0.03, c8=0.04)
    paths = [run(runs, tiny.config(latent=size), per_class_mse=each) for size in (2, 5)]
    assert verdict(paths, "easiest_classes", classes=[1, 7]).verdict is True
    assert verdict(paths, "easiest_classes", classes=[1, 2]).verdict is False
    assert verdict(paths, "hardest_classes", classes=[8, 2]).verdict is True
    assert verdict(paths, "hardest_classes", classes=[7, 8]).verdict is False
    others = [
        run(runs, tiny.config(latent=size), per_class_mse=of_classes(0.02, c5=0.01)) for size in (3, 4, 6)
    ]
    found = verdict([*paths, *others], "easiest_classes", classes=[1, 7])
    assert found.verdict is False, "two of five runs are not many"
    assert "share of runs 40.0%" in found.measured
    lacking = run(runs, tiny.config(latent=10), per_class_mse={})
    assert verdict([lacking], "easiest_classes", classes=[1]).verdict is None


@pytest.mark.parametrize(("one", "verdict_of"), [(80.0, True), (40.0, False)])
def test_quality_is_even(runs: Path, one: float, verdict_of: bool) -> None:
    path = run(runs, tiny.config(), per_class_distortion=of_classes(100.0, c1=one))
    assert verdict([path], "quality_is_even").verdict is verdict_of


def test_classes_mixed_up(runs: Path) -> None:
    path = run(runs, tiny.config(latent=5), quality=quality())
    asked: dict[str, Any] = {"latent": 5}
    found = verdict([path], "classes_mixed_up", pair=[9, 4], **asked)
    assert found.verdict is True
    assert found.measured.startswith("9↔4 confused 10.0%; at least 2.0%: holds")
    assert verdict([path], "classes_mixed_up", pair=[1, 7], **asked).verdict is False
