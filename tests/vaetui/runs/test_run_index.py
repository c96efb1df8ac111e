import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.config import CONFIG, write_config
from trainer.contract.evaluation import EVALUATION
from trainer.contract.files import Problem, write_json
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import STATUS, Status, hold, write_status
from vaetui.commands import runs_folder
from vaetui.runs import run_watcher
from vaetui.runs.families import AE, families
from vaetui.runs.lookup import find_run, short_names
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run, read_run


def states(library: RunIndex) -> dict[str, str]:
    return {run.name: run.state for run in library.runs}


# --- following a folder ---


def test_runs_are_read_and_sorted(runs: Path) -> None:
    for made in (
        tiny.config("ae", 2),
        tiny.config(latent=10),
        tiny.config(latent=2),
        tiny.config(dataset="bars"),
    ):
        tiny.make(runs, made)
    (runs / "digits" / "notes").mkdir()
    (runs / "stray.txt").write_text("no run")
    library = RunIndex(runs)
    assert [
        (run.config.data.name, run.config.model.kind, run.config.model.latent) for run in library.runs
    ] == [
        ("bars", "vae", 2),
        ("digits", "vae", 2),
        ("digits", "vae", 10),
        ("digits", "ae", 2),
    ]
    assert library.problems == ()
    first = library.runs[0]
    assert (first.state, first.alive, first.problem) == ("finished", False, "")
    assert first.latest == tiny.epoch(first.config, 3)


def test_nothing_changed_costs_no_reading(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (grid, grid / "digits"):
        os.utime(folder, (1, 1))
    library = RunIndex(grid)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read although nothing changed")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse)
    assert not library.poll()


def test_a_reader_in_a_hurry_gets_what_matters_first_and_the_rest_with_the_next_polls(grid: Path) -> None:
    whole = RunIndex(grid)
    paths = [run.path for run in whole.runs]
    for age, path in enumerate(paths):
        os.utime(path / STATUS, (tiny.CREATED - age, tiny.CREATED - age))
    library = RunIndex(grid, at_once=0, first=paths[-1:])
    assert library.runs[0].path == paths[-1]
    seen = [library.unread]
    found = [{run.path for run in library.runs}]
    while library.unread:
        assert library.poll()
        seen.append(library.unread)
        found.append({run.path for run in library.runs})
    assert seen == list(range(len(paths) - 1, -1, -1)), "one more run a poll"
    assert found[1] == {paths[-1], paths[0]}, "what was touched last comes next"
    assert library.runs == whole.runs
    assert not library.poll()


def test_a_run_in_a_folder_long_at_rest_is_noticed(grid: Path) -> None:
    for folder in (grid, grid / "digits"):
        os.utime(folder, (1, 1))
    library = RunIndex(grid)
    tiny.make(grid, tiny.config(latent=20))
    assert library.poll()
    assert len(library.runs) == 7


def test_a_run_appears_grows_and_ends_by_itself(runs: Path) -> None:
    library = RunIndex(runs)
    assert states(library) == {}
    assert not library.poll()
    made = tiny.config(epochs=2)
    with tiny.live(runs, made) as run:
        assert library.poll()
        assert states(library) == {run.name: "running"}
        assert library.runs[0].alive
        assert not library.poll()
        tiny.grow(run, made, 2)
        assert library.poll()
        assert [epoch.epoch for epoch in library.runs[0].epochs] == [1, 2]
        write_status(run, Status("finished", 2, 2))
    assert library.poll()
    assert states(library) == {run.name: "finished"}
    assert not library.runs[0].alive


def test_runs_that_go_away_are_let_go(runs: Path) -> None:
    first, second = tiny.grid(runs, latents=(2, 5), betas=(1.0,))
    library = RunIndex(runs)
    shutil.rmtree(first)
    assert library.poll()
    assert states(library) == {second.name: "finished"}
    (second / CONFIG).unlink()
    assert library.poll()
    assert library.runs == ()
    shutil.rmtree(runs)
    library.poll()
    assert (library.runs, library.problems) == ((), ())


def test_a_folder_that_turns_into_a_run_is_noticed(runs: Path) -> None:
    folder = runs / "digits" / "soon"
    folder.mkdir(parents=True)
    library = RunIndex(runs)
    write_config(folder, tiny.config())
    assert library.poll()
    assert [run.name for run in library.runs] == ["soon"]


def test_raised_epochs_are_noticed(run: Path) -> None:
    library = RunIndex(run.parents[1])
    write_config(run, tiny.config(epochs=30))
    assert library.poll()
    assert library.runs[0].config.optimiser.epochs == 30


def test_a_killed_trainer_leaves_a_run_that_died(runs: Path) -> None:
    library = RunIndex(runs)
    with tiny.live(runs) as run:
        library.poll()
    assert library.poll()
    assert states(library) == {run.name: "interrupted"}


def test_a_process_of_its_own_counts_as_alive_until_it_stops(runs: Path) -> None:
    library = RunIndex(runs)
    with tiny.trainer(runs) as (run, pid):
        library.poll()
        assert library.runs[0].alive
        assert library.runs[0].status.pid == pid
    assert library.poll()
    assert states(library) == {run.name: "stopped"}


def test_a_run_that_ends_between_two_looks_did_not_die(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.make(runs, state="running", done=1)

    def ends_just_now(path: Path) -> bool:
        write_status(path, Status("finished", 3, 3))
        return False

    monkeypatch.setattr(run_watcher, "is_alive", ends_just_now)
    assert states(RunIndex(runs)) == {run.name: "finished"}


def test_a_queued_run_is_given_time_to_come_up(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.make(runs, state="queued")
    library = RunIndex(runs)
    assert states(library) == {run.name: "queued"}
    assert not library.runs[0].alive
    assert not library.poll()
    now = time.time()
    monkeypatch.setattr("vaetui.runs.run_watcher.time.time", lambda: now + 19)
    assert not library.poll()
    monkeypatch.setattr("vaetui.runs.run_watcher.time.time", lambda: now + 21)
    assert library.poll()
    assert states(library) == {run.name: "interrupted"}
    with hold(run):
        assert library.poll()
        assert states(library) == {run.name: "queued"}


def test_a_copy_without_status_is_a_stopped_run(run: Path) -> None:
    (run / STATUS).unlink()
    copied = read_run(run)
    assert (copied.state, copied.problem) == ("stopped", "")
    assert (copied.status.epoch, copied.status.epochs) == (3, 3)


# --- damage ---


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff", b"[" * 100_000])
def test_a_damaged_configuration_is_a_problem_beside_the_rest(runs: Path, content: bytes) -> None:
    good, bad = tiny.grid(runs, latents=(2, 5), betas=(1.0,))
    (bad / CONFIG).write_bytes(content)
    library = RunIndex(runs)
    assert states(library) == {good.name: "finished"}
    ((path, sentence),) = library.problems
    assert path == bad
    assert "config.json" in sentence
    assert not library.poll()
    write_config(bad, tiny.config(latent=5))
    assert library.poll()
    assert library.problems == ()
    assert len(library.runs) == 2


@pytest.mark.parametrize("name", [STATUS, METRICS])
def test_other_damage_is_the_runs_own_problem(run: Path, name: str) -> None:
    (run / name).write_bytes(b"nonsense\n")
    library = RunIndex(run.parents[1])
    assert f"{name} is damaged" in library.runs[0].problem
    assert not library.poll()


@pytest.mark.parametrize("name", [CONFIG, STATUS, METRICS, EVALUATION])
def test_what_is_no_regular_file_hides_nothing_else(runs: Path, name: str) -> None:
    good, bad = tiny.grid(runs, latents=(2, 5), betas=(1.0,))
    (bad / name).unlink()
    os.mkfifo(bad / name)
    library = RunIndex(runs)
    sentence = f"{bad / name} cannot be read: it is a FIFO, not a regular file"
    assert sentence in [problem for _, problem in library.problems] + [run.problem for run in library.runs]
    assert library.runs[0].path == good
    (bad / name).unlink()
    (bad / name).symlink_to(name)
    library.poll()
    told = [problem for _, problem in library.problems] + [run.problem for run in library.runs]
    assert f"{bad / name} cannot be read: Too many levels of symbolic links" in told


def test_test_figures_of_another_model_are_a_problem(run: Path) -> None:
    raw = json.loads((run / EVALUATION).read_text())
    for changes, told in (
        ({"kl_per_dim": []}, "kl_per_dim has 0 values, the model 2 dimensions"),
        ({"per_class_mse": {"10": 1.0}}, "per_class_mse is of other classes than 0 to 9"),
        ({"images": -1}, "images is -1, expected 0 to"),
    ):
        write_json(run / EVALUATION, raw | changes, durable=False)
        found = read_run(run)
        assert found.evaluation is None
        assert f"evaluation.json is damaged: {told}" in found.problem


def test_names_cannot_steer_the_terminal(runs: Path) -> None:
    made = tiny.config()
    evil = tiny.make(runs, made, name="evil\x1b[2Jname\n")
    bad = tiny.make(runs, made, name="bad\x1b]0;x")
    (bad / CONFIG).write_text("{")
    library = RunIndex(runs)
    assert library.runs[0].name == "evil [2Jname"
    assert "\x1b" not in library.problems[0][1]
    assert find_run(runs, "evil").path == evil


def test_what_cannot_be_listed_is_a_problem(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    library = RunIndex(grid)
    monkeypatch.setattr(os, "scandir", refuse)
    for folder in (grid, grid / "digits"):
        os.utime(folder)
    library.poll()
    assert library.runs == ()
    assert library.problems == ((grid, f"{grid} cannot be read: Permission denied"),)
    with pytest.raises(Problem, match="Permission denied"):
        find_run(grid, "vae")


def test_a_run_that_cannot_be_looked_into_is_a_problem(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    runs = run.parents[1]
    monkeypatch.setattr("vaetui.runs.folders.is_run", refuse)
    monkeypatch.setattr("trainer.contract.files.os.open", refuse)
    library = RunIndex(runs)
    assert library.problems == ((run, f"{run / CONFIG} cannot be read: Permission denied"),)
    assert not library.poll()
    monkeypatch.undo()
    (run / CONFIG).chmod(0o600)
    assert library.poll()
    assert states(library) == {run.name: "finished"}


def test_a_file_is_no_runs_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "Not a directory" in RunIndex(file).problems[0][1]
    with pytest.raises(Problem, match="Not a directory"):
        find_run(file, "vae")


# --- finding one ---


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


# --- where runs live ---


def test_runs_folder_prefers_option_then_variable_then_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("VAETUI_RUNS", "~/mine")
    assert runs_folder(Path("asked")) == Path("asked")
    assert runs_folder(None) == Path("~/mine").expanduser()
    monkeypatch.setenv("VAETUI_RUNS", "")
    assert runs_folder(None).name == "runs"
    assert "vaetui" in runs_folder(None).parts
    (tmp_path / "checkpoints").mkdir()
    assert runs_folder(None) == Path("checkpoints")


# --- grids ---


def test_a_grid_is_one_family(grid: Path) -> None:
    (family,) = families(RunIndex(grid).runs)
    assert family.title == "digits · bce · 16 · seed 0"
    assert family.latents == (2, 5)
    assert family.columns == (AE, 1.0, 4.0)
    for latent in family.latents:
        for column in family.columns:
            run = family.at(latent, column)
            assert run is not None
            assert run.config.model.latent == latent
            assert (AE if run.config.model.kind == "ae" else run.config.objective.beta) == column
    assert family.at(3, 1.0) is None


def test_holes_stay_holes(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=2, beta=1))
    tiny.make(runs, tiny.config(latent=10, beta=4))
    (family,) = families(RunIndex(runs).runs)
    assert (family.latents, family.columns) == ((2, 10), (1.0, 4.0))
    assert family.at(2, 4.0) is None


def test_epochs_may_differ_within_a_family(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=2, epochs=3))
    tiny.make(runs, tiny.config(latent=5, epochs=4))
    assert len(families(RunIndex(runs).runs)) == 1


def test_runs_that_cannot_be_compared_go_apart(runs: Path) -> None:
    for made in (
        tiny.config(),
        tiny.config(likelihood="gaussian"),
        tiny.config(hidden=(16, 8)),
        tiny.config(seed=1),
        tiny.config(lr=0.01),
        tiny.config(dataset="mnist"),
    ):
        tiny.make(runs, made)
    assert [family.title for family in families(RunIndex(runs).runs)] == [
        "digits · bce · 16 · seed 0 · lr 0.001",
        "digits · bce · 16 · seed 0 · lr 0.01",
        "digits · bce · 16 · seed 1",
        "digits · bce · 16×8 · seed 0",
        "digits · mse · 16 · seed 0",
        "mnist · bce · 16 · seed 0",
    ]


def test_every_setting_that_figures_depend_on_makes_a_family_of_its_own_and_titles_tell_it(
    runs: Path,
) -> None:
    for made in (
        tiny.config(),
        tiny.config(optimiser="adamw"),
        tiny.config(beta_warmup=5),
        tiny.config(patience=3),
        tiny.config(keep="best"),
        tiny.config(keep="best", patience=3),
        tiny.config(binarize="dynamic"),
        tiny.config(batch_size=64),
        tiny.config(lr=0.01, patience=3),
    ):
        tiny.make(runs, made)
    common = "digits · bce · 16 · seed 0"
    usual = f"{common} · lr 0.001 · batch 128"
    assert {family.title for family in families(RunIndex(runs).runs)} == {
        f"{common} · lr 0.01",
        f"{common} · lr 0.001 · batch 64",
        usual,
        f"{usual} · adamw",
        f"{usual} · warm-up 5",
        f"{usual} · binarize dynamic",
        f"{usual} · keep best",
        f"{usual} · patience 3",
        f"{usual} · patience 3 · keep best",
    }


def test_autoencoders_stand_beside_vaes_that_were_warmed_up(runs: Path) -> None:
    tiny.grid(runs, betas=(1.0,), kinds=("vae", "ae"), beta_warmup=5)
    (family,) = families(RunIndex(runs).runs)
    assert (family.latents, family.columns) == ((2, 5), (AE, 1.0))
    tiny.grid(runs, betas=(1.0,), beta_warmup=2)
    assert [len(family.runs) for family in families(RunIndex(runs).runs)] == [4, 2]
    tiny.grid(runs, betas=(1.0,))
    without, *rest = families(RunIndex(runs).runs)
    assert without.columns == (AE, 1.0)
    assert [family.columns for family in rest] == [(1.0,), (1.0,)]


def test_precision_alone_does_not_part_runs(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=2, precision="fp32"))
    tiny.make(runs, tiny.config(latent=5))
    tiny.make(runs, tiny.config(latent=10, precision="bf16"))
    (family,) = families(RunIndex(runs).runs)
    assert (family.title, family.latents) == ("digits · bce · 16 · seed 0", (2, 5, 10))


def test_precisions_that_meet_in_a_cell_part_into_grids_that_name_them(runs: Path) -> None:
    for latent in (2, 5):
        tiny.make(runs, tiny.config(latent=latent, precision="bf16"))
    told = dataclasses.replace(tiny.config(latent=5), versions={"precision": "tf32"})
    tiny.make(runs, told)
    tiny.make(runs, tiny.config(latent=10, precision="fp32"))
    found = {family.title: family.latents for family in families(RunIndex(runs).runs)}
    assert found == {
        "digits · bce · 16 · seed 0 · bf16/fp32": (2, 5, 10),
        "digits · bce · 16 · seed 0 · tf32": (5,),
    }


def test_other_data_under_the_same_name_is_told_by_its_checksum(runs: Path) -> None:
    made = tiny.config()
    tiny.make(runs, made)
    other = dataclasses.replace(made, data=dataclasses.replace(made.data, checksum="ab" * 32))
    tiny.make(runs, other, name="other")
    titles = [family.title for family in families(RunIndex(runs).runs)]
    assert titles == ["digits · bce · 16 · seed 0 · data 000000", "digits · bce · 16 · seed 0 · data ababab"]


def test_shipped_runs_stand_apart_and_say_so(runs: Path) -> None:
    tiny.ship(runs, tiny.config(latent=2))
    tiny.ship(runs, tiny.config(latent=5))
    tiny.make(runs, tiny.config(latent=5, precision="fp32"))
    tiny.make(runs, tiny.config(latent=10))
    found = [(family.title, family.latents) for family in families(RunIndex(runs).runs)]
    assert found == [
        ("digits · bce · 16 · seed 0", (5, 10)),
        ("digits examples · bce · 16 · seed 0", (2, 5)),
    ]


def test_two_runs_of_one_cell_go_to_two_families(grid: Path) -> None:
    again = tiny.make(grid, tiny.config(latent=2, beta=1.0), name="z-again")
    first, second = families(RunIndex(grid).runs)
    assert [len(family.runs) for family in (first, second)] == [6, 1]
    found = second.at(2, 1.0)
    assert found is not None
    assert found.path == again
    assert (first.title, second.title) == ("digits · bce · 16 · seed 0", "digits · bce · 16 · seed 0 · 2")


def test_a_status_from_long_ago_does_not_wait(runs: Path) -> None:
    run = tiny.make(runs, state="queued")
    write_json(run / STATUS, dataclasses.asdict(Status("queued", 0, 3, updated=1.0)), durable=False)
    assert read_run(run).state == "interrupted"


def test_the_headless_core_needs_numpy_only() -> None:
    modules = "vaetui.runs.run_index, vaetui.models.mlp, vaetui.latent.path"
    modules += ", vaetui.render.cells, vaetui.render.terminal"
    heavy = "{'torch', 'torchvision', 'sklearn', 'scipy', 'PIL', 'rich', 'textual', 'typer', 'plotext'}"
    code = f"import sys, {modules}; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
