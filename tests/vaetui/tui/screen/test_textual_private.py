"""Private names of Textual: only `screen` uses them, and the app works without them."""

import ast
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen
from textual.strip import Strip

from tests import ptys
from tests.ptys import LEAVE
from vaetui import tui
from vaetui.tui.screen import textual_private

# Imports Textual with each of these private names replaced by another, as a new version might do.
NAMES = """_compositor _driver _loop _display _handle_exception _writer_thread _queue _return_code _on_message
_close_messages_no_wait _fatal_error _sequence_to_key_events _render_cache _segments _get_terminal_size
_key_thread _auto_restart _must_signal_resume _enable_mouse_support _enable_bracketed_paste _disable_line_wrap
_query_in_band_window_resize ChopsUpdate LayoutUpdate XTermParser parse_mouse_code"""
RENAME = f"""
import importlib.machinery, re, sys
names = re.compile(r"(?<!textual)(?<!textual\\.)\\b({"|".join(NAMES.split())})\\b(?! import)")

class Renaming(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        source = names.sub(r"\\1_renamed", self.get_source(name))
        return compile(source, self.path, "exec")

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if name.startswith("textual.") and spec and spec.origin.endswith(".py"):
            spec.loader = Renaming(name, spec.origin)
            return spec
        return None

sys.meta_path.insert(0, Finder)
"""
HAVE_NONE = """
from textual.app import App
from vaetui.tui.screen import textual_private
assert not hasattr(App, "_handle_exception") and not textual_private.has_driver()
"""


def test_with_other_private_names_textual_draws_and_reads_keys(grid: Path) -> None:
    with ptys.opened(grid, before=RENAME + HAVE_NONE) as terminal:
        for key, words in ((b"3", "noise 0"), (b"r", "noise 1"), (b"1", "nats per image"), (b"5", "class")):
            os.write(terminal.end, key)
            terminal.wait_to_see(words)
        os.write(terminal.end, b"?")
        terminal.wait_to_see("move the cursor left by five")
        os.write(terminal.end, b"\x1b")
        terminal.wait_until_gone("move the cursor left by five")
        os.write(terminal.end, b"x")
        terminal.wait_to_see("Export Latent")
        os.write(terminal.end, b"\x03")
        terminal.wait_until_gone("Export Latent")
        os.write(terminal.end, b"q")
        terminal.wait_for(LEAVE)
        assert terminal.process.wait(timeout=60) == 0


def test_this_version_has_every_name() -> None:
    assert textual_private.has_driver()
    assert hasattr(textual_private.ChopsUpdate, "render_segments")
    assert hasattr(textual_private.LayoutUpdate, "render_segments")


def private_names() -> frozenset[str]:
    """Every private name of the classes of Textual that the app derives from or is handed."""
    names: set[str] = set()
    for owner in (App, Screen, Driver, Strip):
        names |= set(dir(owner))
        for init in (vars(base).get("__init__") for base in owner.__mro__):
            names |= set(init.__code__.co_names) if inspect.isfunction(init) else set()
    return frozenset(name for name in names if re.match(r"_[a-z]", name))


PRIVATE = private_names()


def uses(tree: ast.AST, is_derived: bool = False) -> Iterator[str]:
    """Yield the private names of Textual that a module imports, reaches into or overrides."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Attribute) and node.attr in PRIVATE:
            is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if is_derived or not is_own:
                yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_derived and node.name in PRIVATE:
            yield node.name
        elif isinstance(node, ast.ImportFrom) and re.match(r"textual\.(.*\.)?(_|drivers)", node.module or ""):
            yield node.module or ""
        yield from uses(node, bool(node.bases) if isinstance(node, ast.ClassDef) else is_derived)


ROOT = Path(tui.__file__).parent
MODULES = [path for path in ROOT.rglob("*.py") if not path.is_relative_to(ROOT / "screen")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_uses_a_private_name_of_textual(path: Path) -> None:
    assert list(uses(ast.parse(path.read_text(encoding="utf-8")))) == []
