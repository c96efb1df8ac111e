"""−log p(x): right where it is known, tighter with every draw, the same however it is cut into pieces."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.trainer.evaluation.linear_gaussian import CPU, drawn_from, exact, linear_gaussian, pixels_of
from tests.trainer.small import config, dataset
from trainer.contract.config import PIXELS, Config
from trainer.contract.evaluation import Marginal
from trainer.evaluation import importance_sampling
from trainer.evaluation.importance_sampling import Estimate, estimate
from trainer.evaluation.marginal import MarginalRequest, marginal
from trainer.evaluation.metrics import measure
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights


def run(ensemble: Ensemble, pixels: Tensor, samples: int) -> Estimate:
    return estimate(ensemble, pixels, samples, lambda part: None)


def untrained(latent: int = 3, **settings: object) -> Ensemble:
    one: Config = replace(config(latent), **settings)  # type: ignore[arg-type]
    return Ensemble.build([one], [initial_weights(one)], CPU)


def bound(ensemble: Ensemble, pixels: Tensor, samples: int) -> Marginal:
    request = MarginalRequest("bound", samples, 0)
    return marginal(ensemble, pixels, request, lambda doing, part: None, lambda text: None)


@pytest.fixture
def bars() -> Tensor:
    return torch.from_numpy(dataset().test.pixels)


def test_with_the_true_posterior_one_draw_tells_all() -> None:
    ensemble, a = linear_gaussian()
    pixels = pixels_of(drawn_from(a, 30))
    for samples in (1, 60):
        found = run(ensemble, pixels, samples)
        torch.testing.assert_close(found.nats, exact(a, pixels / 255), atol=2e-3, rtol=0)
        torch.testing.assert_close(
            found.effective_samples, torch.full((30,), float(samples)).double(), rtol=1e-3, atol=0
        )


def test_with_a_posterior_that_misses_it_is_right_within_its_error() -> None:
    ensemble, a = linear_gaussian(mean_scale=0.9, log_var_shift=0.3)
    pixels, samples = pixels_of(drawn_from(a, 200)), 500
    found = run(ensemble, pixels, samples)
    off = found.nats - exact(a, pixels / 255)
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
    whole = bound(ensemble, pixels, 3)
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
    found = bound(ensemble, bars, 5)
    assert words in found.protocol
    assert "5 posterior draws" in found.protocol
    assert (found.samples, found.seed) == (5, 0)
    assert found.constant == pytest.approx(constant)


def test_half_of_the_draws_are_the_first_half(bars: Tensor) -> None:
    for samples in (2, 7, 130):
        half = run(untrained(), bars, samples // 2).nats
        torch.testing.assert_close(run(untrained(), bars, samples).at_half, half, rtol=1e-6, atol=0)


def test_an_encoder_that_misses_the_posterior_is_seen_from_half_of_the_draws() -> None:
    good, a = linear_gaussian()
    poor, _ = linear_gaussian(mean_scale=-2.0, log_var_shift=-1.0)
    pixels = pixels_of(drawn_from(a, 60))
    shares = [bound(one, pixels, 100).unconverged for one in (good, poor)]
    assert shares[0] == 0
    assert shares[1] is not None
    assert shares[1] > 0.5
    assert bound(good, pixels, 1).unconverged is None
    low, median, high = bound(poor, pixels, 100).effective_quantiles
    assert 1 <= low < median < high <= 100
