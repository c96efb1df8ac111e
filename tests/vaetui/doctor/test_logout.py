from pathlib import Path

import pytest

from tests.vaetui.doctor.made import about, world
from vaetui.doctor.logout import section
from vaetui.doctor.world import Answer, Section

SESSION = "0::/user.slice/user-1000.slice/session-3.scope\n"
MANAGER = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-terminal.scope\n"


def inspected(
    root: Path, kills: str | None, lingers: str | None, cgroup: str = SESSION, **files: str
) -> Section | None:
    (root / "run/systemd/system").mkdir(parents=True)
    (root / "etc/systemd/logind.conf.d").mkdir(parents=True)
    answers = {}
    if kills is not None:
        answers["busctl"] = Answer(f'b {kills}\nas 1 "root"\n')
    if lingers is not None:
        answers["loginctl"] = Answer(f"Linger={lingers}\n")
    made = world(root, {"USER": "ada"}, answers)
    (root / "proc/self").mkdir()
    (root / "proc/self/cgroup").write_text(cgroup)
    for name, text in files.items():
        path = "logind.conf" if name == "logind" else f"logind.conf.d/{name}.conf"
        (root / "etc/systemd" / path).write_text(text)
    return section(made)


def test_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    assert section(world(tmp_path)) is None


@pytest.mark.parametrize(
    ("kills", "lingers", "cgroup", "words"),
    [
        ("false", "no", SESSION, "go on after"),
        ("true", "no", SESSION, "end when you log out"),
        ("true", "yes", SESSION, "end when you log out"),  # lingering spares the manager, not the session
        ("false", "no", MANAGER, "may end after your last session does"),
        ("true", "no", MANAGER, "may end after your last session does"),
        ("true", "yes", MANAGER, "go on after"),
        (None, None, SESSION, "may end when you log out"),
        (None, None, MANAGER, "may end after your last session does"),
    ],
)
def test_what_becomes_of_a_training(
    kills: str | None, lingers: str | None, cgroup: str, words: str, tmp_path: Path
) -> None:
    finding = about(inspected(tmp_path, kills, lingers, cgroup), "trainings")
    assert finding.found.startswith(words)
    assert finding.standing == ("well" if words.startswith("go on") else "hint")
    assert ("loginctl enable-linger" in finding.mend) == (finding.standing == "hint")
    assert ("systemd-run --user --scope" in finding.mend) == (words.endswith("when you log out"))


def test_what_logind_says_is_reported(tmp_path: Path) -> None:
    found = inspected(tmp_path, "true", "no")
    assert about(found, "kills").found == "KillUserProcesses is yes"
    assert about(found, "lingers").found == "Linger is no"
    unknown = inspected(tmp_path / "2", None, None)
    assert about(unknown, "kills").found == "KillUserProcesses is unknown"


def test_who_is_spared_is_not_killed(tmp_path: Path) -> None:
    answers = {"busctl": Answer('b true\nas 2 "root" "ada"\n')}
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    found = section(world(tmp_path, {"USER": "ada"}, answers))
    assert about(found, "kills").found == "KillUserProcesses is no"


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"logind": "[Login]\n#KillUserProcesses=no\n"}, "unknown"),
        ({"logind": "[Login]\nKillUserProcesses=yes\n"}, "yes"),
        ({"logind": "KillUserProcesses=yes\n", "a": "KillUserProcesses = no\n"}, "no"),
        ({"a": "KillUserProcesses=no\n", "b": "KillUserProcesses=1\n"}, "yes"),
    ],
)
def test_where_logind_does_not_answer_its_files_do(files: dict[str, str], word: str, tmp_path: Path) -> None:
    found = inspected(tmp_path, None, None, **files)
    assert about(found, "kills").found == f"KillUserProcesses is {word}"
