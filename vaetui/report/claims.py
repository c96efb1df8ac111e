"""Check the claims of a recipe against its runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trainer.contract.files import Problem, clean
from vaetui.recipes import Claim
from vaetui.report import checks_codes, checks_errors, checks_samples
from vaetui.report.check import Check, CheckResult, UndecidedError
from vaetui.report.data import ReportData
from vaetui.report.document import Block, Bullets, Table, Text

PROVISIONAL = "Quick runs have a tenth of the epochs: their answers are provisional."

CHECKS: Mapping[str, Check] = checks_errors.CHECKS | checks_codes.CHECKS | checks_samples.CHECKS


@dataclass(frozen=True)
class CheckedClaim:
    """A claim and its result, by `quick` runs of a tenth of the epochs or by whole ones."""

    claim: Claim
    verdict: CheckResult
    is_quick: bool

    @property
    def answer(self) -> str:
        """Return the answer, marked where it is of quick runs."""
        return self.verdict.answer + (" (quick)" if self.is_quick else "")


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
            if key not in claim.values:
                raise Problem(f"{about} lacks `{key}`, which {claim.check} takes: {expected.description}")
            if not expected.valid(claim.values[key]):
                given = clean(repr(claim.values[key]), 40)
                raise Problem(f"{about}: {key} takes {expected.description}, not {given}")
        for key in claim.values:
            if key not in check.values:
                takes = ", ".join(check.values) or "nothing"
                raise Problem(f"{about}: {claim.check} has no `{clean(key, 40)}`, it takes {takes}")


def check_claims(report: ReportData) -> list[CheckedClaim]:
    """Check every claim, in order."""
    return [CheckedClaim(claim, _verdict(report, claim), report.is_quick) for claim in report.claims]


def _verdict(report: ReportData, claim: Claim) -> CheckResult:
    values = {key.replace("-", "_"): value for key, value in claim.values.items()}
    try:
        return CHECKS[claim.check].measure(report, **values)
    except UndecidedError as why:
        return CheckResult(None, str(why), "")


def blocks(judged: Sequence[CheckedClaim], *, is_quick: bool) -> Iterator[Block]:
    """Yield the table of claims, and the rule of each."""
    provisional = f" {PROVISIONAL}" if is_quick else ""
    caption = (
        "Claims of the write-up, our measurements, and the answers by the rules below the table, which are "
        f"the same for all runs.{provisional}"
    )
    rows = tuple((one.claim.text, one.verdict.measured, one.verdict.protocol, one.answer) for one in judged)
    yield Table(("claim", "measured", "protocol", "answer"), rows, caption, left=4)
    yield Text("Decision rules:")
    yield Bullets(tuple(dict.fromkeys(f"{one.claim.text} {CHECKS[one.claim.check].rule}" for one in judged)))
