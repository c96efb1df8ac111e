"""Texts as options, and options as configurations."""

import dataclasses

import numpy as np
import pytest

from trainer.data import NAMES, Dataset, Images
from vaetui.options import DATASETS, SETTINGS, TrainOptions, configs, parse


def dataset(images: int = 100) -> Dataset:
    def part(count: int) -> Images:
        return Images(np.zeros((count, 784), np.uint8), np.zeros(count, np.uint8))

    return Dataset("digits", part(images), part(20), "c0ffee")


def test_defaults_in_the_table_are_those_of_the_options() -> None:
    assert parse({key: setting.default for key, setting in SETTINGS.items()}) == TrainOptions()
    assert {setting.field for setting in SETTINGS.values()} == {
        field.name for field in dataclasses.fields(TrainOptions)
    }


def test_the_datasets_are_those_of_the_trainer() -> None:
    assert ("auto", *NAMES) == DATASETS


def test_lists_are_read_in_order_and_without_repetition() -> None:
    options = parse({"latent": "10, 2,10", "beta": "1,0.5,1.0,-0", "kind": "ae,vae", "hidden": "400,400"})
    assert options.latents == (10, 2)
    assert options.betas == (1.0, 0.5, 0.0)
    assert str(options.betas[2]) == "0.0"
    assert options.kinds == ("ae", "vae")
    assert options.hidden == (400, 400)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(
            ("latent", text)
            for text in ("0", "ten", "", "2,", "2;3", "1.5", "-1", "65537", "1_0", "9" * 5000)
        ),
        *(("beta", text) for text in ("-1", "x", "nan", "inf", "1e999", "1_0", "")),
        *(("kind", text) for text in ("gan", "", "vae ae")),
        *(("hidden", text) for text in ("0", "", ",".join(["8"] * 17))),
        *(("epochs", text) for text in ("0", "-3", "2.5", "1000001", "٣")),
        *(("batch-size", text) for text in ("0", "x")),
        *(("lr", text) for text in ("0", "-1e-3", "fast", "nan")),
        *(("val-fraction", text) for text in ("1", "-0.1", "10%")),
        *(("seed", text) for text in ("-1", "4294967296", "0x1")),
        ("dataset", "cifar"),
        ("device", "tpu"),
        *(("name", text) for text in ("../x", "a/b", ".hidden", "a b", "x" * 121)),
    ],
)
def test_what_an_option_does_not_take_is_one_sentence(key: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"^--{key} takes ") as error:
        parse({key: text})
    assert SETTINGS[key].takes in str(error.value)
    assert len(str(error.value)) < 250


def test_a_grid_has_bounds() -> None:
    numbers = ",".join(map(str, range(1, 41)))
    with pytest.raises(ValueError, match="1600 models"):
        parse({"latent": numbers, "beta": numbers})


def test_a_grid_is_every_kind_latent_and_beta_with_one_autoencoder_a_latent_size() -> None:
    options = parse({"latent": "2,5", "beta": "1,4", "kind": "vae,ae"})
    made = [(c.model.kind, c.model.latent, c.objective.beta) for c in configs(options, dataset())]
    assert made == [
        *(("vae", 2, 1), ("vae", 2, 4), ("vae", 5, 1), ("vae", 5, 4)),
        *(("ae", 2, 0), ("ae", 5, 0)),
    ]


def test_a_configuration_has_what_was_asked_for() -> None:
    options = parse(
        {"hidden": "64,32", "epochs": "7", "batch-size": "16", "lr": "3e-4", "val-fraction": "0.25"}
        | {"seed": "9", "device": "cpu", "beta": "2.5"}
    )
    (config,) = configs(options, dataset())
    config.check()
    assert config.model.hidden == (64, 32)
    assert (config.optimiser.epochs, config.optimiser.batch_size, config.optimiser.lr) == (7, 16, 3e-4)
    assert (config.data.train, config.data.val, config.data.test) == (75, 25, 20)
    assert (config.data.name, config.data.checksum) == ("digits", "c0ffee")
    assert (config.seed, config.device, config.objective.beta) == (9, "cpu", 2.5)
    assert config.objective.likelihood == "bernoulli"
