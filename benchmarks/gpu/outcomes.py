"""The tests of the GPU's code, test by test: `python -m benchmarks.gpu.outcomes FILE TEST…`.

Every test is a line of the file as soon as it is over, so that a run that is cut short shows what was done.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu.parts import Shown, table

MARKS = {"passed": "passed", "failed": "**failed**", "skipped": "skipped"}


class Lines:
    """A pytest plugin that appends a line of JSON for every test."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test's call, or whatever else failed or skipped it."""
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
    """Why a test did not pass, in a line."""
    if report.outcome == "passed":
        return ""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr).strip().splitlines()[0][:200]


def show(skips_are_faults: bool) -> Callable[[Path], Shown]:
    """A row a test. Where there is a GPU, a test that was skipped has proven nothing."""

    def shown(results: Path) -> Shown:
        lines = [json.loads(line) for line in results.read_text().splitlines()]
        wrong = [line for line in lines if _is_fault(line, skips_are_faults)]
        columns = ("test", "result", "s", "found")
        return Shown(
            table(columns, map(_row, lines)), (f"{len(wrong)} of {len(lines)} tests",) if wrong else ()
        )

    return shown


def _is_fault(line: dict[str, Any], skips_are_faults: bool) -> bool:
    return line["outcome"] == "failed" or (skips_are_faults and line["outcome"] == "skipped")


def _row(line: dict[str, Any]) -> tuple[str, ...]:
    found = "; ".join(f"{name}: {value}" for name, value in line["found"].items())
    result = MARKS[line["outcome"]] + (f": {line['cause']}" if line["cause"] else "")
    return f"`{line['test'].partition('::')[2]}`", result, f"{line['seconds']:.1f}", found


def main() -> int:
    results, *tests = sys.argv[1:]
    Path(results).touch()
    code = pytest.main(["-p", "no:cacheprovider", *tests], plugins=[Lines(Path(results))])
    return 0 if code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else int(code)


if __name__ == "__main__":
    sys.exit(main())
