"""`train --dry-run` where the images are not here: what would be fetched and trained, and nothing is done."""

import dataclasses
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.cli.shell import call
from trainer.contract.datasets import fetch, registry, sources
from vaetui.runs import launch
from vaetui.training_grid import parse


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries to download fails."""

    def refuse(*_: object) -> str:
        raise AssertionError("a dry run used the network")

    monkeypatch.setattr(fetch, "download", refuse)


def tree(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_what_would_be_downloaded_is_said_and_nothing_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    result = call("train", "--latent", "2,10", "--dry-run", "--data", folder, "--runs", tmp_path / "runs")
    assert result.returncode == 0
    assert result.stderr.splitlines() == [
        f"MNIST not found in {folder}: training would first download MNIST (12 MB) into {folder}/MNIST/raw",
        "a dry run does not try the download: if it fails, `digits` is trained instead",
    ]
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["run", "epochs", "dataset", "train", "val", "test"]
    assert [row.split()[-6:] for row in rows] == [["mnist", "54", "000", "6", "000", "10", "000"][-6:]] * 2
    assert tree(tmp_path) == []


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist", "qmnist"])
def test_what_was_asked_for_by_name_never_becomes_digits(tmp_path: Path, name: str) -> None:
    result = call("train", "--dataset", name, "--dry-run", "--data", tmp_path, "--runs", tmp_path / "runs")
    assert result.returncode == 0
    (sentence,) = result.stderr.splitlines()
    title = sources.SOURCES[name].title
    assert (
        f"would first download {title} ({registry.megabytes(name)} MB) into {tmp_path}/{title}/raw"
        in sentence
    )
    assert name in result.stdout
    assert tree(tmp_path) == []


def test_a_recipe_says_the_same(tmp_path: Path) -> None:
    words = ("--recipe", "latent-size", "--dry-run", "--data", tmp_path / "data", "--runs", tmp_path / "runs")
    result = call("train", *words)
    assert result.returncode == 0
    assert "training would first download MNIST (12 MB)" in result.stderr
    assert result.stdout.count("latent-size-z") == 15
    assert tree(tmp_path) == []


def test_a_run_goes_on_in_the_plan_though_its_images_are_gone(runs: Path, tmp_path: Path) -> None:
    """The checksum of absent images is not known, so it does not differ."""
    images = dataclasses.replace(registry.blank("kmnist"), checksum="ab" * 32)
    options = parse({"latent": "2", "dataset": "kmnist", "epochs": "3"})
    tiny.create_runs(runs, launch.requested_configs([options], lambda _: images), False, None)
    words = ("--latent", 2, "--dataset", "kmnist", "--epochs", 5, "--dry-run")
    result = call("train", *words, "--data", tmp_path / "none", "--runs", runs)
    assert result.returncode == 0
    assert "0 → 5" in result.stdout


def test_damage_is_said_before_a_download_is_planned(tmp_path: Path) -> None:
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(b"")
    result = call("train", "--dry-run", "--data", tmp_path, "--runs", tmp_path / "runs")
    assert result.returncode == 0
    first, second = result.stderr.splitlines()
    assert first.startswith(f"{tmp_path}/t10k-labels-idx1-ubyte is damaged: ")
    assert first.endswith("; it would be ignored")
    assert "training would first download MNIST" in second
