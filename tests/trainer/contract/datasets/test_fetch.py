"""A download is watched: it may be slow, it may not hang, and nothing of it is left running."""

import os
import sys
import time
from pathlib import Path

import pytest

from trainer.contract.datasets import fetch
from trainer.contract.datasets.fetch import Patience

LONG = Patience(first=60, later=60, doubted=60)


def run(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    program: str,
    patience: Patience = LONG,
    watch: fetch.Watch = fetch.ignore,
    megabytes: int | None = None,
) -> tuple[str, list[str]]:
    """What `fetch.download` answers with `program` in the downloader's place, and what it narrated."""
    whole = f"import sys, pathlib, time, os\nfolder = pathlib.Path(sys.argv[1])\n{program}"
    monkeypatch.setattr(
        fetch, "command", lambda name, folder: [sys.executable, "-I", "-c", whole, str(folder)]
    )
    said: list[str] = []
    return fetch.download("mnist", folder, patience, said.append, watch, megabytes), said


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


NOTE_PID = "(folder / 'pid').write_text(str(os.getpid()))\n"


def test_success_is_the_exit_code_whatever_was_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, tmp_path, "print('a warning')") == ("", [])


def test_the_last_line_is_the_cause(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = "print('noise\\n' * 100_000, flush=True); sys.exit('no space: free some\\n\\n')"  # fills a pipe
    assert run(monkeypatch, tmp_path, program)[0] == "no space: free some"


def test_the_cause_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, tmp_path, "sys.exit('\\x1b[2Jgone')")[0] == "[2Jgone"


def test_silence_is_given_up_and_the_process_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start = time.monotonic()
    cause, _ = run(monkeypatch, tmp_path, NOTE_PID + "time.sleep(60)", Patience(30, later=0.5, doubted=30))
    assert cause == "nothing came for 1 s: check the network"
    assert time.monotonic() - start < 50  # it would take 60
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_a_complaint_shortens_the_wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = "print('no answer', flush=True); time.sleep(60)"
    start = time.monotonic()
    assert run(monkeypatch, tmp_path, program, Patience(30, later=30, doubted=0.2))[0] == "no answer"
    assert time.monotonic() - start < 50  # it would take 60


def test_what_moves_may_go_on_though_slow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fetch, "NEWS_EVERY", 0.3)
    program = """
with (folder / "part").open("wb", buffering=0) as file:
    for _ in range(25):
        file.write(bytes(100_000))
        time.sleep(0.2)
"""
    cause, said = run(monkeypatch, tmp_path, program, Patience(30, later=3, doubted=1))
    assert cause == ""
    assert said
    assert all(line.endswith("MB so far") for line in said)


def test_an_interrupt_ends_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupt(come: int) -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, tmp_path, NOTE_PID + "time.sleep(60)", watch=interrupt)
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_a_folder_of_the_same_name_is_not_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__init__.py").touch()
    (tmp_path / "trainer" / "download.py").write_text("raise SystemExit('foreign')")
    monkeypatch.chdir(tmp_path)
    cause = fetch.download("no-such-set", tmp_path, LONG, print)
    assert cause.startswith("expected the name of a data set (mnist, ")


def test_who_watches_is_reported_what_has_come_and_can_end_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is unpacked beside it is not counted."""
    program = f"""{NOTE_PID}
(folder / "images").write_bytes(bytes(7))
(folder / "images.gz").write_bytes(bytes(5))
time.sleep(60)"""
    whole = f"import sys, pathlib, time, os\nfolder = pathlib.Path(sys.argv[1])\n{program}"
    monkeypatch.setattr(fetch, "command", lambda _, folder: [sys.executable, "-I", "-c", whole, str(folder)])

    def watch(come: int) -> None:
        if come == 5:
            raise KeyError(come)

    start = time.monotonic()
    with pytest.raises(KeyError, match="5"):
        fetch.download("mnist", tmp_path, LONG, print, watch)
    assert time.monotonic() - start < 50  # it would take 60
    assert is_gone(int((tmp_path / "pid").read_text()))
