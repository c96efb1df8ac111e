"""Clocks that jump: what was written lies in the future, or long ago."""

import json
import os
import re
import time
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.cli.shell import call
from trainer.contract.run_dir import STATUS

MOMENTS = {
    "an hour ahead": 3600.0,
    "a century ahead": 3e9,
    "an hour back": -3600.0,
    "to 1970": 1.0 - time.time(),
}


def stamp(run: Path, moment: float) -> None:
    """Let `run` have written its status then."""
    path = run / STATUS
    path.write_text(json.dumps(json.loads(path.read_text()) | {"updated": moment}))
    os.utime(path, (moment, moment))
    os.utime(run.parent, (moment, moment))


@pytest.mark.fault("the clock jumps by an hour, a century or to 1970", "no age is negative, nothing fails")
@pytest.mark.parametrize("jump", MOMENTS.values(), ids=MOMENTS)
def test_ages_are_never_negative(runs: Path, jump: float) -> None:
    finished, queued = tiny.make(runs), tiny.make(runs, tiny.config(latent=3), state="queued")
    for run in (finished, queued):
        stamp(run, time.time() + jump)
    listed = call("ls", "--runs", runs)
    assert (listed.returncode, listed.stderr) == (0, "")
    for row in listed.stdout.splitlines()[2:]:
        age = re.search(r"(-?\d+) (s|min|h|d)\s*$", row)
        assert age is not None, row
        assert 0 <= int(age[1]) < 1_000_000
    found = {one["run"]: one["state"] for one in json.loads(call("ls", "--json", "--runs", runs).stdout)}
    assert found == {finished.name: "finished", queued.name: "interrupted"}
    assert call("watch", finished).returncode == 0


@pytest.mark.fault(
    "the clock of a live training is a day ahead or behind", "it is alive, and watched as usual"
)
@pytest.mark.parametrize("jump", [86400.0, -86400.0])
def test_a_live_run_is_known_by_its_lock_whatever_the_clock_says(runs: Path, jump: float) -> None:
    with tiny.live(runs) as run:
        stamp(run, time.time() + jump)
        (found,) = json.loads(call("ls", "--json", "--runs", runs).stdout)
        assert (found["state"], found["alive"]) == ("running", True)
        assert "training" in call("ls", "--runs", runs).stdout
