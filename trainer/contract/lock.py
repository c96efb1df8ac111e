"""The lock of a run directory: which process trains it, and where its folder is now.

A process holds a run by `flock` on run.lock, which the kernel frees however that process ends. The holder
writes its identity into the file: process id, start time and the boot of the machine, so that a later process
with the same id is not mistaken for it; and the folder by device and inode, since a copy made of hard links
shares the file and with it the lock.
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

LockStatus = Literal["free", "held", "unsigned", "copy", "orphaned"]


@dataclass(frozen=True)
class Holder:
    """The process that holds a run's lock, and the folder it was given.

    `started` is the process's start time in ticks since `boot`, the id of the machine's boot; both are ""
    where the system has none.
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
        """Whether its process id means a process of this machine since its last start."""
        return (self.host, self.boot) == (os.uname().nodename, _boot())

    @property
    def is_gone(self) -> bool:
        """Whether it is known to have ended; another process may have its number by now."""
        return self.is_here and _start_of(self.pid) != self.started

    def is_of(self, run: Path) -> bool:
        """Return whether `run` is the folder that it holds, whatever its path is now."""
        try:
            found = run.stat()
        except OSError:
            return False
        return found.st_ino == self.inode and (found.st_dev == self.device or not self.is_here)


@dataclass(frozen=True)
class LockState:
    """The state of a run's lock.

    "unsigned": held by a process that has not written its identity (yet); "copy": held by the trainer of
    another folder of which this one is a hard-linked copy; "orphaned": its holder has ended, and a process
    that inherited the lock keeps it. `holder` is the signed identity, if the lock is held and signed.
    """

    status: LockStatus
    holder: Holder | None = None


# --- locking ------------------------------------------------------------------------------------------

_held: dict[Path, int] = {}  # run → descriptor of the lock that this process holds
_open: set[int] = set()  # descriptors of locks that it holds or is about to


@contextmanager
def hold(run: Path, *, sign: bool = False) -> Iterator[None]:
    """Hold the run's lock, and `sign` it where it is held for training; it is empty again afterwards.

    Raises `Problem` where somebody else holds it, `OSError` where the file cannot be opened or written.
    """
    descriptor = os.open(run / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
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
    """Whether the exclusive lock came within `patience` seconds; a reader's probe holds it for an instant."""
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
    name, found = clean(run.name), inspect_lock(run)
    if found.status == "copy" and found.holder:
        return (
            f"{name} is a hard-linked copy of {clean(found.holder.path)}, which is being trained now: "
            "make a copy without links to train it"
        )
    if found.status == "orphaned" and found.holder:
        return (
            f"the trainer of {name} (process {found.holder.pid}) has ended, but a process that it started "
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
    """Replace what the last holder wrote; in place, since the lock belongs to the file, not to its name."""
    if record and os.pwrite(descriptor, record, 0) < len(record):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if os.fstat(descriptor).st_size != len(record):
        os.ftruncate(descriptor, len(record))


def _close_in_child() -> None:
    """Close the locks in a forked child: one that outlives its parent must not keep runs locked."""
    for descriptor in _open:
        os.close(descriptor)
    _open.clear()
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)


# --- inspecting ---------------------------------------------------------------------------------------


def is_alive(run: Path) -> bool:
    """Return whether somebody trains `run`, as far as its lock tells."""
    return inspect_lock(run).status in ("held", "unsigned")


def inspect_lock(run: Path) -> LockState:
    """Return the state of the run's lock; probes take a shared lock, so they never block each other."""
    try:
        descriptor = os.open(run / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
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
    try:
        holder: Holder = build(Holder, json.loads(os.pread(descriptor, _MAX_BYTES, 0)))
    except (OSError, ValueError, RecursionError):
        return None
    return holder


def send_signal(run: Path, holder: Holder, number: signal.Signals) -> bool:
    """Send a signal to the process that holds the lock of `run`. Whether it is that process still.

    Raises `PermissionError` where it is another user's. Its number cannot be given to another process between
    the check and the signal, where the system has descriptors of processes.
    """
    if holder.pid <= 1 or not holder.is_here:  # kill(0, …) would reach this process and its companions
        return False
    try:
        process = os.pidfd_open(holder.pid) if hasattr(os, "pidfd_open") else -1
    except ProcessLookupError:
        return False
    except OSError:  # a kernel without pidfd
        process = -1
    try:
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
    """Whether the process has that file open; also where that cannot be seen, for lack of /proc or rights."""
    try:
        wanted = path.stat()
        return any(_is_file(file, wanted) for file in (_PROC / str(pid) / "fd").iterdir())
    except OSError:
        return True


@cache
def _boot() -> str:
    """Return the id of this boot of the machine, "" where the system has none."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _start_of(pid: int) -> str | None:
    """Return a process's start time in ticks since the boot; "" if unknown, None if there is no such one.

    A zombie counts as ended: it holds nothing any more.
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


# --- moved folders ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LostFolder:
    """What happened to a run's folder that is no longer at its path; `current` is its new place, if any."""

    cause: str
    current: Path | None


def lost_folder(run: Path) -> LostFolder | None:
    """Return what happened to the folder of `run`, which this process locks; None if it is in place.

    It was moved or deleted, or its lock was, which another trainer could take then.
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
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)


def _path_of(descriptor: int) -> Path:
    """Return the present path of an open file; a path that does not exist where the system has none."""
    try:
        if hasattr(fcntl, "F_GETPATH"):
            return Path(os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")))
        return (_PROC / "self/fd" / str(descriptor)).readlink()
    except OSError:
        return Path(os.devnull) / "nowhere"
