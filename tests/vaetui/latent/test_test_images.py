"""Test images that are missing or damaged are replaced by the bundled ones, with a sentence on why."""

from pathlib import Path

from vaetui.latent import test_images


def test_images_that_are_missing_are_replaced(tmp_path: Path) -> None:
    loaded = test_images.load("mnist", tmp_path)
    assert loaded.shown is not None
    assert loaded.shown.name == "digits"
    words = "digits replace mnist, which is not here: D downloads it, --data names a folder that has it"
    assert loaded.notice == words
    assert loaded.is_missing
    assert loaded.shown.pixels([0, 1]).shape == (2, 784)
    assert loaded.shown.pixels([0]).max() <= 1
    own = test_images.load("digits", tmp_path)
    assert own.shown is not None
    assert (own.shown.name, own.notice, own.is_missing) == ("digits", "", False)


def test_images_that_are_damaged_say_how(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST/raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(b"nonsense")
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(b"nonsense")
    loaded = test_images.load("mnist", tmp_path)
    assert loaded.shown is not None
    assert loaded.notice.startswith("digits replace mnist: ")
    assert "damaged" in loaded.notice
