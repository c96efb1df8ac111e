"""A note, another name and the trash: of runs that may be changed, and of those that may not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.files import Problem
from trainer.contract.run_dir import NOTE, hold
from vaetui.runs.run_changes import TRASH, change_note, move_to_trash, rename
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run, read_run

CHANGES: dict[str, Callable[[Run], object]] = {
    "rename": lambda run: rename(run, "other"),
    "delete": move_to_trash,
}


def test_a_note_is_kept_in_the_folder_and_followed(run: Path) -> None:
    library = RunIndex(run.parent.parent)
    assert library.runs[0].note == ""
    change_note(library.runs[0], "  best so\nfar\x1b ")
    assert (run / NOTE).read_text() == "best so far\n"
    assert library.poll()
    assert library.runs[0].note == "best so far"
    change_note(library.runs[0], " ")
    assert not (run / NOTE).exists()
    assert library.poll()
    assert library.runs[0].note == ""
    assert not library.poll()


def test_a_note_of_somebody_else_is_one_line_and_an_unreadable_one_is_reported(run: Path) -> None:
    (run / NOTE).write_bytes(b"first\nsecond \xff" + b"x" * 1000)
    assert read_run(run).note.startswith("first second �xx")
    assert len(read_run(run).note) == 200
    (run / NOTE).unlink()
    os.mkfifo(run / NOTE)
    found = read_run(run)
    assert (found.note, found.state) == ("", "finished")
    assert "note.txt cannot be read: it is a FIFO" in found.problem


def test_another_name_keeps_everything(run: Path) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.name != "run.lock"}
    path = rename(read_run(run), " best_1 ")
    assert path == run.with_name("best_1")
    assert not run.exists()
    assert {name: (path / name).read_bytes() for name in before} == before
    assert rename(read_run(path), "best_1") == path


@pytest.mark.parametrize("name", ["", ".hidden", "-x", "a/b", "..", "a b", "x" * 121, "a\nb"])
def test_a_name_that_no_run_can_have_is_refused(run: Path, name: str) -> None:
    with pytest.raises(Problem, match=r"cannot name a run: take letters, digits and \. _ - \+, 120 at most"):
        rename(read_run(run), name)
    assert run.exists()


def test_a_name_that_is_taken_is_refused_also_by_a_dangling_link(grid: Path) -> None:
    first, second = sorted((grid / "digits").iterdir())[:2]
    (grid / "digits" / "lost").symlink_to("nowhere")
    for name in (second.name, "lost"):
        with pytest.raises(Problem, match=f"digits/{name} exists already: choose another name"):
            rename(read_run(first), name)


def test_the_trash_is_a_runs_folder_that_the_index_does_not_list(grid: Path) -> None:
    name = "vae-z2-b1-bce-s0-h16"
    gone = [move_to_trash(read_run(grid / "digits" / name))]
    tiny.make(grid)
    gone.append(move_to_trash(read_run(grid / "digits" / name)))
    assert gone == [grid / TRASH / "digits" / name, grid / TRASH / "digits" / f"{name}-2"]
    assert name not in {run.name for run in RunIndex(grid).runs}
    assert [run.path for run in RunIndex(grid / TRASH).runs] == gone
    gone[0].rename(grid / "digits" / name)
    assert name in {run.name for run in RunIndex(grid).runs}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_trains_is_left_alone(runs: Path, change: Callable[[Run], object]) -> None:
    with tiny.live(runs) as live:
        run = read_run(live)
        with pytest.raises(Problem, match="is training: stop it"):
            change(run)
        assert live.exists()
    idle = read_run(tiny.make(runs, tiny.config(latent=5)))
    with hold(idle.path), pytest.raises(Problem, match="is being trained already"):
        change(idle)  # begun after it was read
    assert idle.path.exists()


@pytest.mark.parametrize("change", [*CHANGES.values(), lambda run: change_note(run, "mine")])
def test_what_ships_with_vaetui_is_left_alone(runs: Path, change: Callable[[Run], object]) -> None:
    shipped = tiny.ship(runs)
    with pytest.raises(Problem, match="ships with vaetui"):
        change(read_run(shipped))
    assert sorted(path.name for path in runs.iterdir()) == ["digits", "examples"]
    assert not (shipped / NOTE).exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("change", [*CHANGES.values(), lambda run: change_note(run, "mine")])
def test_a_folder_that_is_only_read_gives_one_sentence(run: Path, change: Callable[[Run], object]) -> None:
    run.chmod(0o555)
    run.parent.chmod(0o555)
    (run / "run.lock").unlink(missing_ok=True)
    try:
        with pytest.raises(Problem, match="Permission denied; make its folder writable"):
            change(read_run(run))
    finally:
        run.parent.chmod(0o755)
        run.chmod(0o755)
