"""Start and stop trainers and evaluations, for the command line and the train dialog.

`requested_configs` makes the configurations, `plan_runs` checks them against the runs on disk (`queue.py`
creates their directories), `start` starts a trainer process that outlives this one, `ask_to_stop` stops it,
`evaluate` starts an evaluation.
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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from trainer.contract.config import NAME_MARKS, Config, is_plain_name, read_config
from trainer.contract.disk_space import FULL, check_room
from trainer.contract.files import Problem, clean, open_to_append
from trainer.contract.lock import LOCK, inspect_lock, send_signal
from trainer.contract.position import read_position
from trainer.contract.run_dir import EXAMPLES, LOG, MODEL, STATE, Status, is_alive, is_run, read_status
from vaetui.commands import examples_folder
from vaetui.runs.queue import PlannedRun, obstacle, unwritable
from vaetui.runs.run_watcher import Run, read_run
from vaetui.runs.trainer_process import find_trainer, ls_command, trainer_identity, why_busy
from vaetui.settings import SETTINGS, STORED
from vaetui.training_grid import TrainingGrid, configs_of

if TYPE_CHECKING:
    from trainer.contract.images import Dataset

TRAINER = (sys.executable, "-P", "-m", "trainer")  # -P: a trainer.py in the user's folder is not ours
EVALUATION = (*TRAINER[:-1], "trainer.evaluation")
MACHINE = (*TRAINER[:-1], "trainer.machine")
UNSAVED = ("queued", "running", "failed")  # states of a run that may never have been saved
START_SECONDS = 60.0

# --- before anything is created -----------------------------------------------------------------------


def requested_configs(grids: Sequence[TrainingGrid], dataset_of: Callable[[str], Dataset]) -> list[Config]:
    """Return the configurations of `grids` of one dataset, which `dataset_of` loads by name.

    Raises `Problem`; a missing device is found before anything is downloaded.
    """
    for grid in grids:
        check_device(grid["device"], grid["precision"])
    return configs_of(grids, dataset_of(grids[0]["dataset"]))


def plan_runs(
    runs_folder: Path, configs: Sequence[Config], force: bool, name: str | None
) -> list[PlannedRun]:
    """Return what training `configs` does with each run, in their order; nothing is written.

    A finished run is left alone unless more epochs are requested; a stopped, interrupted or failed one is
    resumed; with `force` old results are removed.
    A run that cannot be resumed or written is skipped, and the others are trained. Raises `Problem` if all
    are skipped, and for a run that is being trained, has other settings, or cannot be written for lack of
    permission or disk space.
    """
    paths = run_paths(runs_folder, configs, name)
    free = [path for path in paths if not obstacle(path, force=force)]
    for path in free:
        check_writable(path)
    for path in free:
        if is_alive(path):
            raise Problem(why_busy(read_run(path)))
    planned = [_plan(path, config, force) for path, config in zip(paths, configs, strict=True)]
    if all(run.action == "skip" for run in planned):
        more = f" (and {len(planned) - 1} more like it)" if len(planned) > 1 else ""
        advice = "" if planned[0].is_blocked else "; give it another --name, or retrain it with --force"
        raise Problem(f"{planned[0].why}{more}{advice}")
    check_room(runs_folder, [(run.path, run.config) for run in planned if run.is_due])
    return planned


def run_paths(runs_folder: Path, configs: Sequence[Config], name: str | None) -> list[Path]:
    """Return the folder of each configuration: an existing one, however its accents are composed."""
    folder = runs_folder / configs[0].data.name
    names = run_names(configs, name)
    existing: dict[str, str] = {}
    if not all(map(str.isascii, names)):
        with contextlib.suppress(OSError):
            existing = {unicodedata.normalize("NFC", name): name for name in os.listdir(folder)}  # noqa: PTH208
    return [folder / existing.get(own, own) for own in names]


def run_names(configs: Sequence[Config], name: str | None) -> list[str]:
    """Return a folder name for each configuration: `name` for a single one, for a grid the prefix of all."""
    if not name:
        names = [config.name for config in configs]
    elif len(configs) == 1:
        names = [name]
    else:
        names = [name + "".join(marks) for marks in zip(*_grid_marks(configs), strict=True)]
    for own, count in Counter(names).items():
        if count > 1:
            raise Problem(
                f"{count} of these models would be called {clean(own)}: "
                "keep β values and learning rates further apart"
            )
        if not is_plain_name(own):
            raise Problem(f"{clean(own)!r} cannot name a folder: choose a short plain name with --name")
    return names


def _grid_marks(configs: Sequence[Config]) -> Iterator[list[str]]:
    """Yield the name marks of each setting that spans a grid: the cells, and the others if they vary."""
    marks = {mark.path: mark for mark in NAME_MARKS}
    yield [marks["model.latent"].written(config) for config in configs]
    yield [marks["objective.beta"].text(config) or "-ae" for config in configs]
    others = {row.path for row in SETTINGS.values() if row.loop and not row.ls_drop}
    for path in (path for path in marks if path in others):
        texts = [marks[path].written(config) for config in configs]
        if len(set(texts)) > 1:
            yield texts


def check_writable(path: Path) -> None:
    """Raises `Problem` if no folder can be created at `path`, or the existing one cannot be written."""
    path = path.absolute()
    if _is_among_examples(path):
        raise Problem(
            f"{clean(str(path.parent))} holds the runs that ship with vaetui and is never trained in: "
            "leave --runs out, or choose another folder with --runs"
        )
    parent = next(folder for folder in (path, *path.parents) if _exists(folder))
    if not parent.is_dir():
        raise unwritable(path, f"{clean(str(parent))} is a file")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise unwritable(parent, "permission denied")
    longest = max((len(os.fsencode(part)) for part in path.relative_to(parent).parts), default=0)
    if longest > os.pathconf(parent, "PC_NAME_MAX"):
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


def _plan(path: Path, config: Config, force: bool) -> PlannedRun:
    config = dataclasses.replace(config, created=time.time())
    if why := obstacle(path, force=force):
        return PlannedRun(path, config, "skip", 0, why, is_blocked=True)
    if not is_run(path):
        return PlannedRun(path, config, "train", 0)
    if force:
        return PlannedRun(path, config, "retrain", 0)
    try:
        old = read_config(path)
    except Problem as problem:
        return PlannedRun(path, config, "skip", 0, str(problem))
    _check_same(path, old, config)
    status, saved = _status(path), (path / STATE).exists()
    wanted = config.optimiser.epochs
    has_model = (path / MODEL).exists()
    if status and status.state == "finished" and has_model and (status.early or status.epoch >= wanted):
        return PlannedRun(path, old, "keep", status.epoch)
    # A run that never was saved has nothing to lose.
    if has_model and not (saved or (status and status.state in UNSAVED)):
        why = f"cannot resume {clean(path.name)}: its training state was not saved"
        return PlannedRun(path, config, "skip", status.epoch if status else 0, why)
    done = _done(path, status)
    optimiser = dataclasses.replace(old.optimiser, epochs=max(wanted, done))
    config = dataclasses.replace(old, optimiser=optimiser, device=config.device, instead_of=config.instead_of)
    check_precision(config.precision, config.device)
    return PlannedRun(path, config, "resume" if saved else "train", done)


def _status(path: Path) -> Status | None:
    """Return the run's status, None if it is missing or damaged."""
    try:
        return read_status(path)
    except Problem:
        return None


def _done(path: Path, status: Status | None) -> int:
    """Return the epochs done, by the saved state; the trainer reports a damaged one."""
    try:
        return read_position(path).epoch
    except Problem:
        return status.epoch if status else 0


def _check_same(path: Path, old: Config, new: Config) -> None:
    """Raises `Problem` where `new` differs from the run's configuration in what cannot change on resuming."""
    if difference := fixed_difference(old, new):
        own = clean(path.name)
        raise Problem(
            f"{own} was trained with {difference}: give this one another --name, "
            f"or retrain {own} with --force"
        )


def fixed_difference(old: Config, new: Config) -> str:
    """Return in which setting `new` differs that cannot change on resuming, the first one; "" in none."""
    # A precision of "auto" keeps that of the run; without a checksum the images are not on disk yet.
    is_open = {"precision": new.precision == "auto", "data.checksum": not new.data.checksum}
    rows = (row for row in STORED if not row.may_change and not is_open.get(row.path))
    if difference := next(filter(None, (row.difference(old, new) for row in rows)), ""):
        return difference
    # The cycles of β divide all epochs, so the schedule of those that are done would have been another one.
    epochs = SETTINGS["epochs"].difference(old, new) if old.objective.beta_cycles else ""
    return f"β cycles over all its {epochs}" if epochs else ""


def check_device(device: str, precision: str = "auto") -> None:
    """Raises `Problem` if PyTorch is missing, or this machine has no `device` or none for `precision`."""
    if importlib.util.find_spec("torch") is None:
        raise Problem("PyTorch is not installed here, and training needs it: `pip install torch`")
    is_present = DEVICES.get(device)
    if is_present is not None and not is_present():
        raise Problem(f"there is no {device} device for PyTorch on this machine: use --device cpu, or auto")
    check_precision(precision, device)


def check_precision(precision: str, device: str) -> None:
    """Raises `Problem` if `device` does not support `precision`."""
    if precision == "tf32" and (device not in ("auto", "cuda") or not DEVICES["cuda"]()):
        where = "on this machine" if device in ("auto", "cuda") else f"with --device {device}"
        raise Problem(f"tf32 is for CUDA devices and there is none {where}: use --precision fp32 or auto")


def _cuda_is_here() -> bool:
    """Ask the driver: importing torch to ask it would take seconds."""
    from importlib.metadata import version  # slow to import

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


# --- starting, stopping ---------------------------------------------------------------------


def start(
    runs: Sequence[Path],
    data: Path,
    command: Sequence[str] = TRAINER,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> subprocess.Popen[bytes]:
    """Start a trainer on `runs` in a session of its own.

    Returns when it holds the locks of all runs that have not failed, has ended, or `is_cancelled` returns
    true. It reads nothing from the terminal and writes to the first run's train.log, so it outlives the
    terminal.
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
    while process.poll() is None and time.monotonic() < deadline and not is_cancelled():
        if all(is_alive(run) or ((status := _status(run)) and status.state == "failed") for run in runs):
            break
        time.sleep(0.02)
    return process


def _log(path: Path) -> BinaryIO:
    """Open a run's log for what its trainer prints before it can log; on a full disk, the null device."""
    try:
        return os.fdopen(open_to_append(path), "ab")
    except OSError as error:
        if error.errno in FULL:
            return Path(os.devnull).open("ab")
        raise Problem(f"{clean(str(path))} cannot be written: {error.strerror}") from None


@dataclass(frozen=True)
class Measurements:
    """What an evaluation measures besides the test figures.

    −log p(x) by `method` with `samples` (0: skip) on `images` test images (0: default), and sample quality.
    The test figures are means over `draws` posterior draws.
    """

    samples: int = 0
    method: str = "auto"
    images: int = 0
    quality: bool = True
    draws: int = 1

    @property
    def options(self) -> list[str]:
        """The options of `trainer.evaluation`; defaults are left out but for the number of samples."""
        words = ["--nll", str(self.samples)]
        if self.method != "auto":
            words += ["--nll-method", self.method]
        if self.images:
            words += ["--nll-images", str(self.images)]
        if self.draws > 1:
            words += ["--draws", str(self.draws)]
        return words if self.quality else [*words, "--no-quality"]


def evaluate(runs: Sequence[Path], data: Path, device: str, wanted: Measurements) -> subprocess.Popen[str]:
    """Start evaluating `runs` on their test images; `trainer.evaluation` describes what it prints.

    In a session of its own, so that Ctrl-C reaches only the caller.
    """
    options = ["--device", device, *wanted.options]
    return subprocess.Popen(
        [*EVALUATION, "--data", str(data.absolute()), *options, "--", *(str(run.absolute()) for run in runs)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def ask_to_stop(run: Run, patience: float = 0.0) -> None:
    """Ask the trainer of `run` to save and stop. Raises `Problem` as `find_trainer` does."""
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
    """Return the other runs that the same process trains."""
    process = trainer_identity(run)
    if process is None:
        return []
    own = run.path.resolve()
    return [
        other
        for other in everyone
        if other.alive and trainer_identity(other) == process and other.path.resolve() != own
    ]
