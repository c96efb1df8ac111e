"""The one table of keys: bindings, footer, help screen and command palette are all made from it."""

from __future__ import annotations

import itertools
from collections.abc import Set
from dataclasses import dataclass

from textual.binding import Binding, BindingType

# In the order of their number keys.
VIEWS = ("Loss", "Reconstruct", "Sample", "Interpolate", "Latent", "Traverse", "Compare", "Draw")
_LOSS, _RECONSTRUCT, _SAMPLE, _INTERPOLATE, _LATENT, _TRAVERSE, _COMPARE, _DRAW = VIEWS


@dataclass(frozen=True)
class Key:
    """A key: its Textual name, its caption on the screen, the action that it runs and what that does."""

    name: str
    cap: str
    action: str
    help: str


@dataclass(frozen=True)
class KeyGroup:
    """Keys that share a `label` in the footer; those of the label "" are not in the footer.

    `view` is the view in which they work, "" for all; `needs` is the fact without which they have no effect,
    such as "latents" (there is more than one latent size to move between), "" for none.
    """

    label: str
    keys: tuple[Key, ...]
    view: str = ""
    needs: str = ""

    def caps(self, is_ascii: bool = False) -> list[str]:
        """Return the captions of the keys; `is_ascii` for a terminal without arrows."""
        return [_ASCII_CAPS.get(key.cap, key.cap) if is_ascii else key.cap for key in self.keys]


# Textual's names of the keys whose caption is another.
_NAMES = {
    "Enter": "enter",
    "Home": "home",
    "End": "end",
    "PgUp": "pageup",
    "PgDn": "pagedown",
    "Del": "delete",
}
_NAMES |= {
    "[": "left_square_bracket",
    "]": "right_square_bracket",
    "<": "less_than_sign",
    ">": "greater_than_sign",
}
_NAMES |= {
    "-": "minus",
    "=": "equals_sign",
    ",": "comma",
    ".": "full_stop",
    "/": "slash",
    "?": "question_mark",
}
_NAMES |= {"^p": "ctrl+p", "^l": "ctrl+l", "^z": "ctrl+z", "^c": "ctrl+c"}
_ASCII_CAPS = {"←": "Left", "→": "Right", "↑": "Up", "↓": "Down"}
_ASCII_CAPS |= {f"shift+{arrow}": f"shift+{name}" for arrow, name in _ASCII_CAPS.items()}
_NAMES |= {arrow: name.lower() for arrow, name in _ASCII_CAPS.items()}

# View, label in the footer, fact that is needed, key, action, what the action does. Neighbours with the same
# view, label and fact are one group.
_TABLE: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("", "z", "latents", "[", "latent(-1)", "smaller latent size"),
    ("", "z", "latents", "]", "latent(1)", "larger latent size"),
    ("", "β", "betas", "-", "beta(-1)", "smaller β"),
    ("", "β", "betas", "=", "beta(1)", "larger β"),
    (_LOSS, "epoch", "epochs", "←", "epoch(-1)", "read off an epoch before"),
    (_LOSS, "epoch", "epochs", "→", "epoch(1)", "read off an epoch later"),
    (
        _LOSS,
        "chart",
        "charts",
        "c",
        "chart",
        "next of total, distortion, rate, −ELBO, rate of dimensions, active units",
    ),
    (_LOSS, "curves", "splits", "d", "split", "validation, training or both"),
    (_LOSS, "log", "axis", "l", "log", "logarithmic or linear axis"),
    (_RECONSTRUCT, "digit", "digits", "←", "move(-1)", "a test digit back"),
    (_RECONSTRUCT, "digit", "digits", "→", "move(1)", "a test digit on"),
    (
        _RECONSTRUCT,
        "layout",
        "layouts",
        "w",
        "layout",
        "grid, one large, or by the checkpoints of a row, column, all",
    ),
    (
        _RECONSTRUCT,
        "order",
        "orders",
        "o",
        "order",
        "as in the set, hardest first, easiest first; by the model seen now",
    ),
    (_RECONSTRUCT, "class", "classes", "c", "only(1)", "the next class alone, after 9 all"),
    (_RECONSTRUCT, "", "classes", "C", "only(-1)", "the class before alone"),
    (_RECONSTRUCT, "epoch", "timeline", ",", "epoch(-1)", "an epoch back in the training"),
    (_RECONSTRUCT, "epoch", "timeline", ".", "epoch(1)", "an epoch on"),
    (_RECONSTRUCT, "newest", "past", "End", "newest", "back to the model as it is"),
    (_RECONSTRUCT, "play", "timeline", "space", "play", "play the epochs, or stand"),
    (_RECONSTRUCT, "page", "digits", "PgUp", "page(-1)", "a screenful back, ten digits where one is seen"),
    (_RECONSTRUCT, "page", "digits", "PgDn", "page(1)", "a screenful on"),
    (_RECONSTRUCT, "first", "moved", "Home", "first", "to the first digit"),
    (
        _SAMPLE,
        "source",
        "draws",
        "p",
        "source(1)",
        "draw from the next: prior, posterior, aggregated, mixture",
    ),
    (_SAMPLE, "source", "draws", "P", "source(-1)", "draw from the one before"),
    (_SAMPLE, "digit", "digit", "n", "digit(1)", "around the next test digit"),
    (_SAMPLE, "digit", "digit", "N", "digit(-1)", "around the test digit before"),
    (_SAMPLE, "class", "digit", "c", "class(1)", "around a digit of the next class"),
    (_SAMPLE, "class", "digit", "C", "class(-1)", "around a digit of the class before"),
    (_SAMPLE, "components", "mixture", "<", "components(-1)", "fewer Gaussians in the mixture"),
    (_SAMPLE, "components", "mixture", ">", "components(1)", "more Gaussians in the mixture"),
    (_SAMPLE, "noise", "noise", "r", "noise(1)", "new noise, the same for every checkpoint"),
    (_SAMPLE, "noise", "noise", "R", "noise(-1)", "the noise before"),
    (_SAMPLE, "temp", "sigma", "↑", "temperature(1)", "hotter: wider noise"),
    (_SAMPLE, "temp", "sigma", "↓", "temperature(-1)", "colder: narrower noise"),
    (_SAMPLE, "epoch", "timeline", ",", "epoch(-1)", "an epoch back in the training"),
    (_SAMPLE, "epoch", "timeline", ".", "epoch(1)", "an epoch on"),
    (_SAMPLE, "newest", "past", "End", "newest", "back to the model as it is"),
    (_SAMPLE, "play", "timeline", "space", "play", "play the epochs, or stand"),
    (_INTERPOLATE, "step", "run", "←", "step(-1)", "a step towards A"),
    (_INTERPOLATE, "step", "run", "→", "step(1)", "a step towards B"),
    (_INTERPOLATE, "play", "run", "space", "play", "walk to and fro, or stand"),
    (_INTERPOLATE, "ends", "run", "a", "class_of('a', 1)", "A, the first stop, from the next class"),
    (_INTERPOLATE, "ends", "run", "b", "class_of('b', 1)", "B, the last stop, from the next class"),
    (_INTERPOLATE, "classic", "run", "p", "classic", "the walk 2→3→8→7→9→1, or back to the one before"),
    (_INTERPOLATE, "map", "map", "w", "map", "the walk on the map of the codes, or the large digit"),
    (_INTERPOLATE, "lerp/slerp", "run", "l", "how", "straight line or great circle"),
    (_INTERPOLATE, "stop", "run", "↑", "stop(-1)", "to the stop before"),
    (_INTERPOLATE, "stop", "run", "↓", "stop(1)", "to the next stop"),
    (_INTERPOLATE, "add", "room", "i", "insert", "another stop, into this leg or after B"),
    (_INTERPOLATE, "delete", "stops", "d", "delete", "the chosen ‹stop› away"),
    (_INTERPOLATE, "delete", "stops", "Del", "delete", "the chosen ‹stop› away"),
    (_INTERPOLATE, "class", "run", "c", "class_of('chosen', 1)", "the chosen ‹stop› from the next class"),
    (_INTERPOLATE, "class", "run", "C", "class_of('chosen', -1)", "the chosen ‹stop› from the class before"),
    (
        _INTERPOLATE,
        "digit",
        "run",
        "n",
        "digit_of('chosen', 1)",
        "the chosen ‹stop› another digit of its class",
    ),
    (
        _INTERPOLATE,
        "digit",
        "run",
        "N",
        "digit_of('chosen', -1)",
        "the chosen ‹stop› the digit of its class before",
    ),
    (_INTERPOLATE, "steps", "run", "<", "steps(-1)", "fewer steps a leg"),
    (_INTERPOLATE, "steps", "run", ">", "steps(1)", "more steps a leg"),
    (_INTERPOLATE, "others", "run", "A", "digit_of('a', 1)", "A another digit of its class"),
    (_INTERPOLATE, "others", "run", "B", "digit_of('b', 1)", "B another digit of its class"),
    (_INTERPOLATE, "to the ends", "run", "Home", "to_a", "to A"),
    (_INTERPOLATE, "to the ends", "run", "End", "to_b", "to B"),
    (_INTERPOLATE, "", "run", "shift+←", "stop(-1)", "to the stop before, as ↑"),
    (_INTERPOLATE, "", "run", "shift+→", "stop(1)", "to the next stop, as ↓"),
    (_LATENT, "cursor", "codes", "←", "cursor(-1, 0)", "cursor to the left"),
    (_LATENT, "cursor", "codes", "→", "cursor(1, 0)", "cursor to the right"),
    (_LATENT, "cursor", "codes", "↑", "cursor(0, 1)", "cursor up"),
    (_LATENT, "cursor", "codes", "↓", "cursor(0, -1)", "cursor down"),
    (_LATENT, "", "codes", "shift+←", "cursor(-5, 0)", "cursor far to the left"),
    (_LATENT, "", "codes", "shift+→", "cursor(5, 0)", "cursor far to the right"),
    (_LATENT, "", "codes", "shift+↑", "cursor(0, 5)", "cursor far up"),
    (_LATENT, "", "codes", "shift+↓", "cursor(0, -5)", "cursor far down"),
    (_LATENT, "axes", "axes", ",", "axis('across', 1)", "the next dimension along the horizontal axis"),
    (_LATENT, "axes", "axes", ".", "axis('up', 1)", "the next dimension along the vertical axis"),
    (_LATENT, "", "axes", "<", "axis('across', -1)", "the dimension before along the horizontal axis"),
    (_LATENT, "", "axes", ">", "axis('up', -1)", "the dimension before along the vertical axis"),
    (_LATENT, "projection", "codes", "p", "projection", "next projection: dims, PCA, t-SNE"),
    (_LATENT, "class", "codes", "c", "only(1)", "the next class alone, after 9 all"),
    (_LATENT, "", "codes", "C", "only(-1)", "the class before alone"),
    (_LATENT, "zoom", "codes", "o", "zoom(-1)", "zoom out"),
    (_LATENT, "zoom", "codes", "i", "zoom(1)", "zoom in around the cursor"),
    (_LATENT, "reset", "codes", "Home", "reset", "cursor to the middle, zoom out"),
    (_LATENT, "decoded plane", "flat", "d", "sheet", "digits decoded over the plane, or codes"),
    (_COMPARE, "open", "checkpoints", "↑", "mark(-1)", "to the checkpoint above in the table"),
    (_COMPARE, "open", "checkpoints", "↓", "mark(1)", "to the checkpoint below in the table"),
    (_COMPARE, "open", "checkpoints", "Enter", "open", "look at that checkpoint, in every view"),
    (_COMPARE, "digit", "cells", "←", "digit(-1)", "a test digit back"),
    (_COMPARE, "digit", "cells", "→", "digit(1)", "a test digit on"),
    (_COMPARE, "join", "plane", "j", "join", "lines by latent size or by β"),
    (_COMPARE, "order", "table", "o", "order", "sort the table by the next column"),
    (_COMPARE, "error", "classes", "e", "error", "by class: distortion or squared error"),
    (_COMPARE, "next part", "panes", "w", "pane", "plane, table, classes, same digit"),
    (_TRAVERSE, "dim", "run", "↑", "choose(-1)", "the dimension above, which carries more"),
    (_TRAVERSE, "dim", "run", "↓", "choose(1)", "the dimension below, which carries less"),
    (_TRAVERSE, "move", "run", "←", "move(-0.25)", "down by 0.25 standard deviations"),
    (_TRAVERSE, "move", "run", "→", "move(0.25)", "up by 0.25 standard deviations"),
    (_TRAVERSE, "off/on", "run", "d", "switch", "the dimension off (at 0), or on again"),
    (_TRAVERSE, "digit", "run", "n", "digit(1)", "the next test digit"),
    (_TRAVERSE, "digit", "run", "N", "digit(-1)", "the test digit before"),
    (_TRAVERSE, "back", "moved", "Home", "back", "the dimension back to the digit's code"),
    (_TRAVERSE, "all back", "moved", "r", "all_back", "every dimension back to the code"),
    (_TRAVERSE, "by ten", "run", "PgUp", "choose(-10)", "ten dimensions up"),
    (_TRAVERSE, "by ten", "run", "PgDn", "choose(10)", "ten dimensions down"),
    (_TRAVERSE, "by 1", "run", "shift+←", "move(-1)", "down by a whole standard deviation"),
    (_TRAVERSE, "by 1", "run", "shift+→", "move(1)", "up by a whole standard deviation"),
    (_DRAW, "move", "run", "←", "move(-1, 0)", "the cursor a pixel left"),
    (_DRAW, "move", "run", "→", "move(1, 0)", "the cursor a pixel right"),
    (_DRAW, "move", "run", "↑", "move(0, -1)", "the cursor a pixel up"),
    (_DRAW, "move", "run", "↓", "move(0, 1)", "the cursor a pixel down"),
    (_DRAW, "ink", "run", "space", "ink", "put the pen down, or lift it"),
    (_DRAW, "erase", "run", "e", "erase", "erase, or draw again"),
    (_DRAW, "ends", "ink", "a", "end('a')", "drawing as A"),
    (_DRAW, "ends", "ink", "b", "end('b')", "drawing as B"),
    (_DRAW, "undo", "past", "u", "undo", "take the last stroke back"),
    (_DRAW, "redo", "future", "U", "redo", "draw it again"),
    (_DRAW, "clear", "ink", "c", "clear", "an empty field"),
    (_DRAW, "clear", "ink", "Del", "clear", "an empty field"),
    (_DRAW, "pen", "run", "p", "pen", "the next of three pens"),
    (_DRAW, "centre", "run", "n", "centre", "centred as MNIST is, or as drawn"),
    ("", "mark", "run", "v", "mark", "mark the checkpoint for the charts, or unmark it"),
    ("", "", "marks", "V", "unmark_all", "take every mark away"),
    (_LOSS, "ends", "epochs", "Home", "first", "read off the first epoch"),
    (_LOSS, "ends", "epochs", "End", "last", "read off the last, and follow training"),
    (_LOSS, "by ten", "epochs", "shift+←", "epoch(-10)", "ten epochs before"),
    (_LOSS, "by ten", "epochs", "shift+→", "epoch(10)", "ten epochs later"),
    ("", "export", "run", "x", "export", "write it to a file: picture, moving picture, numbers"),
    ("", "copy command", "run", "y", "copy", "copy the command line that makes what is seen"),
    ("", "stop", "alive", "s", "stop", "stop training; what is learnt is saved"),
    ("", "download", "absent", "D", "download", "the images that others stand in for"),
    ("", "train", "", "t", "train", "train models, like this one or others"),
    ("", "find", "run", "/", "find", "a run by what one types"),
    ("", "metric", "grid", "m", "metric", "colour the grid by the next figure"),
    ("", "family", "families", "f", "family", "the next family: other data, layers …"),
    ("", "grid", "run", "g", "sidebar", "fold or unfold the grid"),
    ("", "theme", "colours", "T", "theme", "the next theme: dark, light, contrast, safe"),
    *(("", "", "", str(n), f"view('{name}')", f"show {name}") for n, name in enumerate(VIEWS, 1)),
    ("", "", "", "^p", "command_palette", "every command by name"),
    ("", "", "", "^l", "redraw", "draw the screen anew, if something else wrote on it"),
    ("", "", "", "^z", "suspend_process", "suspend the explorer (fg in the shell resumes it)"),
    ("", "", "", "^c", "quit", "leave, as q does"),
    ("", "help", "", "?", "help", "every key and what it does"),
    ("", "quit", "", "q", "quit", "leave; what is in training goes on"),
)

GROUPS: tuple[KeyGroup, ...] = tuple(
    KeyGroup(
        label,
        tuple(Key(_NAMES.get(cap, cap), cap, action, text) for *_, cap, action, text in rows),
        view,
        needs,
    )
    for (view, label, needs), rows in itertools.groupby(_TABLE, lambda row: row[:3])
)
_LAST = ("help", "quit")  # at the end of the footer, whatever else has to go


def bindings(view: str) -> list[BindingType]:
    """Textual's bindings for the rows of one view, "" for those that work everywhere."""
    return [Binding(key.name, key.action, key.help) for row in GROUPS if row.view == view for key in row.keys]


def active_groups(view: str, facts: Set[str]) -> list[KeyGroup]:
    """The rows that work in `view` while `facts` hold."""
    return [row for row in GROUPS if row.view in ("", view) and (not row.needs or row.needs in facts)]


def footer(view: str, facts: Set[str], width: int, is_ascii: bool = False) -> list[tuple[int, KeyGroup]]:
    """The rows of the footer and the column of each, as many as fit into `width`; help and quit always do."""

    def size(row: KeyGroup) -> int:
        return len(" ".join(row.caps(is_ascii))) + 1 + len(row.label) + 2

    able = [row for row in active_groups(view, facts) if row.label]
    last = [row for row in able if row.label in _LAST]
    room = width - sum(map(size, last))
    shown: list[KeyGroup] = []
    for row in able:
        room -= 0 if row in last else size(row)
        if row not in last and room >= 0:
            shown.append(row)
    shown += last
    starts = itertools.accumulate(map(size, shown[:-1]), initial=1)
    return list(zip(starts, shown, strict=True))
