"""The lock of a run directory: which process trains it, and where its folder is now.

A process locks a run by `flock` on run.lock, which the kernel releases however that process ends. The holder
writes its identity into the file: process id, start time and boot id, since a later process may have the same
process id; and device and inode of the folder, since a copy made of hard links shares the file and its lock.
"""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import json
import os
import shlex
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from trainer.contract.files import Problem, clean
from trainer.contract.values import build

LOCK = "run.lock"

_PROC = Path("/proc")
_MAX_BYTES = 16384  # of a record; a path has 4 096 bytes at most, each up to six characters of JSON


@dataclass(frozen=True)
class Holder:
    """The process that holds a run's lock, and the run's folder.

    `started` is the process's start time in ticks since the boot with the id `boot`; both are "" where the
    system has none.
    """

    pid: int
    started: str
    boot: str
    host: str
    path: str
    device: int
    inode: int

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine since its last boot."""
        return (self.host, self.boot) == (os.uname().nodename, _boot())

    @property
    def is_gone(self) -> bool:
        """Whether it is known to have ended; another process may have its process id by now."""
        return self.is_here and _start_of(self.pid) != self.started

    def is_of(self, run: Path) -> bool:
        """Return whether `run` is the folder that it locks, whatever its path is now."""
        with suppress(OSError):
            status = run.stat()
            return status.st_ino == self.inode and (status.st_dev == self.device or not self.is_here)
        return False


@dataclass(frozen=True)
class LockState:
    """The state of a run's lock.

    "unsigned": held by a process that has not written its identity (yet); "copy": held by the trainer of
    another folder of which this one is a hard-linked copy; "orphaned": the trainer has ended, and a process
    that inherited the lock holds it. `holder` is None unless the lock is held and signed.
    """

    status: Literal["free", "held", "unsigned", "copy", "orphaned"]
    holder: Holder | None = None


_held: dict[Path, int] = {}  # run → descriptor of the lock that this process holds
_open: set[int] = set()  # descriptors of locks that it holds or waits for


@contextmanager
def hold(run: Path, *, sign: bool = False) -> Iterator[None]:
    """Hold the run's lock in the context, and `sign` it where it is held for training.

    Raises `Problem` where another process holds it, `OSError` where the file cannot be opened or written.
    """
    descriptor = os.open(run / LOCK, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666)
    _open.add(descriptor)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Problem(f"{clean(str(run / LOCK))} is not a regular file: delete it")
        if not _try_lock(descriptor, patience=2.0):
            raise Problem(_why_held(run))
        _write(descriptor, _signature(run) if sign else b"")
        _held[run] = descriptor
        yield
    finally:
        if descriptor in _open:  # not so in a forked child
            if _held.get(run) == descriptor:
                del _held[run]
                with suppress(OSError):
                    _write(descriptor, b"")
            _open.remove(descriptor)
            os.close(descriptor)


def _try_lock(descriptor: int, patience: float) -> bool:
    """Try to lock for `patience` seconds, since a reader's probe holds the lock for an instant."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _why_held(run: Path) -> str:
    name, lock = clean(run.name), inspect_lock(run)
    if lock.status == "copy" and lock.holder:
        return (
            f"{name} is a hard-linked copy of {clean(lock.holder.path)}, which is being trained now: "
            "make a copy without links to train it"
        )
    if lock.status == "orphaned" and lock.holder:
        return (
            f"the trainer of {name} (process {lock.holder.pid}) has ended, but a process that it started "
            f"still holds {LOCK}: end that one first"
        )
    watch = shlex.join(["vaetui", "watch", clean(str(run.absolute()))])
    return f"{name} is being trained already: `{watch}` follows it"


def _signature(run: Path) -> bytes:
    folder = run.stat()
    pid = os.getpid()
    path = str(run.absolute()).encode(errors="replace").decode()
    holder = Holder(
        pid, _start_of(pid) or "", _boot(), os.uname().nodename, path, folder.st_dev, folder.st_ino
    )
    return json.dumps(dataclasses.asdict(holder)).encode() + b"\n"


def _write(descriptor: int, record: bytes) -> None:
    """Replace the content of the lock; in place, since the lock belongs to the file, not to its name."""
    if record and os.pwrite(descriptor, record, 0) < len(record):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if os.fstat(descriptor).st_size != len(record):
        os.ftruncate(descriptor, len(record))


def _close_in_child() -> None:
    """Close the locks in a forked child, which may outlive its parent and must not keep runs locked."""
    for descriptor in _open:
        os.close(descriptor)
    _open.clear()
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)


def is_alive(run: Path) -> bool:
    """Return whether some process trains `run`, by its lock."""
    return inspect_lock(run).status in ("held", "unsigned")


def inspect_lock(run: Path) -> LockState:
    """Return the state of the run's lock; probes take a shared lock, so they never block each other."""
    try:
        descriptor = os.open(run / LOCK, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return LockState("free")
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or not _is_held(descriptor):
            return LockState("free")
        holder = _read(descriptor)
    finally:
        os.close(descriptor)
    if holder is None:
        return LockState("unsigned")
    if not holder.is_of(run):
        return LockState("copy", holder)
    return LockState("orphaned" if holder.is_gone else "held", holder)


def _is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _read(descriptor: int) -> Holder | None:
    with suppress(OSError, ValueError, RecursionError):
        holder: Holder = build(Holder, json.loads(os.pread(descriptor, _MAX_BYTES, 0)))
        return holder
    return None


def send_signal(run: Path, holder: Holder, number: signal.Signals) -> bool:
    """Send a signal to the process that holds the lock of `run`; return False where it no longer does.

    Raises `PermissionError` where it is another user's. Where the system has descriptors of processes, the
    process id cannot be reused between the check and the signal.
    """
    if holder.pid <= 1 or not holder.is_here:  # kill(0, …) would signal this process and its group
        return False
    process = -1
    try:
        with suppress(AttributeError, OSError):  # a system without pidfd, or the process has ended
            process = os.pidfd_open(holder.pid)
        if holder.is_gone or not _has_open(holder.pid, run / LOCK):
            return False
        if process >= 0:
            signal.pidfd_send_signal(process, number)
        else:
            os.kill(holder.pid, number)
    except ProcessLookupError:
        return False
    finally:
        if process >= 0:
            os.close(process)
    return True


def _has_open(pid: int, path: Path) -> bool:
    """Return whether a process has `path` open; True where that is unknown, without /proc or permission."""
    try:
        wanted = path.stat()
        return any(_is_file(file, wanted) for file in (_PROC / str(pid) / "fd").iterdir())
    except OSError:
        return True


@cache
def _boot() -> str:
    """Return the id of this boot of the machine, "" where the system has none."""
    with suppress(OSError):
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return ""


def _start_of(pid: int) -> str | None:
    """Return a process's start time in ticks since the boot; "" if unknown, None if it has ended.

    A zombie has ended: it holds no lock any more.
    """
    if not (_PROC / "self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except OSError:
            pass
        return ""
    try:
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else fields[19].decode()


@dataclass(frozen=True)
class LostFolder:
    """Why a run's folder is no longer at its path, and its `current` path, None if it was deleted."""

    cause: str
    current: Path | None


def lost_folder(run: Path) -> LostFolder | None:
    """Return what happened to the folder of `run`, which this process locks; None if it is in place.

    The folder or its lock was moved or deleted; without its lock another trainer could lock it.
    """
    descriptor = _held.get(run)
    if descriptor is None:
        return None
    ours = os.fstat(descriptor)
    if _is_file(run / LOCK, ours):
        return None
    holder = _read(descriptor)
    if holder is not None and holder.is_of(run):
        return LostFolder(f"its {LOCK} was deleted or replaced during training", run)
    if not ours.st_nlink:
        return LostFolder("its folder was deleted during training", None)
    now = _path_of(descriptor).parent
    if _is_file(now / LOCK, ours):
        cause = f"its folder was moved to {clean(str(now))} during training: moved back, it can go on"
        return LostFolder(cause, now)
    return LostFolder("its folder was moved away during training", None)


def _is_file(path: Path, wanted: os.stat_result) -> bool:
    with suppress(OSError):
        return os.path.samestat(path.stat(), wanted)
    return False


def _path_of(descriptor: int) -> Path:
    """Return the current path of an open file; a path that does not exist where it is unknown."""
    try:
        if hasattr(fcntl, "F_GETPATH"):
            return Path(os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")))
        return (_PROC / "self/fd" / str(descriptor)).readlink()
    except OSError:
        return Path(os.devnull) / "nowhere"
