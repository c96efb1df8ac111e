"""A training as texts: taken from a run, written as a command line, and read back the same."""

import dataclasses
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from trainer.contract.config import Config
from trainer.contract.images import Dataset, Images
from vaetui.commands import command
from vaetui.runs.training_request import REQUEST_SETTINGS, TrainingRequest, request_of
from vaetui.settings import SETTINGS
from vaetui.training_grid import configs, parse

CONFIGS = {
    "usual": tiny.config(latent=10, hidden=(400,), epochs=50),
    "other": tiny.config(
        latent=3,
        beta=0.30000000000000004,
        hidden=(64, 32),
        likelihood="gaussian",
        beta_warmup=5,
        optimiser="adamw",
        lr=2.5e-05,
        batch_size=64,
        epochs=7,
        patience=2,
        keep="best",
        binarize="dynamic",
        seed=4,
        precision="bf16",
    ),
    "autoencoder": tiny.config("ae", hidden=(400,)),
}


def made(request: TrainingRequest) -> Config:
    """The one configuration that an request comes to."""
    part = Images(np.zeros((1438, 784), np.uint8), np.zeros(1438, np.uint8))
    (config,) = configs(request.grid(), Dataset(request.texts["dataset"], part, part, "c0ffee"))
    return config


@pytest.mark.parametrize("name", CONFIGS)
def test_a_run_requested_once_more_has_its_settings_and_its_name(name: str) -> None:
    config = CONFIGS[name]
    again = made(request_of(config))
    assert again.name == config.name
    for part in ("model", "objective", "optimiser", "seed", "precision"):
        assert getattr(again, part) == getattr(config, part)


def test_what_is_as_usual_is_written_as_usual_and_left_out_of_the_command(tmp_path: Path) -> None:
    request = request_of(tiny.config(latent=10, hidden=(400,), lr=0.001, epochs=50, dataset="mnist"))
    assert request.texts["lr"] == "1e-3"
    assert {key for key, text in request.texts.items() if not REQUEST_SETTINGS[key].is_default(text)} == {
        "dataset"
    }
    words = request.changed("beta", "4").changed("force", "yes").command(tmp_path, tmp_path / "my data")
    assert shlex.split(words) == [
        *("vaetui", "train", "--beta", "4", "--dataset", "mnist", "--force"),
        *("--runs", str(tmp_path), "--data", str(tmp_path / "my data")),
    ]


def test_a_command_names_no_folder_that_it_takes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAETUI_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("VAETUI_DATA", str(tmp_path / "data"))
    assert command("ls", runs=tmp_path / "runs", data=tmp_path / "data") == "vaetui ls"


def test_an_request_is_refused_in_the_words_of_the_command_line() -> None:
    assert TrainingRequest().error() == ""
    assert (
        TrainingRequest().changed("epochs", "0").error()
        == "--epochs takes a whole number from 1 to 1000000, not '0'"
    )
    unjudged = TrainingRequest().changed("patience", "3").changed("val-fraction", "0")
    with pytest.raises(ValueError, match="--patience needs validation images"):
        unjudged.grid()


def test_every_setting_has_a_field_and_its_default_can_be_read() -> None:
    assert list(REQUEST_SETTINGS) == [*SETTINGS, "force", "recipe", "quick"]
    assert all(setting.is_default(setting.default) for setting in REQUEST_SETTINGS.values())
    assert not REQUEST_SETTINGS["force"].accepts("perhaps")
    assert not TrainingRequest().force
    assert TrainingRequest().grid() == parse({})
    assert dataclasses.replace(TrainingRequest()) == TrainingRequest()
