"""The header: what trains and what differs is seen at every width, figures where there is room."""

import dataclasses
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import terminal
from vaetui.runs.families import Family, families
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.header import Header, HeaderNotes

BUSY = HeaderNotes("family 2 of 3", 1, is_elsewhere=True)
REPLACED = dataclasses.replace(BUSY, replaced="digits, not mnist")


def shown(family: Family, run: Run, width: int, notes: HeaderNotes, marked: tuple[Run, ...] = ()) -> Canvas:
    header = Header(terminal())
    header.family, header.run, header.notes, header.marked = family, run, notes, marked
    canvas = Canvas(width, 1, terminal())
    header.paint(canvas)
    return canvas


def line(canvas: Canvas) -> str:
    return canvas.strips()[0].text


@pytest.fixture
def two(runs: Path) -> tuple[Family, Run]:
    """The second of two families that differ in their loss, and its run."""
    for likelihood in ("bernoulli", "gaussian"):
        tiny.make(runs, tiny.config(latent=10, likelihood=likelihood, epochs=50))
    family = families(RunIndex(runs).runs)[1]
    return family, family.runs[0]


def test_one_family_has_its_title_after_the_name_of_the_app(two: tuple[Family, Run]) -> None:
    text = line(shown(*two, 80, HeaderNotes()))
    cost = two[1].epochs[-1].held_out.elbo
    assert text.startswith(" vaetui  digits · mse · 16 · seed 0 ")
    assert text.endswith(f" z 10 β 1 epoch 50/50 val −ELBO {-cost:.1f} nats ")


def test_a_run_within_its_first_epoch_is_not_at_epoch_0(runs: Path) -> None:
    tiny.make(runs, tiny.config(epochs=50), state="stopped", progress=0.4)
    (family,) = families(RunIndex(runs).runs)
    assert line(shown(family, family.runs[0], 80, HeaderNotes())).endswith(" β 1 in epoch 1/50 ")


@pytest.mark.parametrize("width", [60, 80, 100, 130, 200])
@pytest.mark.parametrize("notes", [BUSY, REPLACED], ids=["training", "training on another dataset"])
def test_notes_and_what_differs_are_seen_at_every_width(
    two: tuple[Family, Run], width: int, notes: HeaderNotes
) -> None:
    family, run = two
    text = line(shown(family, run, width, notes, (run,)))
    assert len(text) == width
    for words in ("◉ 1 training W", "family 2 of 3  mse", notes.replaced, "◆ 1", " z 10 ", "β 1"):
        assert words in text or (width == 60 and notes is REPLACED), (words, text)
    assert "1…" not in text


def test_without_room_the_epoch_goes_before_the_cost(two: tuple[Family, Run]) -> None:
    texts = {width: line(shown(*two, width, BUSY)) for width in range(60, 200)}
    least = {
        words: min(width for width, text in texts.items() if words in text)
        for words in ("val −ELBO ", "epoch 50/50", " nats ", "vaetui")
    }
    assert list(least.values()) == sorted(set(least.values()))


def test_clicks_go_to_the_training_and_to_the_next_family(two: tuple[Family, Run]) -> None:
    canvas = shown(*two, 80, BUSY)
    at = {words: line(canvas).index(words) for words in ("◉", "W", "family", "mse")}
    found = {words: next(zone.action for zone in canvas.zones if zone.holds(x, 0)) for words, x in at.items()}
    training, family = "app.training", "app.family(1)"
    assert found == {"◉": training, "W": training, "family": family, "mse": family}


def test_the_only_run_in_training_has_no_key_to_go_to_it(two: tuple[Family, Run]) -> None:
    canvas = shown(*two, 80, HeaderNotes(training=1))
    assert "◉ 1 training " in line(canvas)
    assert "training W" not in line(canvas)
    assert canvas.zones == []
