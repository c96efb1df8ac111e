"""A disk that fills up, breaks or turns read-only, at every operation that it can hit."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.faults.forks import Forks
from tests.faults.outcome import (
    LONG,
    SHORT,
    check_files,
    check_said,
    errors,
    leftovers,
    queued,
    results,
    states,
)
from trainer.contract.config import read_config, write_config
from trainer.contract.run_dir import Status, write_status

PARTS = 4  # of the operations, each short enough for a machine that is busy


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.fault(
    "the disk is full from the n-th write of a training on, for every n",
    "old or new files, never half; statuses that say so in one sentence; once there is room the same command "
    "goes on bit for bit",
)
def test_full_while_training(forks: Forks, quick: Path, short: list[dict[str, Any]], part: int) -> None:
    for number in itertools.count(part + 1, PARTS):
        runs = queued(quick / str(number), SHORT)
        ended = forks.call("train", *runs, root=quick, error=errno.ENOSPC, at=number, lasting=True)
        if len(ended.operations) < number:
            assert ended.code == 0
            break
        check_files(runs)
        check_said(ended.said, runs)
        assert ended.code == int("failed" in states(runs)), ended.said
        assert set(states(runs)) <= {"failed", "finished"}
        for error in errors(runs):
            assert "no space" in error.lower(), error
        assert forks.call("train", *runs).code == 0
        assert [results(run) for run in runs] == short
        assert leftovers(runs) == []
    assert number > 3 * PARTS


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.fault(
    "the disk is full for one write of a training, every one in turn",
    "the training goes on to its end, or fails in one sentence and goes on with the same command",
)
def test_full_for_a_moment(forks: Forks, quick: Path, short: list[dict[str, Any]], part: int) -> None:
    for number in itertools.count(part + 1, PARTS):
        runs = queued(quick / str(number), SHORT)
        ended = forks.call("train", *runs, root=quick, error=errno.ENOSPC, at=number)
        if len(ended.operations) < number:
            break
        check_files(runs)
        check_said(ended.said, runs)
        assert ended.code == int("failed" in states(runs))
        if ended.code:
            assert forks.call("train", *runs).code == 0
        assert [results(run) for run in runs] == short
    assert number > 3 * PARTS


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.fault(
    "each operation on the files of a training fails in turn: an input/output error once, or a file system "
    "that is read-only from there on",
    "old or new files, never half; one sentence; the same command goes on bit for bit",
)
def test_broken_while_training(forks: Forks, quick: Path, short: list[dict[str, Any]], part: int) -> None:
    for number in itertools.count(part + 1, PARTS):
        error = (errno.EIO, errno.EROFS)[number % 2]
        runs = queued(quick / str(number), SHORT[:1])
        ended = forks.call("train", *runs, root=quick, error=error, at=number, lasting=error == errno.EROFS)
        if len(ended.operations) < number:
            break
        check_files(runs)
        check_said(ended.said, runs)
        assert ended.code in (0, 1)
        if error == errno.EIO:
            assert ended.code == int("failed" in states(runs))
        if ended.code or states(runs) != ["finished"]:
            assert forks.call("train", *runs).code == 0
        assert [results(run) for run in runs] == short[:1], (number, error)
        assert leftovers(runs) == []
    assert number > 5 * PARTS


def half_trained(forks: Forks, folder: Path) -> Path:
    """One run of `LONG` after the first of its two epochs, queued to go on."""
    first = dataclasses.replace(LONG[0], optimiser=dataclasses.replace(LONG[0].optimiser, epochs=1))
    (run,) = queued(folder, [first])
    assert forks.call("train", run).code == 0
    described = read_config(run)
    write_config(run, dataclasses.replace(described, optimiser=LONG[0].optimiser))
    write_status(run, Status("queued", 1, 2))
    return run


@pytest.mark.parametrize("part", range(2))
@pytest.mark.fault(
    "each operation on the files of a training that is resumed fails in turn: the disk is full from there "
    "on, or an input/output error once",
    "old or new files, never half; one sentence; the same command resumes bit for bit",
)
def test_broken_while_resuming(forks: Forks, quick: Path, long: list[dict[str, Any]], part: int) -> None:
    half = half_trained(forks, quick / "half")
    for number in itertools.count(part + 1, 2):
        error = (errno.EIO, errno.ENOSPC)[number // 2 % 2]
        runs = [Path(shutil.copytree(half, quick / str(number)))]
        ended = forks.call("train", *runs, root=quick, error=error, at=number, lasting=error == errno.ENOSPC)
        if len(ended.operations) < number:
            break
        check_files(runs)
        check_said(ended.said, runs)
        assert ended.code == int("failed" in states(runs)), ended.said
        if ended.code:
            assert forks.call("train", *runs).code == 0
        assert [results(run) for run in runs] == long[:1], (number, error)
        assert leftovers(runs) == []
    assert number > 10
