"""Material for reports, made up: tiny runs with the figures that a test wants."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests import tiny
from trainer.contract.config import Config
from trainer.contract.evaluation import Evaluation, Floor, Quality, SampleStatistics
from vaetui.recipes import Claim
from vaetui.report.claims import CheckedClaim
from vaetui.report.data import ReportData, load_runs
from vaetui.runs.run_watcher import read_run

SEEN = SampleStatistics(0.9, 2.2, 20.0)
FLOOR = Floor(SampleStatistics(0.95, 2.3, 0.11, 0.83, 0.86), 0.13, 0.03, 10)


def quality(**changes: Any) -> Quality:
    """A classifier that reads all but a few fours and nines."""
    rows = [[100 * (taken == true) for taken in range(10)] for true in range(10)]
    rows[4][4], rows[4][9], rows[9][9], rows[9][4] = 90, 10, 90, 10
    made = Quality(
        *("0badcafe", 0.99, 0.99, 0.98, tuple(map(tuple, rows)), SEEN, SEEN, SEEN, 1000, 0, "seen by a test")
    )
    return dataclasses.replace(made, **changes)


def run(runs: Path, config: Config, name: str | None = None, **changes: Any) -> Path:
    """A tiny finished run whose evaluation has `changes`; of `figures` only what is named."""
    path = tiny.make(runs, config, name=name)
    found: Evaluation = tiny.evaluation(config, config.optimiser.epochs)
    figures = dataclasses.replace(found.figures, **changes.pop("figures", {}))
    tiny.write_evaluation(path, dataclasses.replace(found, figures=figures, **changes))
    return path


def material(
    paths: Sequence[Path], claims: Sequence[Claim] = (), *, is_quick: bool = False, each: bool = False
) -> ReportData:
    """The material of runs on the bundled digits."""

    runs = load_runs([read_run(path) for path in paths], Path("nowhere"), each=each)
    return ReportData("A test", "Does it work?", ("None.",), tuple(claims), is_quick, runs, each=each)


def verdict(paths: Sequence[Path], check: str, **values: Any) -> CheckedClaim:
    """What a check says of runs."""
    from vaetui.report.claims import check_claims

    (judged,) = check_claims(material(paths, [Claim("Sentence.", check, values)]))
    return judged
