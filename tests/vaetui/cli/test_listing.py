"""The table of runs."""

import dataclasses
import json
import re
import time
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.cli.shell import call, terminal
from trainer.contract.config import CONFIG
from trainer.contract.metrics import METRICS, append_epochs
from trainer.contract.run_dir import Status, write_status
from vaetui.cli.listing import KEYS


def test_ls_is_a_row_a_run_in_order_with_its_figures(grid: Path) -> None:
    result = call("ls", "--runs", grid)
    assert (result.returncode, result.stderr) == (0, "")
    heading, columns, *rows = result.stdout.splitlines()
    assert heading == "digits · −ELBO = distortion + rate on validation images, in nats per image"
    names = ["run", "kind", "z", "β", "epoch", "state", "validation", "−ELBO", "distortion", "rate"]
    assert columns.split() == [*names, "active", "age"]
    assert [row.split()[0] for row in rows] == [
        *("vae-z2-b1-bce-s0-h16", "vae-z2-b4-bce-s0-h16", "vae-z5-b1-bce-s0-h16", "vae-z5-b4-bce-s0-h16"),
        *("ae-z2-bce-s0-h16", "ae-z5-bce-s0-h16"),
    ]
    found = tiny.epoch(tiny.config(latent=5, beta=4.0), 3).held_out
    figures = [f"{value:.2f}" for value in (-found.elbo, found.distortion, found.rate)]
    assert rows[3].split()[1:-2] == ["VAE", "5", "4", "3/3", "finished", *figures, "5/5"]


def test_ls_gives_an_autoencoder_its_distortion_and_no_bound(grid: Path) -> None:
    row = call("ls", "--runs", grid).stdout.splitlines()[-1].split()
    distortion = tiny.epoch(tiny.config(kind="ae", latent=5), 3).held_out.distortion
    assert row[:-2] == ["ae-z5-bce-s0-h16", "AE", "5", "3/3", "finished", f"{distortion:.2f}", "5/5"]


def test_ls_on_80_columns_keeps_what_a_name_does_not_say(grid: Path) -> None:
    with terminal("ls", "--runs", grid, columns=80) as screen:
        assert screen.end() == 0
        lines = [line for line in screen.text().splitlines() if line]
    assert len(lines) == 2 + 6
    assert lines[1].split()[:6] == ["run", "epoch", "state", "validation", "−ELBO", "distortion"]
    assert all("…" not in line for line in lines)


def test_ls_json_has_a_row_for_a_run_that_cannot_be_read(grid: Path, runs: Path) -> None:
    bad = runs / "digits" / "ae-z2-bce-s0-h16"
    (bad / CONFIG).write_text("{")
    rows = json.loads(call("ls", "--runs", grid, "--json").stdout)
    assert len(rows) == 6
    assert all(list(row) == list(KEYS) for row in rows)
    row = {key: value for key, value in rows[-1].items() if value is not None}
    assert row.keys() == {"run", "path", "problem"}
    assert (row["run"], row["path"]) == (bad.name, str(bad))
    assert "config.json is damaged" in row["problem"]


def test_ls_json_is_complete(grid: Path, runs: Path) -> None:
    first, *_ = rows = json.loads(call("ls", "--runs", grid, "--json").stdout)
    assert len(rows) == 6
    config, epoch = tiny.config(), tiny.epoch(tiny.config(), 3)
    assert epoch.val is not None
    assert {key: value for key, value in first.items() if key != "updated"} == {
        "run": config.name,
        "path": str(runs / "digits" / config.name),
        "dataset": "digits",
        "origin": "trainer",
        "binarize": "none",
        "kind": "vae",
        "latent": 2,
        "beta": 1.0,
        "beta_warmup": 0,
        "likelihood": "bernoulli",
        "hidden": [16],
        "optimiser": "adam",
        "lr": 1e-3,
        "weight_decay": 0.0,
        "batch_size": 128,
        "patience": 0,
        "keep": "last",
        "val_fraction": 0.1,
        "seed": 0,
        "precision": "auto",
        "device": "cpu",
        "split_seed": 0,
        "beta_cycles": 0,
        "free_bits": 0.0,
        "objective": "elbo",
        "samples": 1,
        "state": "finished",
        "early": False,
        "alive": False,
        "error": None,
        "problem": None,
        "epoch": 3,
        "epochs": 3,
        "split": "val",
        "figures": {
            "distortion": epoch.val.distortion,
            "rate": epoch.val.rate,
            "elbo": epoch.val.elbo,
            "mse": epoch.val.mse,
        },
        "active_units": 2,
        "kl_per_dim": list(epoch.kl_per_dim),
        "created": tiny.CREATED,
        "model": config.name,
    }
    of_vaes = ("beta", "beta_warmup", "beta_cycles", "free_bits", "objective", "samples")
    assert {rows[-1][key] for key in of_vaes} == {None}
    assert rows[-1]["kind"] == "ae"
    assert (rows[-1]["figures"]["rate"], rows[-1]["figures"]["elbo"]) == (None, None)


def test_ls_json_tells_how_a_run_was_trained_and_what_that_came_to(runs: Path) -> None:
    made = tiny.config(
        optimiser="adamw", beta_warmup=5, epochs=50, patience=3, keep="best", binarize="dynamic"
    )
    made = dataclasses.replace(made, versions={"precision": "tf32", "device": "cuda (a GPU)"})
    tiny.make(runs, made, done=12, best=9, early=True)
    (row,) = json.loads(call("ls", "--runs", runs, "--json").stdout)
    wanted = {"optimiser": "adamw", "weight_decay": 0.01, "beta_warmup": 5, "patience": 3, "keep": "best"}
    wanted |= {"binarize": "dynamic", "precision": "tf32", "device": "cuda (a GPU)"}
    wanted |= {"state": "finished", "early": True, "epoch": 12, "epochs": 50}
    assert {key: row[key] for key in wanted} == wanted


def test_ls_json_has_the_keys_that_its_help_names(run: Path, runs: Path) -> None:
    words = " ".join(call("ls", "--help").stdout.split()).partition("array of objects: ")[2]
    named = re.sub(r"\([^)]*\)", "", words.partition(".")[0])
    (row,) = json.loads(call("ls", "--runs", runs, "--json").stdout)
    assert [key.strip() for key in named.split(",")] == list(row)


def test_ls_has_a_row_a_model_with_mean_and_deviation_over_seeds(runs: Path) -> None:
    for seed, shift in ((0, 0.0), (1, 1.0), (2, 2.0)):
        config = tiny.config(seed=seed)
        run = tiny.make(runs, config, done=0)
        (epoch,) = tiny.course(config, 1, 1)
        assert epoch.val is not None
        val = dataclasses.replace(epoch.val, elbo=-100.0 - shift)
        append_epochs(run, [dataclasses.replace(epoch, val=val)])
        write_status(run, Status("finished", 1, 3))
    heading, columns, row = call("ls", "--runs", runs).stdout.splitlines()
    assert heading.endswith(", mean ± standard deviation over n seeds")
    assert columns.split()[:2] == ["run", "n"]
    words = row.split()
    assert words[:2] == ["vae-z2-b1-bce-s0–2-h16", "3"]
    assert " 101.00 ± 1.00 " in row
    each = call("ls", "--runs", runs, "--each").stdout.splitlines()
    assert [line.split()[0] for line in each[2:]] == [f"vae-z2-b1-bce-s{seed}-h16" for seed in range(3)]
    (one,) = call("ls", "--runs", runs, "--filter", "seed:1").stdout.splitlines()[2:]
    assert one.split()[0] == "vae-z2-b1-bce-s1-h16"
    rows = json.loads(call("ls", "--runs", runs, "--json").stdout)
    assert [(row["run"], row["seed"]) for row in rows] == [
        (f"vae-z2-b1-bce-s{seed}-h16", seed) for seed in range(3)
    ]
    assert {row["model"] for row in rows} == {words[0]}


def test_ls_counts_the_seeds_of_each_state_and_averages_those_that_are_trained(runs: Path) -> None:
    tiny.make(runs, tiny.config(seed=0))
    tiny.make(runs, tiny.config(seed=1))
    with tiny.live(runs, tiny.config(seed=2), done=1):
        row = call("ls", "--runs", runs).stdout.splitlines()[-1]
    assert row.split()[1:4] == ["2", "of", "3"]
    assert "1–3/3  2 finished, 1 training" in row


def test_ls_says_on_80_columns_what_patience_ended(runs: Path) -> None:
    for latent in (2, 20):
        tiny.make(runs, tiny.config(latent=latent, epochs=50, patience=3), done=12, early=latent == 20)
    with terminal("ls", "--runs", runs, columns=80) as screen:
        assert screen.end() == 0
        *_, whole, early = [line for line in screen.text().splitlines() if line]
    assert whole.split()[:4] == ["vae-z2-b1-bce-s0-h16-p3", "12/50", "finished", whole.split()[3]]
    assert early.split()[:4] == ["vae-z20-b1-bce-s0-h16-p3", "12/50", "finished", "early"]
    assert "…" not in whole + early


def test_ls_groups_data_sets_and_shows_runs_without_figures(runs: Path) -> None:
    tiny.make(runs, tiny.config(dataset="mnist"), state="stopped", done=1)
    tiny.make(runs, state="failed", error="it broke")
    with tiny.live(runs, tiny.config(latent=5), done=0):
        lines = call("ls", "--runs", runs).stdout.splitlines()
    small, large = "vae-z2-b1-bce-s0-h16", "vae-z5-b1-bce-s0-h16"
    starts = [" ".join(line.split()[:1]) for line in lines]
    assert starts == ["digits", "run", small, large, "", "mnist", "run", small]
    assert "failed" in lines[2]
    assert "training" in lines[3]
    assert "1/3  stopped" in lines[-1]


def test_ls_names_what_it_cannot_read_last(grid: Path) -> None:
    damaged, half = grid / "digits" / "vae-z2-b1-bce-s0-h16", grid / "digits" / "vae-z5-b1-bce-s0-h16"
    (damaged / CONFIG).write_text("{")
    with (half / METRICS).open("a") as file:
        file.write("not a row\n")
    result = call("ls", "--runs", grid)
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 2 + 5
    first, second = result.stderr.splitlines()
    assert first.startswith(f"vaetui: {half / METRICS} is damaged")
    assert second.startswith(f"vaetui: {damaged / CONFIG} is damaged")


@pytest.mark.parametrize(("seconds", "shown"), [(150, "2 min"), (4000, "1 h"), (200_000, "2 d")])
def test_ls_tells_when_a_run_was_last_heard_of(
    run: Path, runs: Path, seconds: float, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = time.time() - seconds
    with monkeypatch.context() as earlier:
        earlier.setattr(time, "time", lambda: long_ago)
        write_status(run, Status("finished", 3, 3))
    assert call("ls", "--runs", runs).stdout.rstrip().endswith(shown)


def test_columns_stand_under_their_headings_in_ascii_too(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "C")
    _, heading, *rows = call("ls", "--runs", grid).stdout.splitlines()
    assert " beta " in heading
    assert {row.index("finished") for row in rows} == {heading.index("state")}


def test_ls_filters_and_sorts(grid: Path) -> None:
    result = call("ls", "--runs", grid, "--filter", "kind:vae z:5", "--sort", "-beta")
    names = [line.split()[0] for line in result.stdout.splitlines()[2:]]
    assert names == ["vae-z5-b4-bce-s0-h16", "vae-z5-b1-bce-s0-h16"]
    rows = json.loads(call("ls", "--runs", grid, "--sort", "-latent", "--json").stdout)
    assert [row["latent"] for row in rows] == [5, 5, 5, 2, 2, 2]


def test_ls_names_the_split_of_each_run_where_they_differ(runs: Path) -> None:
    tiny.make(runs)
    without = tiny.make(runs, tiny.config(latent=5), done=0)
    figures = tiny.epoch(tiny.config(latent=5), 1)
    append_epochs(without, [dataclasses.replace(figures, val=None)])
    heading, columns, *rows = call("ls", "--runs", runs).stdout.splitlines()
    assert heading == (
        "digits · −ELBO = distortion + rate on the images that the column split names, in nats per image"
    )
    assert columns.split()[6:10] == ["−ELBO", "distortion", "rate", "split"]
    assert [row.split()[9] for row in rows] == ["val", "train"]


def test_ls_without_figures_names_no_split(runs: Path) -> None:
    tiny.make(runs, state="stopped", done=0)
    heading, *_ = call("ls", "--runs", runs).stdout.splitlines()
    assert heading == "digits · −ELBO = distortion + rate, in nats per image"


def test_ls_says_that_no_run_passes(grid: Path) -> None:
    result = call("ls", "--runs", grid, "--filter", "z>5")
    assert (result.returncode, result.stdout) == (0, "")
    assert "none of 6 runs passes --filter 'z>5'" in result.stderr


@pytest.mark.parametrize("options", [("--filter", "kine:vae"), ("--sort", "kine")])
def test_ls_refuses_a_field_that_runs_do_not_have(grid: Path, options: tuple[str, str]) -> None:
    result = call("ls", "--runs", grid, *options)
    assert result.returncode == 2
    assert "runs have no 'kine': take one of name, latent, kind" in result.stderr
