"""What is said where writing fails, and how much room runs need."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer.small import config
from trainer.contract import disk_space
from trainer.contract.config import Config
from trainer.contract.disk_space import cause, check_room, free_bytes, megabytes, need
from trainer.contract.files import DamagedFile, Problem


def error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, ["no space is left for ", "(saving takes 0.5 MB, 0.1 MB are free)", "free some"]),
        (errno.EDQUOT, ["your quota leaves no space for "]),
        (errno.EFBIG, ["too large", "ulimit -f"]),
        (errno.EIO, ["state.safetensors cannot be written (Input/output error)"]),
        (errno.EROFS, ["Read-only file system"]),
    ],
)
def test_what_is_said_where_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: list[str]
) -> None:
    monkeypatch.setattr(disk_space, "free_bytes", lambda folder: 100_000)
    sentence = cause(tmp_path, config(latent=20), error(number, tmp_path / "state.safetensors"))
    assert str(tmp_path) in sentence
    assert sentence.endswith("then the same command goes on from what was saved")
    for word in words:
        assert word in sentence


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    sentence = cause(tmp_path / "gone", config(), error(errno.ENOENT, tmp_path / "gone/status.json"))
    assert (
        sentence == f"its folder {tmp_path}/gone is gone: it was removed or renamed while the run was trained"
    )


def test_a_file_that_is_written_aside_is_not_named(tmp_path: Path) -> None:
    sentence = cause(tmp_path, config(), error(errno.EIO, tmp_path / ".state.safetensors.7.tmp"))
    assert sentence.startswith(f"{tmp_path} cannot be written (Input/output error)")


def test_a_damaged_file_is_trained_anew() -> None:
    sentence = cause(Path(), config(), DamagedFile(Path("state"), "half"))
    assert sentence == "state is damaged: half: retrain the run with --force"
    assert cause(Path(), config(), Problem("anything")) == "anything"


def longer(one: Config, epochs: int) -> Config:
    return replace(one, optimiser=replace(one.optimiser, epochs=epochs))


@pytest.mark.parametrize(
    "more",
    [
        lambda one: replace(one, model=replace(one.model, hidden=(400,))),
        lambda one: replace(one, optimiser=replace(one.optimiser, keep="best")),
        lambda one: longer(one, 50),
        lambda one: replace(one, data=replace(one.data, test=10_000)),
    ],
)
def test_what_makes_a_run_larger(more: Callable[[Config], Config]) -> None:
    assert need(more(config())).total > need(config()).total


def test_a_timeline_stops_growing() -> None:
    assert need(longer(config(), 10_000)).save < need(longer(config(), 250)).save * 1.1


def test_what_is_there_already_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = config()
    needed = need(one)
    monkeypatch.setattr(disk_space, "free_bytes", lambda folder: needed.save + 1)
    with pytest.raises(Problem, match="this run needs about"):
        check_room(tmp_path, [(tmp_path, one)])
    (tmp_path / "state.safetensors").write_bytes(bytes(needed.total))
    check_room(tmp_path, [(tmp_path, one)])


def test_room_is_asked_where_a_folder_will_be(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") == free_bytes(tmp_path)
    (tmp_path / "file").write_text("")
    assert free_bytes(tmp_path / "file" / "below") is not None


def test_where_the_disk_tells_nothing_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "free_bytes", lambda folder: None)
    check_room(tmp_path, [(tmp_path, config(hidden=(6_000, 6_000)))])


def test_a_model_that_could_not_be_read_again_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"of 2\.1 GB at most, and this training needs 10\.0 GB: .*--hidden"):
        check_room(tmp_path, [(tmp_path, config()), (tmp_path, config(hidden=(20_000, 20_000)))])


@pytest.mark.parametrize(
    ("count", "words"), [(900, "1 kB"), (250_000, "0.2 MB"), (5e6, "5.0 MB"), (3.2e9, "3.2 GB")]
)
def test_sizes_in_words(count: int, words: str) -> None:
    assert megabytes(count) == words
