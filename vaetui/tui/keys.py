"""The table of keys, from which bindings, footer, help screen and command palette are made."""

from __future__ import annotations

import itertools
from collections.abc import Set
from dataclasses import dataclass
from functools import cache

from textual.binding import Binding, BindingType

# In the order of their number keys.
VIEWS = ("Loss", "Reconstruct", "Sample", "Interpolate", "Latent", "Traverse", "Compare", "Draw")
SHORT_TITLES = {"Reconstruct": "Recon", "Interpolate": "Interp", "Traverse": "Trav", "Compare": "Cmp"}
_LOSS, _RECONSTRUCT, _SAMPLE, _INTERPOLATE, _LATENT, _TRAVERSE, _COMPARE, _DRAW = VIEWS


@dataclass(frozen=True)
class Key:
    """A key: its Textual name, its caption on the screen, the action that it runs and what that does.

    `letter` is the letter that does the same, "" for none.
    """

    name: str
    cap: str
    action: str
    help: str
    letter: str = ""


@dataclass(frozen=True)
class KeyGroup:
    """Keys that share a `label` in the footer; those of the label "" are not in the footer.

    `view` is the view in which they work, "" for all; `needs` is the fact without which they have no effect,
    such as "latents" (there is more than one latent size to move between), "" for none; `reason` says why.
    """

    label: str
    keys: tuple[Key, ...]
    view: str = ""
    needs: str = ""

    def caps(self, is_ascii: bool = False) -> list[str]:
        """Return the captions of the keys; `is_ascii` for a terminal without arrows."""
        return [_ASCII_CAPS.get(key.cap, key.cap) if is_ascii else key.cap for key in self.keys]


# Textual's names of the keys whose caption is another.
_NAMES = {"Enter": "enter", "Home": "home", "End": "end", "PgUp": "pageup", "PgDn": "pagedown"}
_NAMES |= {"Tab": "tab", "shift+Tab": "shift+tab", "(": "left_parenthesis", ")": "right_parenthesis"}
_NAMES |= {"{": "left_curly_bracket", "}": "right_curly_bracket"}
_NAMES |= {"[": "left_square_bracket", "]": "right_square_bracket", "<": "less_than_sign"}
_NAMES |= {">": "greater_than_sign", "-": "minus", "=": "equals_sign", ",": "comma", ".": "full_stop"}
_NAMES |= {";": "semicolon", ":": "colon", "/": "slash", "?": "question_mark", "Del": "delete"}
_NAMES |= {"^p": "ctrl+p", "^l": "ctrl+l", "^z": "ctrl+z", "^c": "ctrl+c"}
_ASCII_CAPS = {"←": "Left", "→": "Right", "↑": "Up", "↓": "Down"}
_ASCII_CAPS |= {f"shift+{arrow}": f"shift+{name}" for arrow, name in _ASCII_CAPS.items()}
_ASCII_CAPS |= {"wheel↑": "wheel-up", "wheel↓": "wheel-down"}
_NAMES |= {arrow: name.lower() for arrow, name in _ASCII_CAPS.items()}
_LETTERS = {"left": "h", "down": "j", "up": "k", "right": "l"}  # that do what an arrow does
_WITH_LINEAR = (_LOSS, _INTERPOLATE)  # where `l` is "linear or not", and therefore `h` is no arrow either

# View, label in the footer, fact that is needed, key, action, what the action does. Neighbours with the same
# view, label and fact are one group.
_TABLE: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("", "z", "latents", "[", "latent(-1)", "smaller latent size"),
    ("", "z", "latents", "]", "latent(1)", "larger latent size"),
    ("", "β", "betas", "-", "beta(-1)", "smaller β"),
    ("", "β", "betas", "=", "beta(1)", "larger β"),
    ("", "seed", "seeds", ":", "seed(-1)", "previous seed of this model"),
    ("", "seed", "seeds", ";", "seed(1)", "next seed of this model"),
    (_LOSS, "epoch", "epochs", "←", "epoch(-1)", "previous epoch"),
    (_LOSS, "epoch", "epochs", "→", "epoch(1)", "next epoch"),
    (_LOSS, "", "epochs", ",", "epoch(-1)", "previous epoch"),
    (_LOSS, "", "epochs", ".", "epoch(1)", "next epoch"),
    (_LOSS, "chart", "charts", "w", "chart", "next chart (total, distortion, rate, −ELBO …)"),
    (_LOSS, "curves", "splits", "S", "split", "curves: validation, training or both"),
    (_LOSS, "log", "axis", "l", "log", "logarithmic or linear axis"),
    (_LOSS, "all", "axis", "z", "range", "axis of all epochs, or without the first (▲ marks them)"),
    (_RECONSTRUCT, "image", "images", "←", "move(-1)", "previous test image"),
    (_RECONSTRUCT, "image", "images", "→", "move(1)", "next test image"),
    (_RECONSTRUCT, "", "images", "n", "move(1)", "next test image"),
    (_RECONSTRUCT, "", "images", "N", "move(-1)", "previous test image"),
    (_RECONSTRUCT, "layout", "layouts", "w", "layout", "layout: grid, one large, or across checkpoints"),
    (_RECONSTRUCT, "order", "orders", "o", "order", "order: dataset, hardest or easiest first (this model)"),
    (_RECONSTRUCT, "class", "classes", "c", "only(1)", "filter by next class (after the last: all)"),
    (_RECONSTRUCT, "", "classes", "C", "only(-1)", "filter by previous class"),
    (_RECONSTRUCT, "epoch", "timeline", ",", "epoch(-1)", "previous epoch"),
    (_RECONSTRUCT, "epoch", "timeline", ".", "epoch(1)", "next epoch"),
    (_RECONSTRUCT, "newest", "past", "End", "newest", "the current model"),
    (_RECONSTRUCT, "play", "timeline", "space", "play", "play / pause"),
    (_RECONSTRUCT, "page", "images", "PgUp", "page(-1)", "previous page (ten images where one is shown)"),
    (_RECONSTRUCT, "page", "images", "PgDn", "page(1)", "next page"),
    (_RECONSTRUCT, "first", "moved", "Home", "first", "first image"),
    (_SAMPLE, "source", "samples", "p", "source", "next source: prior, posterior, aggregated, mixture"),
    (_SAMPLE, "image", "image", "n", "image(1)", "next test image"),
    (_SAMPLE, "image", "image", "N", "image(-1)", "previous test image"),
    (_SAMPLE, "class", "image", "c", "class(1)", "test image of the next class"),
    (_SAMPLE, "class", "image", "C", "class(-1)", "test image of the previous class"),
    (_SAMPLE, "components", "mixture", "<", "components(-1)", "fewer mixture components"),
    (_SAMPLE, "components", "mixture", ">", "components(1)", "more mixture components"),
    (_SAMPLE, "noise", "noise", "r", "noise(1)", "next noise seed (the same for all checkpoints)"),
    (_SAMPLE, "", "noise", "PgUp", "noise(-1)", "previous noise seed"),
    (_SAMPLE, "", "noise", "PgDn", "noise(1)", "next noise seed"),
    (_SAMPLE, "temp", "sigma", "↑", "temperature(1)", "raise temperature"),
    (_SAMPLE, "temp", "sigma", "↓", "temperature(-1)", "lower temperature"),
    (_SAMPLE, "epoch", "timeline", ",", "epoch(-1)", "previous epoch"),
    (_SAMPLE, "epoch", "timeline", ".", "epoch(1)", "next epoch"),
    (_SAMPLE, "newest", "past", "End", "newest", "the current model"),
    (_SAMPLE, "play", "timeline", "space", "play", "play / pause"),
    (_INTERPOLATE, "step", "shown", "←", "step(-1)", "previous step (towards A)"),
    (_INTERPOLATE, "step", "shown", "→", "step(1)", "next step (towards B)"),
    (_INTERPOLATE, "play", "shown", "space", "play", "play / pause"),
    (_INTERPOLATE, "ends", "shown", "a", "class_of(0, 1)", "A (first stop): next class"),
    (_INTERPOLATE, "ends", "shown", "b", "class_of(-1, 1)", "B (last stop): next class"),
    (_INTERPOLATE, "preset", "shown", "P", "classic", "preset path 2→3→8→7→9→1, or the previous path"),
    (_INTERPOLATE, "map", "map", "w", "map", "path on the map of codes, or the large image"),
    (_INTERPOLATE, "lerp/slerp", "shown", "l", "how", "lerp or slerp"),
    (_INTERPOLATE, "stop", "shown", "↑", "stop(-1)", "previous stop"),
    (_INTERPOLATE, "stop", "shown", "↓", "stop(1)", "next stop"),
    (_INTERPOLATE, "add", "room", "i", "insert", "insert a stop into this segment, or after B"),
    (_INTERPOLATE, "delete", "stops", "Del", "delete", "delete the selected stop"),
    (_INTERPOLATE, "class", "shown", "c", "class_of(None, 1)", "selected stop: next class"),
    (_INTERPOLATE, "class", "shown", "C", "class_of(None, -1)", "selected stop: previous class"),
    (_INTERPOLATE, "image", "shown", "n", "image_of(None, 1)", "selected stop: next image of its class"),
    (
        _INTERPOLATE,
        "image",
        "shown",
        "N",
        "image_of(None, -1)",
        "selected stop: previous image of its class",
    ),
    (_INTERPOLATE, "steps", "shown", "<", "steps(-1)", "fewer steps per segment"),
    (_INTERPOLATE, "steps", "shown", ">", "steps(1)", "more steps per segment"),
    (_INTERPOLATE, "others", "shown", "A", "image_of(0, 1)", "replace A with another of its class"),
    (_INTERPOLATE, "others", "shown", "B", "image_of(-1, 1)", "replace B with another of its class"),
    (_INTERPOLATE, "to the ends", "shown", "Home", "at(0)", "jump to A"),
    (_INTERPOLATE, "to the ends", "shown", "End", "to_b", "jump to B"),
    (_INTERPOLATE, "", "shown", "shift+←", "stop(-1)", "previous stop (as ↑)"),
    (_INTERPOLATE, "", "shown", "shift+→", "stop(1)", "next stop (as ↓)"),
    (_INTERPOLATE, "", "shown", "wheel↑", "step(-1)", "previous step"),
    (_INTERPOLATE, "", "shown", "wheel↓", "step(1)", "next step"),
    (_LATENT, "cursor", "codes", "←", "cursor(-1, 0)", "move the cursor left"),
    (_LATENT, "cursor", "codes", "→", "cursor(1, 0)", "move the cursor right"),
    (_LATENT, "cursor", "codes", "↑", "cursor(0, 1)", "move the cursor up"),
    (_LATENT, "cursor", "codes", "↓", "cursor(0, -1)", "move the cursor down"),
    (_LATENT, "", "codes", "shift+←", "cursor(-5, 0)", "move the cursor left by five"),
    (_LATENT, "", "codes", "shift+→", "cursor(5, 0)", "move the cursor right by five"),
    (_LATENT, "", "codes", "shift+↑", "cursor(0, 5)", "move the cursor up by five"),
    (_LATENT, "", "codes", "shift+↓", "cursor(0, -5)", "move the cursor down by five"),
    (_LATENT, "axes", "axes", "(", "axis('across', -1)", "horizontal axis: previous dimension"),
    (_LATENT, "axes", "axes", ")", "axis('across', 1)", "horizontal axis: next dimension"),
    (_LATENT, "axes", "axes", "{", "axis('up', -1)", "vertical axis: previous dimension"),
    (_LATENT, "axes", "axes", "}", "axis('up', 1)", "vertical axis: next dimension"),
    (_LATENT, "projection", "codes", "w", "projection", "next projection: dims, PCA, t-SNE"),
    (_LATENT, "class", "codes", "c", "only(1)", "filter by next class (after the last: all)"),
    (_LATENT, "", "codes", "C", "only(-1)", "filter by previous class"),
    (_LATENT, "zoom", "codes", "z", "zoom(1)", "zoom in around the cursor"),
    (_LATENT, "zoom", "codes", "Z", "zoom(-1)", "zoom out"),
    (_LATENT, "points", "codes", "<", "point(-1)", "smaller points"),
    (_LATENT, "points", "codes", ">", "point(1)", "larger points"),
    (_LATENT, "", "codes", "wheel↑", "zoom(1)", "zoom in around the cursor"),
    (_LATENT, "", "codes", "wheel↓", "zoom(-1)", "zoom out"),
    (_LATENT, "reset", "codes", "Home", "reset", "reset cursor and zoom"),
    (_LATENT, "decoded plane", "flat", "d", "sheet", "decoded grid over the plane, or codes"),
    (_COMPARE, "open", "checkpoints", "↑", "cursor(-1)", "previous checkpoint in the table"),
    (_COMPARE, "open", "checkpoints", "↓", "cursor(1)", "next checkpoint in the table"),
    (_COMPARE, "open", "checkpoints", "Enter", "open", "select that checkpoint in every view"),
    (_COMPARE, "image", "cells", "←", "image(-1)", "previous test image"),
    (_COMPARE, "image", "cells", "→", "image(1)", "next test image"),
    (_COMPARE, "", "cells", "n", "image(1)", "next test image"),
    (_COMPARE, "", "cells", "N", "image(-1)", "previous test image"),
    (_COMPARE, "join", "plane", "J", "join", "join points by latent size or by β"),
    (_COMPARE, "order", "table", "o", "order", "sort the table by the next column"),
    (_COMPARE, "error", "classes", "E", "error", "metric by class: distortion or squared error"),
    (_COMPARE, "next pane", "panes", "w", "pane", "next pane: plane, table, classes, same image"),
    (_TRAVERSE, "dim", "shown", "↑", "choose(-1)", "previous dimension (higher rate)"),
    (_TRAVERSE, "dim", "shown", "↓", "choose(1)", "next dimension (lower rate)"),
    (_TRAVERSE, "move", "shown", "←", "move(-0.25)", "decrease by 0.25 standard deviations"),
    (_TRAVERSE, "move", "shown", "→", "move(0.25)", "increase by 0.25 standard deviations"),
    (_TRAVERSE, "off/on", "shown", "0", "switch", "switch the dimension off (0) or on"),
    (_TRAVERSE, "image", "shown", "n", "image(1)", "next test image"),
    (_TRAVERSE, "image", "shown", "N", "image(-1)", "previous test image"),
    (_TRAVERSE, "back", "moved", "Home", "back", "reset the dimension to the image's code"),
    (_TRAVERSE, "all back", "moved", "Del", "all_back", "reset every dimension"),
    (_TRAVERSE, "by ten", "shown", "PgUp", "choose(-10)", "ten dimensions back"),
    (_TRAVERSE, "by ten", "shown", "PgDn", "choose(10)", "ten dimensions on"),
    (_TRAVERSE, "by 1", "shown", "shift+←", "move(-1)", "decrease by one standard deviation"),
    (_TRAVERSE, "by 1", "shown", "shift+→", "move(1)", "increase by one standard deviation"),
    (_DRAW, "move", "run", "←", "move(-1, 0)", "move the cursor left"),
    (_DRAW, "move", "run", "→", "move(1, 0)", "move the cursor right"),
    (_DRAW, "move", "run", "↑", "move(0, -1)", "move the cursor up"),
    (_DRAW, "move", "run", "↓", "move(0, 1)", "move the cursor down"),
    (_DRAW, "ink", "run", "space", "ink", "pen down / pen up"),
    (_DRAW, "erase", "run", "e", "erase", "erase / draw"),
    (_DRAW, "ends", "ink", "a", "end('a')", "use the drawing as endpoint A in Interpolate"),
    (_DRAW, "ends", "ink", "b", "end('b')", "use the drawing as endpoint B in Interpolate"),
    (_DRAW, "undo", "past", "u", "undo", "undo the last stroke"),
    (_DRAW, "redo", "future", "U", "redo", "redo"),
    (_DRAW, "clear", "ink", "Del", "clear", "clear the drawing"),
    (_DRAW, "pen", "run", "<", "pen(-1)", "thinner pen"),
    (_DRAW, "pen", "run", ">", "pen(1)", "thicker pen"),
    (_DRAW, "centre", "run", "w", "centre", "centre as in MNIST, or keep as drawn"),
    ("", "mark", "run", "v", "mark", "mark or unmark the checkpoint for the charts"),
    ("", "", "marks", "V", "unmark_all", "clear all marks"),
    (_LOSS, "ends", "epochs", "Home", "first", "first epoch"),
    (_LOSS, "ends", "epochs", "End", "last", "last epoch; follow training"),
    (_LOSS, "by ten", "epochs", "shift+←", "epoch(-10)", "ten epochs back"),
    (_LOSS, "by ten", "epochs", "shift+→", "epoch(10)", "ten epochs on"),
    ("", "training", "elsewhere", "W", "training", "next run in training, whatever its family"),
    ("", "export", "", "x", "export", "export: PNG, SVG, GIF or npz"),
    ("", "", "", "X", "report", "report: figures, tables and checked claims, as HTML"),
    ("", "copy command", "run", "y", "copy", "copy the command for this view"),
    ("", "stop", "alive", "s", "stop", "stop training (saves first)"),
    ("", "download", "absent", "D", "download", "download this dataset"),
    ("", "train", "", "t", "train", "train models"),
    ("", "runs", "run", "R", "run_list", "run list: sort, mark, open, note, rename, delete"),
    ("", "find", "run", "/", "run_list(True)", "find runs: filter the run list"),
    ("", "metric", "grid", "m", "metric", "colour the grid by: next metric"),
    ("", "family", "families", "f", "family(1)", "next experiment (other dataset or settings)"),
    ("", "", "families", "F", "family(-1)", "previous experiment"),
    ("", "grid", "run", "g", "sidebar", "show or hide the grid"),
    ("", "theme", "colours", "T", "theme", "next theme: dark, light, contrast, safe"),
    *(("", "", "", str(n), f"view('{name}')", f"show {name}") for n, name in enumerate(VIEWS, 1)),
    ("", "", "", "Tab", "next_view(1)", "next view"),
    ("", "", "", "shift+Tab", "next_view(-1)", "previous view"),
    ("", "", "", "^p", "command_palette", "command palette"),
    ("", "", "", "M", "messages", "messages: the last 100 with their times"),
    ("", "", "", "^l", "redraw", "redraw the screen"),
    ("", "", "", "^z", "suspend_process", "suspend (`fg` resumes)"),
    ("", "help", "", "?", "help", "help: all keys"),
    ("", "quit", "", "q", "quit", "quit (training continues)"),
    ("", "", "", "^c", "quit", "quit (as q)"),
)


def _key(view: str, cap: str, action: str, does: str) -> Key:
    name = _NAMES.get(cap, cap)
    letter = _LETTERS.get(name, "")
    return Key(name, cap, action, does, "" if view in _WITH_LINEAR and letter in "hl" else letter)


GROUPS: tuple[KeyGroup, ...] = tuple(
    KeyGroup(label, tuple(_key(view, *row[3:]) for row in rows), view, needs)
    for (view, label, needs), rows in itertools.groupby(_TABLE, lambda row: row[:3])
)
# Other words for what an action does, by which the command palette finds it.
SYNONYMS = {
    "export": "save write file picture image screenshot movie animation",
    "report": "experiment recipe claims markdown verdict reproduce figures paper",
    "copy": "clipboard yank cli shell",
    "train": "fit learn new model start run",
    "stop": "cancel abort interrupt end kill training",
    "download": "get fetch images data mnist",
    "run_list": "browse table open list sort note comment rename delete remove trash",
    "run_list(True)": "search filter go open list runs",
    "mark": "select overlay compare",
    "unmark_all": "deselect remove",
    "metric": "heat map figure",
    "family(1)": "dataset switch",
    "seed(1)": "members repeat random run",
    "sidebar": "toggle panel",
    "theme": "colours colors colour-blind",
    "play": "animate run start stop pause",
    "messages": "log history errors warnings notices",
    "training": "running progress live status",
    "help": "keys shortcuts manual documentation glossary terms",
    "quit": "exit close leave bye",
    "redraw": "refresh repaint clear",
    "suspend_process": "background shell",
    "layout": "large enlarge zoom across",
    "order": "sort hardest easiest difficult",
    "source": "prior posterior mixture generate",
    "noise(1)": "random new seed draw",
    "temperature(1)": "hotter std",
    "classic": "digits route",
    "how": "linear spherical",
    "projection": "map t-sne umap principal",
    "sheet": "manifold plane",
    "error": "mse accuracy",
    "undo": "back revert",
    "clear": "delete erase empty",
    "newest": "latest last",
}
# Why a key does nothing while the fact that it needs does not hold: view, "" for any, and fact.
_REASONS = {
    ("", "run"): "there are no runs yet: t trains some",
    ("", "latents"): "all models here have the same latent size",
    ("", "betas"): "all models here have the same β",
    ("", "seeds"): "this model has one seed only: train more with several seeds, such as 0,1,2",
    ("", "marks"): "no checkpoint is marked: v marks one",
    ("", "alive"): "this run is not training",
    ("", "elsewhere"): "no other run is training",
    ("", "absent"): "the images of this dataset are here already",
    ("", "grid"): "the grid is hidden: g shows it",
    ("", "families"): "there is only one experiment in this folder",
    ("", "colours"): "this terminal has no colours",
    ("", "timeline"): "the epochs of this run are not loaded yet",
    ("", "past"): "the current model is shown already",
    (_LOSS, "epochs"): "there are not two epochs yet",
    (_LOSS, "charts"): "there are no metrics before the end of the first epoch",
    (_LOSS, "splits"): "there is one curve a run: no validation images, or no loss in these charts",
    (_LOSS, "axis"): "these charts have no curves of the loss",
    (_RECONSTRUCT, "images"): "all images are on the screen",
    (_RECONSTRUCT, "moved"): "the first image is on the screen already",
    (_RECONSTRUCT, "classes"): "there are no images to filter",
    (_RECONSTRUCT, "layouts"): "an earlier epoch has one layout: End shows the current model",
    (_RECONSTRUCT, "orders"): "an earlier epoch has one order: End shows the current model",
    (_SAMPLE, "samples"): "an earlier epoch has samples of the prior only: End shows the current model",
    (_SAMPLE, "image"): "only samples of the posterior are around a test image: p selects the source",
    (_SAMPLE, "mixture"): "only the mixture has components: p selects the source",
    (_SAMPLE, "noise"): "these samples have no other noise",
    (_SAMPLE, "sigma"): "these samples have no temperature",
    (_INTERPOLATE, "shown"): "there are no images to interpolate yet",
    (_INTERPOLATE, "room"): "the path has as many stops as it may have",
    (_INTERPOLATE, "stops"): "the path keeps two stops",
    (_INTERPOLATE, "map"): "map and image are both on the screen",
    (_LATENT, "codes"): "the decoded plane is shown: d shows the codes",
    (_LATENT, "axes"): "there is one pair of axes: with two dimensions, and by t-SNE",
    (_LATENT, "flat"): "only the plane of two dimensions can be decoded",
    (_COMPARE, "checkpoints"): "there is one checkpoint only",
    (_COMPARE, "plane"): "the rate–distortion plane is not on the screen: w shows the next pane",
    (_COMPARE, "table"): "the table is not on the screen: w shows the next pane",
    (_COMPARE, "classes"): "the metrics by class are not on the screen: w shows the next pane",
    (_COMPARE, "cells"): "the images are not on the screen: w shows the next pane",
    (_COMPARE, "panes"): "all panes are on the screen",
    (_TRAVERSE, "shown"): "there is no image to change yet",
    (_TRAVERSE, "moved"): "no dimension has been changed",
    (_DRAW, "ink"): "the drawing is empty",
    (_DRAW, "past"): "there is nothing to undo",
    (_DRAW, "future"): "there is nothing to redo",
}
_LAST = ("help", "quit")  # at the end of the footer, whatever else has to go


_FOUND = {
    (row.view, name): (row, key)
    for row in GROUPS
    for key in row.keys
    for name in (key.name, key.letter)
    if name
}


def bindings() -> list[BindingType]:
    """Return Textual's bindings: every key of the table runs the app's action `key` with its name."""
    return [Binding(name, f"key('{name}')") for name in dict.fromkeys(name for _, name in _FOUND)]


@cache
def find(view: str, name: str) -> tuple[KeyGroup, Key] | None:
    """Return the key of a Textual name in `view`, with its group; None where the view has no such key."""
    return _FOUND.get((view, name)) or _FOUND.get(("", name))


def reason(row: KeyGroup) -> str:
    """Return why the keys of a group do nothing while the fact that they need does not hold."""
    return _REASONS.get((row.view, row.needs)) or _REASONS["", row.needs]


def elsewhere(view: str, name: str) -> str:
    """Return in a sentence in which views a key works that `view` does not have."""
    views = [each for each in VIEWS if (each, name) in _FOUND]
    _, key = _FOUND[views[0], name]
    cap = name if name == key.letter else key.cap
    shown = views if len(views) < 4 else [*views[:2], f"{len(views) - 2} more views"]
    *first, last = shown
    return f"{cap} does nothing in {view}, only in {' and '.join(filter(None, (', '.join(first), last)))}"


def distinct() -> list[tuple[KeyGroup, Key]]:
    """Return one key of each action of each view, with its group, in the order of the table."""
    found: dict[tuple[str, str], tuple[KeyGroup, Key]] = {}
    for row in GROUPS:
        for key in row.keys:
            found.setdefault((row.view, key.action), (row, key))
    return list(found.values())


def active_groups(view: str, facts: Set[str]) -> list[KeyGroup]:
    """Return the groups that work in `view` while `facts` hold."""
    return [row for row in GROUPS if row.view in ("", view) and (not row.needs or row.needs in facts)]


def footer(view: str, facts: Set[str], width: int, is_ascii: bool = False) -> list[tuple[int, KeyGroup]]:
    """Return column and group of each entry of the footer; those that fit into `width`, help and quit."""

    def size(row: KeyGroup) -> int:
        return len(" ".join(row.caps(is_ascii))) + 1 + len(row.label) + 2

    labelled = [row for row in active_groups(view, facts) if row.label]
    last = [row for row in labelled if row.label in _LAST]
    others = [row for row in labelled if row not in last]
    room = width - sum(map(size, last))
    ends = itertools.accumulate(map(size, others))
    shown = [row for row, end in zip(others, ends, strict=True) if end <= room] + last
    starts = itertools.accumulate(map(size, shown[:-1]), initial=1)
    return list(zip(starts, shown, strict=True))
