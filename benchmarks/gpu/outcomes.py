"""Run tests and write their outcomes as lines of JSON: `python -m benchmarks.gpu.outcomes FILE TEST…`.

Each line is written when its test ends, so that an interrupted run shows the tests that were completed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu.parts import Section, table

MARKS = {"passed": "passed", "failed": "**failed**", "skipped": "skipped"}


class OutcomeWriter:
    """pytest plugin that appends a line of JSON per test."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a test's call, or a set-up or tear-down that failed or was skipped."""
        if report.when != "call" and report.outcome == "passed":
            return
        line = {
            "test": report.nodeid,
            "outcome": report.outcome,
            "seconds": report.duration,
            "cause": _cause(report),
            "found": {str(name): value for name, value in report.user_properties},
        }
        with self.results.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _cause(report: pytest.TestReport) -> str:
    """Return one line saying why a test did not pass."""
    if report.outcome == "passed":
        return ""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr).strip().splitlines()[0][:200]


def show(skips_are_faults: bool) -> Callable[[Path], Section]:
    """Return a function that shows a row per test; on a GPU, skipped tests count as faults."""

    def section(results: Path) -> Section:
        lines = [json.loads(line) for line in results.read_text().splitlines()]
        faulty = [line for line in lines if _is_fault(line, skips_are_faults)]
        columns = ("test", "result", "s", "found")
        return Section(
            table(columns, map(_row, lines)), (f"{len(faulty)} of {len(lines)} tests",) if faulty else ()
        )

    return section


def _is_fault(line: dict[str, Any], skips_are_faults: bool) -> bool:
    return line["outcome"] == "failed" or (skips_are_faults and line["outcome"] == "skipped")


def _row(line: dict[str, Any]) -> tuple[str, ...]:
    properties = "; ".join(f"{name}: {value}" for name, value in line["found"].items())
    result = MARKS[line["outcome"]] + (f": {line['cause']}" if line["cause"] else "")
    return f"`{line['test'].partition('::')[2]}`", result, f"{line['seconds']:.1f}", properties


def main() -> int:
    results, *tests = sys.argv[1:]
    Path(results).touch()
    code = pytest.main(["-p", "no:cacheprovider", *tests], plugins=[OutcomeWriter(Path(results))])
    return 0 if code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else int(code)


if __name__ == "__main__":
    sys.exit(main())
