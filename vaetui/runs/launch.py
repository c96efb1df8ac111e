"""Start and stop trainers and judges: what a command line and the app's train dialog share.

`requested_configs` makes the configurations, `plan_runs` checks them against the runs on disk, `create_runs`
creates and queues run directories, `start` starts a trainer process that outlives this one, `ask_to_stop`
stops it, `evaluate` starts an evaluation.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import errno
import importlib.util
import os
import platform
import signal
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from trainer.contract.config import Config, is_plain_name, read_config
from trainer.contract.disk_space import FULL, check_room
from trainer.contract.files import Problem, clean, open_to_append
from trainer.contract.lock import LOCK, inspect_lock, send_signal
from trainer.contract.position import read_position
from trainer.contract.run_dir import EXAMPLES, LOG, MODEL, STATE, Status, is_alive, is_run, read_status
from vaetui.commands import examples_folder
from vaetui.runs.queue import PlannedRun, obstacle, queue_runs, unwritable
from vaetui.runs.run_watcher import Run, read_run
from vaetui.runs.trainer_process import find_trainer, ls_command, trainer_identity, why_busy
from vaetui.settings import LOSS_OF, TrainingGrid, configs_of, distinct_texts

if TYPE_CHECKING:
    from trainer.contract.images import Dataset

TRAINER = (sys.executable, "-P", "-m", "trainer")  # -P: a trainer.py in the user's folder is not ours
EVALUATION = (*TRAINER[:-1], "trainer.evaluation")
MACHINE = (*TRAINER[:-1], "trainer.machine")
UNSAVED = ("queued", "running", "failed")  # states of a run that may never have been saved
START_SECONDS = 60.0

# What may differ between a run and what goes on with it: the part held out and the checksum tell the sizes.
# A precision of "auto" goes on with whatever the run has.
FREE = ("optimiser.epochs", "device", "versions", "created", "origin", "data.train", "data.val", "data.test")
# What the command line calls a setting, where that is not its name in the configuration.
WORDS = {"objective.likelihood": "loss", "optimiser.name": "optimizer"}


# --- before anything is created -----------------------------------------------------------------------


def requested_configs(grids: Sequence[TrainingGrid], dataset_of: Callable[[str], Dataset]) -> list[Config]:
    """The configurations that `grids` of one data set ask for; `dataset_of` loads it by name.

    Only where the device is here: nothing is downloaded for what cannot be trained. Raises `Problem`.
    """
    for grid in grids:
        check_device(grid.device, grid.precision)
    return configs_of(grids, dataset_of(grids[0].dataset))


def plan_runs(
    runs_folder: Path, configs: Sequence[Config], force: bool, name: str | None
) -> list[PlannedRun]:
    """What training `configs` would do about each run, in their order; nothing is written.

    A run that cannot be resumed or written is left out, and the others are trained. Raises `Problem` where
    that leaves none, and for a run that is alive, has other settings, or lies where nothing can be written or
    the disk has no room for it.
    """
    paths = run_paths(runs_folder, configs, name)
    free = [path for path in paths if not obstacle(path, force=force)]
    for path in free:
        check_writable(path)
    for path in free:
        if is_alive(path):
            raise Problem(why_busy(read_run(path)))
    tasks = [_task(path, config, force) for path, config in zip(paths, configs, strict=True)]
    if all(task.action == "leave" for task in tasks):
        more = f" (and {len(tasks) - 1} more like it)" if len(tasks) > 1 else ""
        mend = "" if tasks[0].is_blocked else "; give it another --name, or retrain it with --force"
        raise Problem(f"{tasks[0].why}{more}{mend}")
    check_room(runs_folder, [(task.path, task.config) for task in tasks if task.is_due])
    return tasks


def run_paths(runs_folder: Path, configs: Sequence[Config], name: str | None) -> list[Path]:
    """Return the folder of each configuration: the one that is there, however its accents are composed."""
    folder = runs_folder / configs[0].data.name
    names = run_names(configs, name)
    there: dict[str, str] = {}
    if not all(map(str.isascii, names)):
        with contextlib.suppress(OSError):
            there = {unicodedata.normalize("NFC", found): found for found in os.listdir(folder)}  # noqa: PTH208
    return [folder / there.get(own, own) for own in names]


def run_names(configs: Sequence[Config], name: str | None) -> list[str]:
    """A folder name for each configuration: `name` itself for one, in front of what differs for a grid."""
    if not name:
        names = [config.name for config in configs]
    elif len(configs) == 1:
        names = [name]
    else:
        marks = [mark for mark in _MARKS if len(set(map(mark, configs))) > 1]
        names = [
            f"{name}-z{config.model.latent}-{_column(config)}" + "".join(mark(config) for mark in marks)
            for config in configs
        ]
    for own, count in Counter(names).items():
        if count > 1:
            raise Problem(
                f"{count} of these models would be called {clean(own)}: "
                "keep β values and learning rates further apart"
            )
        if not is_plain_name(own):
            raise Problem(f"{clean(own)!r} cannot name a folder: choose a short plain name with --name")
    return names


def _column(config: Config) -> str:
    return f"b{config.objective.beta:g}" if config.model.is_vae else "ae"


# What a name in front of a grid is followed by where the grid varies in it, as in `Config.name`.
_MARKS: tuple[Callable[[Config], str], ...] = (
    lambda config: f"-s{config.seed}",
    lambda config: f"-bs{config.optimiser.batch_size}",
    lambda config: f"-lr{config.optimiser.lr:g}",
)


def check_writable(path: Path) -> None:
    """Raises `Problem` where no folder can be made at `path`, or nothing written in the one that is there."""
    path = path.absolute()
    if _is_among_examples(path):
        raise Problem(
            f"{clean(str(path.parent))} holds the runs that ship with vaetui and is never trained in: "
            "leave --runs out, or choose another folder with --runs"
        )
    there = next(folder for folder in (path, *path.parents) if _exists(folder))
    if not there.is_dir():
        raise unwritable(path, f"{clean(str(there))} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise unwritable(there, "permission denied")
    longest = max((len(os.fsencode(part)) for part in path.relative_to(there).parts), default=0)
    if longest > os.pathconf(there, "PC_NAME_MAX"):
        raise unwritable(path, os.strerror(errno.ENAMETOOLONG))


def _is_among_examples(path: Path) -> bool:
    try:
        whole = path.resolve()
    except OSError:
        return False
    return whole.is_relative_to(examples_folder().resolve()) or whole.parent.name == EXAMPLES


def _exists(folder: Path) -> bool:
    try:
        folder.stat()
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise unwritable(folder, error.strerror or str(error)) from None
        return False
    return True


def _task(path: Path, config: Config, force: bool) -> PlannedRun:
    config = dataclasses.replace(config, created=time.time())
    if why := obstacle(path, force=force):
        return PlannedRun(path, config, "leave", 0, why, is_blocked=True)
    if not is_run(path):
        return PlannedRun(path, config, "train", 0)
    if force:
        return PlannedRun(path, config, "retrain", 0)
    try:
        old = read_config(path)
    except Problem as problem:
        return PlannedRun(path, config, "leave", 0, str(problem))
    _check_same(path, old, config)
    status, saved = _status(path), (path / STATE).exists()
    wanted = config.optimiser.epochs
    has_model = (path / MODEL).exists()
    if status and status.state == "finished" and has_model and (status.early or status.epoch >= wanted):
        return PlannedRun(path, old, "keep", status.epoch)
    # Before there is a state, a training that goes on or failed has nothing to lose.
    if has_model and not (saved or (status and status.state in UNSAVED)):
        why = f"cannot resume {clean(path.name)}: its training state was not saved"
        return PlannedRun(path, config, "leave", status.epoch if status else 0, why)
    done = _done(path, status)
    optimiser = dataclasses.replace(old.optimiser, epochs=max(wanted, done))
    config = dataclasses.replace(old, optimiser=optimiser, device=config.device)
    check_precision(config.precision, config.device)
    return PlannedRun(path, config, "resume" if saved else "train", done)


def _status(path: Path) -> Status | None:
    """The run's status; it is only news, so a damaged one is as if there were none."""
    try:
        return read_status(path)
    except Problem:
        return None


def _done(path: Path, status: Status | None) -> int:
    """The epochs from which it goes on, by its state; a damaged state is the trainer's to tell."""
    try:
        return read_position(path).epoch
    except Problem:
        return status.epoch if status else 0


def _check_same(path: Path, old: Config, new: Config) -> None:
    before, after = dict(_settings(old)), dict(_settings(new))
    free = (*FREE, "precision") if new.precision == "auto" else FREE
    free = free if new.data.checksum else (*free, "data.checksum")  # its images are not here yet
    differing = [key for key in before if key not in free and before[key] != after.get(key)]
    if not differing:
        return
    key = differing[0]
    word = WORDS.get(key, key.rpartition(".")[2].replace("_", " "))
    was, wanted = distinct_texts(_said(before[key]), _said(after[key]))
    what = f"{word} {was}, not {wanted}"
    own = clean(path.name)
    raise Problem(
        f"{own} was trained with {what}: give this one another --name, or retrain {own} with --force"
    )


def _settings(config: Config) -> Iterator[tuple[str, Any]]:
    for key, value in dataclasses.asdict(config).items():
        if isinstance(value, dict) and key not in FREE:
            yield from ((f"{key}.{inner}", deep) for inner, deep in value.items())
        else:
            yield key, value


def _said(value: Any) -> Any:
    """Return a value of a configuration as the command line has it."""
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else LOSS_OF.get(value, value)


def check_device(device: str, precision: str = "auto") -> None:
    """Raises `Problem` where PyTorch is not installed, or `device` or one for `precision` surely not here."""
    if importlib.util.find_spec("torch") is None:
        raise Problem("PyTorch is not installed here, and training needs it: `pip install torch`")
    there = DEVICES.get(device)
    if there is not None and not there():
        raise Problem(f"there is no {device} device for PyTorch on this machine: use --device cpu, or auto")
    check_precision(precision, device)


def check_precision(precision: str, device: str) -> None:
    """Raises `Problem` where `precision` surely does not exist on `device`."""
    if precision == "tf32" and (device not in ("auto", "cuda") or not DEVICES["cuda"]()):
        where = "on this machine" if device in ("auto", "cuda") else f"with --device {device}"
        raise Problem(f"tf32 is for CUDA devices and there is none {where}: use --precision fp32 or auto")


def _cuda_is_here() -> bool:
    """Ask the driver: importing torch to ask it would take seconds."""
    from importlib.metadata import version  # with it comes all that reads mail

    if version("torch").endswith("+cpu"):
        return False
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def _mps_is_here() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"


DEVICES: Mapping[str, Callable[[], bool]] = {"cuda": _cuda_is_here, "mps": _mps_is_here}


# --- creating, starting, stopping ---------------------------------------------------------------------


def create_runs(runs_folder: Path, configs: Sequence[Config], force: bool, name: str | None) -> list[Path]:
    """Create the run directories and queue what there is to train: the paths for `start`.

    A finished run is left out unless more epochs are asked for; what was stopped or interrupted or failed
    goes on; `force` removes the old results, after everything else was checked. Raises `Problem` as
    `plan_runs` does.
    """
    tasks = [task for task in plan_runs(runs_folder, configs, force, name) if task.is_due]
    queue_runs(tasks)
    return [task.path for task in tasks]


def start(
    runs: Sequence[Path],
    data: Path,
    command: Sequence[str] = TRAINER,
    is_unwaited: Callable[[], bool] = lambda: False,
) -> subprocess.Popen[bytes]:
    """Start a trainer on `runs` in a session of its own.

    Returns when it holds the locks of all that have not failed by then, has ended, or `is_unwaited` says that
    nobody waits any more. It reads nothing from the terminal and writes to the first run's train.log, so it
    outlives the terminal.
    """
    with _log(runs[0] / LOG) as output:
        process = subprocess.Popen(
            [*command, "--data", str(data.absolute()), *(str(run.absolute()) for run in runs)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline and not is_unwaited():
        if all(is_alive(run) or _has_failed(run) for run in runs):
            break
        time.sleep(0.02)
    return process


def _log(path: Path) -> BinaryIO:
    """A run's log, open for what its trainer says before it can log; on a full disk it goes without."""
    try:
        return os.fdopen(open_to_append(path), "ab")
    except OSError as error:
        if error.errno in FULL:
            return Path(os.devnull).open("ab")
        raise Problem(f"{clean(str(path))} cannot be written: {error.strerror}") from None


def _has_failed(run: Path) -> bool:
    status = _status(run)
    return status is not None and status.state == "failed"


def evaluate(
    runs: Sequence[Path], data: Path, device: str, samples: int, *, quality: bool
) -> subprocess.Popen[str]:
    """Start measuring `runs` on their test images; `trainer.evaluation` says what it tells on its stdout.

    In a session of its own, so that a Ctrl-C reaches whoever started it alone.
    """
    options = ["--device", device, "--nll", str(samples), *([] if quality else ["--no-quality"])]
    return subprocess.Popen(
        [*EVALUATION, "--data", str(data.absolute()), *options, "--", *(str(run.absolute()) for run in runs)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def ask_to_stop(run: Run, patience: float = 0.0) -> None:
    """Ask the trainer of `run` to save and stop. Raises `Problem` as `trainer_of` does, which may wait."""
    holder = find_trainer(run, patience)
    try:
        is_asked = send_signal(run.path, holder, signal.SIGTERM)
    except PermissionError:
        raise Problem(
            f"{run.name} is being trained by another user, and only that user can stop it"
        ) from None
    if is_asked:
        return
    if inspect_lock(run.path).status != "held":
        raise Problem(f"the trainer of {run.name} has just ended: `{ls_command(run)}` shows its state")
    raise Problem(
        f"{clean(str(run.path / LOCK))} names process {holder.pid}, which does not hold it: "
        f"end the trainer of {run.name} yourself"
    )


def companions(run: Run, everyone: Sequence[Run]) -> list[Run]:
    """The other runs that the same process trains."""
    process = trainer_identity(run)
    if process is None:
        return []
    own = run.path.resolve()
    return [
        other
        for other in everyone
        if other.alive and trainer_identity(other) == process and other.path.resolve() != own
    ]
