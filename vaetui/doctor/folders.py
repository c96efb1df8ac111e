"""Check the folders of images and runs: their content, whether they can be written, and free space."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from trainer.contract.datasets.registry import DATASETS, inspect, is_here, needed
from trainer.contract.files import Problem, clean
from vaetui.commands import command
from vaetui.doctor.world import Finding, Section
from vaetui.format import memory, plural
from vaetui.runs.folders import check_runs_folder
from vaetui.runs.launch import check_writable
from vaetui.runs.run_index import RunIndex

MIB = 1 << 20
LEAST, LITTLE = 50 * MIB, 1024 * MIB  # free for runs: less than a training may take, less than is comfortable

BUNDLED = "digits"
MNIST = "mnist"


def section(data: Path, runs: Path) -> Section:
    """Report on the data folder and the runs folder."""
    findings = (Finding("data", clean(str(data))), *_data(data), *_runs(runs), _room(runs))
    return Section("folders", findings)


def _data(folder: Path) -> list[Finding]:
    """Report the data sets found and every damaged one; only MNIST is reported as missing."""
    verified: list[str] = []
    formed: list[str] = []
    troubles: list[Finding] = []
    broken: list[str] = []
    for name in DATASETS:
        try:
            if not is_here(name, folder):
                continue
            inspection = inspect(name, folder)
        except Problem as problem:
            broken.append(name)
            troubles.append(_broken(name, problem))
            continue
        (verified if inspection.is_verified else formed).append(name)
        troubles += [_passed_over(name, note, "another file was read instead") for note in inspection.notes]
    told = [f"{', '.join(verified)} found, checksums correct"] if verified else []
    told += [f"{', '.join(formed)} found, format checked (no checksums are known)"] if formed else []
    first, *more = told or ["none found"]
    sound = [Finding("images", first), *(Finding("", one) for one in more)]
    absent = (
        [] if MNIST in (*verified, *formed, *broken) else _absent(folder, BUNDLED in (*verified, *formed))
    )
    return [*sound, *troubles, *absent]


def _absent(folder: Path, has_stand_in: bool) -> list[Finding]:
    """Report that MNIST is missing."""
    download = needed(MNIST, folder)
    if download is None:  # it has just come
        return []
    stand_in = ", digits stand in until then" if has_stand_in else ""
    mend = (
        f"`{command('train', '--dataset', MNIST, data=folder)}` downloads it "
        f"({download.source.megabytes} MB); or put the four files in {clean(str(download.place))}"
    )
    suspects = [_passed_over(MNIST, note, "it is ignored") for note in download.notes]
    return [*suspects, Finding(MNIST, f"is not here{stand_in}", "hint" if has_stand_in else "broken", mend)]


def _runs(folder: Path) -> list[Finding]:
    here = Finding("runs", clean(str(folder)))
    try:
        check_runs_folder(folder)
        check_writable(folder)
        library = RunIndex(folder)
    except Problem as problem:
        return [here, _broken("", problem)]
    states = Counter(run.status_text for run in library.runs)
    told = ", ".join(f"{count} {state}" for state, count in states.most_common())
    troubles = [run.problem for run in library.runs if run.problem]
    troubles += [problem for _, problem in library.problems]
    mend = "retrain a damaged run with its options and --force, or remove its folder"
    counted = f"{plural(len(library.runs), 'run')} ({told})"
    counted = counted if library.runs else "no runs yet"
    return [here, Finding("", counted), *(Finding("", one, "hint", mend) for one in troubles)]


def _passed_over(about: str, note: str, what: str) -> Finding:
    return Finding(about, f"{note}; {what}", "hint", "delete it, or put a good one there")


def _broken(about: str, problem: Problem) -> Finding:
    """Split a problem into its cause and, after the last colon, its remedy."""
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
    words = f"{memory(free)} free"
    if free < LEAST:
        return Finding("disk", words, "broken", "make room, or name another disk with --runs")
    if free < LITTLE:
        return Finding("disk", words, "hint", "make room before a large grid is trained")
    return Finding("disk", words)
