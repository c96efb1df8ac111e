import dataclasses
import math
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from tests import tiny
from trainer.contract.config import PIXELS, Config
from trainer.contract.files import Problem
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import Array, write_tensors
from trainer.models.likelihoods import LIKELIHOODS as TORCH_LIKELIHOODS
from vaetui.models.autoencoder import Vae
from vaetui.models.likelihoods import FORMULAS, sigmoid, softplus
from vaetui.models.registry import load_model

IMAGES = np.random.default_rng(1).random((3, PIXELS)).astype(np.float32)


def loaded(runs: Path, config: Config) -> Vae:
    return load_model(tiny.make(runs, config), config)


def layer(weights: dict[str, Array], name: str, x: list[float], relu: bool = True) -> list[float]:
    """`x @ weight + bias` in double, number by number."""
    weight, bias = weights[f"{name}.weight"].astype(float), weights[f"{name}.bias"].astype(float)
    sums = [
        sum(a * w for a, w in zip(x, column, strict=True)) + b
        for column, b in zip(weight.T, bias, strict=True)
    ]
    return [max(s, 0.0) for s in sums] if relu else sums


def by_hand(config: Config, image: np.ndarray) -> tuple[list[float], list[float], list[float]]:
    """Mean, log-variance (empty for an AE) and logits through the mean, of one image."""
    weights = tiny.weights(config)
    hidden = image.astype(float).tolist()
    for i in range(len(config.model.hidden)):
        hidden = layer(weights, f"encoder.{i}", hidden)
    mean = layer(weights, "mean", hidden, relu=False)
    log_var = layer(weights, "log_var", hidden, relu=False) if config.model.kind == "vae" else []
    up = mean
    for i in range(len(config.model.hidden)):
        up = layer(weights, f"decoder.{i}", up)
    return mean, log_var, layer(weights, f"decoder.{len(config.model.hidden)}", up, relu=False)


CONFIGS = {
    "vae": tiny.config(latent=5),
    "deep": tiny.config(latent=3, hidden=(12, 7)),
    "ae": tiny.config("ae", latent=4),
    "gaussian": tiny.config(latent=2, likelihood="gaussian"),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_the_network_is_what_its_weights_say(runs: Path, config: Config) -> None:
    vae = loaded(runs, config)
    posterior = vae.encode(IMAGES)
    decoded, logits = vae.decode(posterior.mean), vae.decode_outputs(posterior.mean)
    nats, rate = vae.distortion(IMAGES, posterior.mean), vae.rate(posterior)
    everything = [posterior.mean, decoded, logits, nats, rate]
    assert {array.dtype for array in everything} == {np.dtype(np.float32)}
    bernoulli = config.objective.likelihood == "bernoulli"
    for i, image in enumerate(IMAGES):
        mean, log_var, by_hand_logits = by_hand(config, image)
        np.testing.assert_allclose(posterior.mean[i], mean, atol=1e-5)
        np.testing.assert_allclose(logits[i], by_hand_logits, atol=2e-5)
        if bernoulli:
            expected = [1 / (1 + math.exp(-v)) for v in by_hand_logits]
            cost = sum(
                math.log1p(math.exp(v)) - float(x) * v for v, x in zip(by_hand_logits, image, strict=True)
            )
        else:
            expected = [min(max(v, 0.0), 1.0) for v in by_hand_logits]
            cost = sum((v - float(x)) ** 2 for v, x in zip(by_hand_logits, image, strict=True))
        np.testing.assert_allclose(decoded[i], expected, atol=1e-5)
        assert nats[i] == pytest.approx(cost, rel=1e-5)
        if posterior.log_var is None:
            assert rate[i] == 0
        else:
            np.testing.assert_allclose(posterior.log_var[i], log_var, atol=1e-5)
            kl = sum(m * m + math.exp(s) - 1 - s for m, s in zip(mean, log_var, strict=True)) / 2
            assert rate[i] == pytest.approx(kl, rel=1e-5)


@pytest.mark.parametrize("kind", ["vae", "ae"])
def test_a_gaussian_is_judged_by_its_mean_as_it_is_and_shown_cut_to_0_to_1(
    runs: Path, kind: Literal["vae", "ae"]
) -> None:
    """In plain numpy and double, with one hidden layer: no sigmoid, σ² = ½ without its constant."""
    config = tiny.config(kind, latent=3, likelihood="gaussian")
    vae = loaded(runs, config)
    w = {name: array.astype(float) for name, array in tiny.weights(config).items()}
    z = np.random.default_rng(2).standard_normal((4, 3))
    hidden = np.maximum(z @ w["decoder.0.weight"] + w["decoder.0.bias"], 0)
    mean = hidden @ w["decoder.1.weight"] + w["decoder.1.bias"]  # (4, 784)
    assert mean.min() < -1
    assert mean.max() > 2
    images = np.resize(IMAGES, mean.shape)
    single = z.astype(np.float32)
    np.testing.assert_allclose(vae.decode_outputs(single), mean, atol=1e-4)
    np.testing.assert_allclose(vae.decode(single), mean.clip(0, 1), atol=1e-4)
    np.testing.assert_allclose(vae.distortion(images, single), ((mean - images) ** 2).sum(1), rtol=1e-5)
    constant = PIXELS / 2 * math.log(math.pi)  # of −log N(x; mean, σ² = ½), one ½·log(2πσ²) a pixel
    density = (((images - mean) ** 2) / (2 * 0.5) + 0.5 * math.log(2 * math.pi * 0.5)).sum(1)
    np.testing.assert_allclose(vae.distortion(images, single), density - constant, rtol=1e-5)


def test_every_likelihood_has_formulas() -> None:
    assert set(FORMULAS) == set(LIKELIHOODS) == set(TORCH_LIKELIHOODS)


def test_only_an_autoencoder_has_no_variance(runs: Path) -> None:
    assert loaded(runs, tiny.config()).encode(IMAGES).log_var is not None
    assert loaded(runs, tiny.config("ae")).encode(IMAGES).log_var is None


def test_epoch_and_latent_size(runs: Path) -> None:
    vae = loaded(runs, tiny.config(latent=7, epochs=4))
    assert (vae.epoch, vae.latent) == (4, 7)


def test_extreme_numbers_neither_overflow_nor_warn() -> None:
    x = np.array([-1e30, -200, -1, 0, 1, 200, 1e30], np.float32)
    np.testing.assert_allclose(sigmoid(x), [0, 0, 0.26894142, 0.5, 0.73105858, 1, 1], atol=1e-7)
    np.testing.assert_allclose(softplus(x), [0, 0, 0.31326169, 0.69314718, 1.31326169, 200, 1e30], rtol=1e-6)


def test_weights_gone_wild_do_not_warn(runs: Path) -> None:
    config = tiny.config()
    run = tiny.make(runs, config)
    wild = {name: array * np.float32(1e30) for name, array in tiny.weights(config).items()}
    write_tensors(run / MODEL, wild, {"epoch": "1"})
    vae = load_model(run, config)
    posterior = vae.encode(IMAGES)
    vae.decode(posterior.mean)
    vae.distortion(IMAGES, posterior.mean)
    vae.rate(posterior)


def test_half_precision_weights_are_read_as_single(runs: Path) -> None:
    config = tiny.config()
    run = tiny.make(runs, config)
    exact = load_model(run, config).decode(np.zeros((1, 2), np.float32))
    half = {name: array.astype(np.float16) for name, array in tiny.weights(config).items()}
    write_tensors(run / MODEL, half, {"epoch": "3"})
    decoded = load_model(run, config).decode(np.zeros((1, 2), np.float32))
    assert decoded.dtype == np.float32
    np.testing.assert_allclose(decoded, exact, atol=5e-3)


def broken(run: Path, config: Config, how: str) -> None:
    weights, text = tiny.weights(config), {"epoch": "3"}
    if how == "missing layer":
        del weights["decoder.1.bias"]
    elif how == "wrong shape":
        weights["mean.weight"] = weights["mean.weight"].T
    elif how == "wrong type":
        weights["mean.weight"] = weights["mean.weight"].astype(np.int32)
    elif how == "not finite":
        weights["mean.weight"][0, 0] = np.inf
    elif how == "bad epoch":
        text = {"epoch": "three"}
    elif how == "bad step":
        text["step"] = "-1"
    write_tensors(run / MODEL, weights, text)
    if how == "cut short":
        path = run / MODEL
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "too large":
        with (run / MODEL).open("r+b") as file:
            file.truncate(1 << 30)  # a sparse file: costs nothing unless it is read


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("missing layer", r"decoder\.1\.bias is missing"),
        ("wrong shape", r"mean\.weight is \(2, 16\), the configuration says \(16, 2\)"),
        ("wrong type", r"mean\.weight is int32"),
        ("not finite", "not finite"),
        ("bad epoch", "its epoch is 'three'"),
        ("bad step", "its step is '-1'"),
        ("cut short", "is damaged"),
        ("too large", "1,073,741,824 bytes"),
    ],
)
def test_a_damaged_model_is_one_clear_sentence(runs: Path, how: str, cause: str) -> None:
    config = tiny.config()
    run = tiny.make(runs, config)
    broken(run, config, how)
    with pytest.raises(Problem, match=cause) as caught:
        load_model(run, config)
    assert "model.safetensors" in str(caught.value)


@pytest.mark.parametrize(
    ("epoch", "step", "words"),
    [
        (3, 0, "epoch 3"),
        (3, 7, "partway through epoch 4"),
        (0, 7, "partway through epoch 1"),
        (0, 0, "untrained"),
    ],
)
def test_a_model_says_after_which_epoch_its_weights_are(run: Path, epoch: int, step: int, words: str) -> None:
    tiny.write_model(run, tiny.config(), epoch, step)
    assert load_model(run, tiny.config()).position_text == words


def test_a_model_of_an_earlier_version_is_after_an_epoch(run: Path) -> None:
    write_tensors(run / MODEL, tiny.weights(tiny.config()), {"epoch": "3"})
    assert load_model(run, tiny.config()).position_text == "epoch 3"


def test_a_run_without_a_model_says_when_there_will_be_one(runs: Path) -> None:
    run = tiny.make(runs, state="running", done=0)
    with pytest.raises(Problem, match=r"has no model yet.*end of the first epoch"):
        load_model(run, tiny.config())


def test_absurd_sizes_are_refused_before_anything_is_read(run: Path) -> None:
    config = tiny.config()
    absurd = dataclasses.replace(config, model=dataclasses.replace(config.model, hidden=(65536, 65536)))
    with pytest.raises(Problem, match=r"8,693,\d{3},\d{3} weights, more than"):
        load_model(run, absurd)
