"""Find a run by path, name or prefix."""

from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.config import CONFIG
from trainer.contract.files import Problem
from vaetui.runs.lookup import find_run, find_runs, short_names
from vaetui.runs.run_watcher import Run


def test_find_by_directory_name_and_prefix(grid: Path) -> None:
    run = grid / "digits" / "vae-z5-b4-bce-s0-h16"
    prefixes = ("vae-z5-b4", "digits/vae-z5-b4", f"digits/{run.name}/")
    for text in (str(run), run.name, f"digits/{run.name}", *prefixes):
        found = find_run(grid, text)
        assert isinstance(found, Run)
        assert (found.path, found.state, len(found.epochs)) == (run, "finished", 3)


def test_find_a_directory_outside_of_the_folder(runs: Path, tmp_path: Path) -> None:
    run = tiny.make(tmp_path / "elsewhere")
    assert find_run(runs, str(run)).path == run


def test_a_whole_name_wins_over_longer_ones(runs: Path) -> None:
    for name in ("short", "shorter"):
        tiny.make(runs, name=name)
    assert find_run(runs, "short").name == "short"


def test_the_latest_is_the_last_created(runs: Path) -> None:
    for latent, created in ((2, 30.0), (5, 50.0), (10, 10.0)):
        tiny.make(runs, tiny.config(latent=latent, created=created))
    damaged = tiny.make(runs, tiny.config(latent=20, created=90.0))
    (damaged / CONFIG).write_text("{")
    assert find_run(runs, "@latest").config.model.latent == 5


def test_a_prefix_of_several_names_them(grid: Path) -> None:
    with pytest.raises(Problem, match=r"`vae-z2` means 2 runs: .*vae-z2-b1-.*vae-z2-b4-"):
        find_run(grid, "vae-z2")


@pytest.mark.parametrize("folder", ["", "digits/"])
def test_the_name_of_a_model_means_its_seeds(runs: Path, folder: str) -> None:
    paths = [tiny.make(runs, tiny.config(seed=seed)) for seed in (0, 1, 2)]
    name = f"{folder}vae-z2-b1-bce-s0–2-h16"
    assert [run.path for run in find_runs(runs, [name, paths[1].name])] == paths
    assert find_run(runs, name).path == paths[0]
    with pytest.raises(Problem, match=r"no run `vae-z2-b1-bce-s0–3-h16` in .*; near: "):
        find_run(runs, "vae-z2-b1-bce-s0–3-h16")


def test_one_name_in_two_data_sets_needs_the_data_set(runs: Path) -> None:
    tiny.make(runs, tiny.config(dataset="digits"))
    other = tiny.make(runs, tiny.config(dataset="mnist"))
    with pytest.raises(Problem, match=rf"means 2 runs: digits/{other.name}, mnist/{other.name}"):
        find_run(runs, other.name)
    assert find_run(runs, f"mnist/{other.name}").path == other


def test_a_shipped_run_gives_way_to_ones_own_of_its_name(runs: Path) -> None:
    shipped = tiny.ship(runs, tiny.config(dataset="mnist", created=90.0))
    assert find_run(runs, shipped.name) == find_run(runs, "vae-z2") == find_run(runs, "@latest")
    assert find_run(runs, shipped.name).path == shipped
    own = tiny.make(runs, tiny.config(dataset="mnist", created=10.0))
    assert own.name == shipped.name
    for text in (own.name, "vae-z2", "mnist/vae", "@latest"):
        assert find_run(runs, text).path == own
    for text in (f"examples/{own.name}", "examples/vae"):
        assert find_run(runs, text).path == shipped
    assert short_names([own, shipped], runs) == [own.name, f"examples/{own.name}"]
    other = tiny.ship(runs, tiny.config(latent=20, dataset="mnist"))
    with pytest.raises(Problem, match=f"`vae-z2` means 2 runs: .*{other.name}"):
        find_run(runs, "vae-z2")


def test_a_misspelt_name_brings_near_ones(grid: Path) -> None:
    with pytest.raises(Problem, match=r"no run `vae-z5-b4-bec` in .*; near: digits/vae-z5-b4-bce-s0-h16"):
        find_run(grid, "vae-z5-b4-bec")


def test_a_wrong_name_brings_some_that_exist(grid: Path) -> None:
    with pytest.raises(Problem, match=r"no run `\?\?\?` in .*; there: digits/ae-z2.* and 2 more"):
        find_run(grid, "???")


def test_what_can_be_no_path_is_an_unknown_name(grid: Path) -> None:
    for text in ("x" * 5000, "~nobody/run", "a\0b"):
        with pytest.raises(Problem, match="no run `"):
            find_run(grid, text)


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_path_that_is_no_run_is_named_itself(runs: Path, is_empty: bool) -> None:
    if not is_empty:
        tiny.make(runs)
    (runs / "folder").mkdir(parents=True)
    for text, what in {
        str(runs / "folder"): "is not a run",
        str(runs / "missing"): "does not exist",
        "../missing/run": "does not exist",
        "/a\0b": "does not exist",
        "/" + "x" * 5000: "does not exist",
    }.items():
        with pytest.raises(Problem, match=rf"^`[^`]*` {what}: `vaetui ls --runs [^`]*` lists the runs$"):
            find_run(runs, text)


@pytest.mark.parametrize("text", ["@latest", "vae-z10", ""])
def test_an_empty_folder_says_how_to_fill_it(runs: Path, text: str) -> None:
    for folder in (runs, runs / "missing"):
        with pytest.raises(
            Problem, match=r"no runs in .* yet: `vaetui train --latent 10 --beta 1 --runs .*` makes one"
        ):
            find_run(folder, text)


def test_a_damaged_run_is_found_and_says_so(run: Path) -> None:
    (run / CONFIG).write_text("{")
    for text in (run.name, "@latest", str(run)):
        with pytest.raises(Problem, match=r"config\.json is damaged"):
            find_run(run.parents[1], text)
