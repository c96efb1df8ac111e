"""Children of a trainer that outlive it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from trainer.contract.files import Problem
from trainer.contract.lock import hold, inspect_lock, is_alive


@contextlib.contextmanager
def process(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has printed a line; it is killed in the end."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as started:
        assert started.stdout is not None
        try:
            assert started.stdout.readline()
            yield started
        finally:
            started.kill()


HOLDER = """
import sys, time
from pathlib import Path
from trainer.contract.lock import hold
with hold(Path(sys.argv[1]), sign=True):
    print("holding", flush=True)
    time.sleep(60)
"""


@pytest.mark.fault("a child that the trainer forked outlives it", "it gives the locks up at once")
def test_a_forked_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    script = HOLDER.replace(
        "    time.sleep(60)",
        """
    import os
    if not os.fork():
        print(os.getpid(), flush=True)  # by now it has given the lock up
    time.sleep(60)
""",
    )
    with process(script, tmp_path) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            assert is_alive(tmp_path)
            parent.kill()
            parent.wait()
            assert inspect_lock(tmp_path).status == "free"
            os.kill(child, 0)  # it lives
        finally:
            os.kill(child, signal.SIGKILL)


@pytest.mark.fault(
    "a library forks by itself, and that child outlives the trainer",
    "the run is interrupted, and what keeps its lock is said",
)
def test_a_child_that_keeps_the_lock_of_a_dead_trainer_is_named(tmp_path: Path) -> None:
    """A library that forks by itself passes the lock on."""
    script = HOLDER.replace(
        "    time.sleep(60)",
        """
    import ctypes
    child = ctypes.CDLL(None).fork()
    if child:
        print(child, flush=True)
    time.sleep(60)
""",
    )
    with process(script, tmp_path) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            parent.kill()
            parent.wait()
            assert inspect_lock(tmp_path).status == "orphaned"
            assert not is_alive(tmp_path)
            with pytest.raises(
                Problem, match=f"process {parent.pid}. has ended, but a process that it started"
            ):
                hold(tmp_path).__enter__()
        finally:
            os.kill(child, signal.SIGKILL)
