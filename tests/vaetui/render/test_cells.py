import numpy as np
import pytest

from tests.vaetui.render.seeing import digit, painted, quarters, real
from vaetui.render.ansi import to_ansi
from vaetui.render.cells import ascii_rows, half_blocks, picture, quadrants
from vaetui.render.colours import diverging, grey
from vaetui.render.spans import RAMP, Span
from vaetui.render.terminal import Glyphs

RNG = np.random.default_rng(0)

# --- half blocks ---


def test_a_cell_is_two_pixels() -> None:
    rows = half_blocks(np.array([[0, 1, 1], [0, 0, 1]], np.float32))
    black, white = (0, 0, 0), (255, 255, 255)
    assert rows == [[Span(" ", None, black), Span("▀", white, black), Span(" ", None, white)]]


def test_equal_neighbours_become_one_span() -> None:
    rows = half_blocks(np.array([[0, 0, 1, 1, 1], [0, 0, 0, 0, 0]], np.float32))
    assert [(span.text) for span in rows[0]] == ["  ", "▀▀▀"]


@pytest.mark.parametrize("levels", [2, 16, 256])
def test_every_pixel_is_the_nearest_level(levels: int) -> None:
    pixels = RNG.random((28, 28)).astype(np.float32)
    exact = np.repeat(np.rint(pixels * (levels - 1))[..., None] / (levels - 1) * 255, 3, axis=-1)
    assert np.abs(painted(half_blocks(pixels, levels)) - exact).max() <= 0.5 + 1e-3


def test_bytes_and_fractions_are_the_same_picture() -> None:
    pixels = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
    assert half_blocks(pixels) == half_blocks(pixels.astype(np.float64) / 255)
    assert ascii_rows(pixels) == ascii_rows(pixels.astype(np.float32) / 255)


def test_an_odd_last_row_is_doubled() -> None:
    pixels = np.array([[0.0], [0.0], [1.0]])
    assert half_blocks(pixels) == [[Span(" ", None, (0, 0, 0))], [Span(" ", None, (255, 255, 255))]]
    assert ascii_rows(pixels) == [" ", "@"]


def test_what_is_not_a_number_or_out_of_range_is_drawn_at_the_end_of_the_range() -> None:
    pixels = np.array([[np.nan, -5, 5, np.inf, -np.inf]], np.float32)
    assert painted(half_blocks(pixels))[0, :, 0].tolist() == [0, 0, 255, 255, 0]
    assert ascii_rows(pixels) == ["  @@ "]
    assert len(half_blocks(np.array([[-0.5, -0.1, 0.0]]))[0]) == 1  # all black: one span


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (2, 0)])
def test_an_empty_picture_has_no_cells(shape: tuple[int, int]) -> None:
    assert not any(half_blocks(np.zeros(shape)))
    assert not any(ascii_rows(np.zeros(shape)))
    assert "".join(to_ansi(half_blocks(np.zeros(shape)), "256")) == ""


def test_one_level_is_no_picture() -> None:
    with pytest.raises(ValueError, match="two levels"):
        half_blocks(digit(), levels=1)


# --- ASCII ---


def test_ascii_gets_denser_with_ink() -> None:
    ramp = np.repeat(np.linspace(0, 1, 10)[None], 2, axis=0)
    assert ascii_rows(ramp) == [RAMP]
    assert ascii_rows(np.array([[1.0], [0.0]])) in (["="], ["+"])  # half of it


def test_ascii_is_ascii() -> None:
    lines = ascii_rows(digit())
    assert (len(lines), {len(line) for line in lines}) == (14, {28})
    assert "".join(lines).isascii()


# --- quadrants ---


def test_a_cell_of_quadrants_is_four_pixels() -> None:
    rows = quadrants(np.array([[1, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 1]], np.float32))
    black, white = (0, 0, 0), (255, 255, 255)
    assert rows == [[Span("▘", white, black), Span("▀", black, white), Span(" ", None, white)]]


@pytest.mark.parametrize("bits", range(16))
def test_two_colours_are_exact_in_every_arrangement(bits: int) -> None:
    cell = np.array([bits >> place & 1 for place in range(4)], np.float32).reshape(2, 2)
    seen = quarters(quadrants(cell * np.float32(0.6)))
    np.testing.assert_array_equal(seen[..., 0], np.rint(cell * 153))


def test_four_shades_become_the_two_that_are_nearest() -> None:
    levels = quarters(quadrants(np.array([[0.0, 0.2], [0.8, 1.0]]), levels=256))[..., 0]
    np.testing.assert_allclose(levels, [[25.5, 25.5], [229.5, 229.5]], atol=0.5)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (0, 0), (0, 5), (1, 0)])
def test_an_odd_last_row_or_column_of_quarters_is_doubled(shape: tuple[int, int]) -> None:
    pixels = RNG.integers(0, 2, shape).astype(np.float32)
    even = np.pad(pixels, [(0, size % 2) for size in shape], "edge") if pixels.size else pixels
    rows = quadrants(pixels)
    assert rows == quadrants(even) if pixels.size else not any(rows)
    assert len(rows) == -(-shape[0] // 2)


def test_signs_survive_in_quadrants() -> None:
    (row,) = quadrants(np.array([[-1.0, 1.0], [-1.0, 1.0]]), colours=diverging)
    assert row == [Span("▌", (70, 150, 255), (255, 140, 30))]


# --- pictures of any size ---


@pytest.mark.parametrize("glyphs", ["half", "quadrant"])
def test_a_picture_keeps_the_mean_of_its_pixels(glyphs: Glyphs) -> None:
    pixels = real()
    seen = quarters(picture(pixels, 7, 5, glyphs, "truecolor", grey, levels=256))
    assert seen.shape == (10, 14, 3)
    assert seen.mean() == pytest.approx(pixels.mean(), abs=0.5)


def test_pictures_below_each_other_are_drawn_at_once() -> None:
    pixels = np.stack([real(number) for number in range(3)])
    each = [row for one in pixels for row in half_blocks(one)]
    assert half_blocks(pixels.reshape(-1, 28)) == each
