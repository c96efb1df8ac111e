import numpy as np
import pytest

from vaetui.render.pixels import thumbnail

RNG = np.random.default_rng(0)


def test_a_thumbnail_is_the_mean_of_each_area() -> None:
    pixels = RNG.random((28, 28)).astype(np.float32)
    blocks = pixels.reshape(14, 2, 14, 2).mean((1, 3))
    np.testing.assert_allclose(thumbnail(pixels, 14, 14), blocks, atol=1e-6)


@pytest.mark.parametrize("size", [(28, 28), (14, 14), (10, 12), (9, 7), (1, 1), (56, 30)])
def test_a_thumbnail_keeps_the_mean_brightness(size: tuple[int, int]) -> None:
    pixels = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
    small = thumbnail(pixels, *size)
    assert small.shape == size
    assert small.dtype == np.float32
    assert small.mean() == pytest.approx(pixels.mean() / 255, rel=1e-5)


def test_a_partly_covered_pixel_counts_by_its_share() -> None:
    pixels = np.array([[0.0, 0.6, 0.9]])
    np.testing.assert_allclose(thumbnail(pixels, 1, 2), [[0.2, 0.8]], atol=1e-6)


def test_many_thumbnails_at_once() -> None:
    pixels = RNG.random((5, 28, 28)).astype(np.float32)
    each = [thumbnail(one, 14, 14) for one in pixels]
    np.testing.assert_allclose(thumbnail(pixels, 14, 14), each, atol=1e-6)
