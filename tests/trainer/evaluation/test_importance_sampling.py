"""−log p(x): right where it is known, tighter with every draw, the same however it is cut into pieces."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainer.small import config, dataset
from trainer.contract.config import PIXELS, Config
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.evaluation import importance_sampling
from trainer.evaluation.importance_sampling import Estimate, estimate, marginal
from trainer.evaluation.metrics import measure
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights

LATENT = 2
CPU = torch.device("cpu")


def run(ensemble: Ensemble, pixels: Tensor, samples: int) -> Estimate:
    return estimate(ensemble, pixels, samples, lambda part: None)


def linear_gaussian(mean_scale: float = 1.0, log_var_shift: float = 0.0) -> tuple[Ensemble, Tensor]:
    """x = z·A + b + noise of variance ½ as an autoencoder, and A (latent, pixels).

    relu(u) − relu(−u) = u makes its networks linear. A's rows are orthogonal, so the true posterior has a
    diagonal covariance, and the encoder gives just that, unless it is set to miss it.
    """
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.standard_normal((PIXELS, LATENT)))[0].T  # (latent, pixels)
    a = np.array([[1.5], [0.7]]) * directions
    b = np.full(PIXELS, 0.25)
    variance = 1 / (1 + 2 * np.square(a).sum(1))  # of the posterior, (latent,)
    up = 2 * a.T * variance  # mean = (x − b) @ up, (pixels, latent)
    both, apart = np.hstack([np.eye(LATENT)] * 2), np.vstack([np.eye(LATENT), -np.eye(LATENT)])
    both[:, LATENT:] *= -1
    weights = {
        "encoder.0.weight": np.hstack([up, -up]),
        "encoder.0.bias": np.concatenate([-b @ up, b @ up]),
        "mean.weight": mean_scale * apart,
        "mean.bias": np.zeros(LATENT),
        "log_var.weight": np.zeros((2 * LATENT, LATENT)),
        "log_var.bias": np.log(variance) + log_var_shift,
        "decoder.0.weight": both,
        "decoder.0.bias": np.zeros(2 * LATENT),
        "decoder.1.weight": np.vstack([a, -a]),
        "decoder.1.bias": b,
    }
    tensors = {name: torch.from_numpy(value.astype(np.float32)) for name, value in weights.items()}
    shape = config(LATENT, hidden=(2 * LATENT,), loss="gaussian")
    return Ensemble.build([shape], [tensors], CPU), torch.from_numpy(a)


def drawn_from(a: Tensor, images: int) -> Tensor:
    rng = np.random.default_rng(1)
    z, noise = rng.standard_normal((images, LATENT)), rng.standard_normal((images, PIXELS))
    x = 0.25 + z @ a.numpy() + 0.05 * noise
    return torch.from_numpy((x.clip(0, 1) * 255).round().astype(np.uint8))


def exact(a: Tensor, pixels: Tensor) -> Tensor:
    """−log N(x; b, AᵀA + ½I), less the constant of the likelihood."""
    covariance = a.T @ a + 0.5 * torch.eye(PIXELS, dtype=torch.float64)
    x = pixels.double() / 255
    off = x - 0.25
    squares = (off * torch.linalg.solve(covariance, off.T).T).sum(1)
    log_det = torch.linalg.slogdet(2 * math.pi * covariance)[1]
    nats: Tensor = 0.5 * (squares + log_det) - LIKELIHOODS["gaussian"].constant(784)
    return nats


def untrained(latent: int = 3, **settings: object) -> Ensemble:
    one: Config = replace(config(latent), **settings)  # type: ignore[arg-type]
    return Ensemble.build([one], [initial_weights(one)], CPU)


@pytest.fixture
def bars() -> Tensor:
    return torch.from_numpy(dataset().test.pixels)


def test_with_the_true_posterior_one_draw_tells_all() -> None:
    ensemble, a = linear_gaussian()
    pixels = drawn_from(a, 30)
    for samples in (1, 60):
        found = run(ensemble, pixels, samples)
        torch.testing.assert_close(found.nats, exact(a, pixels), atol=2e-3, rtol=0)
        torch.testing.assert_close(
            found.effective_samples, torch.full((30,), float(samples)).double(), rtol=1e-3, atol=0
        )


def test_with_a_posterior_that_misses_it_is_right_within_its_error() -> None:
    ensemble, a = linear_gaussian(mean_scale=0.9, log_var_shift=0.3)
    pixels, samples = drawn_from(a, 200), 500
    found = run(ensemble, pixels, samples)
    off = found.nats - exact(a, pixels)
    variance = 1 / found.effective_samples - 1 / samples  # of log p̂, by the delta method
    assert float(off.mean().abs()) < 4 * float(variance.sum().sqrt()) / len(pixels) + 1e-3
    assert float(off.abs().max()) < 6 * float(variance.max().sqrt())
    assert float(found.effective_samples.min()) < 0.95 * samples


def test_it_falls_with_every_draw_and_lies_below_the_bound(bars: Tensor) -> None:
    ensemble = untrained()
    bound = -measure(ensemble, bars, "test").figures(0).elbo
    means = [float(run(ensemble, bars, samples).nats.mean()) for samples in (1, 10, 100, 1000)]
    assert means == sorted(means, reverse=True)
    assert means[-1] < bound


def test_one_draw_gives_the_bound(bars: Tensor) -> None:
    ensemble, many = untrained(), bars.repeat(20, 1)  # each with noise of its own
    bound = -measure(ensemble, many, "test").figures(0).elbo
    nats = run(ensemble, many, 1).nats
    assert float(nats.mean()) == pytest.approx(bound, abs=5 * float(nats.std()) / math.sqrt(len(many)))


@pytest.mark.parametrize("most", [1, PIXELS * 40, PIXELS * 1000])
def test_the_pieces_it_is_decoded_in_change_nothing(
    bars: Tensor, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    whole = run(untrained(), bars, 70)
    monkeypatch.setattr(importance_sampling, "MOST_NUMBERS", most)
    pieces = run(untrained(), bars, 70)
    torch.testing.assert_close(pieces.nats, whole.nats, rtol=1e-6, atol=0)
    torch.testing.assert_close(pieces.effective_samples, whole.effective_samples, rtol=1e-3, atol=0)


def test_the_last_partial_batch_counts_like_any_other() -> None:
    pixels = torch.from_numpy(dataset().train.pixels).repeat(4, 1)[:1003]
    ensemble = untrained()
    found = run(ensemble, pixels, 3)
    longer = run(ensemble, torch.cat([pixels, pixels])[:1100], 3)
    assert found.nats.shape == (1003,)
    torch.testing.assert_close(found.nats, longer.nats[:1003], rtol=1e-6, atol=0)
    whole = marginal(ensemble, pixels, 3, lambda part: None)
    assert whole.nats == pytest.approx(float(longer.nats[:1003].mean()))
    assert whole.standard_error == pytest.approx(float(found.nats.std()) / math.sqrt(1003))


def test_each_image_and_each_draw_has_noise_of_its_own(bars: Tensor) -> None:
    same = bars[:1].repeat(250, 1)  # three blocks of images
    nats = run(untrained(), same, 2).nats
    assert len(set(nats.tolist())) == 250
    blocks = [float(run(untrained(), same[:1], samples).nats) for samples in (50, 100, 150)]
    assert len({round(nats, 4) for nats in blocks}) == 3  # three times the same draws would change nothing


def test_progress_rises_to_the_end(bars: Tensor) -> None:
    shares: list[float] = []
    estimate(untrained(), bars.repeat(4, 1), 1, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize(
    ("one", "words", "constant"),
    [
        (config(), "no normalised likelihood", 0.0),
        (config(binarize="fixed"), "binarised images, a normalised likelihood", 0.0),
        (config(loss="gaussian"), "448.73 nats", 392 * math.log(math.pi)),
    ],
)
def test_the_protocol_says_what_the_number_is(bars: Tensor, one: Config, words: str, constant: float) -> None:
    ensemble = Ensemble.build([one], [initial_weights(one)], CPU)
    found = marginal(ensemble, bars, 5, lambda part: None)
    assert words in found.protocol
    assert "5 posterior draws" in found.protocol
    assert (found.samples, found.seed) == (5, 0)
    assert found.constant == pytest.approx(constant)
