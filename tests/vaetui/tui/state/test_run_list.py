"""How the run list is filtered and sorted."""

from pathlib import Path

import pytest

from tests import tiny
from vaetui.runs.run_fields import find_field
from vaetui.runs.run_index import RunIndex
from vaetui.tui.state.run_list import RunListSettings


@pytest.fixture
def library(runs: Path) -> RunIndex:
    """Runs of two datasets, β 4 and 40, an autoencoder, and one that was stopped."""
    for dataset in ("digits", "mnist"):
        tiny.grid(runs, (1, 10), (4.0, 40.0), dataset=dataset)
    tiny.make(runs, tiny.config("ae", latent=10))
    tiny.ship(runs, tiny.config(latent=20, dataset="mnist"))
    tiny.make(runs, tiny.config(latent=3), name="mine", state="stopped", done=1)
    return RunIndex(runs)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("z10 b4 mnist", ["mnist/vae-z10-b4-bce-s0-h16", "mnist/vae-z10-b40-bce-s0-h16"]),
        ("Z1 β4 digits", ["digits/vae-z1-b4-bce-s0-h16"]),
        ("ae z10 digits", ["digits/ae-z10-bce-s0-h16"]),
        ("stopped", ["digits/mine"]),
        ("examples z20 mnist", ["examples/vae-z20-b1-bce-s0-h16"]),
        ("z3 beta:1", ["digits/mine"]),
        ("b4 nothing", []),
    ],
)
def test_every_word_narrows_and_whole_words_come_first(
    library: RunIndex, typed: str, names: list[str]
) -> None:
    listed = RunListSettings().typed(typed).listed(library.runs[::-1])
    assert [f"{run.path.parent.name}/{run.name}" for run in listed][: len(names)] == names
    assert bool(listed) == bool(names)


def test_a_filter_that_cannot_be_read_leaves_the_last_one(library: RunIndex) -> None:
    good = RunListSettings().typed("z:10")
    bad = good.typed("z:10 beta:")
    assert (bad.text, bad.error) == ("z:10 beta:", "beta: has no value: write beta:VALUE")
    assert bad.listed(library.runs) == good.listed(library.runs)
    assert bad.typed("").error == ""


def test_a_column_sorts_and_then_reverses(library: RunIndex) -> None:
    fields = [find_field(name) for name in ("name", "z", "elbo")]
    settings = RunListSettings().stepped(fields, -1)
    assert settings.order is None
    assert settings.reversed() == settings
    settings = settings.stepped(fields, 1).stepped(fields, 1)
    assert settings.order is not None
    sizes = [run.config.model.latent for run in settings.listed(library.runs)]
    assert sizes == sorted(sizes)
    sizes = [run.config.model.latent for run in settings.sorted_by(fields[1]).listed(library.runs)]
    assert sizes == sorted(sizes, reverse=True)
    last = settings.stepped(fields, 5)
    assert last.order is not None
    assert last.order.field is fields[2]
    listed = last.listed(library.runs)
    figures = [run.latest.held_out.elbo for run in listed if run.config.model.is_vae and run.latest]
    assert figures == sorted(figures, reverse=True)
    assert not listed[-1].config.model.is_vae, "without a figure: last"


def test_the_command_lists_the_same(library: RunIndex) -> None:
    settings = RunListSettings().typed("z:10 b4").sorted_by(find_field("elbo")).reversed()
    assert settings.command(library.folder) == (
        f"vaetui ls --filter 'z:10 b4' --sort=-elbo --runs {library.folder}"
    )
    assert RunListSettings().command(library.folder) == f"vaetui ls --runs {library.folder}"
