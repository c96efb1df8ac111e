"""Plan and queue runs: names, resumption, refusals."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny
from trainer.contract.config import CONFIG, Config, Precision, read_config
from trainer.contract.evaluation import EVALUATION
from trainer.contract.files import Problem
from trainer.contract.images import Dataset, Images
from trainer.contract.metrics import METRICS, read_epochs
from trainer.contract.run_dir import (
    LOG,
    MODEL,
    STATE,
    STATUS,
    State,
    Status,
    hold,
    read_status,
)
from trainer.contract.tensors import write_tensors
from vaetui.commands import examples_folder
from vaetui.runs import launch
from vaetui.runs.run_watcher import read_run
from vaetui.training_grid import configs, parse


def more_epochs(config: Config, epochs: int) -> Config:
    return dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, epochs=epochs))


def grid_of(texts: dict[str, str]) -> list[Config]:
    """Return the configurations that `vaetui train` creates for these options."""
    part = Images(np.zeros((50, 784), np.uint8), np.zeros(50, np.uint8))
    return configs(parse(texts), Dataset("digits", part, part, "c0ffee"))


def saved(run: Path) -> Path:
    """Give `run` a state, so that it can be resumed; only its existence is checked."""
    (run / STATE).write_bytes(b"state")
    return run


def test_new_runs_are_queued_below_their_dataset(runs: Path) -> None:
    configs = [tiny.config(latent=2), tiny.config("ae", latent=5)]
    made = tiny.create_runs(runs, configs, False, None)
    assert made == [runs / "digits" / config.name for config in configs]
    for path, config in zip(made, configs, strict=True):
        written = read_config(path)
        assert dataclasses.replace(written, created=config.created) == config
        assert written.created > tiny.CREATED
        assert dataclasses.replace(read_status(path), updated=0) == Status("queued", 0, 3, starting=True)


def test_the_runs_folder_is_made_when_missing(tmp_path: Path) -> None:
    (made,) = tiny.create_runs(tmp_path / "not" / "yet", [tiny.config()], False, None)
    assert read_run(made).state == "queued"


def test_a_name_is_for_one_run_and_in_front_of_a_grid(runs: Path) -> None:
    one = tiny.create_runs(runs, [tiny.config()], False, "mine")
    assert [path.name for path in one] == ["mine"]
    grid = [tiny.config(latent=2), tiny.config(latent=2, beta=0.5), tiny.config("ae", latent=2)]
    several = tiny.create_runs(runs, grid, False, "mine")
    assert [path.name for path in several] == ["mine-z2-b1", "mine-z2-b0.5", "mine-z2-ae"]


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        ({"latent": "2,5"}, ["mine-z2-b1", "mine-z5-b1"]),
        ({"latent": "2", "seed": "7"}, ["mine"]),
        ({"latent": "2,5", "seed": "7", "lr": "0.5", "batch-size": "9"}, ["mine-z2-b1", "mine-z5-b1"]),
        ({"seed": "0,1"}, ["mine-z10-b1-s0", "mine-z10-b1-s1"]),
        ({"lr": "1e-3,3e-4"}, ["mine-z10-b1-lr0.001", "mine-z10-b1-lr0.0003"]),
        ({"batch-size": "64,128", "kind": "ae"}, ["mine-z10-ae-bs64", "mine-z10-ae-bs128"]),
        (
            {"seed": "1,2", "lr": "1e-3,3e-4"},
            [f"mine-z10-b1-s{seed}-lr{lr}" for seed in (1, 2) for lr in ("0.001", "0.0003")],
        ),
    ],
)
def test_a_name_in_front_of_a_grid_is_followed_by_what_varies_in_it(
    texts: dict[str, str], names: list[str]
) -> None:
    assert launch.run_names(grid_of(texts), "mine") == names


def test_names_from_settings_are_one_a_model_in_any_grid() -> None:
    texts = {"batch-size": "64,128", "seed": "0,1", "lr": "1e-3,3e-4", "latent": "2,5", "kind": "vae,ae"}
    common = {"loss": "mse", "optimizer": "adamw", "binarize": "fixed", "precision": "bf16"}
    names = launch.run_names(grid_of(texts | common | {"beta-warmup": "5", "patience": "3"}), None)
    assert len(set(names)) == len(names) == 2 * 2 * 2 * 2 * 2
    assert names[0] == "vae-z2-b1-mse-s0-bs64-adamw-fixed-w5-p3-bf16"


def test_models_that_would_share_a_name_are_refused(runs: Path) -> None:
    alike = [tiny.config(beta=1.0), tiny.config(beta=1.0000001)]
    with pytest.raises(Problem, match="2 of these models would be called vae-z2-b1-"):
        tiny.create_runs(runs, alike, False, None)
    assert not list(runs.iterdir())


def test_rates_that_would_share_a_name_are_refused() -> None:
    with pytest.raises(Problem, match="keep β values and learning rates further apart"):
        launch.run_names(grid_of({"lr": "1e-3,1.0000001e-3"}), "mine")


def test_a_name_that_grows_too_long_is_refused(runs: Path) -> None:
    with pytest.raises(Problem, match="--name"):
        tiny.create_runs(runs, [tiny.config(latent=2), tiny.config(latent=5)], False, "x" * 120)


def test_a_finished_run_is_left_alone(run: Path, runs: Path) -> None:
    before = {path: path.read_bytes() for path in run.iterdir()}
    assert tiny.create_runs(runs, [tiny.config()], False, None) == []
    assert tiny.create_runs(runs, [more_epochs(tiny.config(), 2)], False, None) == []
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_a_finished_run_goes_on_when_more_epochs_are_asked_for(run: Path, runs: Path) -> None:
    saved(run)
    assert tiny.create_runs(runs, [more_epochs(tiny.config(), 9)], False, None) == [run]
    assert read_config(run) == more_epochs(tiny.config(), 9)
    status = read_status(run)
    assert (status.state, status.epoch, status.epochs) == ("queued", 3, 9)
    assert len(read_epochs(run)) == 3


def test_a_run_that_goes_on_is_in_place_of_what_was_asked_for_last(runs: Path) -> None:
    made = dataclasses.replace(tiny.config(), instead_of="mnist")
    run = saved(tiny.make(runs, made, state="stopped", done=1))
    for asked in ("mnist", "", "mnist"):
        tiny.create_runs(runs, [dataclasses.replace(made, instead_of=asked)], False, None)
        assert read_config(run).instead_of == asked


def test_cycles_of_beta_end_with_the_epochs_that_they_divide(runs: Path) -> None:
    made = tiny.config(beta_cycles=2)
    run = saved(tiny.make(runs, made, state="stopped", done=1))
    with pytest.raises(Problem, match=r"was trained with β cycles over all its epochs 3, not 9: .*--force"):
        launch.plan_runs(runs, [more_epochs(made, 9)], False, None)
    assert tiny.create_runs(runs, [made], False, None) == [run]


def test_a_run_that_patience_ended_is_left_alone_however_many_epochs_are_asked_for(runs: Path) -> None:
    made = tiny.config(epochs=50, patience=3)
    run = saved(tiny.make(runs, made, done=12, early=True))
    for epochs in (10, 50, 100):
        (task,) = launch.plan_runs(runs, [more_epochs(made, epochs)], False, None)
        assert (task.action, task.early, task.done) == ("keep", True, 12)
        assert tiny.create_runs(runs, [more_epochs(made, epochs)], False, None) == []
    assert read_status(run).early
    assert tiny.create_runs(runs, [more_epochs(made, 50)], True, None) == [run]
    assert (read_status(run).state, read_status(run).early) == ("queued", False)
    assert not (run / STATE).exists()


def test_a_run_whose_patience_lasted_to_its_last_epoch_goes_on(runs: Path) -> None:
    made = tiny.config(epochs=12, patience=3)
    run = saved(tiny.make(runs, made))
    assert tiny.create_runs(runs, [more_epochs(made, 50)], False, None) == [run]
    assert read_config(run).optimiser.patience == 3


def test_a_stopped_companion_of_a_run_that_ended_early_goes_on_alone(runs: Path) -> None:
    ended, stopped = (tiny.config(latent=latent, epochs=50, patience=3) for latent in (2, 5))
    tiny.make(runs, ended, done=12, early=True)
    other = saved(tiny.make(runs, stopped, state="stopped", done=20))
    assert tiny.create_runs(runs, [ended, stopped], False, None) == [other]


def test_a_finished_run_without_a_state_cannot_go_on(run: Path, runs: Path) -> None:
    with pytest.raises(Problem, match=r"cannot resume vae-z2-.*: its training state was not saved; give it"):
        tiny.create_runs(runs, [more_epochs(tiny.config(), 9)], False, None)
    assert read_status(run).state == "finished"


def test_what_cannot_be_resumed_is_left_out_and_the_rest_is_trained(run: Path, runs: Path) -> None:
    damaged = tiny.make(runs, tiny.config(latent=5))
    (damaged / CONFIG).write_text("{")
    wanted = [more_epochs(tiny.config(latent=latent), 9) for latent in (2, 5, 10)]
    tasks = launch.plan_runs(runs, wanted, False, None)
    assert [task.action for task in tasks] == ["skip", "skip", "train"]
    assert "its training state was not saved" in tasks[0].why
    assert "is damaged" in tasks[1].why
    assert tiny.create_runs(runs, wanted, False, None) == [tasks[2].path]
    assert read_status(run).state == "finished"
    with pytest.raises(Problem, match=r"cannot resume .* \(and 1 more like it\)"):
        launch.plan_runs(runs, wanted[:2], False, None)


def test_nothing_is_trained_among_the_examples(runs: Path) -> None:
    shipped, other = tiny.ship(runs), runs / "other"
    other.mkdir()
    (other / "digits").symlink_to(shipped.parent, target_is_directory=True)
    for folder in (other, examples_folder()):
        with pytest.raises(Problem, match="the runs that ship with vaetui and is never trained in"):
            launch.plan_runs(folder, [tiny.config(latent=5)], True, None)


@pytest.mark.parametrize("state", ["stopped", "failed", "running", "queued"])
def test_what_did_not_end_well_goes_on(runs: Path, state: State) -> None:
    run = saved(tiny.make(runs, state=state, done=1, error="it broke", images_per_second=900.0))
    wanted = dataclasses.replace(tiny.config(), device="auto", created=1.0)
    assert tiny.create_runs(runs, [wanted], False, None) == [run]
    assert read_config(run) == dataclasses.replace(tiny.config(), device="auto")
    status = read_status(run)
    assert (status.state, status.epoch, status.error) == ("queued", 1, "")
    assert (status.images_per_second, status.starting) == (900.0, True)


def test_a_stopped_run_that_is_past_the_epochs_asked_for_ends_where_it_is(runs: Path) -> None:
    run = saved(tiny.make(runs, state="stopped", done=2))
    tiny.create_runs(runs, [more_epochs(tiny.config(), 1)], False, None)
    assert read_config(run).optimiser.epochs == 2


def test_a_run_killed_before_its_first_status_starts_over(run: Path, runs: Path) -> None:
    for path in run.iterdir():
        if path.name != CONFIG:
            path.unlink()
    assert tiny.create_runs(runs, [tiny.config()], False, None) == [run]
    assert read_status(run).epoch == 0


def with_lr(config: Config) -> Config:
    return dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, lr=0.5))


def with_val(config: Config) -> Config:
    data = dataclasses.replace(config.data, val_fraction=0.5, train=719, val=719)
    return dataclasses.replace(config, data=data)


def with_hidden(config: Config) -> Config:
    return dataclasses.replace(config, model=dataclasses.replace(config.model, hidden=(64, 32)))


def with_images(config: Config) -> Config:
    return dataclasses.replace(config, data=dataclasses.replace(config.data, checksum="f" * 64))


def with_optimiser(**changes: Any) -> Callable[[Config], Config]:
    return lambda config: dataclasses.replace(
        config, optimiser=dataclasses.replace(config.optimiser, **changes)
    )


def with_objective(**changes: Any) -> Callable[[Config], Config]:
    return lambda config: dataclasses.replace(
        config, objective=dataclasses.replace(config.objective, **changes)
    )


def with_binarize(config: Config) -> Config:
    return dataclasses.replace(config, data=dataclasses.replace(config.data, binarize="fixed"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (with_optimiser(name="adamw", weight_decay=0.01), "optimizer adam, not adamw"),
        (with_optimiser(weight_decay=0.01), r"weight decay 0, not 0\.01"),
        (with_optimiser(patience=5), "patience 0 epochs, not 5 epochs"),
        (with_optimiser(keep="best"), "kept weights last, not best"),
        (with_objective(likelihood="gaussian"), "loss bce, not mse"),
        (with_objective(beta_warmup=5), "β warm-up 0 epochs, not 5 epochs"),
        (with_objective(beta_cycles=5), "β cycles 0, not 5"),
        (with_objective(free_bits=0.5), r"free bits 0, not 0\.5"),
        (with_objective(bound="iwae", samples=5), "objective ELBO, not IWAE"),
        (with_binarize, "input grey levels, not fixed binarization"),
        (lambda config: dataclasses.replace(config, precision="bf16"), "precision auto, not bf16"),
        (lambda config: dataclasses.replace(config, seed=7), "seed 0, not 7"),
        (with_lr, r"learning rate 0\.001, not 0\.5"),
        (with_val, r"validation fraction 0\.1, not 0\.5"),
        (with_hidden, "hidden widths 16, not 64×32"),
        (with_images, "dataset checksum 000000, not ffffff"),
    ],
)
def test_a_run_of_that_name_with_other_settings_is_refused(
    runs: Path, change: Callable[[Config], Config], sentence: str
) -> None:
    run = tiny.make(runs, name="mine")
    with pytest.raises(Problem, match=rf"^mine was trained with {sentence}: .*--name.*--force"):
        tiny.create_runs(runs, [change(tiny.config())], False, "mine")
    assert read_status(run).state == "finished"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_auto_goes_on_with_the_precision_that_a_run_has(runs: Path, precision: Precision) -> None:
    run = saved(tiny.make(runs, tiny.config(precision=precision), name="mine"))
    assert tiny.create_runs(runs, [more_epochs(tiny.config(), 9)], False, "mine") == [run]
    assert read_config(run).precision == precision
    with pytest.raises(Problem, match=f"mine was trained with precision {precision}, not tf32"):
        tiny.create_runs(runs, [tiny.config(precision="tf32")], False, "mine")


def test_a_run_from_before_there_were_so_many_options_goes_on(runs: Path) -> None:
    run = saved(tiny.make(runs))
    path = run / CONFIG
    old = json.loads(path.read_text())
    for key in ("weight_decay", "patience", "keep"):
        del old["optimiser"][key]
    for key in ("beta_warmup", "free_bits", "beta_cycles", "bound", "samples"):
        del old["objective"][key]
    old["precision"] = "fp32"
    path.write_text(json.dumps(old))
    status = json.loads((run / STATUS).read_text())
    del status["early"]
    (run / STATUS).write_text(json.dumps(status))
    assert tiny.create_runs(runs, [tiny.config()], False, None) == []
    assert tiny.create_runs(runs, [more_epochs(tiny.config(), 9)], False, None) == [run]
    assert read_config(run) == more_epochs(tiny.config(precision="fp32"), 9)


def test_force_removes_what_was_learnt_and_starts_over(runs: Path) -> None:
    run = saved(tiny.make(runs, name="mine"))
    (run / LOG).write_text("old")
    (run / "notes.txt").write_text("mine")
    other = with_lr(tiny.config())
    assert tiny.create_runs(runs, [other], True, "mine") == [run]
    assert {path.name for path in run.iterdir()} == {CONFIG, STATUS, "run.lock", "notes.txt"}
    assert read_config(run).optimiser.lr == 0.5
    assert dataclasses.replace(read_status(run), updated=0) == Status("queued", 0, 3, starting=True)


def test_force_removes_nothing_when_anything_is_refused(runs: Path) -> None:
    finished = tiny.make(runs, tiny.config(latent=5))
    with tiny.live(runs, tiny.config(latent=2)), pytest.raises(Problem, match="is being trained now"):
        tiny.create_runs(runs, [tiny.config(latent=5), tiny.config(latent=2)], True, None)
    for name in (MODEL, METRICS, EVALUATION):
        assert (finished / name).exists()


def test_a_run_that_has_ended_before_its_companions_is_refused(runs: Path) -> None:
    run = tiny.make(runs, state="failed", done=1, error="its objective was no longer a number")
    with (
        hold(run, sign=True),
        pytest.raises(Problem, match="has failed, but its trainer still"),
    ):
        tiny.create_runs(runs, [tiny.config()], True, None)


def test_a_run_that_is_alive_is_refused(runs: Path) -> None:
    with tiny.live(runs) as run:
        sentence = (
            f"^{run.name} is being trained now: `vaetui watch {run.name} --runs {run.parents[1]}` follows it"
        )
        with pytest.raises(Problem, match=sentence):
            tiny.create_runs(runs, [tiny.config()], False, None)


def test_a_damaged_run_is_refused_until_forced(run: Path, runs: Path) -> None:
    (run / CONFIG).write_text("{")
    with pytest.raises(
        Problem, match=r"config\.json is damaged: .*; give it another --name, or retrain it with --force"
    ):
        tiny.create_runs(runs, [tiny.config()], False, None)
    assert tiny.create_runs(runs, [tiny.config()], True, None) == [run]


@pytest.mark.parametrize("text", ["", '{"state": "fin', "\0" * 300])
def test_a_damaged_status_is_as_if_missing(runs: Path, text: str) -> None:
    run = tiny.make(runs, state="stopped", done=2)
    write_tensors(run / STATE, {}, {"epoch": "2", "step": "0", "seconds": "0.0"})
    (run / STATUS).write_text(text)
    assert tiny.create_runs(runs, [tiny.config()], False, None) == [run]
    assert (read_status(run).state, read_status(run).epoch) == ("queued", 2)


def test_a_file_where_the_folder_should_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(Problem, match=r"cannot be written \(.*runs is a file\): .*--runs"):
        tiny.create_runs(tmp_path / "runs", [tiny.config()], False, None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_one_sentence(runs: Path) -> None:
    runs.chmod(0o555)
    try:
        with pytest.raises(Problem, match=r"cannot be written \(permission denied\): .*--runs"):
            tiny.create_runs(runs, [tiny.config()], False, None)
    finally:
        runs.chmod(0o755)
