"""Run the tests of faults and write docs/reliability.md from what they say: `make reliability`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest

TESTS = "tests/faults"
PAGE = Path(__file__).with_suffix(".md")
HEAD = """# Reliability: fault, test, result

This page is written by `make reliability`, which runs the tests in `tests/faults/`; a test compares the
faults listed here with those in the tests. `make test` runs all of them. What is trusted and what is not
is in `SECURITY.md`; longer runs of training and explorer are measured by `make soak`.
"""


@dataclass
class Fault:
    """One test: what it injects, what must follow, and how its cases ended."""

    test: str  # file::function
    injected: str
    expected: str
    outcomes: list[str] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)

    @property
    def result(self) -> str:
        """The outcome of all cases in a few words."""
        counts = [(outcome, self.outcomes.count(outcome)) for outcome in ("failed", "passed", "skipped")]
        found = [(outcome, count) for outcome, count in counts if count]
        if len(self.outcomes) == 1:
            words = self.outcomes[0]
        else:
            words = ", ".join(f"{count} {outcome}" for outcome, count in found)
        return f"{words} ({'; '.join(sorted(self.reasons))})" if self.reasons else words


class Results:
    """A pytest plugin that keeps the outcome of every test of a fault."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test's call, or a set-up that failed or skipped it."""
        properties = dict(report.user_properties)
        if "fault" not in properties or (report.when != "call" and report.outcome == "passed"):
            return
        test = report.nodeid.partition("[")[0]
        fault = self.faults.setdefault(test, Fault(test, *map(str, properties["fault"])))  # type: ignore[call-overload]
        fault.outcomes.append(report.outcome)
        if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
            fault.reasons.add(report.longrepr[2].removeprefix("Skipped: "))


def cell(text: str) -> str:
    """Return `text` for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def page(faults: Iterable[Fault]) -> str:
    """Return the page: one table for each test file, in the order of the tests."""
    parts = [HEAD]
    for file, group in groupby(faults, key=lambda fault: fault.test.partition("::")[0]):
        title = Path(file).stem.removeprefix("test_").replace("_", " ")
        parts.append(f"## {title[0].upper()}{title[1:]} (`{file}`)\n")
        rows = ["| fault | what must follow | test | result |", "| --- | --- | --- | --- |"]
        for fault in group:
            name = fault.test.partition("::")[2]
            rows.append(
                f"| {cell(fault.injected)} | {cell(fault.expected)} | `{name}` | {cell(fault.result)} |"
            )
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def main() -> int:
    """Run the tests of faults, write the page, and return pytest's exit code."""
    results = Results()
    code = pytest.main([TESTS, "--numprocesses", "auto", *sys.argv[1:]], plugins=[results])
    order = sorted(results.faults.values(), key=lambda fault: fault.test.partition("::")[0])
    PAGE.write_text(page(order), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
