"""Check the folders of images and runs: their content, whether they can be written, and free space."""

from __future__ import annotations

import os
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
    path = Finding("data", clean(str(data)))
    return Section("folders", (path, *_data(data), *_runs(runs), _disk(runs)))


def _data(folder: Path) -> list[Finding]:
    """Report the data sets in `folder` and every damaged one; only MNIST is reported as missing."""
    verified: list[str] = []
    unverified: list[str] = []
    problems: list[Finding] = []
    missing = True  # MNIST
    for name in DATASETS:
        try:
            if not is_here(name, folder):
                continue
            inspection = inspect(name, folder)
        except Problem as problem:
            problems.append(_broken(name, problem))
        else:
            (verified if inspection.is_verified else unverified).append(name)
            problems += [_ignored(name, note, "another file was read instead") for note in inspection.notes]
        missing = missing and name != MNIST
    texts = [f"{', '.join(verified)} found, checksums correct"] if verified else []
    texts += [f"{', '.join(unverified)} found, format checked (no checksums are known)"] if unverified else []
    intact = [Finding("" if row else "images", text) for row, text in enumerate(texts or ["none found"])]
    return [*intact, *problems, *(_missing(folder, BUNDLED in verified + unverified) if missing else [])]


def _missing(folder: Path, has_bundled: bool) -> list[Finding]:
    """Report that MNIST is missing, and whether there are bundled images to train on."""
    download = needed(MNIST, folder)
    if download is None:  # it was written a moment ago
        return []
    instead = ", digits stand in until then" if has_bundled else ""
    mend = (
        f"`{command('train', '--dataset', MNIST, data=folder)}` downloads it "
        f"({download.source.megabytes} MB); or put the four files in {clean(str(download.place))}"
    )
    ignored = [_ignored(MNIST, note, "it is ignored") for note in download.notes]
    return [*ignored, Finding(MNIST, f"is not here{instead}", "hint" if has_bundled else "broken", mend)]


def _runs(folder: Path) -> list[Finding]:
    path = Finding("runs", clean(str(folder)))
    try:
        check_runs_folder(folder)
        check_writable(folder)
        index = RunIndex(folder)
    except Problem as problem:
        return [path, _broken("", problem)]
    states = Counter(run.status_text for run in index.runs)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common())
    text = f"{plural(len(index.runs), 'run')} ({counts})" if index.runs else "no runs yet"
    problems = [run.problem for run in index.runs if run.problem]
    problems += [problem for _, problem in index.problems]
    mend = "retrain a damaged run with its options and --force, or remove its folder"
    return [path, Finding("", text), *(Finding("", problem, "hint", mend) for problem in problems)]


def _ignored(about: str, note: str, effect: str) -> Finding:
    return Finding(about, f"{note}; {effect}", "hint", "delete it, or put a good one there")


def _broken(about: str, problem: Problem) -> Finding:
    """Split a problem into its cause and, after the last colon, its remedy."""
    cause, _, mend = str(problem).rpartition(": ")
    return Finding(about, cause, "broken", mend)


def _disk(folder: Path) -> Finding:
    """Report the space for runs, in `folder` or the nearest parent that exists."""
    paths = (folder.absolute(), *folder.absolute().parents)
    nearest = next(filter(os.path.isdir, paths))  # Path.is_dir raises for a name that is too long
    free = shutil.disk_usage(nearest).free
    text = f"{memory(free)} free"
    if free < LEAST:
        return Finding("disk", text, "broken", "make room, or name another disk with --runs")
    if free < LITTLE:
        return Finding("disk", text, "hint", "make room before a large grid is trained")
    return Finding("disk", text)
