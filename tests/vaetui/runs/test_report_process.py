"""The process that writes a report: its messages, its result, its errors, and its end."""

import sys
import time
from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.files import Problem
from vaetui.runs import report_process
from vaetui.runs.report_process import write_report


def run_instead(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let a Python `program` run in the place of `vaetui`."""
    whole = f"import os, signal, subprocess, sys, time\n{program}"
    monkeypatch.setattr(report_process, "PROGRAM", (sys.executable, "-I", "-c", whole))


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_tells_the_last_message_and_returns_the_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
print("first\\nsecond \\x1b[31m message", file=sys.stderr, flush=True)
time.sleep(0.5)
print("claim  answer\\n/there/report.md\\n/there/" + " ".join(sys.argv[1:]))"""
    run_instead(monkeypatch, program)
    told: list[str] = []
    assert write_report(["report", "html"], told.append) == "/there/report html"
    assert "second [31m message" in told
    assert "first" not in told


def test_its_first_error_is_raised_without_the_name_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
print("evaluating two\\nvaetui: there is no room\\nvaetui: and more", file=sys.stderr)
sys.exit(1)"""
    run_instead(monkeypatch, program)
    with pytest.raises(Problem, match=r"^there is no room$"):
        write_report([], lambda _: None)


def test_a_crash_is_one_sentence_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, "raise ValueError")
    with pytest.raises(Problem, match=r"^the report ended without a message \(exit code 1\): try again$"):
        write_report([], lambda _: None)


def test_the_real_command_line_refuses_in_one_sentence(runs: Path, tmp_path: Path) -> None:
    words = ["report", "--recipe", "none", "--out", str(tmp_path / "out"), "--runs", str(runs)]
    with pytest.raises(Problem, match=r"^there is no recipe `none`"):
        write_report(words, lambda _: None)


def test_an_exception_ends_it_and_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, file=sys.stderr, flush=True)
time.sleep(60)"""
    run_instead(monkeypatch, program)
    pids: list[int] = []

    def stop(message: str) -> None:
        if message:
            pids.extend(map(int, message.split()))
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        write_report([], stop)
    tiny.wait_until(lambda: not any(map(is_there, pids)))
    assert len(pids) == 2
    assert time.monotonic() - start < 30


def test_what_ignores_the_request_to_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), file=sys.stderr, flush=True)
time.sleep(60)"""
    run_instead(monkeypatch, program)
    monkeypatch.setattr(report_process, "PATIENCE", 0.2)
    pids: list[int] = []

    def stop(message: str) -> None:
        if message:
            pids.append(int(message))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_report([], stop)
    tiny.wait_until(lambda: not is_there(pids[0]))
