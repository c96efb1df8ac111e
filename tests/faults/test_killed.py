"""The trainer is killed: at random moments, and at every operation on its files."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.forks import Forks
from tests.faults.injection import KILL
from tests.faults.outcome import LONG, SHORT, check_files, leftovers, queued, results
from vaetui.runs import launch

KILLS, PARTS = 200, 8  # each part is short enough for a machine that is busy


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.fault(
    "kill -9 of the trainer at 200 random moments, saving among them",
    "every file loads, and the same command goes on to the weights, figures and rows of a training that was "
    "never killed, bit for bit on a CPU; nothing half written stays",
)
def test_killed_at_random_moments(forks: Forks, quick: Path, long: list[dict[str, Any]], part: int) -> None:
    rng = random.Random(part)
    began = time.monotonic()
    assert forks.call("train", *queued(quick / "clock", LONG)).code == 0
    usual = time.monotonic() - began
    kills = finished = 0
    while kills < KILLS // PARTS:
        runs = queued(quick / str(finished), LONG)
        while kills < KILLS // PARTS:
            ended = forks.call("train", *runs, kill_after=rng.uniform(0.05, 1.0) * usual)
            check_files(runs)
            if ended.code == 0:  # it was quicker
                break
            assert ended.code == -9, ended.said
            kills += 1
        assert forks.call("train", *runs).code == 0
        assert [results(run) for run in runs] == long
        assert leftovers(runs) == []
        finished += 1


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.fault(
    "kill -9 of the trainer at each of its operations on files, in the middle of a write",
    "the same: every file loads, and the same command goes on bit for bit",
)
def test_killed_at_every_operation(forks: Forks, quick: Path, short: list[dict[str, Any]], part: int) -> None:
    killed = 0
    for number in itertools.count(part + 1, PARTS):
        runs = queued(quick / str(number), SHORT)
        ended = forks.call("train", *runs, root=quick, error=KILL, at=number)
        check_files(runs)
        if ended.code == 0:
            break
        assert ended.code == -9, ended.said
        killed += 1
        launch.plan_runs(quick / str(number), SHORT, False, None)  # as `vaetui train` does first
        assert forks.call("train", *runs).code == 0
        assert [results(run) for run in runs] == short, number
        assert leftovers(runs) == []
    assert killed > 10
