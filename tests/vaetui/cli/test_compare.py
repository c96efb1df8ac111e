"""Runs ranked by their test figures, with intervals where every image was kept."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.cli.shell import call, complaint
from trainer.contract.config import Config, read_config
from trainer.contract.evaluation import EVALUATION, read_evaluation
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import Array, write_tensors


def keep_every_image(run: Path, worse_by: float = 0.0) -> None:
    """Codes and distortions that agree with the run's test figures, off by `worse_by` nats."""
    config, evaluation = read_config(run), read_evaluation(run)
    rng = tiny.random(config, "images")
    hard = np.linspace(-20, 20, tiny.TEST_IMAGES)  # the same images are hard for every run
    distortion = evaluation.figures.distortion + worse_by + hard + 0.1 * rng.standard_normal(tiny.TEST_IMAGES)
    distortion += evaluation.figures.distortion + worse_by - distortion.mean()
    latent = config.model.latent
    mean = np.full((tiny.TEST_IMAGES, latent), np.sqrt(2 * evaluation.figures.rate / latent), np.float32)
    arrays: dict[str, Array] = {
        "mean": mean,
        "log_var": np.zeros_like(mean),
        "labels": np.zeros(tiny.TEST_IMAGES, np.uint8),
        "distortion": distortion.astype(np.float32),
    }
    write_tensors(run / LATENTS, arrays, {"epoch": str(evaluation.epoch)})


def bound(config: Config) -> float:
    return -tiny.evaluation(config, 3).figures.elbo


def test_runs_are_ranked_and_the_choice_has_its_reason(grid: Path) -> None:
    result = call("compare", "--runs", grid)
    assert result.returncode == 0
    lines = [line for line in result.stdout.splitlines() if line]
    assert lines[0] == (
        "digits, test, 60 images, grey levels, one posterior draw: VAEs, by −ELBO; nats per image"
    )
    assert [line.split()[0] for line in lines[2:6]] == [
        *("›", "vae-z2-b1-bce-s0-h16", "vae-z5-b4-bce-s0-h16", "vae-z2-b4-bce-s0-h16"),
    ]
    headings = ["run", "epochs", "test", "−ELBO", "distortion", "rate"]
    assert lines[1].split()[: len(headings)] == headings
    assert lines[2].split()[1:4] == ["vae-z5-b1-bce-s0-h16", "3", f"{bound(tiny.config(latent=5)):.2f}"]
    assert "validation −ELBO" in lines[1]
    assert lines[6].startswith("chosen: vae-z5-b1-bce-s0-h16 (z = 5 β = 1: lowest validation −ELBO, ")
    assert "the code itself: autoencoders, by distortion" in lines[7]
    assert lines[-1].startswith("chosen: ae-z5-bce-s0-h16 (z = 5 AE: lowest validation distortion, ")


def test_both_squared_errors_have_their_names(runs: Path) -> None:
    run, _ = tiny.make(runs), tiny.make(runs, tiny.config("ae"))
    found = read_evaluation(run)
    text = call("compare", "--runs", runs).stdout
    assert text.count("MSE draw") == text.count("MSE mean") == 1, "an autoencoder has one, at its code"
    assert found.mse_posterior_mean is not None
    line = next(line for line in text.splitlines() if line.startswith("›"))
    assert line.split()[6:8] == [f"{found.figures.mse:.4f}", f"{found.mse_posterior_mean:.4f}"]
    of_vaes, of_others = json.loads(call("compare", "--runs", runs, "--json").stdout)
    assert of_vaes["runs"][0]["mse"] == found.figures.mse
    assert of_vaes["runs"][0]["mse_posterior_mean"] == found.mse_posterior_mean
    assert of_others["runs"][0]["mse"] == of_others["runs"][0]["mse_posterior_mean"]


def test_runs_of_one_name_are_distinguished_by_their_folders(runs: Path) -> None:
    shipped, own = tiny.ship(runs), tiny.make(runs)
    other = tiny.make(runs, tiny.config(latent=5))
    text = call("compare", "--runs", runs).stdout
    assert own.name == shipped.name
    for name in (f"digits/{own.name}", f"examples/{own.name}", f" {other.name}"):
        assert f"{name} " in text


def test_figures_of_an_older_version_lack_the_squared_error_at_the_mean(runs: Path) -> None:
    run = tiny.make(runs)
    file = run / EVALUATION
    file.write_text(
        json.dumps({k: v for k, v in json.loads(file.read_text()).items() if "posterior_mean" not in k})
    )
    text = call("compare", "--runs", runs)
    assert (text.returncode, text.stderr) == (0, "")
    assert "MSE draw" in text.stdout
    assert "MSE mean" not in text.stdout


def test_differences_are_paired_over_images(runs: Path) -> None:
    for run in tiny.grid(runs):
        keep_every_image(run)
    (ranking,) = json.loads(call("compare", "--runs", runs, "--json").stdout)
    base, *others = ranking["runs"]
    assert base["run"] == ranking["compared_with"] == ranking["choice"]["run"]
    assert base["worse_by"] is None
    for row in others:
        assert row["worse_by"] == pytest.approx(base["elbo"] - row["elbo"], abs=1e-3)
        assert row["low"] < row["worse_by"] < row["high"]
        assert row["high"] - row["low"] < 0.2, "what is hard for both drops out: alone it would be about 6"


def test_a_difference_that_may_be_none_says_so(runs: Path) -> None:
    one, other = tiny.make(runs, name="one"), tiny.make(runs, name="other")
    for run in (one, other):
        keep_every_image(run)
    (row,) = [line for line in call("compare", "--runs", runs).stdout.splitlines() if " other " in line]
    assert row.split()[3] == "0.00"
    assert "(may be 0)" in row


def test_codes_of_other_weights_give_no_intervals(runs: Path) -> None:
    first, second, *_ = tiny.grid(runs, latents=(2,))
    keep_every_image(first)
    keep_every_image(second, worse_by=1.0)
    result = call("compare", "--runs", runs)
    assert "interval" not in result.stdout
    assert f"no intervals for {second.name}: " in result.stderr
    assert f"`vaetui evaluate {second.name} --runs {runs}` measures every test image" in result.stderr


def test_what_was_measured_otherwise_is_not_ranked_with_the_others(runs: Path) -> None:
    tiny.grid(runs)
    tiny.make(runs, tiny.config(binarize="fixed"))
    tiny.make(runs, tiny.config(likelihood="gaussian"))
    result = call("compare", "--runs", runs)
    assert result.stdout.count("chosen:") == 3
    assert "ranked separately: fixed binarization, not none\n" in result.stderr
    assert "ranked separately: gaussian likelihood, not bernoulli\n" in result.stderr


def test_runs_of_two_data_sets_stand_apart(runs: Path) -> None:
    tiny.grid(runs, latents=(2,))
    other = tiny.make(runs, tiny.config(dataset="mnist"))
    result = call("compare", "--runs", runs)
    assert f"{other.name} ranked separately: mnist images, not digits" in result.stderr


def test_a_run_without_test_figures_makes_its_data_set_go_by_validation(runs: Path) -> None:
    first, *_ = tiny.grid(runs, latents=(2,))
    (first / EVALUATION).unlink()
    out = call("compare", "--runs", runs).stdout
    assert "validation (not every run has test figures), 180 images" in out


def test_runs_of_other_epochs_than_the_best_are_flagged(runs: Path) -> None:
    best = tiny.make(runs, tiny.config(latent=20))
    for name, epochs in (("short", 1), ("long", 12), ("longer", 20)):
        tiny.make(runs, tiny.config(beta=4.0, epochs=epochs), name=name)
    result = call("compare", "--runs", runs)
    rows = {line.removeprefix("›").split()[0]: line for line in result.stdout.splitlines() if "/" in line}
    assert rows[best.name].removeprefix("›").split()[1:3] == ["3", f"{bound(tiny.config(latent=20)):.2f}"]
    assert [rows[name].split()[1:3] for name in ("short", "long", "longer")] == [
        *(["1", "(fewer)"], ["12", "(more)"], ["20", "(more)"])
    ]
    why = f"epochs than {best.name} (3): differences may come from the training, not from the model"
    assert f"short (1) trained for fewer {why}\n" in result.stderr
    assert f"2 runs trained for more {why}\n" in result.stderr
    (ranking,) = json.loads(call("compare", "--runs", runs, "--json").stdout)
    assert {row["run"]: row["epochs"] for row in ranking["runs"]}["long"] == 12


def test_early_stopping_is_no_other_training(runs: Path) -> None:
    made = tiny.config(epochs=50, patience=3, keep="best")
    tiny.make(runs, made, done=12, best=9, early=True)
    tiny.make(runs, dataclasses.replace(made, model=tiny.config(latent=5).model), done=50, best=50)
    result = call("compare", "--runs", runs)
    assert "9 of 12" in result.stdout
    assert "(more)" not in result.stdout
    assert "trained for" not in result.stderr


def test_figures_for_programs_have_one_name_and_one_sign(grid: Path) -> None:
    vaes, others = json.loads(call("compare", "--runs", grid, "--json").stdout)
    for row in (*vaes["runs"], *others["runs"]):
        (run,) = [path for path in (grid / "digits").iterdir() if path.name == row["run"]]
        validation = read_epochs(run)[-1].val
        assert validation is not None
        assert row["validation_distortion"] == validation.distortion
        assert row["validation_mse"] == validation.mse
        if row["kind"] == "vae":
            assert (row["validation_elbo"], row["validation"]) == (validation.elbo, -validation.elbo)
            assert (row["elbo"], row["metric"]) == (row["elbo"], -row["elbo"])
        else:
            assert (row["elbo"], row["validation_elbo"], row["validation_rate"]) == (None, None, None)
            assert (row["metric"], row["validation"]) == (row["distortion"], validation.distortion)


def test_some_runs_by_name(grid: Path) -> None:
    rows = json.loads(call("compare", "vae-z2-b1", "vae-z2-b4", "--runs", grid, "--json").stdout)[0]["runs"]
    assert [row["run"] for row in rows] == ["vae-z2-b1-bce-s0-h16", "vae-z2-b4-bce-s0-h16"]


def test_csv_is_a_row_a_run_with_its_protocol(grid: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(call("compare", "--runs", grid, "--csv").stdout)))
    assert len(rows) == 6
    assert [row["run"] for row in rows if row["chosen"] == "True"] == [
        *("vae-z5-b1-bce-s0-h16", "ae-z5-bce-s0-h16")
    ]
    assert (rows[0]["split"], rows[0]["images"], rows[0]["dataset"]) == ("test", "60", "digits")
    assert float(rows[0]["elbo"]) == pytest.approx(-bound(tiny.config(latent=5)))


def test_a_run_without_figures_is_reported_and_left_out(runs: Path) -> None:
    tiny.grid(runs, latents=(2,))
    queued = tiny.make(runs, tiny.config(latent=7), state="stopped", done=0)
    result = call("compare", "--runs", runs)
    assert queued.name not in result.stdout
    assert f"{queued.name} has no figures yet: it is stopped" in result.stderr


def test_nothing_to_compare(runs: Path) -> None:
    result = call("compare", "--runs", runs)
    assert result.returncode == 1
    assert complaint(result).startswith(f"nothing to compare in {runs}: `vaetui train")


def test_one_format_at_a_time(grid: Path) -> None:
    result = call("compare", "--runs", grid, "--json", "--csv")
    assert (result.returncode, complaint(result)) == (2, "--json and --csv exclude each other")


# --- seeds ----------------------------------------------------------------------------------------------


def make_seeds(runs: Path, made: Config, bounds: dict[int, float]) -> list[Path]:
    """Finished runs of several seeds with a test −ELBO each."""
    found = []
    for seed, bound_of_seed in bounds.items():
        config = dataclasses.replace(made, seed=seed)
        run = tiny.make(runs, config)
        test = tiny.evaluation(config, 3)
        figures = dataclasses.replace(
            test.figures, elbo=-bound_of_seed, distortion=bound_of_seed - test.figures.rate
        )
        tiny.write_evaluation(run, dataclasses.replace(test, figures=figures))
        keep_every_image(run)
        found.append(run)
    return found


def test_seeds_are_one_row_with_mean_deviation_and_number(runs: Path) -> None:
    make_seeds(runs, tiny.config(latent=5), {0: 100.0, 1: 101.0, 2: 102.0})
    make_seeds(runs, tiny.config(), {0: 110.5, 1: 110.6, 2: 110.7})
    result = call("compare", "--runs", runs)
    _, columns, first, second, reason = [line for line in result.stdout.splitlines() if line]
    assert columns.split()[:5] == ["run", "epochs", "n", "test", "−ELBO"]
    assert first.split()[:7] == ["›", "vae-z5-b1-bce-s0–2-h16", "3", "3", "101.00", "±", "1.00"]
    # The differences are 10.5, 9.6 and 8.7: their mean 9.6 with 4.303 standard errors of 0.9 / √3.
    words = ["vae-z2-b1-bce-s0–2-h16", "3", "3", "110.60", "±", "0.10", "+9.60", "+7.36", "to", "+11.84"]
    assert second.split()[: len(words)] == words
    assert "(3 seeds)" in reason
    assert "test images only" not in result.stderr
    each = call("compare", "--runs", runs, "--each")
    assert len([line for line in each.stdout.splitlines() if "-bce-s" in line and ":" not in line]) == 6
    assert "say nothing on other seeds: leave out --each" in each.stderr


def test_equal_models_of_other_seeds_are_no_difference(runs: Path) -> None:
    """Paired over images they look different: the spread of seeds is not in that interval."""
    make_seeds(runs, tiny.config(), {0: 100.0, 1: 101.5, 2: 100.4})
    make_seeds(runs, tiny.config(lr=0.01), {3: 101.3, 4: 100.2, 5: 100.9})
    assert "(may be 0)" in call("compare", "--runs", runs).stdout


def test_one_seed_each_says_that_only_test_images_vary(runs: Path) -> None:
    make_seeds(runs, tiny.config(latent=5), {0: 100.0})
    make_seeds(runs, tiny.config(), {0: 110.5})
    result = call("compare", "--runs", runs)
    assert (
        "intervals of models of one seed are of the test images only, and say nothing on other seeds: "
        "train more seeds with --seed 0,1,2"
    ) in result.stderr
    (ranking,) = json.loads(call("compare", "--runs", runs, "--json").stdout)
    assert [row["interval_over"] for row in ranking["runs"]] == [None, "images"]
    assert ranking["runs"][0]["metric_sd"] is None


def test_json_and_csv_have_a_row_a_model_and_its_members(runs: Path) -> None:
    make_seeds(runs, tiny.config(latent=5), {0: 100.0, 3: 102.0})
    make_seeds(runs, tiny.config(), {0: 110.5})
    (ranking,) = json.loads(call("compare", "--runs", runs, "--json").stdout)
    large, small = ranking["runs"]
    assert (large["run"], large["n"], large["seeds"]) == ("vae-z5-b1-bce-s0,3-h16", 2, [0, 3])
    assert large["metric"] == pytest.approx(101.0)
    assert large["metric_sd"] == pytest.approx(2**0.5)
    assert [member["metric"] for member in large["members"]] == pytest.approx([100.0, 102.0])
    assert [member["seed"] for member in small["members"]] == [0]
    assert small["interval_over"] == "seeds", "the single seed has the spread of the other model"
    rows = list(csv.DictReader(io.StringIO(call("compare", "--runs", runs, "--csv").stdout)))
    assert [(row["run"], row["seeds"], row["n"]) for row in rows] == [
        ("vae-z5-b1-bce-s0,3-h16", "0,3", "2"),
        ("vae-z2-b1-bce-s0-h16", "0", "1"),
    ]
    every = csv.DictReader(io.StringIO(call("compare", "--runs", runs, "--csv", "--each").stdout))
    assert [row["seeds"] for row in every] == ["0", "3", "0"]
