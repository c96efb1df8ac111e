"""The stacked network computes what each model would compute alone."""

import math

import numpy as np
import pytest
import torch

from tests.trainer.small import config
from trainer.contract.config import Config, weight_shapes
from trainer.models.ensemble import Ensemble
from trainer.models.mlp import decode, encode, unstack
from trainer.models.registry import initial_weights

CPU = torch.device("cpu")


def ensemble_of(*configs: Config) -> Ensemble:
    return Ensemble.build(configs, [initial_weights(c) for c in configs], CPU)


GRID = (config(2, 1.0), config(7, 4.0), config(5, kind="ae"))


def test_initial_weights_spread_by_the_model_s_own_fan_in() -> None:
    weights = initial_weights(config(2, hidden=(400,)))
    widest = weights["decoder.0.weight"].abs().max().item()
    assert 0.95 / math.sqrt(2) < widest <= 1 / math.sqrt(2)
    assert weights["encoder.0.bias"].abs().max().item() <= 1 / 28


def test_models_that_differ_in_beta_start_from_the_same_point_and_seeds_do_not() -> None:
    one, other, reseeded = (initial_weights(config(3, b, seed=s)) for b, s in ((1, 0), (4, 0), (1, 1)))
    assert torch.equal(one["mean.weight"], other["mean.weight"])
    assert not torch.equal(one["mean.weight"], reseeded["mean.weight"])


def test_stacking_and_unstacking_gives_each_model_back() -> None:
    ensemble = ensemble_of(*GRID)
    for i, one in enumerate(GRID):
        weights = unstack(ensemble.parameters, i, one.model)
        assert {name: value.shape for name, value in weights.items()} == weight_shapes(one.model)
        for name, value in initial_weights(one).items():
            np.testing.assert_array_equal(weights[name], value.numpy())


@pytest.mark.parametrize("index", range(len(GRID)))
def test_a_padded_model_encodes_and_decodes_as_it_does_alone(index: int) -> None:
    together, alone = ensemble_of(*GRID), ensemble_of(GRID[index])
    latent = GRID[index].model.latent
    x = torch.rand(11, 784, generator=torch.Generator().manual_seed(1))
    z = torch.randn(1, 11, latent, generator=torch.Generator().manual_seed(2))
    padded = torch.zeros(len(GRID), 11, 7)
    padded[index, :, :latent] = z[0]

    mean, log_var = encode(together.parameters, x)
    own_mean, own_log_var = encode(alone.parameters, x)
    torch.testing.assert_close(mean[index, :, :latent], own_mean[0])
    torch.testing.assert_close(log_var[index, :, :latent], own_log_var[0])
    assert not mean[index, :, latent:].any()
    torch.testing.assert_close(decode(together.parameters, padded)[index], decode(alone.parameters, z)[0])


def test_a_layer_is_a_linear_map_with_relu_between() -> None:
    one = config(3, hidden=(16, 8))
    weights = initial_weights(one)
    x = torch.rand(5, 784)
    hidden = torch.relu(x @ weights["encoder.0.weight"] + weights["encoder.0.bias"])
    hidden = torch.relu(hidden @ weights["encoder.1.weight"] + weights["encoder.1.bias"])
    expected = hidden @ weights["mean.weight"] + weights["mean.bias"]
    torch.testing.assert_close(encode(ensemble_of(one).parameters, x)[0][0], expected)


def test_noise_does_not_depend_on_companions() -> None:
    for i, one in enumerate(GRID):
        alone = ensemble_of(one).noise(("train", 1, 0), 4, 6)
        together = ensemble_of(*GRID).noise(("train", 1, 0), 4, 6)
        assert torch.equal(together[:, i, :, : one.model.latent], alone[:, 0])
        assert not together[:, i, :, one.model.latent :].any()


def test_noise_is_each_model_s_own_and_new_at_every_step() -> None:
    ensemble = ensemble_of(config(3, 1.0), config(3, 4.0), config(3, kind="ae"))
    first, later = (ensemble.noise(("train", epoch, 0), 2, 50) for epoch in (1, 2))
    assert not torch.equal(first[0, 0], first[0, 1])  # not shared between models
    assert not torch.equal(first[0, 0], first[1, 0])  # not frozen between steps
    assert not torch.equal(first[0, 0], later[0, 0])  # nor between epochs
    assert not first[:, 2].any()  # an autoencoder's posterior is a point
    assert abs(first[:, :2].std().item() - 1) < 0.1
