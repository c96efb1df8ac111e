"""What a report can be on: the runs of a family, and the recipes with how many of their runs are finished."""

import shlex
from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.datasets import registry
from trainer.contract.run_dir import hold
from vaetui import recipes
from vaetui.runs import launch
from vaetui.runs.families import families
from vaetui.runs.report_request import ReportRequest, ReportSubject, subjects
from vaetui.runs.run_index import RunIndex


def read(runs: Path, family: int | None = None) -> dict[str, ReportSubject]:
    everyone = RunIndex(runs).runs
    chosen = None if family is None else families(everyone)[family]
    return {subject.title: subject for subject in subjects(runs, chosen, everyone)}


def paths(runs: Path, name: str, *, quick: bool = False) -> list[Path]:
    """The folders of a recipe's runs."""
    recipe = recipes.load(name).quick() if quick else recipes.load(name)
    return launch.run_paths(runs, recipe.configs(registry.blank("mnist")), recipe.prefix)


def train(runs: Path, name: str, count: int, *, quick: bool = False) -> None:
    """Make the first `count` runs of a recipe, small ones."""
    for path in paths(runs, name, quick=quick)[:count]:
        tiny.make(runs, tiny.config(dataset="mnist", seed=int(path.name[-1])), name=path.name)


def test_every_recipe_is_listed_full_and_quick_with_its_finished_runs(runs: Path) -> None:
    train(runs, "latent-size", 15)
    train(runs, "latent-size", 1, quick=True)
    found = read(runs)
    assert list(found) == [title for name in recipes.names() for title in (name, f"{name}, quick")]
    full, quick = found["latent-size"], found["latent-size, quick"]
    assert (full.state, full.refusal) == ("15 of 15 finished", "")
    assert full.arguments == ("--recipe", "latent-size")
    assert full.about.startswith("Latent size: what z = 5, 10 and 50 keep of a digit. How much better")
    assert quick.arguments == ("--recipe", "latent-size", "--quick")
    assert (full.folder, quick.folder) == ("latent-size", "latent-size-quick")
    assert quick.state == "1 of 5 finished: t trains the rest"
    assert quick.refusal == (
        "latent-size-quick has 1 of 5 runs finished: t trains the rest (Reproduce an experiment, quick)"
    )
    assert found["classic"].state == "0 of 18 finished: t trains them"
    assert found["ae-vs-vae"].state == "0 of 36 finished: t trains them"
    assert found["ae-vs-vae"].refusal.endswith("t trains them (Reproduce an experiment)")


def test_a_recipe_in_training_has_to_be_waited_for(runs: Path) -> None:
    train(runs, "latent-size", 2)
    third = paths(runs, "latent-size")[2]
    run = tiny.make(runs, tiny.config(dataset="mnist"), name=third.name, state="running", done=1)
    assert read(runs)["latent-size"].state == "2 of 5 finished: t trains the rest"
    with hold(run):
        subject = read(runs)["latent-size"]
    assert subject.state == "2 of 5 finished: the others are in training"
    assert subject.refusal == "latent-size has 2 of 5 runs finished: the others are in training"


def test_the_runs_of_a_family_are_named_only_where_there_are_others(grid: Path) -> None:
    subject = read(grid, 0)["this family"]
    assert (subject.state, subject.about) == ("6 of 6 with test figures", "digits · bce · 16 · seed 0")
    assert (subject.arguments, subject.folder) == ((), "digits-bce-16-seed-0")
    tiny.make(grid, tiny.config(lr=0.01))
    tiny.make(grid, tiny.config(latent=3), state="stopped", done=1)
    first, second = read(grid, 0)["this family"], read(grid, 1)["this family"]
    assert first.state == "6 of 7 with test figures"
    assert len(first.arguments) == 6
    assert not any("z3" in name for name in first.arguments)
    assert second.arguments == ("vae-z2-b1-bce-s0-h16-lr0.01",)
    assert not first.refusal


def test_a_family_without_test_figures_is_refused(runs: Path) -> None:
    tiny.make(runs, state="stopped", done=1)
    subject = read(runs, 0)["this family"]
    assert subject.state == "0 of 1 with test figures"
    assert subject.refusal.startswith("no run of this family has test figures: ")


@pytest.mark.parametrize("out", ["reports/mine", "with a space", "/somewhere/else"])
def test_the_command_line_says_what_is_run(runs: Path, tmp_path: Path, out: str) -> None:
    request = ReportRequest(read(runs)["latent-size, quick"], Path(out))
    data = tmp_path / "data"
    folders = ["--runs", str(runs), "--data", str(data)]
    recipe = ["report", "--recipe", "latent-size", "--quick", "--out"]
    assert shlex.split(request.command(runs, data)) == ["vaetui", *recipe, out, *folders]
    words = request.words(runs, data)
    assert words[:6] == [*recipe, str(Path(out).absolute())]
    assert words[6:] == folders
