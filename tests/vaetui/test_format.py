from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from vaetui import format  # noqa: A004 - the module, which is named after what it does


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (1.005, 1, "1.0"),
        (-2.0, 2, "−2.00"),
        (-0.001, 2, "0.00"),
        (9_999_999.99, 2, "9999999.99"),
        (12_345_678, 2, "1.23e7"),
        (-12_345_678, 2, "−1.23e7"),
        (math.nan, 2, "nan"),
        (-math.inf, 2, "−inf"),
    ],
)
def test_fixed_has_a_minus_sign_no_negative_zero_and_an_exponent_where_it_is_long(
    value: float, digits: int, shown: str
) -> None:
    assert format.fixed(value, digits) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(1.5, "+1.50"), (-0.001, "0.00"), (-2, "−2.00"), (12.34, "+12.3"), (0, "0.00")]
)
def test_signed_values_have_signs_but_zero(value: float, shown: str) -> None:
    assert format.signed(value, width=4) == shown
    assert format.signed(12.34) == "+12.34"
    assert format.interval(-0.5, 1) == "−0.50 to +1.00"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.125, "0.12"), (-9.996, "−10.0"), (99.96, "100"), (12345, "12345"), (1e15, "1e15"), (-2e5, "−2e5")],
)
def test_compact_numbers_have_the_decimals_that_fit(value: float, shown: str) -> None:
    assert format.compact(value) == shown
    assert format.compact(9.96, width=3) == "10"
    assert format.compact(1.26, 1) == "1.3"


def test_coordinates_are_short() -> None:
    values = (0.0, -0.001, -1.234, 99.99, 99.999, -12345.6, 1e15)
    shown = ["0.00", "0.00", "−1.23", "99.99", "100.0", "−12346", "1e15"]
    assert [format.coordinate(value) for value in values] == shown


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (1022, "1 022nd")]
)
def test_ordinals(number: int, words: str) -> None:
    assert format.ordinal(number) == words


def test_counts_and_names() -> None:
    assert [format.plural(count, "run") for count in (0, 1, 12_000)] == ["0 runs", "1 run", "12 000 runs"]
    assert format.name_or_count(["a"]) == "a"
    assert format.name_or_count(["a", "b"], "models") == "2 models"
    assert format.first_names(["a"]) == "a"
    assert format.first_names(["a", "b", "c"], 2) == "a, b and 1 more"
    assert format.alternatives(["a", "b", "c"]) == "a, b or c"
    assert format.alternatives(["a", "b"], "and") == "a and b"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (3600, "1:00:00"), (-1, "0:00")]
)
def test_durations(seconds: float, text: str) -> None:
    assert format.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (59.9, "59 s"), (60, "1 min"), (7200, "2 h"), (100_000, "1 d")]
)
def test_ages(seconds: float, text: str) -> None:
    assert format.age(seconds) == text


def test_thousands() -> None:
    assert [format.thousands(n) for n in (0, 999, 1797, 60_000, 1_234_567.8)] == [
        *("0", "999", "1 797", "60 000", "1 234 568")
    ]


def test_sizes() -> None:
    assert format.megabytes(11_490_000, 1) == "11.5 MB"
    assert [format.memory(count) for count in (5 << 20, 3 << 30)] == ["5 MiB", "3.0 GiB"]
    assert format.memory_of(5 << 29, 3 << 30) == "2.5 of 3.0 GiB"


def test_a_dimension_is_not_written_as_a_latent_size() -> None:
    assert [format.dimension_name(number) for number in (1, 10, 234)] == ["z₁", "z₁₀", "z₂₃₄"]
    assert format.checkpoint_name(10, 0.5) == "z=10 β=0.5"
    assert format.checkpoint_name(2, None) == "z=2 AE"


def test_no_text_has_a_sign_of_its_own() -> None:
    """Python's own sign is a hyphen, and a plus before zero."""
    package = Path(__file__).parents[2] / "vaetui"
    signs = [
        path.name for path in package.rglob("*.py") if re.search(r":\+[,.\d]*[defg]\b", path.read_text())
    ]
    assert signs == []
