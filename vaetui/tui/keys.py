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
    """One key: Textual's name of it, how it is written on the screen, the action it runs, what that does."""

    name: str
    cap: str
    action: str
    does: str


@dataclass(frozen=True)
class Row:
    """Keys that belong together; `label` stands for them in the footer, "" keeps them out of it.

    `view` is the view that they work in, "" for everywhere; `needs` is the fact without which they can do
    nothing, such as "latents" (there is more than one latent size to move between).
    """

    label: str
    keys: tuple[Key, ...]
    view: str = ""
    needs: str = ""

    def caps(self, is_plain: bool = False) -> list[str]:
        """The keys as written on the screen; `is_plain` for a terminal without arrows."""
        return [_PLAIN.get(key.cap, key.cap) if is_plain else key.cap for key in self.keys]


ROWS: tuple[Row, ...] = (
    Row(
        "z",
        (
            Key("left_square_bracket", "[", "latent(-1)", "smaller latent size"),
            Key("right_square_bracket", "]", "latent(1)", "larger latent size"),
        ),
        needs="latents",
    ),
    Row(
        "β",
        (
            Key("minus", "-", "beta(-1)", "smaller β"),
            Key("equals_sign", "=", "beta(1)", "larger β"),
        ),
        needs="betas",
    ),
    Row(
        "epoch",
        (
            Key("left", "←", "epoch(-1)", "read off an epoch before"),
            Key("right", "→", "epoch(1)", "read off an epoch later"),
        ),
        _LOSS,
        "epochs",
    ),
    Row(
        "chart",
        (Key("c", "c", "chart", "next of total, distortion, rate, −ELBO, rate of dimensions, active units"),),
        _LOSS,
        "charts",
    ),
    Row("curves", (Key("d", "d", "split", "validation, training or both"),), _LOSS, "splits"),
    Row("log", (Key("l", "l", "log", "logarithmic or linear axis"),), _LOSS, "axis"),
    Row(
        "digit",
        (
            Key("left", "←", "move(-1)", "a test digit back"),
            Key("right", "→", "move(1)", "a test digit on"),
        ),
        _RECONSTRUCT,
        "digits",
    ),
    Row(
        "layout",
        (Key("w", "w", "layout", "grid, one large, or by the checkpoints of a row, column, all"),),
        _RECONSTRUCT,
        "layouts",
    ),
    Row(
        "order",
        (Key("o", "o", "order", "as in the set, hardest first, easiest first; by the model seen now"),),
        _RECONSTRUCT,
        "orders",
    ),
    Row(
        "class",
        (Key("c", "c", "only(1)", "the next class alone, after 9 all"),),
        _RECONSTRUCT,
        "classes",
    ),
    Row("", (Key("C", "C", "only(-1)", "the class before alone"),), _RECONSTRUCT, "classes"),
    Row(
        "epoch",
        (
            Key("comma", ",", "epoch(-1)", "an epoch back in the training"),
            Key("full_stop", ".", "epoch(1)", "an epoch on"),
        ),
        _RECONSTRUCT,
        "timeline",
    ),
    Row(
        "newest",
        (Key("end", "End", "newest", "back to the model as it is"),),
        _RECONSTRUCT,
        "past",
    ),
    Row("play", (Key("space", "space", "play", "play the epochs, or stand"),), _RECONSTRUCT, "timeline"),
    Row(
        "page",
        (
            Key("pageup", "PgUp", "page(-1)", "a screenful back, ten digits where one is seen"),
            Key("pagedown", "PgDn", "page(1)", "a screenful on"),
        ),
        _RECONSTRUCT,
        "digits",
    ),
    Row("first", (Key("home", "Home", "first", "to the first digit"),), _RECONSTRUCT, "moved"),
    Row(
        "source",
        (
            Key("p", "p", "source(1)", "draw from the next: prior, posterior, aggregated, mixture"),
            Key("P", "P", "source(-1)", "draw from the one before"),
        ),
        _SAMPLE,
        "draws",
    ),
    Row(
        "digit",
        (
            Key("n", "n", "digit(1)", "around the next test digit"),
            Key("N", "N", "digit(-1)", "around the test digit before"),
        ),
        _SAMPLE,
        "digit",
    ),
    Row(
        "class",
        (
            Key("c", "c", "class(1)", "around a digit of the next class"),
            Key("C", "C", "class(-1)", "around a digit of the class before"),
        ),
        _SAMPLE,
        "digit",
    ),
    Row(
        "components",
        (
            Key("less_than_sign", "<", "components(-1)", "fewer Gaussians in the mixture"),
            Key("greater_than_sign", ">", "components(1)", "more Gaussians in the mixture"),
        ),
        _SAMPLE,
        "mixture",
    ),
    Row(
        "noise",
        (
            Key("r", "r", "noise(1)", "new noise, the same for every checkpoint"),
            Key("R", "R", "noise(-1)", "the noise before"),
        ),
        _SAMPLE,
        "noise",
    ),
    Row(
        "temp",
        (
            Key("up", "↑", "temperature(1)", "hotter: wider noise"),
            Key("down", "↓", "temperature(-1)", "colder: narrower noise"),
        ),
        _SAMPLE,
        "sigma",
    ),
    Row(
        "epoch",
        (
            Key("comma", ",", "epoch(-1)", "an epoch back in the training"),
            Key("full_stop", ".", "epoch(1)", "an epoch on"),
        ),
        _SAMPLE,
        "timeline",
    ),
    Row(
        "newest",
        (Key("end", "End", "newest", "back to the model as it is"),),
        _SAMPLE,
        "past",
    ),
    Row("play", (Key("space", "space", "play", "play the epochs, or stand"),), _SAMPLE, "timeline"),
    Row(
        "step",
        (
            Key("left", "←", "step(-1)", "a step towards A"),
            Key("right", "→", "step(1)", "a step towards B"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row("play", (Key("space", "space", "play", "walk to and fro, or stand"),), _INTERPOLATE, "run"),
    Row(
        "ends",
        (
            Key("a", "a", "class_of('a', 1)", "A, the first stop, from the next class"),
            Key("b", "b", "class_of('b', 1)", "B, the last stop, from the next class"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row(
        "classic",
        (Key("p", "p", "classic", "the walk 2→3→8→7→9→1, or back to the one before"),),
        _INTERPOLATE,
        "run",
    ),
    Row(
        "map",
        (Key("w", "w", "map", "the walk on the map of the codes, or the large digit"),),
        _INTERPOLATE,
        "map",
    ),
    Row("lerp/slerp", (Key("l", "l", "how", "straight line or great circle"),), _INTERPOLATE, "run"),
    Row(
        "stop",
        (
            Key("up", "↑", "stop(-1)", "to the stop before"),
            Key("down", "↓", "stop(1)", "to the next stop"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row("add", (Key("i", "i", "insert", "another stop, into this leg or after B"),), _INTERPOLATE, "room"),
    Row(
        "delete",
        (
            Key("d", "d", "delete", "the chosen ‹stop› away"),
            Key("delete", "Del", "delete", "the chosen ‹stop› away"),
        ),
        _INTERPOLATE,
        "stops",
    ),
    Row(
        "class",
        (
            Key("c", "c", "class_of('chosen', 1)", "the chosen ‹stop› from the next class"),
            Key("C", "C", "class_of('chosen', -1)", "the chosen ‹stop› from the class before"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row(
        "digit",
        (
            Key("n", "n", "digit_of('chosen', 1)", "the chosen ‹stop› another digit of its class"),
            Key("N", "N", "digit_of('chosen', -1)", "the chosen ‹stop› the digit of its class before"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row(
        "steps",
        (
            Key("less_than_sign", "<", "steps(-1)", "fewer steps a leg"),
            Key("greater_than_sign", ">", "steps(1)", "more steps a leg"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row(
        "others",
        (
            Key("A", "A", "digit_of('a', 1)", "A another digit of its class"),
            Key("B", "B", "digit_of('b', 1)", "B another digit of its class"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row(
        "to the ends",
        (
            Key("home", "Home", "to_a", "to A"),
            Key("end", "End", "to_b", "to B"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row(
        "",
        (
            Key("shift+left", "shift+←", "stop(-1)", "to the stop before, as ↑"),
            Key("shift+right", "shift+→", "stop(1)", "to the next stop, as ↓"),
        ),
        _INTERPOLATE,
        "run",
    ),
    Row(
        "cursor",
        (
            Key("left", "←", "cursor(-1, 0)", "cursor to the left"),
            Key("right", "→", "cursor(1, 0)", "cursor to the right"),
            Key("up", "↑", "cursor(0, 1)", "cursor up"),
            Key("down", "↓", "cursor(0, -1)", "cursor down"),
        ),
        _LATENT,
        "codes",
    ),
    Row(
        "",
        (
            Key("shift+left", "shift+←", "cursor(-5, 0)", "cursor far to the left"),
            Key("shift+right", "shift+→", "cursor(5, 0)", "cursor far to the right"),
            Key("shift+up", "shift+↑", "cursor(0, 5)", "cursor far up"),
            Key("shift+down", "shift+↓", "cursor(0, -5)", "cursor far down"),
        ),
        _LATENT,
        "codes",
    ),
    Row(
        "axes",
        (
            Key("comma", ",", "axis('across', 1)", "the next dimension along the horizontal axis"),
            Key("full_stop", ".", "axis('up', 1)", "the next dimension along the vertical axis"),
        ),
        _LATENT,
        "axes",
    ),
    Row(
        "",
        (
            Key(
                "less_than_sign", "<", "axis('across', -1)", "the dimension before along the horizontal axis"
            ),
            Key("greater_than_sign", ">", "axis('up', -1)", "the dimension before along the vertical axis"),
        ),
        _LATENT,
        "axes",
    ),
    Row(
        "projection",
        (Key("p", "p", "projection", "next projection: dims, PCA, t-SNE"),),
        _LATENT,
        "codes",
    ),
    Row("class", (Key("c", "c", "only(1)", "the next class alone, after 9 all"),), _LATENT, "codes"),
    Row("", (Key("C", "C", "only(-1)", "the class before alone"),), _LATENT, "codes"),
    Row(
        "zoom",
        (
            Key("o", "o", "zoom(-1)", "zoom out"),
            Key("i", "i", "zoom(1)", "zoom in around the cursor"),
        ),
        _LATENT,
        "codes",
    ),
    Row("reset", (Key("home", "Home", "reset", "cursor to the middle, zoom out"),), _LATENT, "codes"),
    Row(
        "decoded plane", (Key("d", "d", "sheet", "digits decoded over the plane, or codes"),), _LATENT, "flat"
    ),
    Row(
        "open",
        (
            Key("up", "↑", "mark(-1)", "to the checkpoint above in the table"),
            Key("down", "↓", "mark(1)", "to the checkpoint below in the table"),
            Key("enter", "Enter", "open", "look at that checkpoint, in every view"),
        ),
        _COMPARE,
        "checkpoints",
    ),
    Row(
        "digit",
        (
            Key("left", "←", "digit(-1)", "a test digit back"),
            Key("right", "→", "digit(1)", "a test digit on"),
        ),
        _COMPARE,
        "cells",
    ),
    Row("join", (Key("j", "j", "join", "lines by latent size or by β"),), _COMPARE, "plane"),
    Row("order", (Key("o", "o", "order", "sort the table by the next column"),), _COMPARE, "table"),
    Row("error", (Key("e", "e", "error", "by class: distortion or squared error"),), _COMPARE, "classes"),
    Row("next part", (Key("w", "w", "pane", "plane, table, classes, same digit"),), _COMPARE, "panes"),
    Row(
        "dim",
        (
            Key("up", "↑", "choose(-1)", "the dimension above, which carries more"),
            Key("down", "↓", "choose(1)", "the dimension below, which carries less"),
        ),
        _TRAVERSE,
        "run",
    ),
    Row(
        "move",
        (
            Key("left", "←", "move(-0.25)", "down by 0.25 standard deviations"),
            Key("right", "→", "move(0.25)", "up by 0.25 standard deviations"),
        ),
        _TRAVERSE,
        "run",
    ),
    Row("off/on", (Key("d", "d", "switch", "the dimension off (at 0), or on again"),), _TRAVERSE, "run"),
    Row(
        "digit",
        (
            Key("n", "n", "digit(1)", "the next test digit"),
            Key("N", "N", "digit(-1)", "the test digit before"),
        ),
        _TRAVERSE,
        "run",
    ),
    Row("back", (Key("home", "Home", "back", "the dimension back to the digit's code"),), _TRAVERSE, "moved"),
    Row("all back", (Key("r", "r", "all_back", "every dimension back to the code"),), _TRAVERSE, "moved"),
    Row(
        "by ten",
        (
            Key("pageup", "PgUp", "choose(-10)", "ten dimensions up"),
            Key("pagedown", "PgDn", "choose(10)", "ten dimensions down"),
        ),
        _TRAVERSE,
        "run",
    ),
    Row(
        "by 1",
        (
            Key("shift+left", "shift+←", "move(-1)", "down by a whole standard deviation"),
            Key("shift+right", "shift+→", "move(1)", "up by a whole standard deviation"),
        ),
        _TRAVERSE,
        "run",
    ),
    Row(
        "move",
        (
            Key("left", "←", "move(-1, 0)", "the cursor a pixel left"),
            Key("right", "→", "move(1, 0)", "the cursor a pixel right"),
            Key("up", "↑", "move(0, -1)", "the cursor a pixel up"),
            Key("down", "↓", "move(0, 1)", "the cursor a pixel down"),
        ),
        _DRAW,
        "run",
    ),
    Row("ink", (Key("space", "space", "ink", "put the pen down, or lift it"),), _DRAW, "run"),
    Row("erase", (Key("e", "e", "erase", "erase, or draw again"),), _DRAW, "run"),
    Row(
        "ends",
        (
            Key("a", "a", "end('a')", "drawing as A"),
            Key("b", "b", "end('b')", "drawing as B"),
        ),
        _DRAW,
        "ink",
    ),
    Row("undo", (Key("u", "u", "undo", "take the last stroke back"),), _DRAW, "past"),
    Row("redo", (Key("U", "U", "redo", "draw it again"),), _DRAW, "future"),
    Row(
        "clear",
        (
            Key("c", "c", "clear", "an empty field"),
            Key("delete", "Del", "clear", "an empty field"),
        ),
        _DRAW,
        "ink",
    ),
    Row("pen", (Key("p", "p", "pen", "the next of three pens"),), _DRAW, "run"),
    Row("centre", (Key("n", "n", "centre", "centred as MNIST is, or as drawn"),), _DRAW, "run"),
    Row("mark", (Key("v", "v", "mark", "mark the checkpoint for the charts, or unmark it"),), needs="run"),
    Row("", (Key("V", "V", "unmark_all", "take every mark away"),), needs="marks"),
    Row(
        "ends",
        (
            Key("home", "Home", "first", "read off the first epoch"),
            Key("end", "End", "last", "read off the last, and follow training"),
        ),
        _LOSS,
        "epochs",
    ),
    Row(
        "by ten",
        (
            Key("shift+left", "shift+←", "epoch(-10)", "ten epochs before"),
            Key("shift+right", "shift+→", "epoch(10)", "ten epochs later"),
        ),
        _LOSS,
        "epochs",
    ),
    Row(
        "export",
        (Key("x", "x", "export", "write it to a file: picture, moving picture, numbers"),),
        needs="run",
    ),
    Row(
        "copy command",
        (Key("y", "y", "copy", "copy the command line that makes what is seen"),),
        needs="run",
    ),
    Row("stop", (Key("s", "s", "stop", "stop training; what is learnt is saved"),), needs="alive"),
    Row("download", (Key("D", "D", "download", "the images that others stand in for"),), needs="absent"),
    Row("train", (Key("t", "t", "train", "train models, like this one or others"),)),
    Row("find", (Key("slash", "/", "find", "a run by what one types"),), needs="run"),
    Row("metric", (Key("m", "m", "metric", "colour the grid by the next figure"),), needs="grid"),
    Row(
        "family",
        (Key("f", "f", "family", "the next family: other data, layers …"),),
        needs="families",
    ),
    Row("grid", (Key("g", "g", "sidebar", "fold or unfold the grid"),), needs="run"),
    Row("theme", (Key("T", "T", "theme", "the next theme: dark, light, contrast, safe"),), needs="colours"),
    Row("", tuple(Key(str(n), str(n), f"view('{name}')", f"show {name}") for n, name in enumerate(VIEWS, 1))),
    Row("", (Key("ctrl+p", "^p", "command_palette", "every command by name"),)),
    Row("", (Key("ctrl+l", "^l", "redraw", "draw the screen anew, if something else wrote on it"),)),
    Row("", (Key("ctrl+z", "^z", "suspend_process", "suspend the explorer (fg in the shell resumes it)"),)),
    Row("", (Key("ctrl+c", "^c", "quit", "leave, as q does"),)),
    Row("help", (Key("question_mark", "?", "help", "every key and what it does"),)),
    Row("quit", (Key("q", "q", "quit", "leave; what is in training goes on"),)),
)

_PLAIN = {"←": "Left", "→": "Right", "↑": "Up", "↓": "Down"}
_PLAIN |= {f"shift+{arrow}": f"shift+{name}" for arrow, name in _PLAIN.items()}
_LAST = ("help", "quit")  # at the end of the footer, whatever else has to go


def bindings(view: str) -> list[BindingType]:
    """Textual's bindings for the rows of one view, "" for those that work everywhere."""
    return [Binding(key.name, key.action, key.does) for row in ROWS if row.view == view for key in row.keys]


def rows(view: str, facts: Set[str]) -> list[Row]:
    """The rows that work in `view` while `facts` hold."""
    return [row for row in ROWS if row.view in ("", view) and (not row.needs or row.needs in facts)]


def footer(view: str, facts: Set[str], width: int, is_plain: bool = False) -> list[tuple[int, Row]]:
    """The rows of the footer and the column of each, as many as fit into `width`; help and quit always do."""

    def size(row: Row) -> int:
        return len(" ".join(row.caps(is_plain))) + 1 + len(row.label) + 2

    able = [row for row in rows(view, facts) if row.label]
    last = [row for row in able if row.label in _LAST]
    room = width - sum(map(size, last))
    shown: list[Row] = []
    for row in able:
        room -= 0 if row in last else size(row)
        if row not in last and room >= 0:
            shown.append(row)
    shown += last
    starts = itertools.accumulate(map(size, shown[:-1]), initial=1)
    return list(zip(starts, shown, strict=True))
