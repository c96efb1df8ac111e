"""Somebody reads Latent and Traverse: what the numbers are of, and which marks belong to which class."""

import re
from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import Terminal, opened

RIGHT = b"\x1b[C"


def text(terminal: Terminal) -> str:
    """What is on the screen."""
    return "\n".join(terminal.screen.display)


def shown_nats(terminal: Terminal) -> tuple[float, float, float]:
    """Return the nats of the decoded image, of the reconstruction, and their difference, as on the screen."""
    decoded = re.search(r"decoded:? ([\d.]+) nats", text(terminal))
    reconstruction = re.search(r"reconstruction:? ([\d.]+) nats", text(terminal))
    difference = re.search(r"decoded [\d.]+ nats \((\S+)\)|reconstruction: (\S+) nats, sq", text(terminal))
    assert decoded, terminal.report()
    assert reconstruction, terminal.report()
    assert difference, terminal.report()
    signed = (difference[1] or difference[2]).replace("−", "-")
    return float(decoded[1]), float(reconstruction[1]), float(signed)


def traverse_compares_with_what_is_shown(terminal: Terminal) -> None:
    terminal.type(b"6")
    terminal.wait_to_see("reconstruction")
    terminal.type(RIGHT * 6)
    terminal.wait_to_see("› +1")
    terminal.drain()
    for key in (b"", b"0"):  # moved, then switched off
        terminal.type(key)
        terminal.wait_to_see("off" if key else "› +")
        terminal.drain()
        decoded, reconstruction, difference = shown_nats(terminal)
        assert difference != 0
        assert decoded - reconstruction == pytest.approx(difference, abs=0.11)
    assert "px²" not in text(terminal)
    assert "unmoved" not in text(terminal)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_latent_views_can_be_read(runs: Path, size: tuple[int, int]) -> None:
    tiny.grid(runs)
    with opened(runs, "vae-z5-b1", size=size) as terminal:
        traverse_compares_with_what_is_shown(terminal)
