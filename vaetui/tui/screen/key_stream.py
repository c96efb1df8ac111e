"""Split the bytes that a terminal sends into typed text, escape sequences and pastes.

The bytes may be line noise, pastes in other encodings, cut sequences and late answers. None of them raises an
exception, undecodable ones are dropped, and the buffered bytes are bounded.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TypeAlias

KEY_SECONDS = 0.1
CUT_SECONDS = 1.0  # after which a longer sequence counts as cut
STALL_SECONDS = 1.0  # after which a few bytes in a paste are keys: the end of the paste was lost
FEW = 32  # bytes
MOST_HELD = 256  # bytes of a sequence without an end
MOST_PASTED = 1 << 13  # bytes, more than a path may have; the rest of a paste is dropped

PASTE_STARTS, PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"


@dataclass(frozen=True)
class Typed:
    """Typed characters; with `is_alt` one character and the Alt key."""

    text: str
    is_alt: bool = False


@dataclass(frozen=True)
class EscapeSequence:
    """One whole escape sequence (ECMA-48), or ESC alone."""

    text: str


@dataclass(frozen=True)
class Pasted:
    """A pasted text."""

    text: str


Token: TypeAlias = Typed | EscapeSequence | Pasted

_TEXT = re.compile(rb"[^\x1b]+")
_SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[M[^\x1b]{3}"  # a mouse report of X10: three bytes of any value
    rb"|\[<[^\x00-\x1f\x7f-\xffMm]*[Mm]"  # of SGR, broken ones too: browsers send <32;NaN;NaNM
    rb"|\[\[[^\x00-\x1f\x7f-\xff]"  # a function key of the Linux console
    rb"|\[[0-9]+\$"  # one of rxvt's with Shift
    rb"|\[(?![<M\[])[0-?]*[ -/]*[@-~]"  # CSI
    rb"|O[0-?]*[@-~]"  # SS3
    rb")"
)
# An incomplete sequence; the last line has the beginnings of OSC, DCS, SOS, PM and APC.
_BEGINNING = re.compile(
    rb"\x1b(?:"
    rb"\[M[^\x1b]{0,2}|\[<[^\x00-\x1f\x7f-\xffMm]*|\[\[|\[(?![<M\[])[0-?]*[ -/]*|O[0-?]*"
    rb"|[\]PX^_]"
    rb")?"
)
_STRINGS = b"]PX^_"
_CONTROL = re.compile(rb"[\x00-\x1f]")
_BELL, _CANCEL, _SUBSTITUTE = 0x07, 0x18, 0x1A


class KeyStream:
    """Splits the bytes that are fed to it; `now` is the time of a monotonic clock in seconds.

    ESC, or ESC and one character, is a key if nothing follows for `key_seconds`.
    """

    def __init__(self, key_seconds: float = KEY_SECONDS) -> None:
        self._key_seconds = key_seconds
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._held = b""  # the beginning of a sequence, or of the end of a paste or string
        self._paste: bytearray | None = None
        self._is_string = False  # between the beginning and the end of OSC, DCS, SOS, PM or APC
        self._is_alt = False  # ESC came before a character of several bytes
        self._fed_at = 0.0

    def feed(self, data: bytes, now: float) -> list[Token]:
        """Return the tokens that `data` completes."""
        tokens: list[Token] = []
        is_stalled = now - self._fed_at >= STALL_SECONDS and len(data) <= FEW
        if self._paste is not None and is_stalled and PASTE_ENDS not in self._held + data:
            self._end_paste(tokens)
        self._fed_at = now
        data, self._held = self._held + data, b""
        at = 0
        while at < len(data):
            if self._paste is not None:
                at = self._read_paste(data, at, tokens)
            elif self._is_string:
                at = self._skip_string(data, at)
            elif data[at] != 0x1B:
                at = self._read_text(data, at, tokens)
            else:
                at = self._read_sequence(data, at, tokens)
        return tokens

    def wait(self, now: float) -> float | None:
        """Return the seconds until `expire` has something to do; None if it depends on more bytes."""
        if self._paste is not None or not (self._held or self._is_string):
            return None
        return max(self._fed_at + self._patience - now, 0.0)

    def expire(self, now: float) -> list[Token]:
        """Return ESC as a key if nothing followed in time; drop a sequence that was cut."""
        wait = self.wait(now)
        if wait is None or wait > 0:
            return []
        held, self._held = self._held, b""
        if self._is_string or len(held) > 2:
            self._is_string = False
            return []
        return [EscapeSequence("\x1b")] if len(held) == 1 else [Typed(chr(held[1]), is_alt=True)]

    @property
    def _patience(self) -> float:
        return CUT_SECONDS if self._is_string or len(self._held) > 2 else self._key_seconds

    # --- the kinds of tokens; each method reads the one that begins at `at` and returns where it ends

    def _read_text(self, data: bytes, at: int, tokens: list[Token]) -> int:
        match = _TEXT.match(data, at)
        assert match is not None
        text = self._decoder.decode(match.group())
        if text and self._is_alt:
            self._is_alt = False
            tokens.append(Typed(text[0], is_alt=True))
            text = text[1:]
        if text:
            tokens.append(Typed(text))
        return match.end()

    def _read_sequence(self, data: bytes, at: int, tokens: list[Token]) -> int:
        self._decoder.reset()
        self._is_alt = False
        if match := _SEQUENCE.match(data, at):
            if match.group() == PASTE_STARTS:
                self._paste = bytearray()
            elif match.group() != PASTE_ENDS:
                tokens.append(EscapeSequence(match.group().decode("latin-1")))
            return match.end()
        beginning = _BEGINNING.match(data, at)
        assert beginning is not None
        end = beginning.end()
        if end == len(data):
            self._held = data[at:] if end - at <= MOST_HELD else data[at : at + 3] + b"?"  # means nothing
        elif end - at == 1:
            end = self._read_after_escape(data, end, tokens)
        elif end - at == 2 and data[at + 1] in _STRINGS and data[end] >= 0x20:
            self._is_string = True
        elif end - at == 2:
            tokens.append(Typed(chr(data[at + 1]), is_alt=True))
        return end  # what was cut by another byte is dropped

    def _read_after_escape(self, data: bytes, at: int, tokens: list[Token]) -> int:
        """Read one character after ESC that begins no sequence."""
        if data[at] == 0x1B:
            tokens.append(EscapeSequence("\x1b"))
            return at
        if data[at] >= 0x80:
            self._is_alt = True
            return at
        tokens.append(Typed(chr(data[at]), is_alt=True))
        return at + 1

    def _skip_string(self, data: bytes, at: int) -> int:
        match = _CONTROL.search(data, at)
        if match is None:
            return len(data)
        at = match.start()
        if data[at : at + 2] == b"\x1b" and at + 1 == len(data):
            self._held = b"\x1b"
            return len(data)
        self._is_string = False
        if data[at : at + 2] == b"\x1b\\":
            return at + 2
        return at + (data[at] in (_BELL, _CANCEL, _SUBSTITUTE))  # any other begins another token

    def _read_paste(self, data: bytes, at: int, tokens: list[Token]) -> int:
        assert self._paste is not None
        end = data.find(PASTE_ENDS, at)
        if end >= 0:
            self._add_to_paste(data[at:end])
            self._end_paste(tokens)
            return end + len(PASTE_ENDS)
        tail = next(n for n in range(len(PASTE_ENDS) - 1, -1, -1) if data.endswith(PASTE_ENDS[:n], at))
        self._add_to_paste(data[at : len(data) - tail])
        self._held = data[len(data) - tail :]
        return len(data)

    def _add_to_paste(self, data: bytes) -> None:
        assert self._paste is not None
        self._paste += data[: max(MOST_PASTED - len(self._paste), 0)]

    def _end_paste(self, tokens: list[Token]) -> None:
        assert self._paste is not None
        tokens.append(Pasted(self._paste.decode("utf-8", "ignore").replace("\0", "")))
        self._paste, self._held = None, b""
