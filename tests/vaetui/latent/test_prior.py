"""Noise, density and divergence of the standard normal prior."""

import numpy as np

from vaetui.arrays import Floats
from vaetui.latent.prior import log_prior, prior_noise
from vaetui.models.autoencoder import kl_divergence

RNG = np.random.default_rng(0)


def point(*numbers: float) -> Floats:
    return np.array(numbers, np.float32)


def points(count: int, latent: int = 10) -> Floats:
    return RNG.standard_normal((count, latent)).astype(np.float32)


def test_noise_agrees_between_latent_sizes_and_counts() -> None:
    wide = prior_noise(7, 16, 20)
    assert wide.shape == (16, 20)
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(prior_noise(7, 16, 5), wide[:, :5])
    np.testing.assert_array_equal(prior_noise(7, 4, 20), wide[:4])
    assert not np.array_equal(prior_noise(8, 16, 20), wide)


def test_noise_is_standard_normal_and_independent() -> None:
    draws = prior_noise(0, 20_000, 4)
    np.testing.assert_allclose(draws.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(draws.T), np.eye(4), atol=0.03)


def test_log_prior_is_the_normal_density() -> None:
    z = points(3, 6)
    each = [sum(-0.5 * x * x - 0.5 * np.log(2 * np.pi) for x in row) for row in z.astype(np.float64)]
    np.testing.assert_allclose(log_prior(z), each, rtol=1e-6)
    assert log_prior(z[0]).shape == ()


def test_rates_are_zero_at_the_prior_and_positive_elsewhere() -> None:
    assert np.array_equal(kl_divergence(point(0, 0), point(0, 0)), [0, 0])
    np.testing.assert_allclose(kl_divergence(point(2), point(0)), [2])  # half of the squared mean
    means, log_vars = points(50), points(50)
    assert (kl_divergence(means, log_vars) >= 0).all()
    assert kl_divergence(means, log_vars).shape == means.shape
