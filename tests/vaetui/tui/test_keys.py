"""The key table: without doubles, one meaning a key, bound to actions that exist, and a footer that fits."""

from collections import Counter

import pytest
from textual.binding import Binding

from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.views import view as view_of

ALL = frozenset(row.needs for row in keys.GROUPS)
# Keys, their one meaning, and how the actions begin that have it. A new key gets its row here.
MEANINGS = (
    ("← → ↑ ↓", "move", "epoch move step cursor image choose temperature stop"),
    ("shift+← shift+→ shift+↑ shift+↓", "move by more", "epoch cursor move stop"),
    ("wheel↑ wheel↓", "move, or zoom", "step zoom"),
    ("PgUp PgDn", "page", "page noise choose"),
    ("Home", "first, or reset", "first at(0) reset back"),
    ("End", "newest, or last", "newest last to_b"),
    ("Enter", "open", "open"),
    ("Del", "delete or clear", "delete clear all_back"),
    ("space", "play, or pen", "play ink"),
    (", .", "epoch", "epoch"),
    ("< >", "fewer or more, smaller or larger", "components steps pen point"),
    ("[ ]", "latent size", "latent"),
    ("- =", "β", "beta"),
    ("; :", "seed", "seed"),
    ("( )", "dimension of the horizontal axis", "axis('across'"),
    ("{ }", "dimension of the vertical axis", "axis('up'"),
    ("a A", "endpoint A", "class_of(0 image_of(0 end('a')"),
    ("b B", "endpoint B", "class_of(-1 image_of(-1 end('b')"),
    ("c C", "class", "class( class_of(None only"),
    ("n N", "test image", "image( image_of(None move("),
    ("d", "decoded plane", "sheet"),
    ("e", "eraser", "erase"),
    ("E", "error metric", "error"),
    ("i", "insert", "insert"),
    ("J", "join", "join"),
    ("l", "linear or not", "log how"),
    ("o", "order", "order"),
    ("p", "source", "source"),
    ("P", "preset path", "classic"),
    ("r", "noise seed", "noise"),
    ("S", "split", "split"),
    ("u U", "undo, redo", "undo redo"),
    ("w", "what is shown", "layout chart map projection pane centre"),
    ("z Z", "zoom", "zoom range"),
    ("0", "dimension off or on", "switch"),
    ("v V", "marks", "mark unmark_all"),
    ("x", "export", "export"),
    ("X", "report", "report"),
    ("y", "copy", "copy"),
    ("s", "stop", "stop"),
    ("D", "download", "download"),
    ("t", "train", "train"),
    ("/", "find", "run_list(True)"),
    ("R", "runs", "run_list"),
    ("m", "metric", "metric"),
    ("f F", "family", "family"),
    ("W", "next training", "training"),
    ("g", "grid", "sidebar"),
    ("M", "messages", "messages"),
    ("T", "theme", "theme"),
    ("1 2 3 4 5 6 7 8", "view", "view"),
    ("Tab shift+Tab", "next view", "next_view"),
    ("^p", "palette", "command_palette"),
    ("^l", "redraw", "redraw"),
    ("^z", "suspend", "suspend_process"),
    ("?", "help", "help"),
    ("q ^c", "quit", "quit"),
)


def test_the_views_are_those_of_the_table() -> None:
    assert tuple(view_of(title).title for title in keys.VIEWS) == keys.VIEWS


@pytest.mark.parametrize("view", keys.VIEWS)
def test_no_key_means_two_things_in_a_view(view: str) -> None:
    pressed = [key for row in keys.active_groups(view, ALL) for key in row.keys]
    names = Counter(name for key in pressed for name in (key.name, key.letter) if name)
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("row", keys.GROUPS, ids=lambda row: " ".join(row.caps()))
def test_a_key_means_the_same_in_every_view(row: keys.KeyGroup) -> None:
    for key in row.keys:
        meanings = [line for line in MEANINGS if key.cap in line[0].split()]
        assert len(meanings) == 1, f"{key.cap} needs one meaning for all views in MEANINGS"
        _, meaning, actions = meanings[0]
        found = [action for action in actions.split() if key.action.startswith(action)]
        assert found, f"{key.cap} is {key.action} in {row.view or 'all views'}, and means {meaning}"


@pytest.mark.parametrize("view", keys.VIEWS)
def test_h_j_k_l_are_the_arrows_except_where_l_is_linear_or_not(view: str) -> None:
    def action(name: str) -> str:
        found = keys.find(view, name)
        return found[1].action if found else ""

    has_linear = view in ("Loss", "Interpolate")
    assert (action("l") in ("log", "how")) == has_linear
    for letter, arrow in (("h", "left"), ("j", "down"), ("k", "up"), ("l", "right")):
        if letter not in "hl" or not has_linear:
            assert action(letter) == action(arrow)
    assert action("h") == ("" if has_linear else action("left"))


def test_every_key_is_bound_once() -> None:
    bound = [binding.key for binding in keys.bindings() if isinstance(binding, Binding)]
    assert len(bound) == len(set(bound))
    assert {key.name for row in keys.GROUPS for key in row.keys} <= set(bound)


@pytest.mark.parametrize(
    "row", [row for row in keys.GROUPS if row.needs], ids=lambda row: " ".join(row.caps())
)
def test_a_key_that_may_do_nothing_has_a_reason(row: keys.KeyGroup) -> None:
    assert keys.reason(row)


@pytest.mark.parametrize(
    ("view", "name", "sentence"),
    [
        ("Loss", "c", "c does nothing in Loss, only in Reconstruct, Sample and 2 more views"),
        ("Interpolate", "0", "0 does nothing in Interpolate, only in Traverse"),
        ("Loss", "h", "h does nothing in Loss, only in Reconstruct, Latent and 3 more views"),
        ("Draw", "delete", ""),
        ("Sample", "wheel-up", "wheel↑ does nothing in Sample, only in Interpolate and Latent"),
    ],
)
def test_a_key_of_other_views_says_where_it_works(view: str, name: str, sentence: str) -> None:
    assert (keys.elsewhere(view, name) if keys.find(view, name) is None else "") == sentence


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
    assert shown == ["export", "train", "help", "quit"]
