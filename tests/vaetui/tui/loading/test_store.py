"""Models and images: read once, read again when changed, dropped when there are too many."""

from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.run_dir import MODEL
from vaetui.runs.run_watcher import read_run
from vaetui.tui.loading import store


def test_a_model_is_read_once_until_its_file_changes(run: Path) -> None:
    models, seen = store.Models(), read_run(run)
    first = models.get(seen)
    assert models.get(seen) is first
    assert not models.look(seen)
    tiny.write_model(run, tiny.config(), 7)
    assert models.look(seen)
    again = models.get(seen).vae
    assert again is not None
    assert again.epoch == 7


def test_what_is_damaged_is_not_read_again_and_again(run: Path) -> None:
    (run / MODEL).write_bytes(b"not tensors")
    models, seen = store.Models(), read_run(run)
    loaded = models.get(seen)
    assert "is damaged" in store.trouble(seen, loaded)
    assert models.get(seen) is loaded


def test_only_so_many_weights_are_kept(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [read_run(path) for path in sorted((grid / "digits").iterdir())]
    models = store.Models()
    monkeypatch.setattr(store, "MOST_BYTES", 1)
    first = models.get(runs[0])
    last = models.get(runs[1])
    assert models.get(runs[1]) is last
    assert models.get(runs[0]) is not first


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("queued", "comes with its first epoch"),
        ("running", "its trainer"),
        ("stopped", "with the same options continues"),
        ("failed", "failed: too hot"),
    ],
)
def test_no_model_yet_has_its_reason(runs: Path, state: str, words: str) -> None:
    path = tiny.make(runs, state=state, error="too hot", updated=4e9)  # type: ignore[arg-type]
    run = read_run(path)
    words = "with the same options continues" if state == "running" else words  # nobody holds its lock
    assert words in store.trouble(run, store.Models().get(run))


def test_images_that_are_missing_are_stood_in_for(tmp_path: Path) -> None:
    shown, why = store.test_images("mnist", tmp_path)
    assert shown is not None
    assert shown.name == "digits"
    assert (
        why
        == "digits stand in for mnist, which is not here: D downloads it, --data names a folder that has it"
    )
    assert shown.pixels([0, 1]).shape == (2, 784)
    assert shown.pixels([0]).max() <= 1
    own, nothing = store.test_images("digits", tmp_path)
    assert own is not None
    assert (own.name, nothing) == ("digits", "")


def test_images_that_are_damaged_say_how(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST/raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(b"nonsense")
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(b"nonsense")
    shown, why = store.test_images("mnist", tmp_path)
    assert shown is not None
    assert why.startswith("digits stand in for mnist: ")
    assert "damaged" in why
