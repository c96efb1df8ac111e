"""Split input: keys are recognised, reports ignored, no exception, bounded memory."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events

from vaetui.tui.screen.driver import EventParser
from vaetui.tui.screen.key_stream import (
    MOST_HELD,
    MOST_PASTED,
    EscapeSequence,
    KeyStream,
    Pasted,
    Token,
    Typed,
)

Part = bytes | float  # what arrives, or the seconds in which nothing does

# What real terminals answer, late or never asked for, and what they send by mistake.
REPORTS = {
    "background colour, OSC 11": b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    "background colour, ended by BEL": b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
    "device attributes, DA1": b"\x1b[?62;1;2;4;6;9;15;22c",
    "device attributes, DA2": b"\x1b[>41;354;0c",
    "device attributes, DA3": b"\x1bP!|00000000\x1b\\",
    "name and version, XTVERSION": b"\x1bP>|tmux 3.4\x1b\\",
    "a setting, DECRQSS": b"\x1bP1$r0m\x1b\\",
    "termcap, XTGETTCAP": b"\x1bP1+r524742=38\x1b\\",
    "kitty graphics": b"\x1b_Gi=31;OK\x1b\\",
    "kitty graphics, an error": b"\x1b_Gi=31;ENOENT:quit\x1b\\",
    "privacy message": b"\x1b^qqqq\x1b\\",
    "start of string": b"\x1bXqqqq\x1b\\",
    "clipboard, OSC 52": b"\x1b]52;c;cXFxcQ==\x07",
    "kitty keyboard flags": b"\x1b[?31u",
    "a mode, DECRPM": b"\x1b[?2048;0$y",
    "size in cells": b"\x1b[8;24;80t",
    "size in pixels": b"\x1b[4;600;800t",
    "size in band, of nothing": b"\x1b[48;0;0;0;0t",
    "size in band, huge": b"\x1b[48;999999999;999999999;1;1t",
    "cursor position": b"\x1b[24;80R",
    "cursor position, DECXCPR": b"\x1b[?24;80;1R",
    "status": b"\x1b[0n",
    "mouse, SGR, NaN": b"\x1b[<32;NaN;NaNM",
    "mouse, SGR, undefined": b"\x1b[<0;undefined;undefinedm",
    "mouse, SGR, fractions": b"\x1b[<35;10.5;3.25M",
    "mouse, SGR, negative": b"\x1b[<35;-3;-1M",
    "mouse, SGR, endless number": b"\x1b[<0;" + b"9" * 100 + b";1M",
    "mouse, X10": b"\x1b[M !!",
    "mouse, X10, far to the right": b"\x1b[MC\x84*",
    "mouse, X10, with the byte of q": b"\x1b[M qq",
    "mouse, urxvt": b"\x1b[35;10;3M",
    "an unknown CSI": b"\x1b[1;2;3;4;5q",
    "an unknown SS3": b"\x1bO9z",
    "a key that is no character": b"\x1b[99999999999u",
    "a key whose text is no character": b"\x1b[97;1;99999999999u",
    "a CSI that does not end for a while": b"\x1b[" + b"1;" * 4 * MOST_HELD + b"A",
    "8-bit meta keys": bytes(range(0x80, 0x100)),
    "Latin-1": "äöüÄÖÜß".encode("latin-1"),
}
KEYS = {
    b"\x1b[A": "up",
    b"\x1bOA": "up",
    b"\x1b[1;2D": "shift+left",
    b"\x1b[5~": "pageup",
    b"\x1b[3~": "delete",
    b"\x1b[3$": "shift+delete",
    b"\x1b[[A": "f1",
    b"\x1b[Z": "shift+tab",
    b"\x1ba": "alt+a",
    b"\x1b\x7f": "ctrl+w",
    b"\x1b[113u": "q",
    b"\x1b[97;5u": "ctrl+a",
    b"\x1a": "ctrl+z",
    b"\x03": "ctrl+c",
    b"\r": "enter",
    b"\x7f": "backspace",
    "β".encode(): "β",
}


def tokens(*parts: Part) -> list[Token]:
    """Return the tokens of parts that arrive one after the other, and of a pause at the end."""
    stream, now, found = KeyStream(), 0.0, list[Token]()
    for part in (*parts, 9.0):
        if isinstance(part, float):
            now += part
            found += stream.expire(now)
        else:
            found += stream.feed(part, now)
    return found


def joined(found: list[Token]) -> list[Token]:
    """Return the tokens with consecutive typed characters joined."""
    whole: list[Token] = []
    for token in found:
        if whole and token == Typed(getattr(token, "text", "")) and whole[-1] == Typed(whole[-1].text):
            whole[-1] = Typed(whole[-1].text + token.text)
        else:
            whole.append(token)
    return whole


def keys(*parts: Part) -> list[str]:
    """Return the names of the keys, and of other events their class."""
    found = [event for token in tokens(*parts) for event in EventParser().of(token)]
    return [event.key if isinstance(event, events.Key) else type(event).__name__ for event in found]


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_reports_of_the_terminal_are_no_keys(report: bytes) -> None:
    assert keys(report, b"g") == ["g"]
    assert keys(*(report[n : n + 1] for n in range(len(report))), b"g") == ["g"]


@pytest.mark.parametrize(("sequence", "name"), KEYS.items(), ids=KEYS.values())
def test_keys_are_recognised(sequence: bytes, name: str) -> None:
    assert keys(sequence) == [name]
    assert keys(*(sequence[n : n + 1] for n in range(len(sequence)))) == [name]
    assert keys(sequence, sequence) == [name] * 2


def test_escape_is_a_key_when_nothing_follows() -> None:
    assert keys(b"\x1b") == ["escape"]
    assert keys(b"\x1b", 0.05, b"[A") == ["up"]
    assert keys(b"\x1b", 0.2, b"[A") == ["escape", "left_square_bracket", "A"]
    assert keys(b"\x1b\x1b\x1b[A") == ["escape", "escape", "up"]
    assert keys(b"\x1b[", 0.2, b"a") == ["left_square_bracket", "a"]
    assert keys(b"\x1b]", 0.2, b"a") == ["right_square_bracket", "a"]


def test_the_rest_of_a_cut_sequence_is_no_key() -> None:
    assert keys(b"\x1b[1", 0.5, b";5A") == ["ctrl+up"]
    assert keys(b"\x1b[1;", 2.0, b"g") == ["g"]
    assert keys(b"\x1b[<0;1", b"\r") == ["enter"]
    assert keys(b"\x1b[12\x1b[A") == ["up"]
    assert keys(b"\x1b]11;rgb", 2.0, b"g") == ["g"]
    assert keys(b"\x1bP>|x\x1b[A") == ["up"]
    assert keys(b"\x1b[M!", b"\x1b[A") == ["up"]
    assert keys(b"\xc3", b"\x1b[A") == ["up"]


@pytest.mark.parametrize("size", [0, 10, MOST_PASTED, 50 * MOST_PASTED])
def test_a_paste_is_one_event_and_bounded(size: int) -> None:
    paste = b"\x1b[200~" + b"x" * size + b"\x1b[201~q"
    found = tokens(*(paste[n : n + 4096] for n in range(0, len(paste), 4096)))
    assert found == [Pasted("x" * min(size, MOST_PASTED)), Typed("q")]


def test_a_paste_may_hold_anything_and_may_lose_its_end() -> None:
    assert tokens(b"\x1b[200~a\x1b[Ab\xff\0\xe9c\x1b[20", b"1~") == [Pasted("a\x1b[Abc")]
    assert tokens(b"\x1b[200~ab", 3.0, b"q") == [Pasted("ab"), Typed("q")]
    assert tokens(b"\x1b[200~ab", 3.0, b"q" * 100, b"\x1b[201~") == [Pasted("ab" + "q" * 100)]
    assert tokens(b"\x1b[200~ab", 3.0, b"c\x1b[201~q") == [Pasted("abc"), Typed("q")]
    assert tokens(b"\x1b[201~q") == [Typed("q")]


NOISE = st.binary(max_size=12) | st.sampled_from(
    [
        *REPORTS.values(),
        *KEYS,
        b"\x1b",
        b"\x1b[",
        b"\x1b]",
        b"\x1bP",
        b"\x1b[<",
        b"\x1b[M",
        b"\x1b\\",
        b"\x07",
    ]
)


@settings(max_examples=150)
@given(st.lists(NOISE, max_size=8).map(b"".join), st.lists(st.integers(0, 100), max_size=4))
def test_it_does_not_matter_how_bytes_are_cut(data: bytes, cuts: list[int]) -> None:
    places = sorted(min(cut, len(data)) for cut in cuts)
    parts = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    assert joined(tokens(*parts)) == joined(tokens(data))


@settings(max_examples=150)
@given(st.lists(st.one_of(NOISE, st.sampled_from([0.05, 0.2, 2.0])), max_size=12))
def test_whatever_arrives_becomes_events_and_a_key_works_in_the_end(parts: list[Part]) -> None:
    stream, reports, now = KeyStream(), EventParser(), 0.0
    found: list[Token] = []
    for part in (*parts, b"\x1b\\", 9.0, b"g", 9.0, b"\x1b[201~", 9.0, b"q", 9.0):
        if isinstance(part, float):
            now += part
            found += stream.expire(now)
        else:
            found += stream.feed(part, now)
        assert len(stream._held) <= MOST_HELD
    assert [event for token in found for event in reports.of(token)][-1].key == "q"  # type: ignore[attr-defined]
    assert all(isinstance(token, Typed | EscapeSequence | Pasted) for token in found)
