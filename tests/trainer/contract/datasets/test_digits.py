"""The bundled digits are similar to MNIST's."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from trainer.contract.datasets import digits
from trainer.contract.files import DamagedFile


@pytest.fixture(scope="module")
def drawn() -> tuple[digits.Pixels, digits.Pixels]:
    """All pixels (images, 28, 28) and labels (images,)."""
    pixels, labels = digits.read(slice(None))
    return pixels.reshape(-1, 28, 28), labels


def test_all_are_there(drawn: tuple[digits.Pixels, digits.Pixels]) -> None:
    pixels, labels = drawn
    assert len(pixels) == len(labels) == 1797
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(labels[digits.TRAIN :]).min() > 20  # every class in the test part too


def test_each_is_centred_by_its_mass(drawn: tuple[digits.Pixels, digits.Pixels]) -> None:
    pixels, _ = drawn
    mass = pixels.sum((1, 2), dtype=np.int64)
    for axis in (1, 2):
        centre = pixels.sum(axis, dtype=np.int64) @ np.arange(28) / mass
        assert 13.5 <= centre.min() <= centre.max() < 14.5  # as MNIST's lie


def test_each_fills_the_box_and_keeps_its_shape(drawn: tuple[digits.Pixels, digits.Pixels]) -> None:
    pixels, labels = drawn
    height, width = (
        28 - inked.argmax(1) - inked[:, ::-1].argmax(1) for inked in (pixels.max(2) > 0, pixels.max(1) > 0)
    )
    assert (np.maximum(height, width) == 20).all()
    assert width.min() < 8
    assert width[labels == 1].mean() < width[labels == 0].mean()


def test_strokes_are_as_dark_as_in_mnist(drawn: tuple[digits.Pixels, digits.Pixels]) -> None:
    pixels, _ = drawn
    assert pixels.max((1, 2)).min() == 255  # every one has full ink
    assert pixels.mean() == pytest.approx(33.5, abs=4)  # MNIST: 33.3
    assert pixels.std() == pytest.approx(78.6, abs=5)
    grey = (pixels > 0) & (pixels < 255)
    assert 0.05 < grey.mean() < 0.2  # soft edges


def test_they_are_the_digits_that_they_were() -> None:
    """A thick upright bar and a ring stay what they are; the ring keeps its hole."""
    stored = np.zeros((2, 8, 8))
    stored[0, :, 3:5] = 1
    stored[1, 1:7, 1:7] = 1
    stored[1, 3:5, 3:5] = 0
    bar, ring = digits.place(digits.fit(digits.strokes(stored)))
    assert bar[5:24, 14].min() > 250
    assert not bar[:, :10].any()
    assert not bar[:, 19:].any()
    assert ring[14, 14] == 0
    np.testing.assert_array_equal(ring, ring.T)


def test_neighbours_in_pixel_space_share_their_class(drawn: tuple[digits.Pixels, digits.Pixels]) -> None:
    """Other writers' digits are recognised by the nearest training image: legible, rightly labelled."""
    pixels, labels = drawn
    flat = pixels.reshape(-1, 784).astype(np.float32)
    train, test = flat[: digits.TRAIN], flat[digits.TRAIN :]
    distance = np.square(train).sum(1) - 2 * test @ train.T
    nearest = labels[: digits.TRAIN][distance.argmin(1)]
    assert (nearest == labels[digits.TRAIN :]).mean() > 0.9


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not gzip", id="not gzip"),
        pytest.param(gzip.compress(b"1,2,3\n"), id="too short"),
        pytest.param(gzip.compress(b"x,y\n"), id="no numbers"),
        pytest.param(gzip.compress(b"1\n")[:-4], id="cut off"),
    ],
)
def test_a_damaged_file_names_the_mend(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(content)
    monkeypatch.setattr(digits, "find", lambda: path)
    with pytest.raises(DamagedFile, match="install scikit-learn again"):
        digits.read(slice(None))
