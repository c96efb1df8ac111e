"""Claims of recipes: every one names a check and what it takes, and every check is used."""

from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.report.making import material, run
from trainer.contract.files import Problem
from vaetui import recipes
from vaetui.recipes import Claim
from vaetui.report import claims
from vaetui.report.claims import CHECKS


def test_every_published_claim_names_a_check_and_what_it_takes() -> None:
    for name in recipes.names():
        claims.validate(recipes.load(name).claims)
    used = {claim.check for name in recipes.names() for claim in recipes.load(name).claims}
    assert used == set(CHECKS)


def test_every_check_says_what_it_measures() -> None:
    for name, check in CHECKS.items():
        assert check.rule.endswith("."), name
        assert len(check.rule) > 60, name


@pytest.mark.parametrize(
    ("claim", "complaint"),
    [
        (
            Claim("C.", "classes_clusters"),
            "an unknown check, `classes_clusters`: did you mean classes_cluster?",
        ),
        (Claim("C.", "nearly_identical", {}), "lacks `latent`, which nearly_identical takes: a whole number"),
        (Claim("C.", "chosen_latent", {"latent": "x"}), "latent takes a whole number, not 'x'"),
        (
            Claim("C.", "error_levels_off", {"kind": "gan", "latent": 10}),
            'kind takes "vae" or "ae", not \'gan\'',
        ),
        (Claim("C.", "classes_cluster", {"latent": 2}), "classes_cluster has no `latent`, it takes nothing"),
        (Claim("C.", "classes_mixed_up", {"latent": 2, "pair": [4, 4]}), "pair takes two classes, 0 to 9"),
        (
            Claim("C.", "clusters_overlap", {"latent": 2, "beta": True}),
            "beta takes a number, not True",
        ),
    ],
)
def test_a_claim_that_cannot_be_checked_is_refused(claim: Claim, complaint: str) -> None:
    with pytest.raises(Problem) as refused:
        claims.validate([claim])
    assert complaint in str(refused.value)


def test_answers_say_over_how_many_seeds_and_whether_quick(runs: Path) -> None:
    asked = [Claim("It is even.", "quality_is_even")]
    alone = run(runs, tiny.config())
    (one,) = claims.check_claims(material([alone], asked))
    assert one.answer == "holds (one seed)"
    assert claims.caveats([one], is_quick=False) == (claims.ONE_SEED,)
    several = [alone, run(runs, tiny.config(seed=1)), run(runs, tiny.config(seed=2))]
    (three,) = claims.check_claims(material(several, asked, is_quick=True))
    assert three.answer == "holds (3 seeds, quick)"
    assert claims.caveats([three], is_quick=True) == (claims.PROVISIONAL,)
