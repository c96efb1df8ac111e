"""Binarised images: a pixel becomes 255 with probability value/255, always the same pixels."""

import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from trainer.contract import images
from trainer.contract.datasets import registry


def test_a_level_becomes_ink_with_its_own_probability() -> None:
    """Every level 20 000 times: each share within five standard deviations of v/255, all together closer."""
    levels = np.tile(np.arange(256, dtype=np.uint8), (20_000, 1))
    ink = images.binarise(levels, "some/part")
    assert ink.dtype == np.uint8
    assert ink.shape == levels.shape
    assert set(np.unique(ink).tolist()) == {0, 255}
    share = (ink == 255).mean(0)
    wanted = np.arange(256) / 255
    assert (share[0], share[255]) == (0, 1)
    deviation = (share - wanted)[1:255] / np.sqrt(wanted * (1 - wanted) / 20_000)[1:255]
    assert np.abs(deviation).max() < 5
    assert np.abs(deviation.mean()) < 5 / np.sqrt(254)
    assert deviation.std() == pytest.approx(1, abs=0.25)


def test_paper_and_ink_stay_what_they_are() -> None:
    black_and_white = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (200, 784))
    np.testing.assert_array_equal(images.binarise(black_and_white, "x"), black_and_white)


def test_the_part_alone_decides_the_draw() -> None:
    grey = np.full((300, 784), 128, np.uint8)
    once = images.binarise(grey, "mnist/test")
    np.random.seed(1)
    np.testing.assert_array_equal(images.binarise(grey, "mnist/test"), once)
    other = images.binarise(grey, "mnist/train")
    assert (once == other).mean() == pytest.approx(0.5, abs=0.01)
    # On every machine and with every numpy: figures of binarised runs rest on it.
    assert (
        "".join("#" if pixel else "." for pixel in once[0, :40]) == ".#....#...#....##############...#.#.#.##"
    )
    assert hashlib.sha256(once.tobytes()).hexdigest()[:16] == "87c76bb62160fe68"


def test_neither_the_chunks_nor_how_many_images_there_are_change_the_draw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (400, 784), np.uint8)
    whole = images.binarise(grey, "x")
    for words in (1, 97, 1 << 20):
        monkeypatch.setattr(images, "_WORDS", words)
        few = grey[:3] if words == 1 else grey
        np.testing.assert_array_equal(images.binarise(few, "x"), whole[: len(few)])
    assert images.binarise(grey[:0], "x").shape == (0, 784)


def test_binarising_needs_little_more_memory_than_its_result() -> None:
    grey = np.full((20_000, 784), 100, np.uint8)
    tracemalloc.start()
    try:
        images.binarise(grey, "x")
        assert tracemalloc.get_traced_memory()[1] < grey.nbytes + (2 << 20)
    finally:
        tracemalloc.stop()


def test_models_are_judged_on_grey_images_or_on_the_fixed_draw() -> None:
    test = registry.load_test("digits", Path())
    before = test.pixels.copy()
    assert images.evaluation_images(test, "none", "digits/test") is test
    for binarize in ("fixed", "dynamic"):
        judged = images.evaluation_images(test, binarize, "digits/test")
        np.testing.assert_array_equal(judged.pixels, images.binarise(test.pixels, "digits/test"))
        np.testing.assert_array_equal(judged.labels, test.labels)
    np.testing.assert_array_equal(test.pixels, before)
