"""Check the claims of a recipe against its runs: each on the runs of every seed, the verdict over seeds."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trainer.contract.files import Problem, clean
from vaetui.recipes import Claim
from vaetui.report import (
    checks_classes,
    checks_codes,
    checks_errors,
    checks_losses,
    checks_reconstructions,
    checks_samples,
)
from vaetui.report.check import Check, Findings, UndecidedError
from vaetui.report.data import ReportData
from vaetui.report.document import Block, Table
from vaetui.report.statistic import SeedStatistic, answer, combined, spread_text
from vaetui.runs.intervals import LEVEL

PROVISIONAL = "Quick runs have a tenth of the epochs: their answers are provisional."
ONE_SEED = "With one seed, intervals are over test images only: more seeds may decide otherwise."

CHECKS: Mapping[str, Check] = (
    checks_errors.CHECKS
    | checks_classes.CHECKS
    | checks_losses.CHECKS
    | checks_reconstructions.CHECKS
    | checks_samples.CHECKS
    | checks_codes.CHECKS
)


@dataclass(frozen=True)
class CheckedClaim:
    """A claim, its statistics over `seeds` seeds, and how they were measured.

    Without statistics nothing could be measured, and `reason` says why. `is_quick`: by runs of a tenth of the
    epochs.
    """

    claim: Claim
    statistics: tuple[SeedStatistic, ...]
    protocol: str
    seeds: int
    is_quick: bool
    reason: str = ""

    @property
    def verdict(self) -> bool | None:
        """Return whether the claim holds, None if that is not decided."""
        return combined([one.verdict for one in self.statistics]) if self.statistics else None

    @property
    def answer(self) -> str:
        """Return the verdict in words, over how many seeds, and whether of quick runs."""
        if not self.statistics:
            return answer(None)
        remarks = [spread_text(self.seeds), *(["quick"] if self.is_quick else [])]
        return f"{answer(self.verdict)} ({', '.join(remarks)})"

    @property
    def measured(self) -> str:
        """Return the statistics in words, or why there are none."""
        return " · ".join(one.text for one in self.statistics) or self.reason

    @property
    def measure(self) -> str:
        """Return what is measured, and when the claim holds."""
        return CHECKS[self.claim.check].rule


def validate(claims: Sequence[Claim]) -> None:
    """Raise `Problem` for a claim with an unknown check or wrong values."""
    for claim in claims:
        check = CHECKS.get(claim.check)
        about = f"the claim “{clean(claim.text, 80)}”"
        if check is None:
            near = difflib.get_close_matches(claim.check, CHECKS, n=1, cutoff=0.0)
            raise Problem(
                f"{about} names an unknown check, `{clean(claim.check, 60)}`: did you mean {near[0]}?"
            )
        for key, expected in check.values.items():
            if key not in claim.values and not expected.is_optional:
                raise Problem(f"{about} lacks `{key}`, which {claim.check} takes: {expected.description}")
            if key in claim.values and not expected.valid(claim.values[key]):
                given = clean(repr(claim.values[key]), 40)
                raise Problem(f"{about}: {key} takes {expected.description}, not {given}")
        for key in claim.values:
            if key not in check.values:
                takes = ", ".join(check.values) or "nothing"
                raise Problem(f"{about}: {claim.check} has no `{clean(key, 40)}`, it takes {takes}")


def check_claims(report: ReportData) -> list[CheckedClaim]:
    """Check every claim, in order."""
    parts = [report.of_seed(seed) for seed in report.seeds]
    return [_checked(report, parts, claim) for claim in report.claims]


def _checked(report: ReportData, parts: Sequence[ReportData], claim: Claim) -> CheckedClaim:
    """Check a claim on the runs of every seed that has those that it is about."""
    values = {key.replace("-", "_"): value for key, value in claim.values.items()}
    measure = CHECKS[claim.check].measure
    found: list[Findings] = []
    reasons: dict[str, None] = {}
    for part in parts:
        try:
            found.append(measure(part, **values))
        except UndecidedError as why:
            reasons[str(why)] = None
    by_seed = zip(*(one.statistics for one in found), strict=True)
    return CheckedClaim(
        claim,
        tuple(map(SeedStatistic, by_seed)),
        "; ".join(dict.fromkeys(one.protocol for one in found)),
        len(found),
        report.is_quick,
        "; ".join(reasons),
    )


def caveats(judged: Sequence[CheckedClaim], *, is_quick: bool) -> tuple[str, ...]:
    """Return the caveats that hold for all answers."""
    is_of_one = any(one.seeds == 1 for one in judged)
    return (*((PROVISIONAL,) if is_quick else ()), *((ONE_SEED,) if is_of_one else ()))


def blocks(judged: Sequence[CheckedClaim], *, is_quick: bool) -> Iterator[Block]:
    """Yield the table of claims: sentence, measure, figures with their spread, protocol, verdict."""
    caption = (
        "The sentences of the write-up, what is measured, and the verdicts. Figures are means over seeds ± "
        f"standard deviation, with the {LEVEL:.0%} interval of the mean (Student's t) in parentheses; a "
        "limit inside the interval is not decided. Limits that could have been chosen as well stand beside "
        "the chosen one, with their verdicts."
    )
    caption = " ".join([caption, *caveats(judged, is_quick=is_quick)])
    rows = tuple((one.claim.text, one.measure, one.measured, one.protocol, one.answer) for one in judged)
    yield Table(("claim", "measure", "measured", "protocol", "verdict"), rows, caption, left=5)
