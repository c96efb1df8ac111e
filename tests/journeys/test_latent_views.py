"""Somebody reads Latent and Traverse: what the numbers are of, and which marks belong to which class."""

import re
from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import PAUSE_SECONDS, Terminal, opened
from tests.vaetui.tui.seeing import KINDS, least_told_apart
from vaetui.render.colours import Colour
from vaetui.render.theme import THEMES

RIGHT = b"\x1b[C"


def settle(terminal: Terminal) -> None:
    """Read until the output pauses."""
    terminal.until(lambda: not terminal.read(PAUSE_SECONDS))


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
    terminal.wait_to_see("KL val")  # the split that the dimensions are sorted by
    terminal.type(RIGHT * 6)
    terminal.wait_to_see("› +1")
    settle(terminal)
    for key in (b"", b"0"):  # moved, then switched off
        terminal.type(key)
        terminal.wait_to_see("off" if key else "› +")
        settle(terminal)
        decoded, reconstruction, difference = shown_nats(terminal)
        assert difference != 0
        assert decoded - reconstruction == pytest.approx(difference, abs=0.11)
    assert "px²" not in text(terminal)
    names_are_of_dimensions(terminal)
    assert "unmoved" not in text(terminal)


def names_are_of_dimensions(terminal: Terminal) -> None:
    """Dimensions are z₁ to z₅, so that z 5 and vae-z5 are latent sizes; minus signs, and none before zero."""
    assert re.search("z[₁-₅]", text(terminal))
    assert not re.search(r"(?<!-)\bz\d", text(terminal))
    assert not re.search(r"[+−]0\.0+(?!\d)|\s-\d", text(terminal))


def background(terminal: Terminal, x: int, y: int) -> Colour:
    """The colour behind a cell."""
    colour = terminal.screen.buffer[y][x].bg
    red, green, blue = (0, 0, 0) if colour == "default" else bytes.fromhex(colour)
    return red, green, blue


def legend(terminal: Terminal) -> list[Colour]:
    """Return the colours of the ten classes in the legend of Latent."""
    y, line = next((pair for pair in enumerate(terminal.screen.display) if "class ‹all›" in pair[1]), (0, ""))
    places = [line.find(f" {label} ", line.find("‹all›")) for label in range(10)]
    return [background(terminal, place, y) for place in places if place >= 0]


def coloured(terminal: Terminal, colours: set[Colour]) -> int:
    """Return how many cells show one of `colours`."""
    shown = {bytes(colour).hex() for colour in colours}
    cells = [cell for row in terminal.screen.buffer.values() for cell in row.values()]
    return sum(cell.bg in shown or (cell.fg in shown and cell.data != " ") for cell in cells)


def classes_are_told_apart(terminal: Terminal) -> None:
    terminal.type(b"5")
    for theme in THEMES.values():
        terminal.until(lambda theme=theme: legend(terminal) == list(theme.classes))  # type: ignore[misc]
        for seeing in KINDS:
            assert least_told_apart(legend(terminal), seeing) > 12, (theme.name, seeing)
        terminal.type(b"T")


def points_grow_on_demand(terminal: Terminal) -> None:
    colours = set(THEMES["dark"].classes)
    terminal.until(lambda: set(legend(terminal)) == colours)
    settle(terminal)
    names_are_of_dimensions(terminal)
    counts = [coloured(terminal, colours)]
    for side in (2, 3, 4):
        terminal.type(b">")
        terminal.wait_to_see(f"points {side}×{side}")
        terminal.until(lambda: coloured(terminal, colours) > counts[-1])
        settle(terminal)
        counts.append(coloured(terminal, colours))
    terminal.type(b"<<<")
    terminal.until(lambda: not re.search(r"points \d×\d", text(terminal)))
    terminal.until(lambda: coloured(terminal, colours) == counts[0])


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_latent_views_can_be_read(runs: Path, size: tuple[int, int]) -> None:
    tiny.grid(runs)
    few_colours = {"COLORTERM": "", "TERM": "xterm-256color"}
    with opened(runs, "vae-z5-b1", size=size, **few_colours) as terminal:
        classes_are_told_apart(terminal)
        points_grow_on_demand(terminal)
        traverse_compares_with_what_is_shown(terminal)
