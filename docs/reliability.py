"""Run the fault-injection tests and write docs/reliability.md from their results: `make reliability`."""

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

`make reliability` runs the tests in `tests/faults/` and writes this page; a test compares the faults listed
here with those in the tests. `make test` runs all of them. `SECURITY.md` lists what is trusted and what is
not; `make soak` tests longer runs of training and explorer.
"""


@dataclass
class Fault:
    """One test: the injected fault, the expected behaviour, and the outcomes of its cases."""

    test: str  # file::function
    injected: str
    expected: str
    outcomes: list[str] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)

    @property
    def result(self) -> str:
        """Summarize the outcomes of all cases."""
        counts = [(outcome, self.outcomes.count(outcome)) for outcome in ("failed", "passed", "skipped")]
        if len(self.outcomes) == 1:
            summary = self.outcomes[0]
        else:
            summary = ", ".join(f"{count} {outcome}" for outcome, count in counts if count)
        return f"{summary} ({'; '.join(sorted(self.reasons))})" if self.reasons else summary


class Results:
    """pytest plugin that collects the outcome of every fault-injection test."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a test's call, or a set-up that failed or was skipped."""
        properties = dict(report.user_properties)
        if "fault" not in properties or (report.when != "call" and report.outcome == "passed"):
            return
        test = report.nodeid.partition("[")[0]
        fault = self.faults.setdefault(test, Fault(test, *map(str, properties["fault"])))  # type: ignore[call-overload]
        fault.outcomes.append(report.outcome)
        if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
            fault.reasons.add(report.longrepr[2].removeprefix("Skipped: "))


def cell(text: str) -> str:
    """Return `text` escaped for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def page(faults: Iterable[Fault]) -> str:
    """Return the page: one table per test file, in the order of the tests."""
    parts = [HEAD]
    for file, group in groupby(faults, key=lambda fault: fault.test.partition("::")[0]):
        title = Path(file).stem.removeprefix("test_").replace("_", " ")
        parts.append(f"## {title[0].upper()}{title[1:]} (`{file}`)\n")
        rows = ["| fault | expected behaviour | test | result |", "| --- | --- | --- | --- |"]
        for fault in group:
            name = fault.test.partition("::")[2]
            rows.append(
                f"| {cell(fault.injected)} | {cell(fault.expected)} | `{name}` | {cell(fault.result)} |"
            )
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def main() -> int:
    """Run the fault-injection tests, write the page, and return pytest's exit code."""
    results = Results()
    code = pytest.main([TESTS, "--numprocesses", "auto", *sys.argv[1:]], plugins=[results])
    order = sorted(results.faults.values(), key=lambda fault: fault.test.partition("::")[0])
    PAGE.write_text(page(order), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
