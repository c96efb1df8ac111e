import dataclasses
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from tests import ROOT, tiny
from tests.vaetui.doctor.made import about
from trainer.contract.datasets import registry
from vaetui.doctor import folders
from vaetui.doctor.world import Section

MNIST = Path(os.environ.get("VAETUI_TEST_DATA", ROOT.parent / "shared" / "data"))
Usage = namedtuple("Usage", "total used free")


def standings(found: Section) -> dict[str, str]:
    return {finding.about: finding.standing for finding in found.findings if finding.standing != "well"}


def test_a_machine_that_has_only_digits_is_advised_how_to_get_mnist(tmp_path: Path, run: Path) -> None:
    found = folders.section(tmp_path / "data", run.parents[1])
    assert standings(found) == {"mnist": "hint"}
    assert about(found, "images").found == "digits found, checksums correct"
    finding = about(found, "mnist")
    assert "digits stand in" in finding.found
    assert f"`vaetui train --dataset mnist --data {tmp_path / 'data'}` downloads it (12 MB)" in finding.mend
    assert str(tmp_path / "data" / "MNIST" / "raw") in finding.mend
    assert about(found, "").found == "1 run (1 finished)"


def test_damaged_images_are_broken(tmp_path: Path, runs: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{part}-{kind}-ubyte").write_bytes(b"not what it claims to be")
    finding = about(folders.section(tmp_path, runs), "mnist")
    assert (finding.standing, "is damaged" in finding.found) == ("broken", True)
    assert "delete" in finding.mend
    assert "\n" not in finding.found


def test_only_checks_that_were_made_are_claimed(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect = registry.inspect

    def unverified(name: str, folder: Path) -> registry.Inspection:
        return dataclasses.replace(inspect(name, folder), is_verified=False, notes=("one is damaged: empty",))

    monkeypatch.setattr(folders, "inspect", unverified)
    found = folders.section(tmp_path, runs)
    assert about(found, "images").found == "digits found, format checked (no checksums are known)"
    finding = about(found, "digits")
    assert (finding.standing, finding.found) == (
        "hint",
        "one is damaged: empty; another file was read instead",
    )


def test_images_of_another_data_set_are_broken(tmp_path: Path, runs: Path) -> None:
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (MNIST / "MNIST" / "raw").iterdir() if (MNIST / "MNIST" / "raw").is_dir() else ():
        (raw / path.name).symlink_to(path)
    if not registry.is_here("fashion-mnist", tmp_path):
        pytest.skip(f"no MNIST in {MNIST}: set VAETUI_TEST_DATA to a folder that has it")
    found = folders.section(tmp_path, runs)
    assert about(found, "images").found == "digits found, checksums correct"
    finding = about(found, "fashion-mnist")
    assert (finding.standing, "it is MNIST's train-images-idx3-ubyte" in finding.found) == ("broken", True)


def test_what_is_passed_over_while_mnist_is_not_here_is_reported(tmp_path: Path, runs: Path) -> None:
    (tmp_path / "t10k-labels.idx1-ubyte").write_bytes(b"")
    finding = [one for one in folders.section(tmp_path, runs).findings if one.about == "mnist"]
    assert [one.standing for one in finding] == ["hint", "hint"]
    assert "t10k-labels.idx1-ubyte is damaged" in finding[0].found


def test_without_any_images_nothing_can_be_trained(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.contract.datasets.digits.find", lambda: None)
    found = folders.section(tmp_path, runs)
    assert about(found, "images").found.startswith("none found")
    assert about(found, "mnist").standing == "broken"


def test_a_runs_folder_that_is_a_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    finding = about(folders.section(tmp_path, tmp_path / "runs"), "")
    assert (finding.standing, "runs is a file" in finding.found) == ("broken", True)
    assert "--runs" in finding.mend


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_runs_folder_that_is_read_only_is_broken(tmp_path: Path, runs: Path) -> None:
    runs.chmod(0o555)
    assert about(folders.section(tmp_path, runs), "").standing == "broken"


def test_runs_are_counted_and_damaged_ones_reported(tmp_path: Path, grid: Path) -> None:
    (grid / "digits" / tiny.config().name / "status.json").write_text("{")
    findings = folders.section(tmp_path, grid).findings
    finding = [finding for finding in findings if not finding.about]
    assert finding[0].found.startswith("6 runs (")
    assert [(one.standing, "is damaged" in one.found) for one in finding[1:]] == [("hint", True)]


def test_a_runs_folder_that_is_not_there_yet_is_well(tmp_path: Path) -> None:
    found = folders.section(tmp_path, tmp_path / "a" / "b")
    assert about(found, "").found == "no runs yet"
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("free", "standing", "words"),
    [
        (5 << 30, "well", "5.0 GiB free"),
        (500 << 20, "hint", "500 MiB free"),
        (10 << 20, "broken", "10 MiB free"),
    ],
)
def test_room_on_the_disk(
    free: int, standing: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 0, free))
    finding = about(folders.section(tmp_path, tmp_path / "runs"), "disk")
    assert (finding.standing, finding.found, bool(finding.mend)) == (standing, words, standing != "well")
