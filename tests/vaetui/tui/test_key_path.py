"""A key press takes a short path to its frame: few functions of the project, the view's state made once."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import vaetui
from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press
from vaetui.tui.state.view_state import view_state

ROOT = Path(vaetui.__file__).parents[1]
PROJECT = (str(ROOT / "vaetui"), str(ROOT / "trainer"))
MAX_FUNCTIONS = 100  # comprehensions, lambdas and generators among them, as far as Python calls them


@contextmanager
def counted() -> Iterator[Counter[CodeType]]:
    """Count the calls of the project's functions in this thread; what goes on after a pause is no call."""
    calls: Counter[CodeType] = Counter()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PROJECT):
            calls[frame.f_code] += 1

    sys.setprofile(profile)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_a_step_in_interpolate_passes_few_functions_and_makes_the_state_once(
    grid: Path, size: tuple[int, int]
) -> None:
    async with exploring(grid, size, [grid / "digits" / tiny.config(latent=5).name], poll=60) as (app, _):
        await press(app, "4", "right", "left", "right", "left")
        before = app.state.selection.interpolation.step
        with counted() as calls:
            await press(app, "right")
        assert app.state.selection.interpolation.step == before + 1
        names = sorted(f"{Path(code.co_filename).stem}.{code.co_qualname}" for code in calls)
        assert len(calls) <= MAX_FUNCTIONS, names
        assert calls[view_state.__code__] == 1, names
