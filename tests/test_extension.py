"""An architecture, a likelihood and a data set that a test registers, one object each, train and evaluate."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.trainer import small
from trainer.contract import likelihoods as contract_likelihoods
from trainer.contract.config import WEIGHT_SHAPES, Config, Data, Model, read_config
from trainer.contract.datasets import registry as datasets
from trainer.contract.datasets.registry import Inspection
from trainer.contract.evaluation import read_evaluation
from trainer.contract.images import Images
from trainer.contract.likelihoods import Likelihood
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import MODEL, read_status
from trainer.contract.tensors import read_tensors
from trainer.evaluation.evaluate import EvaluationOptions, Evaluator
from trainer.models import likelihoods, registry
from trainer.models.architecture import Architecture, Parameters, Shapes, decode_each, encode_each
from trainer.models.likelihoods import TorchLikelihood
from trainer.planner import train_all

CHANNELS = 4


def conv_shapes(model: Model) -> Shapes:
    width = CHANNELS * 14 * 14
    return {
        "conv.weight": (CHANNELS, 1, 4, 4),
        "conv.bias": (CHANNELS,),
        "heads.weight": (width, 2 * model.latent),
        "heads.bias": (2 * model.latent,),
        "decoder.weight": (model.latent, 784),
        "decoder.bias": (784,),
    }


def encode(weights: Parameters, x: Tensor) -> tuple[Tensor, Tensor]:
    images = x.view(-1, 1, 28, 28)
    hidden = functional.conv2d(images, weights["conv.weight"], weights["conv.bias"], stride=2, padding=1)
    mean, log_var = (hidden.relu().flatten(1) @ weights["heads.weight"] + weights["heads.bias"]).chunk(2, -1)
    return mean, log_var


def decode(weights: Parameters, z: Tensor) -> Tensor:
    return z @ weights["decoder.weight"] + weights["decoder.bias"]


CONV = Architecture("toyconv", conv_shapes, encode_each(encode), decode_each(decode))


def laplace_nats(output: Tensor, x: Tensor) -> Tensor:
    return (output.sigmoid() - x).abs()


LAPLACE = TorchLikelihood(
    Likelihood("laplace", "l1", "absolute error", protocol="Laplace of scale 1, without its constant"),
    laplace_nats,
    torch.sigmoid,
)


class Stripes:
    """A data set that is computed."""

    name, megabytes = "stripes", 0

    def is_here(self, _folder: Path) -> bool:
        return True

    def inspect(self, _folder: Path) -> Inspection:
        return Inspection(dataclasses.replace(small.dataset(), name=self.name), is_verified=True, notes=())

    def load_test(self, _folder: Path) -> tuple[Images, tuple[str, ...]]:
        return small.dataset().test, ()


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    tables: list[dict[str, Any]] = [
        WEIGHT_SHAPES,
        registry.ARCHITECTURES,
        likelihoods.LIKELIHOODS,
        contract_likelihoods.LIKELIHOODS,
        datasets.DATASETS,
    ]
    before = [dict(table) for table in tables]
    registry.register(CONV)
    likelihoods.register(LAPLACE)
    datasets.register(Stripes())
    yield
    for table, rows in zip(tables, before, strict=True):
        table.clear()
        table.update(rows)


def wanted(latent: int = 3, **changes: Any) -> Config:
    base = small.config(latent, epochs=2)
    return dataclasses.replace(
        base,
        model=dataclasses.replace(base.model, arch="toyconv"),
        objective=dataclasses.replace(base.objective, likelihood="laplace"),
        data=Data("stripes", 270, 30, small.TEST, 0.1, "none", "bars-0"),
        **changes,
    )


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_toy_architecture_likelihood_and_data_set_train_and_are_evaluated(
    tmp_path: Path, precision: str
) -> None:
    grid = [wanted(latent, precision=precision) for latent in (2, 3)]
    runs = small.directories(tmp_path, grid)
    assert runs[0].name.startswith("vae-z2-b1-l1-s0-toyconv")
    assert train_all(list(zip(runs, grid, strict=True)), tmp_path, lambda: False)
    for run, one in zip(runs, grid, strict=True):
        assert read_status(run).state == "finished"
        assert read_config(run).model == one.model
        first, second = read_epochs(run)
        assert second.train.distortion < first.train.distortion
        shapes = {name: array.shape for name, array in read_tensors(run / MODEL).arrays.items()}
        assert shapes == conv_shapes(one.model)

    evaluator = Evaluator(EvaluationOptions(5, quality=False, device="cpu"), lambda *_: None, lambda _: None)
    evaluator.evaluate(runs[0], read_config(runs[0]), datasets.load("stripes", tmp_path))
    found = read_evaluation(runs[0])
    assert found.likelihood == "laplace"
    assert found.marginal is not None
    assert "Laplace of scale 1" in found.marginal.protocol
    assert np.isfinite(found.marginal.nats)


def test_a_toy_model_goes_on_from_where_it_was_saved(tmp_path: Path) -> None:
    (whole,) = small.directories(tmp_path / "whole", [wanted()])
    assert train_all([(whole, wanted())], tmp_path, lambda: False)
    (parts,) = small.directories(tmp_path / "parts", [wanted()])
    short = dataclasses.replace(wanted(), optimiser=dataclasses.replace(wanted().optimiser, epochs=1))
    assert train_all([(parts, short)], tmp_path, lambda: False)
    assert train_all([(parts, wanted())], tmp_path, lambda: False)
    one, other = (read_tensors(run / MODEL).arrays for run in (whole, parts))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_an_unknown_architecture_or_likelihood_is_refused() -> None:
    model = dataclasses.replace(wanted().model, arch="resnet")
    with pytest.raises(ValueError, match=r"model\.arch must be mlp or toyconv"):
        dataclasses.replace(wanted(), model=model).check()
    objective = dataclasses.replace(wanted().objective, likelihood="poisson")
    with pytest.raises(ValueError, match=r"objective\.likelihood must be bernoulli, gaussian or laplace"):
        dataclasses.replace(wanted(), objective=objective).check()
