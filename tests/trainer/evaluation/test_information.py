"""The rate is information + marginal KL; both are known for equal posteriors and for posteriors far apart."""

import math

import numpy as np
import pytest
import torch

from trainer.contract.tensors import Array
from trainer.evaluation.information import information
from trainer.models.objective import rate_per_dim


def posteriors(images: int, latent: int, log_var: float, spread: float) -> tuple[Array, Array]:
    mean = spread * np.random.default_rng(0).standard_normal((images, latent))
    return mean.astype(np.float32), np.full((images, latent), log_var, np.float32)


def rate_of(mean: Array, log_var: Array) -> float:
    parts = rate_per_dim(torch.from_numpy(mean), torch.from_numpy(log_var), torch.ones(()))
    return float(parts.sum(-1).double().mean())


@pytest.mark.parametrize(("latent", "log_var", "spread"), [(2, -3.0, 1.0), (10, -1.0, 0.7), (20, -4.0, 2.0)])
def test_the_rate_is_information_and_marginal_kl(latent: int, log_var: float, spread: float) -> None:
    mean, log_vars = posteriors(4000, latent, log_var, spread)
    found = information(mean, log_vars, 0)
    rate = rate_of(mean, log_vars)
    assert found.information + found.marginal_kl == pytest.approx(rate, rel=0.01)
    off = abs(found.information + found.marginal_kl - rate)
    assert off < 4 * math.hypot(found.information_error, found.marginal_kl_error)
    assert found.minibatch_information >= found.information


def test_equal_posteriors_carry_no_information() -> None:
    found = information(*posteriors(1000, 3, -2.0, 0.0), 0)
    assert found.information == pytest.approx(0, abs=1e-9)
    assert found.marginal_kl == pytest.approx(rate_of(*posteriors(1, 3, -2.0, 0.0)), rel=0.05)
    assert found.minibatch_information == pytest.approx(math.log(1000)), "1/N, whatever the minibatch"


def test_posteriors_far_apart_tell_the_image_and_no_more() -> None:
    found = information(*posteriors(1000, 5, -8.0, 30.0), 0)
    assert found.information == pytest.approx(math.log(1000), abs=1e-6)
    assert found.minibatch_information > math.log(1000)


def test_a_mixture_that_is_the_prior_has_no_marginal_kl() -> None:
    mean, log_var = posteriors(3000, 2, math.log(0.5), math.sqrt(0.5))
    found = information(mean, log_var, 0)
    assert abs(found.marginal_kl) < 0.01
    assert found.information == pytest.approx(math.log(2), abs=0.05)  # −½ log(1 − ½) in each dimension


def test_seeds_differ_and_repeat() -> None:
    codes = posteriors(300, 2, -2.0, 1.0)
    assert information(*codes, 1) == information(*codes, 1)
    assert information(*codes, 1).information != information(*codes, 2).information
