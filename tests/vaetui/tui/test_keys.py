"""The key table: without doubles, bound to actions that exist, and a footer that fits."""

from collections import Counter

import pytest

from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.views import view as view_of

ALL = frozenset(row.needs for row in keys.GROUPS)


def test_the_views_are_those_of_the_table() -> None:
    assert tuple(view_of(title).title for title in keys.VIEWS) == keys.VIEWS


@pytest.mark.parametrize("view", keys.VIEWS)
def test_no_key_means_two_things_in_a_view(view: str) -> None:
    names = Counter(key.name for row in keys.active_groups(view, ALL) for key in row.keys)
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("row", keys.GROUPS, ids=lambda row: " ".join(row.caps()))
def test_every_action_exists(row: keys.KeyGroup) -> None:
    owner = view_of(row.view) if row.view else Explorer
    for key in row.keys:
        assert callable(getattr(owner, f"action_{key.action.partition('(')[0]}"))
        assert key.help
    assert row.view in ("", *keys.VIEWS)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("view", keys.VIEWS)
@pytest.mark.parametrize("is_plain", [False, True])
def test_the_footer_fits_and_always_tells_help_and_quit(view: str, width: int, is_plain: bool) -> None:
    shown = keys.footer(view, ALL, width, is_plain)
    ends = [start + len(" ".join(row.caps(is_plain))) + 1 + len(row.label) for start, row in shown]
    assert not is_plain or all(cap.isascii() for _, row in shown for cap in row.caps(is_plain))
    starts = [start for start, _ in shown]
    assert ends[-1] <= width
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False))
    assert [row.label for _, row in shown][-2:] == ["help", "quit"]


def test_the_footer_differs_between_views_and_leaves_out_what_cannot_be_done() -> None:
    labels = {view: [row.label for _, row in keys.footer(view, ALL, 80)] for view in keys.VIEWS}
    assert len({tuple(shown) for shown in labels.values()}) == len(keys.VIEWS)
    assert "play" in labels["Interpolate"]
    shown = [row.label for _, row in keys.footer("Interpolate", frozenset(), 80)]
    assert shown == ["train", "help", "quit"]
