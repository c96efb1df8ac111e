import subprocess
import sys
from pathlib import Path

from tests import ROOT
from tests.vaetui.doctor import made
from vaetui.doctor.world import Answer, World, run


def test_commands_are_asked_and_their_failures_reported() -> None:
    python = sys.executable
    assert run((python, "-c", "print('yes')"), 60) == Answer("yes\n")
    assert run(("no-such-command-here",), 60) is None
    silent = run((python, "-c", "raise SystemExit(3)"), 60)
    assert silent == Answer("", "it ended with code 3")
    finding = run((python, "-c", "import sys; sys.exit('first\\nthe \\x1b[2Jcause')"), 60)
    assert finding == Answer("", "the [2Jcause")
    assert run((python, "-c", "import time; time.sleep(60)"), 1) == Answer("", "no answer within 1 s")
    assert run(("/",), 60) == Answer("", "Permission denied")


def test_what_is_typed_is_left_alone() -> None:
    child = (sys.executable, "-c", "import sys; print(sys.stdin.read() == '')")
    code = f"from vaetui.doctor.world import run; print(run({child!r}, 60).output.strip())"
    asked = subprocess.run(
        [sys.executable, "-c", code],
        input="typed ahead",
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert asked.stdout == "True\n"


def test_ancestors_are_listed_the_nearest_first(tmp_path: Path) -> None:
    assert made.world(tmp_path, ancestors=["bash", "tmux: server", "init"]).ancestors() == (
        *("bash", "tmux: server", "init"),
    )


def test_a_circle_of_processes_ends(tmp_path: Path) -> None:
    world = made.world(tmp_path, ancestors=["bash"])
    (tmp_path / "proc" / str(made.PID + 1) / "status").write_text(f"Name:\tbash\nPPid:\t{made.PID}\n")
    assert len(world.ancestors()) <= 100


def test_files_that_are_not_there_are_empty(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert [World({}, root=tmp_path).read(path) for path in ("none", "folder")] == ["", ""]


def test_this_process_has_ancestors() -> None:
    here = World.here()
    assert here.uid >= 0
    assert not Path("/proc/self/status").exists() or here.ancestors()
