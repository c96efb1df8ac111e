"""docs/reliability.md lists exactly the faults that the tests inject."""

import ast
from pathlib import Path

from docs.reliability import PAGE, cell

TESTS = Path(__file__).parent / "faults"


def marks(path: Path) -> list[tuple[str, str]]:
    """Return the two texts of every fault marker in a test file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
            injected, expected = (ast.literal_eval(argument) for argument in node.args)
            found.append((injected, expected))
    return found


def test_the_page_lists_every_fault() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = {tuple(row.split(" | ")[:2]) for row in text.splitlines() if row.startswith("| ")}
    listed = {(injected.removeprefix("| "), expected) for injected, expected in rows}
    listed -= {("fault", "expected behaviour"), ("---", "---")}
    tested = {(cell(a), cell(b)) for path in TESTS.glob("test_*.py") for a, b in marks(path)}
    assert listed == tested, "run `make reliability` to update the page"
