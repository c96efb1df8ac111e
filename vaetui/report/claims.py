"""The claims of a recipe, each held against the runs by the check that it names."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trainer.contract.files import Problem, clean
from vaetui.recipes import Claim
from vaetui.report import checks_codes, checks_errors, checks_looks, verdict
from vaetui.report.document import Block, Bullets, Table, Text
from vaetui.report.material import Material
from vaetui.report.verdict import Check, Untold, Verdict

CHECKS: Mapping[str, Check] = {**checks_errors.CHECKS, **checks_codes.CHECKS, **checks_looks.CHECKS}

_TAKES: Mapping[verdict.Reader, str] = {
    verdict.whole: "a whole number",
    verdict.number: "a number",
    verdict.wholes: "a list of whole numbers",
    verdict.classes: "a list of classes, 0 to 9",
    verdict.pair: "two classes, 0 to 9",
    verdict.three: "three numbers above 0",
    verdict.kind: '"vae" or "ae"',
}


@dataclass(frozen=True)
class Judged:
    """A claim and what came of it."""

    claim: Claim
    verdict: Verdict


def check(claims: Sequence[Claim]) -> None:
    """Raise `Problem` where a claim names no check that there is, or not what that takes."""
    for claim in claims:
        wanted = CHECKS.get(claim.check)
        about = f"the claim “{clean(claim.text, 80)}”"
        if wanted is None:
            near = difflib.get_close_matches(claim.check, CHECKS, n=1, cutoff=0.0)
            raise Problem(
                f"{about} names no check that there is, `{clean(claim.check, 60)}`: near is {near[0]}"
            )
        for key, fits in wanted.takes.items():
            if key not in claim.values:
                raise Problem(f"{about} lacks `{key}`, which {claim.check} takes: {_TAKES[fits]}")
            if not fits(claim.values[key]):
                given = clean(repr(claim.values[key]), 40)
                raise Problem(f"{about}: {key} takes {_TAKES[fits]}, not {given}")
        for key in claim.values:
            if key not in wanted.takes:
                takes = ", ".join(wanted.takes) or "nothing"
                raise Problem(f"{about}: {claim.check} has no `{clean(key, 40)}`, it takes {takes}")


def judge(material: Material) -> list[Judged]:
    """Every claim with its verdict, in their order."""
    return [Judged(claim, _verdict(material, claim)) for claim in material.claims]


def _verdict(material: Material, claim: Claim) -> Verdict:
    try:
        return CHECKS[claim.check].measure(material, claim.values)
    except Untold as why:
        return Verdict(None, str(why), "")


def written(judged: Sequence[Judged], *, is_quick: bool) -> Iterator[Block]:
    """The table of claims, and what decided each."""
    if not judged:
        return
    quick = " Quick runs have a tenth of the epochs: what they say is provisional." if is_quick else ""
    caption = (
        "Claims of the write-up, what we measured, and what comes of it by the rules below the table, which "
        f"are the same for all runs.{quick}"
    )
    rows = tuple(
        (one.claim.text, one.verdict.measured, one.verdict.protocol, _answer(one.verdict, is_quick=is_quick))
        for one in judged
    )
    yield Table(("claim", "measured", "protocol", "answer"), rows, caption, left=4)
    yield Text("What decides:")
    yield Bullets(tuple(dict.fromkeys(f"{one.claim.text} {CHECKS[one.claim.check].rule}" for one in judged)))


def _answer(found: Verdict, *, is_quick: bool) -> str:
    return f"{found.answer} (quick)" if is_quick else found.answer
