"""TOML of a stranger: what is wrong is a short sentence, and soon."""

import pytest

from vaetui.toml import load_toml


def test_what_is_sound_is_read() -> None:
    content = b'title = "a.b.c"\n[[train]]\nlatent = [2, 5]\n[a.b.c.d]\ne = 1e3\n'
    assert load_toml(content)["a"] == {"b": {"c": {"d": {"e": 1000.0}}}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x = " + b"[" * 5_000, "nested too deeply"),
        (b"x = " + b"[" * 25 + b"]" * 25, "nested too deeply"),
        (b"a" + b".a" * 30_000 + b" = 1", "nested too deeply"),
        (b"[a" + b" . 'a'" * 10_000 + b"]", "nested too deeply"),
        (b"x = " + b"1" * 60_000, "too many digits"),
        (b"x = \xff", r"not UTF-8 text \(byte 4\)"),
        (b"\xef\xbb\xbfx = 1", "begins with a UTF-8 byte order mark"),
        ("x = 1".encode("utf-16"), "begins with a UTF-16 byte order mark"),
        (b"x = \x1b", "Invalid value"),
        (b"word" * 15_000, "Expected"),
    ],
)
def test_what_is_not_is_a_short_sentence(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_toml(content)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200
