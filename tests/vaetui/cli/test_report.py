"""`vaetui report`: which runs it is about, what it says of what is missing, and what it prints."""

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from tests import ROOT, tiny
from tests.vaetui.cli.shell import Result, call, complaint, vaetui
from tests.vaetui.cli.test_evaluate import JUDGE
from trainer.contract.config import Config
from trainer.contract.datasets.registry import load
from trainer.contract.evaluation import EVALUATION, read_evaluation
from trainer.contract.run_dir import LATENTS
from vaetui import recipes
from vaetui.latent import tsne_cache
from vaetui.report import plotting
from vaetui.runs import launch

OWN = """
title = "Mine"
question = "Why?"
[[train]]
dataset = "digits"
latent = [2, 3]
hidden = 16
epochs = 3
[[claim]]
text = "At z = 3 four and nine are mixed up."
check = "classes_mixed_up"
latent = 3
pair = [4, 9]
"""


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotting, "DPI", 30)
    monkeypatch.setattr(tsne_cache, "run_tsne", lambda codes, tell: codes[:, :2].copy())  # tested where it is


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def trained(runs: Path, recipe: Path) -> Path:
    """`runs` with all that the recipe trains."""
    for name, config in configs(recipe).items():
        tiny.make(runs, config, name=name)
    return runs


def configs(recipe: Path, *, quick: bool = False) -> dict[str, Config]:
    read = recipes.load(str(recipe))
    read = read.quick() if quick else read
    made = read.configs(load("digits", Path()))
    return dict(zip(launch.run_names(made, read.prefix), made, strict=True))


def report(*arguments: object) -> Result:
    return call("report", *arguments)


def test_a_recipe_is_written_up(trained: Path, recipe: Path, out: Path) -> None:
    result = report("--recipe", recipe, "--no-evaluate", "--runs", trained, "--out", out)
    assert result.returncode == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0].split() == ["claim", "verdict"]
    assert lines[1].endswith("not decided")
    assert lines[-2:] == [str(out / "report.md"), str(out / "report.html")]
    text = (out / "report.md").read_text()
    assert text.startswith("# Mine\n")
    assert "not trained as the recipe says" not in text
    assert str(trained) not in text, "no path of this machine"


def test_a_quick_report_is_provisional_on_the_screen_too(runs: Path, recipe: Path, out: Path) -> None:
    for name, config in configs(recipe, quick=True).items():
        tiny.make(runs, config, name=name)
    result = report("--recipe", recipe, "--quick", "--no-evaluate", "--runs", runs, "--out", out)
    assert result.returncode == 0
    _, row, *rest = [line.rstrip() for line in result.stdout.splitlines() if line.strip()]
    assert row.endswith("not decided")
    caveat = "Quick runs have a tenth of the epochs: their answers are provisional."
    assert rest[0] == caveat
    assert caveat in (out / "report.md").read_text()


def test_what_a_classifier_has_not_seen_is_evaluated_first(
    trained: Path, recipe: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = JUDGE.replace("import found", "import found_with_floor as found")
    monkeypatch.setattr(launch, "EVALUATION", (sys.executable, "-c", judge))
    monkeypatch.chdir(ROOT)
    result = report("--recipe", recipe, "--runs", trained, "--out", out)
    assert result.returncode == 0
    assert "evaluating 2 runs first, half a minute each on a CPU (--no-eva" in result.stderr
    assert all(read_evaluation(run).quality for run in (trained / "digits").iterdir())
    assert result.stdout.splitlines()[1].rstrip().endswith(" holds (one seed)")
    again = report("--recipe", recipe, "--runs", trained, "--out", out)
    assert "evaluating" not in again.stderr


def test_what_is_not_trained_is_one_sentence(runs: Path, recipe: Path, out: Path) -> None:
    result = report("--recipe", recipe, "--runs", runs, "--out", out)
    assert complaint(result) == (
        f"recipe {recipe} is not trained, 2 of its 2 runs missing (mine-z2-b1, mine-z3-b1): "
        f"`vaetui train --recipe {recipe} --runs {runs}` trains the rest"
    )
    first, second = configs(recipe, quick=True).items()
    tiny.make(runs, first[1], name=first[0])
    tiny.make(runs, second[1], name=second[0], state="stopped", done=1)
    result = report("--recipe", recipe, "--quick", "--runs", runs, "--out", out)
    assert complaint(result) == (
        f"recipe {recipe} is not trained, mine-quick-z3-b1 is stopped: "
        f"`vaetui train --recipe {recipe} --quick --runs {runs}` trains the rest"
    )
    assert not out.exists()


def test_runs_of_other_settings_are_reported(runs: Path, recipe: Path, out: Path) -> None:
    for name, config in configs(recipe).items():
        other = dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, epochs=2))
        tiny.make(runs, other, name=name)
    result = report("--recipe", recipe, "--no-evaluate", "--runs", runs, "--out", out)
    assert result.returncode == 0
    caveat = "mine-z2-b1 differs from the recipe: epochs 2, not 3."
    assert caveat in (out / "report.md").read_text()
    assert caveat in result.stdout


def test_runs_without_latents_are_reported_with_what_would_keep_them(
    run: Path, runs: Path, out: Path
) -> None:
    (run / LATENTS).unlink()
    result = report(run.name, "--runs", runs, "--out", out)
    assert result.returncode == 0
    words = f"`vaetui evaluate {run.name} --runs {runs}` saves them"
    assert f"no latents of {run.name}, so they are computed now: {words}" in result.stderr


def test_named_runs_and_all_runs(grid: Path, out: Path) -> None:
    names = [path.name for path in sorted((grid / "digits").iterdir())]
    assert report(names[0], "--runs", grid, "--out", out).returncode == 0
    assert (out / "report.md").read_text().startswith(f"# {names[0]} on digits\n")
    tiny.make(grid, tiny.config(latent=9), state="stopped", done=1)
    result = report("--runs", grid, "--out", out)
    assert (out / "report.md").read_text().startswith("# 6 runs on digits\n")
    assert "vae-z9-b1-bce-s0-h16 is left out: it is stopped and has no test figures\n" in result.stderr


def test_what_no_report_can_be_about(grid: Path, out: Path) -> None:
    first, *_ = sorted((grid / "digits").iterdir())
    stopped = tiny.make(grid, tiny.config(latent=9), state="stopped", done=1)
    assert complaint(report(stopped.name, "--runs", grid, "--out", out)) == (
        f"{stopped.name} is stopped, and a report covers finished runs: training with the same options "
        "finishes it"
    )
    (first / EVALUATION).unlink()
    assert complaint(report(first.name, "--runs", grid, "--out", out)) == (
        f"{first.name} has no test figures: run `vaetui evaluate {first.name} --runs {grid}` first"
    )
    other = tiny.make(grid, tiny.config(dataset="mnist", latent=7))
    second = sorted((grid / "digits").iterdir())[1]
    assert complaint(report(other.name, second.name, "--runs", grid, "--out", out)) == (
        "a report covers one data set, and these runs are of digits, mnist: name some runs"
    )
    assert not out.exists()


def test_an_empty_folder_says_how_to_begin(runs: Path, out: Path) -> None:
    assert complaint(report("--runs", runs, "--out", out)) == (
        f"nothing to report on in {runs}: `vaetui train --latent 2,10 --beta 1,4 --runs {runs}` trains four"
    )


def test_a_folder_that_cannot_be_written_is_reported_first(run: Path, runs: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "below"):
        said = report("--runs", runs, "--out", place).stderr
        assert said.startswith(f"vaetui: {place} cannot "), said
        assert said.count("\n") == 1
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        assert "permission denied" in complaint(report("--runs", runs, "--out", tmp_path / "out"))


def test_options_that_do_not_go_together(run: Path, runs: Path, out: Path) -> None:
    both = report(run.name, "--recipe", "classic", "--runs", runs, "--out", out)
    assert (both.returncode, complaint(both)) == (2, "name runs or a --recipe, not both")
    alone = report("--quick", "--runs", runs, "--out", out)
    assert (alone.returncode, complaint(alone)) == (2, "--quick is for a --recipe: name one")


def test_an_unknown_recipe_or_check_names_the_nearest(recipe: Path, runs: Path, out: Path) -> None:
    said = complaint(report("--recipe", "clasic", "--runs", runs, "--out", out))
    assert said == "there is no recipe `clasic`: near is classic, or name a .toml file"
    recipe.write_text(OWN.replace("classes_mixed_up", "classes_mixed"))
    said = complaint(report("--recipe", recipe, "--runs", runs, "--out", out))
    assert said.endswith("names an unknown check, `classes_mixed`: did you mean classes_mixed_up?")


def test_matplotlib_heeds_nobodys_settings(run: Path, runs: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "plain", tmp_path / "set"]
    assert vaetui("report", "--runs", runs, "--out", outs[0]).returncode == 0
    settings = tmp_path / "matplotlibrc"
    settings.write_text("lines.linewidth: 9\nfigure.facecolor: red\nfont.size: 30\n")
    foreign = {**os.environ, "MATPLOTLIBRC": str(settings), "MPLBACKEND": "module://nowhere"}
    result = vaetui("report", "--runs", runs, "--out", outs[1], env=foreign)
    assert result.returncode == 0, result.stderr
    one, other = ({p.name: p.read_bytes() for p in (out / "figures").iterdir()} for out in outs)
    assert one == other


def test_a_recipe_trained_with_several_seeds_is_reported_with_all_of_them(
    runs: Path, recipe: Path, out: Path
) -> None:
    """As after `train --recipe mine --seed 0,1`, which names each run with its seed."""
    grids = recipes.load(str(recipe), {"seed": "0,1"})
    made = grids.configs(load("digits", Path()))
    names = launch.run_names(made, grids.prefix)
    for name, config in zip(names, made, strict=True):
        tiny.make(runs, config, name=name)
    result = report("--recipe", recipe, "--no-evaluate", "--runs", runs, "--out", out)
    assert result.returncode == 0, result.stderr
    text = next(out.glob("*.md")).read_text()
    assert "differs from the recipe" not in text
    assert "2 models (4 runs of 2 seeds) on digits" in text
    assert "mine-z2-b1-s0,1" in text
    assert "mine-z3-b1-s0,1" in text
