"""The lock of a run directory: who holds it, what counts as held, and where its folder is."""

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT, tiny
from trainer.contract.files import Problem
from trainer.contract.lock import LOCK, Holder, hold, inspect_lock, is_alive, lost_folder, send_signal


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


def test_a_holder_says_who_it_is_and_which_folder_it_holds(tmp_path: Path) -> None:
    assert inspect_lock(tmp_path).status == "free"
    with hold(tmp_path, sign=True):
        found = inspect_lock(tmp_path)
        assert found.status == "held"
        assert found.holder is not None
        assert (found.holder.pid, found.holder.host) == (os.getpid(), os.uname().nodename)
        assert found.holder.path == str(tmp_path)
        assert found.holder.is_here
        assert not found.holder.is_gone
        assert is_alive(tmp_path)
    assert inspect_lock(tmp_path).status == "free"
    assert not is_alive(tmp_path)
    assert (tmp_path / LOCK).read_bytes() == b""


def test_who_holds_it_without_a_signature_removes_that_of_another(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("of one that was killed")
    with hold(tmp_path):
        assert inspect_lock(tmp_path).status == "unsigned"
        assert (tmp_path / LOCK).read_bytes() == b""
        assert is_alive(tmp_path)


def test_what_a_dead_trainer_has_signed_is_taken_over(tmp_path: Path) -> None:
    with process(HOLDER, tmp_path) as other:
        assert inspect_lock(tmp_path).status == "held"
        other.kill()
        other.wait()
        assert tiny.signature(tmp_path)["pid"] == other.pid
    assert not is_alive(tmp_path)
    with hold(tmp_path, sign=True):
        assert tiny.signature(tmp_path)["pid"] == os.getpid()


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, '{"pid": "1"}', "\0" * 100, "{}"])
def test_an_unreadable_signature_has_no_holder(tmp_path: Path, text: str) -> None:
    with hold(tmp_path, sign=True):
        (tmp_path / LOCK).write_text(text)
        found = inspect_lock(tmp_path)
        assert (found.status, found.holder) == ("unsigned", None)


def test_a_copy_of_hard_links_shares_the_lock_and_is_not_alive(tmp_path: Path) -> None:
    run, copy = tmp_path / "run", tmp_path / "copy"
    run.mkdir()
    with hold(run, sign=True):
        copy.mkdir()
        (copy / LOCK).hardlink_to(run / LOCK)
        assert is_alive(run)
        assert not is_alive(copy)
        assert inspect_lock(copy).status == "copy"
        with pytest.raises(Problem, match=f"copy is a hard-linked copy of {run}, which is being trained now"):
            hold(copy).__enter__()
    with hold(copy):
        assert is_alive(copy)


@pytest.mark.parametrize("what", ["fifo", "folder", "link to itself"])
def test_something_else_in_place_of_the_lock_does_not_block(tmp_path: Path, what: str) -> None:
    path = tmp_path / LOCK
    if what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    assert not is_alive(tmp_path)
    with pytest.raises((Problem, OSError)):
        hold(tmp_path).__enter__()


# --- signals ------------------------------------------------------------------------------------------


def holder_of(run: Path) -> Holder:
    holder = inspect_lock(run).holder
    assert holder is not None
    return holder


def test_a_signal_reaches_the_holder(tmp_path: Path) -> None:
    with process(HOLDER, tmp_path) as other:
        assert send_signal(tmp_path, holder_of(tmp_path), signal.SIGTERM)
        assert other.wait(timeout=30) == -signal.SIGTERM


def test_nobody_is_signalled_by_a_forged_signature(tmp_path: Path) -> None:
    """Not a process that does not hold the lock, even when its start time is right."""
    run, other = tmp_path / "run", tmp_path / "other"
    run.mkdir()
    other.mkdir()
    with hold(run, sign=True), process(HOLDER, other) as victim:
        theirs = holder_of(other)
        for started in ("1", theirs.started):
            tiny.signature(run, pid=victim.pid, started=started)
            assert not send_signal(run, holder_of(run), signal.SIGTERM)
        for pid in (-1, 0, 1, 1 << 22):
            tiny.signature(run, pid=pid, started="")
            assert not send_signal(run, holder_of(run), signal.SIGTERM)
        assert victim.poll() is None
        assert send_signal(other, theirs, signal.SIGTERM)


@pytest.mark.parametrize("where", [{"host": "elsewhere"}, {"boot": "another"}])
def test_a_process_of_another_machine_is_not_signalled(tmp_path: Path, where: dict[str, str]) -> None:
    with process(HOLDER, tmp_path) as other:
        holder = dataclasses.replace(holder_of(tmp_path), **where)  # type: ignore[arg-type]
        assert not holder.is_here
        assert not holder.is_gone  # as far as this machine knows
        assert not send_signal(tmp_path, holder, signal.SIGTERM)
        assert other.poll() is None


# --- where the folder is ------------------------------------------------------------------------------


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    run = tmp_path / "run"
    run.mkdir()
    with hold(run, sign=True):
        assert lost_folder(run) is None
        yield run


def test_a_folder_that_was_moved_is_found(held: Path) -> None:
    moved = held.rename(held.with_name("moved"))
    held.mkdir()  # something else has its path by now
    lost = lost_folder(held)
    assert lost is not None
    assert lost.current == moved
    assert lost.cause == f"its folder was moved to {moved} during training: moved back, it can go on"
    assert is_alive(moved)
    held.rmdir()
    moved.rename(held)
    assert lost_folder(held) is None


def test_a_folder_that_was_deleted_is_reported(held: Path) -> None:
    shutil.rmtree(held)
    lost = lost_folder(held)
    assert lost is not None
    assert (lost.cause, lost.current) == ("its folder was deleted during training", None)


def test_a_lock_that_was_deleted_is_reported_since_another_trainer_could_take_it(held: Path) -> None:
    (held / LOCK).unlink()
    lost = lost_folder(held)
    assert lost is not None
    assert (lost.cause, lost.current) == ("its run.lock was deleted or replaced during training", held)
    with hold(held):
        assert lost_folder(held) is None  # of the newer lock


def test_a_run_that_is_not_held_here_is_not_lost(tmp_path: Path) -> None:
    assert lost_folder(tmp_path / "nowhere") is None
