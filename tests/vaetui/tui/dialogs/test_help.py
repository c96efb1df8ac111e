"""The help page: this view first, keys in columns, figures that are true; it closes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.vaetui.tui.driving import exploring, press, terminal, text
from vaetui.tui import keys
from vaetui.tui.dialogs.help import Help
from vaetui.tui.views import view as view_of

COLUMNS = 71  # of the 76 of the dialog: without its padding and its scroll bar
EXAMPLES = ROOT / "checkpoints" / "examples"


def page(view: str) -> str:
    return Help(view, view_of(view).about, terminal())._page().plain


@pytest.mark.parametrize("view", keys.VIEWS)
def test_no_line_of_keys_wraps(view: str) -> None:
    lines = page(view).splitlines()
    assert [line for line in lines if len(line) > COLUMNS and line != view_of(view).about] == []


@pytest.mark.parametrize("view", keys.VIEWS)
def test_this_view_is_first_then_every_view_then_terms(view: str) -> None:
    titles = [f"{keys.VIEWS.index(view) + 1} {view}", view_of(view).about, "In every view", "Terms"]
    titles += [f"Keys of {other}" for other in keys.VIEWS if other != view]
    lines = page(view).splitlines()
    places = [lines.index(title) for title in titles]
    assert places == sorted(places)
    assert places[:2] == [0, 1]
    own = [key.help for row in keys.GROUPS if row.view == view for key in row.keys]
    assert [line[14:] for line in lines[3 : 3 + len(own)]] == own


@pytest.mark.parametrize("view", keys.VIEWS)
def test_what_a_view_shows_is_said_in_two_sentences_with_figures(view: str) -> None:
    about = view_of(view).about
    assert about.count(". ") + 1 == 2
    assert "MNIST" in about
    assert about.endswith(".")


def measured(run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / run / "evaluation.json").read_text())
    return found


def validation_elbo(run: str) -> float:
    last = json.loads((EXAMPLES / run / "metrics.jsonl").read_text().splitlines()[-1])
    return float(last["val"]["elbo"])


def test_the_figures_are_those_of_the_examples() -> None:
    about = {view: view_of(view).about for view in keys.VIEWS}
    ten, sharp, blurred = (measured(f"vae-z{name}-bce-s0") for name in ("2-b1", "20-b1", "20-b4"))
    elbos = [-validation_elbo(f"vae-z{z}-b1-bce-s0") for z in (20, 2)]
    assert f"near {elbos[0]:.0f} nats for z = 20 and near {elbos[1]:.0f} for z = 2" in about["Loss"]
    distortions = [run["figures"]["distortion"] for run in (sharp, ten)]
    assert f"{distortions[0]:.0f} nats for z = 20 and {distortions[1]:.0f} for z = 2" in about["Reconstruct"]
    for run in (sharp, ten):
        by_class = sorted(run["per_class_distortion"], key=run["per_class_distortion"].get)
        assert by_class[0] == "1"
        assert set(by_class[-2:]) == {"2", "8"}
    kl = sharp["kl_per_dim"]
    assert sharp["active_units"] == 20
    assert (
        f"({min(kl):.1f} to {max(kl):.1f} nats each), and {blurred['active_units']} of 20"
        in about["Traverse"]
    )
    assert max(sorted(blurred["kl_per_dim"])[: 20 - blurred["active_units"]]) < 0.05
    costs = [f"{run['figures']['distortion']:.1f} + {run['figures']['rate']:.1f}" for run in (sharp, blurred)]
    assert f"from {costs[0]} nats at β = 1 to {costs[1]} at β = 4" in about["Compare"]
    quality = sharp["quality"]
    assert (
        f"is {quality['prior']['frechet']:.1f} from the prior and {quality['around']['frechet']:.1f} around"
        in about["Sample"]
    )
    assert (
        f"of training images themselves it is {quality['floor']['train']['frechet']:.1f}" in about["Sample"]
    )
    classes = sharp["per_class_distortion"]
    assert f"from {classes['1']:.0f} nats (a 1) to {classes['8']:.0f} (an 8)" in about["Draw"]


def test_the_figures_are_those_of_the_experiments() -> None:
    found = (ROOT / "docs" / "experiments.md").read_text()
    assert "0.38 other classes at z = 64, 1.53 at z = 2" in found
    assert "1.5 other classes on average for z = 2, and 0.4 for z = 64" in view_of("Interpolate").about
    assert "93.2% are of its class at z = 64, 65.1% at z = 2" in found
    assert (
        "65% of the ten codes nearest to a code are of its class for z = 2, and 93%"
        in view_of("Latent").about
    )


async def test_help_lists_every_key_and_closes(grid: Path) -> None:
    async with exploring(grid) as (app, pilot):
        await press(app, "8", "question_mark")
        assert "8 Draw" in text(app)
        assert "clear the drawing" in text(app)
        assert "smaller latent size" not in text(app)
        await press(app, "end")
        await pilot.wait_for_scheduled_animations()
        assert "Esc close" in text(app)
        await press(app, "escape")
        assert "z╲β" in text(app)
