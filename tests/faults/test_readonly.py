"""Folders that cannot be written."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT, tiny
from tests.vaetui.cli.shell import complaint, vaetui
from trainer.contract.run_dir import read_status

# Root may write everywhere, unless it gives that right up.
_RIGHTS = "-dac_override,-dac_read_search,-fowner"
RESTRICTED = ("setpriv", "--inh-caps", _RIGHTS, "--bounding-set", _RIGHTS) if os.geteuid() == 0 else ()


@pytest.fixture
def readonly(tmp_path: Path) -> Iterator[Path]:
    """A runs folder with a run that is queued and a finished one, which can be read only."""
    if RESTRICTED and not shutil.which(RESTRICTED[0]):
        pytest.skip("root may write everywhere, and there is no setpriv to give that right up")
    folder = tmp_path / "readonly"
    folder.mkdir()
    tiny.make(folder, tiny.config(latent=2))
    tiny.make(folder, tiny.config(latent=3), state="queued")
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


@pytest.mark.fault("the runs folder is read-only", "`train` says so at once, nothing is left behind")
def test_training_into_a_folder_that_is_read_only_is_one_sentence(readonly: Path) -> None:
    before = sorted(readonly.rglob("*"))
    result = vaetui(
        *("train", "--dataset", "digits", "--latent", 5, "--epochs", 1, "--runs", readonly),
        through=RESTRICTED,
    )
    assert result.returncode == 1
    assert "cannot be written (permission denied): choose another folder with --runs" in complaint(result)
    assert sorted(readonly.rglob("*")) == before


@pytest.mark.fault("the folder of a run is read-only", "its trainer names it and ends")
def test_a_trainer_names_the_folder_that_it_cannot_lock(readonly: Path) -> None:
    run = readonly / "digits" / tiny.config(latent=3).name
    done = subprocess.run(
        [*RESTRICTED, sys.executable, "-m", "trainer", "--data", ".", str(run)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1
    assert f"{run.name} cannot be locked: Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert read_status(run).state == "queued"


@pytest.mark.fault("the runs folder is read-only", "`ls` and `watch` work as usual")
def test_what_only_reads_works_in_a_folder_that_is_read_only(readonly: Path) -> None:
    finished = tiny.config(latent=2).name
    for words in (("ls",), ("watch", finished)):
        result = vaetui(*words, "--runs", readonly, through=RESTRICTED)
        assert result.returncode == 0, result.stderr
        assert finished in result.stdout
