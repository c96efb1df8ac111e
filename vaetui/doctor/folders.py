"""Where images and runs live: what is there, whether runs can be written, how much room there is."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from trainer.data import NAMES, is_here, load, megabytes
from trainer.files import Problem, clean
from vaetui.commands import command
from vaetui.doctor.world import Finding, Section
from vaetui.folders import check_folder
from vaetui.launch import check_writable
from vaetui.library import Library

MIB = 1 << 20
LEAST, LITTLE = 50 * MIB, 1024 * MIB  # free for runs: less than a training may take, less than is comfortable

BUNDLED = "digits"
MNIST = "mnist"


def section(data: Path, runs: Path) -> Section:
    """The data folder and the runs folder."""
    findings = (Finding("data", clean(str(data))), *_data(data), *_runs(runs), _room(runs))
    return Section("folders", findings)


def _data(folder: Path) -> list[Finding]:
    """A line on what is sound, and one on each set that is not; absent is only told of MNIST."""
    sound, found = [], []
    for name in NAMES:
        if not is_here(name, folder):
            continue
        try:
            load(name, folder)
            sound.append(name)
        except Problem as problem:
            found.append(_broken(name, problem))
    found.insert(0, Finding("images", f"{', '.join(sound) or 'none'} found, their checksums right"))
    if not is_here(MNIST, folder):
        train = command("train", "--dataset", MNIST, data=folder)
        stand_in = ", digits stand in until then" if BUNDLED in sound else ""
        mend = (
            f"`{train}` downloads it ({megabytes(MNIST)} MB); or put the four files in "
            f"{clean(str(folder / 'MNIST' / 'raw'))}"
        )
        standing = "hint" if BUNDLED in sound else "broken"
        found.append(Finding(MNIST, f"is not here{stand_in}", standing, mend))  # type: ignore[arg-type]
    return found


def _runs(folder: Path) -> list[Finding]:
    here = Finding("runs", clean(str(folder)))
    try:
        check_folder(folder)
        check_writable(folder)
        library = Library(folder)
    except Problem as problem:
        return [here, _broken("", problem)]
    states = Counter(run.standing for run in library.runs)
    told = ", ".join(f"{count} {state}" for state, count in states.most_common())
    troubles = [run.problem for run in library.runs if run.problem]
    troubles += [problem for _, problem in library.problems]
    mend = "train a damaged run anew, with its options and --force, or remove its folder"
    counted = f"{len(library.runs)} run{'s' if len(library.runs) > 1 else ''} ({told})"
    counted = counted if library.runs else "no runs yet"
    return [here, Finding("", counted), *(Finding("", one, "hint", mend) for one in troubles)]


def _broken(about: str, problem: Problem) -> Finding:
    """A problem names cause and mend in one sentence, the mend last."""
    found, _, mend = str(problem).rpartition(": ")
    return Finding(about, found, "broken", mend)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long
        return False


def _room(folder: Path) -> Finding:
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if _is_folder(one))
    free = shutil.disk_usage(there).free
    words = f"{free / MIB / 1024:.1f} GiB free" if free >= LITTLE else f"{free / MIB:.0f} MiB free"
    if free < LEAST:
        return Finding("disk", words, "broken", "make room, or name another disk with --runs")
    if free < LITTLE:
        return Finding("disk", words, "hint", "make room before a large grid is trained")
    return Finding("disk", words)
