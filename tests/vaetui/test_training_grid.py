"""Read grids from texts and expand them into configurations."""

import dataclasses

import numpy as np
import pytest

from tests import ROOT
from trainer.contract.config import Objective, read_config
from trainer.contract.images import Dataset, Images, split
from vaetui.settings import SETTINGS
from vaetui.training_grid import TrainingGrid, configs, parse

IWAE = {"objective": "iwae", "samples": "5"}


def dataset(images: int = 100) -> Dataset:
    def part(count: int) -> Images:
        return Images(np.zeros((count, 784), np.uint8), np.zeros(count, np.uint8))

    return Dataset("digits", part(images), part(20), "c0ffee")


def test_defaults_in_the_table_are_those_of_the_options() -> None:
    assert parse({key: setting.default for key, setting in SETTINGS.items()}) == TrainingGrid()


def test_lists_are_read_in_order_and_without_repetition() -> None:
    options = parse({"latent": "10, 2,10", "beta": "1,0.5,1.0,-0", "kind": "ae,vae", "hidden": "400,400"})
    assert options["latent"] == (10, 2)
    assert options["beta"] == (1.0, 0.5, 0.0)
    assert str(options["beta"][2]) == "0.0"
    assert options["kind"] == ("ae", "vae")
    assert options["hidden"] == (400, 400)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(
            ("latent", text)
            for text in ("0", "ten", "", "2,", "2;3", "1.5", "-1", "65537", "1_0", "9" * 5000)
        ),
        *(("beta", text) for text in ("-1", "x", "nan", "inf", "1e999", "1_0", "")),
        *(("kind", text) for text in ("gan", "", "vae ae")),
        *(("loss", text) for text in ("bernoulli", "", "bce,mse", "BCE")),
        *(("optimizer", text) for text in ("sgd", "", "adam,adamw")),
        *(("binarize", text) for text in ("yes", "", "none,fixed")),
        *(("precision", text) for text in ("fp16", "", "fp32,bf16")),
        *(("beta-warmup", text) for text in ("-1", "1.5", "", "1000001", "1,2")),
        *(("beta-cycles", text) for text in ("-1", "1.5", "", "1000001", "1,2")),
        *(("free-bits", text) for text in ("-0.1", "x", "", "nan", "inf", "1,2")),
        *(("objective", text) for text in ("iwelbo", "", "elbo,iwae", "IWAE")),
        *(("samples", text) for text in ("0", "1.5", "", "1001", "1,5")),
        *(("patience", text) for text in ("-1", "0.5", "never", "1000001")),
        *(("keep", text) for text in ("first", "", "last,best")),
        *(("hidden", text) for text in ("0", "", ",".join(["8"] * 17))),
        *(("epochs", text) for text in ("0", "-3", "2.5", "1000001", "٣")),
        *(("batch-size", text) for text in ("0", "x", "", "64,", "1000001")),
        *(("lr", text) for text in ("0", "-1e-3", "fast", "nan", "1e-3,0", "1e-3 3e-4", "inf")),
        *(("val-fraction", text) for text in ("1", "-0.1", "10%")),
        *(("seed", text) for text in ("-1", "4294967296", "0x1", "", "0,1,", "0-4")),
        ("dataset", "cifar"),
        ("device", "tpu"),
        *(("name", text) for text in ("../x", "a/b", ".hidden", "a b", "x" * 121)),
    ],
)
def test_what_an_option_does_not_take_is_one_sentence(key: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"^--{key} takes ") as error:
        parse({key: text})
    assert SETTINGS[key].accepted in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("loss", "bce", "bernoulli"),
        ("loss", " mse ", "gaussian"),
        ("optimizer", "adamw", "adamw"),
        ("binarize", "dynamic", "dynamic"),
        ("binarize", "fixed", "fixed"),
        ("precision", "bf16", "bf16"),
        ("precision", "tf32", "tf32"),
        ("beta-warmup", "10", 10),
        ("beta-cycles", "4", 4),
        ("free-bits", "0.25", 0.25),
        ("patience", "1000000", 1_000_000),
        ("keep", "best", "best"),
        ("lr", "1e-3, 3e-4,0.001", (1e-3, 3e-4)),
        ("seed", "2,0,4294967295", (2, 0, 4294967295)),
        ("batch-size", "128,1,128", (128, 1)),
    ],
)
def test_what_an_option_takes_becomes_its_value(key: str, text: str, value: object) -> None:
    assert parse({key: text})[key] == value


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"precision": "tf32", "device": "cpu"}, "--precision tf32 is for --device cuda, not cpu: take fp32"),
        ({"precision": "tf32", "device": "mps"}, "--precision tf32 is for --device cuda, not mps: take fp32"),
        ({"patience": "3", "val-fraction": "0"}, "--patience needs validation images, .*--val-fraction 0.1"),
        (
            {"beta-cycles": "2", "beta-warmup": "2"},
            "--beta-cycles and --beta-warmup exclude each other: take one",
        ),
        (IWAE | {"kind": "vae,ae"}, "--objective iwae is for VAEs, .*: take --kind vae"),
        (IWAE | {"beta": "1,4"}, "--objective iwae is for --beta 1, .*: take --beta 1, or --objective elbo"),
        *(
            (
                IWAE | {option: "1"},
                f"--objective iwae is for a constant β and no free bits: leave out .*--{option}",
            )
            for option in ("beta-warmup", "beta-cycles", "free-bits")
        ),
        (
            {"objective": "iwae"},
            "--objective iwae needs several posterior samples: add --samples, .*--samples 5",
        ),
        ({"samples": "5"}, "--samples is for --objective iwae: add that, or leave --samples out"),
        ({"keep": "best", "val-fraction": "0"}, "--keep best needs validation images, .*--val-fraction 0.1"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(texts: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=rf"^{sentence}"):
        parse(texts)


@pytest.mark.parametrize(
    "texts",
    [
        {"precision": "tf32", "device": "cuda"},
        {"precision": "tf32"},
        {"precision": "bf16", "device": "cpu"},
        {"patience": "0", "keep": "last", "val-fraction": "0"},
        {"patience": "3", "keep": "best", "val-fraction": "0.01"},
        {"beta-warmup": "100", "epochs": "5"},
        {"beta-cycles": "4", "free-bits": "0.1", "kind": "vae,ae"},
        IWAE | {"latent": "2,5", "beta": "1,1.0"},
    ],
)
def test_what_goes_together_is_taken(texts: dict[str, str]) -> None:
    parse(texts)


def test_a_grid_has_bounds() -> None:
    numbers = ",".join(map(str, range(1, 41)))
    with pytest.raises(ValueError, match="1600 models"):
        parse({"latent": numbers, "beta": numbers})
    with pytest.raises(ValueError, match="1640 models"):
        parse({"latent": numbers, "beta": numbers, "kind": "vae,ae"})
    many = ",".join(map(str, range(1, 1001)))
    with pytest.raises(ValueError, match=f"{10**15} models"):
        parse(dict.fromkeys(("latent", "beta", "lr", "seed", "batch-size"), many))
    assert len(parse({"seed": many})["seed"]) == 1000


def test_a_grid_is_every_kind_latent_and_beta_with_one_autoencoder_a_latent_size() -> None:
    options = parse({"latent": "2,5", "beta": "1,4", "kind": "vae,ae"})
    made = [(c.model.kind, c.model.latent, c.objective.beta) for c in configs(options, dataset())]
    assert made == [
        *(("vae", 2, 1), ("vae", 2, 4), ("vae", 5, 1), ("vae", 5, 4)),
        *(("ae", 2, 0), ("ae", 5, 0)),
    ]


def test_every_batch_size_seed_and_rate_comes_with_every_cell_and_cells_stay_together() -> None:
    texts = {"batch-size": "64,128", "seed": "0,1", "lr": "1e-3,3e-4", "latent": "2,5", "kind": "vae,ae"}
    options = parse(texts | {"beta": "1,4"})
    made = configs(options, dataset())
    shared = [(c.optimiser.batch_size, c.seed, c.optimiser.lr) for c in made]
    assert shared[::6] == [(b, s, lr) for b in (64, 128) for s in (0, 1) for lr in (1e-3, 3e-4)]
    assert shared == [one for one in shared[::6] for _ in range(6)]
    cells = [(c.model.kind, c.model.latent, c.objective.beta) for c in made]
    assert cells == cells[:6] * 8
    assert len({c.name for c in made}) == len(made) == 48


@pytest.mark.parametrize("seed", ["0", "1", "77"])
def test_every_seed_has_the_same_split_whose_sizes_are_reported(seed: str) -> None:
    images = dataset(103)
    for config in configs(parse({"seed": "5,6", "split-seed": seed, "val-fraction": "0.15"}), images):
        parts = split(103, config.data.val_fraction, config.split_seed)
        assert config.split_seed == int(seed)
        assert (config.data.train, config.data.val) == tuple(map(len, parts))


def test_an_autoencoder_has_no_rate_to_weigh_or_to_warm_up() -> None:
    options = parse({"kind": "vae,ae", "beta": "1,4", "beta-warmup": "10", "free-bits": "0.5"})
    objectives = [c.objective for c in configs(options, dataset())]
    assert objectives == [
        *(Objective("bernoulli", beta, 10, 0.5) for beta in (1.0, 4.0)),
        Objective("bernoulli", 0.0),
    ]
    assert isinstance(objectives[-1].beta, float)  # a state is compared with it as text


@pytest.mark.parametrize("kind", ["vae", "ae"])
def test_every_grid_makes_configurations_that_hold(kind: str) -> None:
    for texts in ({}, {"beta-cycles": "3", "free-bits": "0.5"}, IWAE if kind == "vae" else {}):
        for config in configs(parse(texts | {"kind": kind}), dataset()):
            config.check()


@pytest.mark.parametrize(("optimizer", "decay"), [("adam", 0.0), ("adamw", 0.01)])
def test_the_optimizer_brings_its_weight_decay(optimizer: str, decay: float) -> None:
    (config,) = configs(parse({"optimizer": optimizer}), dataset())
    assert (config.optimiser.name, config.optimiser.weight_decay) == (optimizer, decay)


def test_every_option_of_the_training_reaches_the_configuration() -> None:
    texts = {"loss": "mse", "beta-warmup": "4", "patience": "3", "keep": "best"}
    (config,) = configs(parse(texts | {"binarize": "fixed", "precision": "bf16"}), dataset())
    config.check()
    assert (config.objective.likelihood, config.objective.beta_warmup) == ("gaussian", 4)
    assert (config.optimiser.patience, config.optimiser.keep) == (3, "best")
    assert (config.data.binarize, config.precision) == ("fixed", "bf16")


def test_a_data_set_in_place_of_the_one_that_was_asked_for_is_recorded() -> None:
    for asked, instead_of in (("auto", "mnist"), ("digits", "")):
        (config,) = configs(parse({"dataset": asked}), dataset())
        assert config.instead_of == instead_of
    mnist = dataclasses.replace(dataset(), name="mnist")
    assert configs(parse({}), mnist)[0].instead_of == ""


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


NAMES_OF_RUNS: dict[str, dict[str, str]] = {
    "vae-z10-b1-bce-s0": {},
    "vae-z2-b4-bce-s0": {"latent": "2", "beta": "4"},
    "ae-z10-bce-s0": {"kind": "ae", "beta": "4", "beta-warmup": "5"},
    "ae-z10-bce-s0-bs64": {"kind": "ae", "batch-size": "64"},
    "vae-z10-b0-mse-s7": {"beta": "-0", "loss": "mse", "seed": "7"},
    "vae-z10-b0.3-bce-s0-h400x200": {"beta": "0.30000000000000004", "hidden": "400,200"},
    "vae-z10-b1e-05-bce-s0-h400x400-lr2.5e-05": {"beta": "0.00001", "hidden": "400,400", "lr": "2.5e-5"},
    "vae-z10-b1e+06-bce-s0-bs1000000": {"beta": "1000000", "batch-size": "1000000"},
    "vae-z10-b1-bce-s3-split5": {"seed": "3", "split-seed": "5"},
    "vae-z10-b1-bce-s4294967295-val0": {"seed": "4294967295", "val-fraction": "0"},
    "vae-z10-b1-bce-s0-fb0.25-cyc4": {"free-bits": "0.25", "beta-cycles": "4"},
    "vae-z10-b1-bce-s0-iwae-k5": IWAE,
    "ae-z10-bce-s1": {"kind": "ae", "seed": "1", "free-bits": "0.25", "beta-cycles": "4"},
    "vae-z10-b1-mse-s0-h64x32-bs64-lr0.0003-val0.2-adamw-dynamic-w5-p3-best-bf16": {
        "loss": "mse",
        "hidden": "64,32",
        "batch-size": "64",
        "lr": "3e-4",
        "val-fraction": "0.2",
        "optimizer": "adamw",
        "binarize": "dynamic",
        "beta-warmup": "5",
        "patience": "3",
        "keep": "best",
        "precision": "bf16",
        "epochs": "7",
        "device": "cpu",
    },
}


@pytest.mark.parametrize("name", NAMES_OF_RUNS)
def test_names_of_runs_stay_as_they_are(name: str) -> None:
    (config,) = configs(parse(NAMES_OF_RUNS[name]), dataset())
    assert config.name == name


def test_shipped_runs_have_the_names_of_their_settings() -> None:
    folder = ROOT / "checkpoints" / "examples"
    found = [read_config(path.parent) for path in folder.glob("*/config.json")]
    assert len(found) > 3
    precisions = [f"-{config.precision}" if config.precision != "auto" else "" for config in found]
    assert {path.parent.name for path in folder.glob("*/config.json")} == {
        config.name.removesuffix(precision) for config, precision in zip(found, precisions, strict=True)
    }
