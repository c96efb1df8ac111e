"""Filter and sort runs by what a user types."""

from pathlib import Path

import pytest

from tests import tiny
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_query import parse_filter, parse_order
from vaetui.runs.run_watcher import Run


@pytest.fixture
def several(runs: Path) -> tuple[Run, ...]:
    """Five runs: an autoencoder, VAEs of two β, another learning rate and a network of two layers."""
    for config in (
        tiny.config(latent=2, kind="ae"),
        tiny.config(latent=2, beta=1),
        tiny.config(latent=10, beta=4),
        tiny.config(latent=10, beta=1, lr=0.0003),
        tiny.config(latent=5, beta=1, hidden=(16, 8)),
    ):
        tiny.make(runs, config)
    return RunIndex(runs).runs


def found(runs: tuple[Run, ...], text: str) -> set[str]:
    """Return the names of the runs that pass a filter, without what all share."""
    holds = parse_filter(text)
    return {run.name.replace("-bce-s0-h16", "") for run in runs if holds(run)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("kind:ae", {"ae-z2"}),
        ("KIND=AE", {"ae-z2"}),
        ("z:2 kind:vae", {"vae-z2-b1"}),
        ("latent>=5 beta>1", {"vae-z10-b4"}),
        ("lr<1e-3", {"vae-z10-b1-lr0.0003"}),
        ("z:2,5 beta:1", {"vae-z2-b1", "vae-z5-b1x8"}),
        ("β!=1 kind:vae", {"vae-z10-b4"}),
        ("hidden:16x8", {"vae-z5-b1x8"}),
        ("z10 b4", {"vae-z10-b4"}),
        ("finished z5", {"vae-z5-b1x8"}),
        ("state:failed", set()),
        ("age<1m z:5", {"vae-z5-b1x8"}),
        ("age>2h", set()),
        ("loss:bce dataset:digits kind:ae", {"ae-z2"}),
        ("fashion", set()),
    ],
)
def test_a_filter_keeps_what_it_says(several: tuple[Run, ...], text: str, names: set[str]) -> None:
    assert found(several, text) == names


def test_an_empty_filter_keeps_all(several: tuple[Run, ...]) -> None:
    assert len(found(several, "  ")) == len(several)


def test_runs_without_a_value_pass_no_comparison(several: tuple[Run, ...]) -> None:
    assert "ae-z2" not in found(several, "beta>=0") | found(several, "beta<=9")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("colour:red", "runs have no 'colour': take one of name, latent, kind"),
        ("lr<", "lr< has no value: write lr<VALUE"),
        ("lr<fast", "lr<fast: lr takes a number, not 'fast'"),
        ("kind<ae", "kind<ae: kind is not a number, write kind:ae"),
        ("age<soon", "age<soon: age takes a time such as 30m, 2h or 3d, not 'soon'"),
    ],
)
def test_a_filter_that_cannot_be_read_says_why(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + sentence.replace("(", r"\(")):
        parse_filter(text)


def test_orders_put_runs_without_a_value_last(several: tuple[Run, ...]) -> None:
    betas = [run.config.objective.beta for run in parse_order("-beta").sorted(several)]
    assert betas[0] == 4
    assert parse_order("beta").sorted(several)[-1].config.model.kind == "ae"
    assert parse_order("-beta").sorted(several)[-1].config.model.kind == "ae"


def test_an_order_by_figures(several: tuple[Run, ...]) -> None:
    distortions = [
        run.latest.held_out.distortion for run in parse_order("distortion").sorted(several) if run.latest
    ]
    assert distortions == sorted(distortions)
    with pytest.raises(ValueError, match="runs have no 'speed'"):
        parse_order("speed")
