"""Find the process that trains a run, from its lock."""

from __future__ import annotations

import time
from pathlib import Path

from trainer.contract.files import Problem, clean
from trainer.contract.lock import LOCK, Holder, LockState, inspect_lock
from vaetui.commands import command
from vaetui.runs.lookup import command_on
from vaetui.runs.run_watcher import Run, read_run


def find_trainer(run: Run, patience: float = 0.0) -> Holder:
    """Return the process on this host that trains `run`. Raises `Problem` if there is none.

    One that is only just starting is waited for, `patience` seconds at most.
    """
    deadline = time.monotonic() + patience
    while True:
        lock, run = _settled(run.path), read_run(run.path)
        if not (run.alive or run.waiting) or lock.status in ("copy", "orphaned"):
            raise Problem(_why_untrained(run, lock))
        if lock.status == "held" and lock.holder is not None:
            break
        if time.monotonic() >= deadline:
            raise Problem(f"{run.name} is only just starting: try again in a moment")
        time.sleep(0.05)
    if not lock.holder.is_here:
        host = clean(lock.holder.host)
        raise Problem(f"{run.name} is being trained on {host}: run `{command_on('stop', [run.path])}` there")
    return lock.holder


def _settled(path: Path) -> LockState:
    """Return the state of the lock, after waiting briefly for an ending process to release it."""
    deadline = time.monotonic() + 0.5
    while (lock := inspect_lock(path)).status == "orphaned" and time.monotonic() < deadline:
        time.sleep(0.02)
    return lock


def _why_untrained(run: Run, lock: LockState) -> str:
    if lock.status == "copy" and lock.holder:
        original = Path(clean(lock.holder.path, 4096))
        return (
            f"{run.name} is a copy of {original}, which is being trained, and is not trained itself: "
            f"`{command_on('stop', [original])}` stops that one"
        )
    if lock.status == "orphaned" and lock.holder:
        return (
            f"the trainer of {run.name} (process {lock.holder.pid}) has ended, but a process that it "
            f"started still holds its {LOCK}: end that one"
        )
    states = f"`{ls_command(run)}` shows the state of every run"
    return f"{run.name} is not being trained now, it is {run.status_text}: {states}"


def why_busy(run: Run) -> str:
    """Return why `run`, whose lock is held, cannot be trained now."""
    if not run.alive and inspect_lock(run.path).status == "held":
        return (
            f"{run.name} has {run.state}, but its trainer still trains others that it began with: "
            f"`{command('watch', runs=run.path.absolute().parent.parent)}` follows them"
        )
    watch, stop = (command_on(verb, [run.path]) for verb in ("watch", "stop"))
    return f"{run.name} is being trained now: `{watch}` follows it, `{stop}` ends it"


def ls_command(run: Run) -> str:
    """Return the command that lists `run` and its neighbours."""
    return command("ls", runs=run.path.absolute().parent.parent)


def trainer_identity(run: Run) -> tuple[str, str, int, str] | None:
    """Return the identity of the trainer process of `run`, None if there is none."""
    lock = inspect_lock(run.path)
    if lock.status != "held" or lock.holder is None:
        return None
    return lock.holder.host, lock.holder.boot, lock.holder.pid, lock.holder.started
