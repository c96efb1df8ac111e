"""An architecture, a likelihood and a data set that a test registers, one object each, work everywhere."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.trainer import small
from tests.vaetui.cli.reading import facts
from tests.vaetui.cli.shell import call, complaint
from tests.vaetui.tui import driving
from trainer.contract import likelihoods as contract_likelihoods
from trainer.contract.config import WEIGHT_SHAPES, Config, Data, Model, read_config
from trainer.contract.datasets import registry as datasets
from trainer.contract.datasets.names import NAMES
from trainer.contract.datasets.registry import Entry, Inspection
from trainer.contract.evaluation import read_evaluation
from trainer.contract.likelihoods import Likelihood
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import MODEL, read_status
from trainer.contract.tensors import read_tensors
from trainer.evaluation.evaluate import EvaluationOptions, Evaluator
from trainer.models import likelihoods, registry
from trainer.models.architecture import Architecture, Parameters, Shapes, decode_each, encode_each
from trainer.models.likelihoods import TorchLikelihood
from trainer.planner import train_all
from vaetui.arrays import Floats
from vaetui.latent import tsne_cache
from vaetui.models import likelihoods as numpy_likelihoods
from vaetui.models import registry as numpy_registry
from vaetui.models.autoencoder import Posterior
from vaetui.models.likelihoods import Formulas, sigmoid
from vaetui.report import plotting
from vaetui.settings import SETTINGS
from vaetui.tui.keys import VIEWS

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
    Likelihood(
        "laplace",
        "l1",
        "absolute error",
        description="absolute error (Laplace)",
        protocol="Laplace of scale 1, without its constant",
    ),
    laplace_nats,
    torch.sigmoid,
)


def _laplace_nats(outputs: Floats, pixels: Floats) -> Floats:
    return np.asarray(np.abs(sigmoid(outputs) - pixels), np.float32)


LAPLACE_FORMULAS = Formulas(sigmoid, _laplace_nats)


class ToyConv:
    """The architecture in numpy."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self.weights = weights

    def encode(self, pixels: Floats) -> Posterior:
        kernel = self.weights["conv.weight"][:, 0]  # (channels, 4, 4)
        padded = np.pad(pixels.reshape(-1, 28, 28), ((0, 0), (1, 1), (1, 1)))
        patches = np.lib.stride_tricks.sliding_window_view(padded, (4, 4), (1, 2))[:, ::2, ::2]
        hidden = np.einsum("nyxij,cij->ncyx", patches, kernel) + self.weights["conv.bias"][:, None, None]
        heads = np.maximum(hidden, 0).reshape(len(pixels), -1) @ self.weights["heads.weight"]
        mean, log_var = np.split(heads + self.weights["heads.bias"], 2, axis=-1)
        return Posterior(mean, log_var)

    def decode(self, z: Floats) -> Floats:
        return np.asarray(z @ self.weights["decoder.weight"] + self.weights["decoder.bias"], np.float32)


def _stripes(_folder: Path) -> Inspection:
    return Inspection(dataclasses.replace(small.dataset(), name="stripes"), is_verified=True, notes=())


STRIPES = Entry("stripes", lambda _: True, _stripes, lambda _: (small.dataset().test, ()))


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    tables: list[dict[str, Any]] = [
        WEIGHT_SHAPES,
        registry.ARCHITECTURES,
        likelihoods.LIKELIHOODS,
        contract_likelihoods.LIKELIHOODS,
        datasets.DATASETS,
        numpy_registry.NETWORKS,
        numpy_likelihoods.FORMULAS,
    ]
    before, names = [dict(table) for table in tables], list(NAMES)
    registry.register(CONV)
    likelihoods.register(LAPLACE)
    datasets.register(STRIPES)
    numpy_registry.register("toyconv", ToyConv)
    numpy_likelihoods.register("laplace", LAPLACE_FORMULAS)
    yield
    for table, rows in zip(tables, before, strict=True):
        table.clear()
        table.update(rows)
    NAMES[:] = names


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

    evaluator = Evaluator(
        EvaluationOptions(5, quality=False, device="cpu", method="bound"), lambda *_: None, lambda _: None
    )
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


# --- reading them -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(registered: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two trained models of the registered kinds, of 2 and 3 latent dimensions."""
    folder = tmp_path_factory.mktemp("extension") / "runs"
    grid = [wanted(latent) for latent in (2, 3)]
    runs = small.directories(folder, grid)
    assert train_all(list(zip(runs, grid, strict=True)), folder, lambda: False)
    evaluator = Evaluator(
        EvaluationOptions(5, quality=False, device="cpu", method="bound"), lambda *_: None, lambda _: None
    )
    for run in runs:
        evaluator.evaluate(run, read_config(run), datasets.load("stripes", folder))
    return folder


NAME = "vae-z2-b1-l1-s0-toyconv-h16-bs64-fp32"


def test_numpy_and_pytorch_compute_the_same(folder: Path) -> None:
    run = folder / "stripes" / NAME
    config = read_config(run)
    model = numpy_registry.load_model(run, config)
    weights = {name: torch.from_numpy(value) for name, value in read_tensors(run / MODEL).arrays.items()}
    x = small.dataset().test.pixels.astype(np.float32) / np.float32(255)
    mean, log_var = encode(weights, torch.from_numpy(x))
    output = decode(weights, mean)
    posterior = model.encode(x)
    assert posterior.log_var is not None
    np.testing.assert_allclose(posterior.mean, mean.numpy(), atol=1e-5)
    np.testing.assert_allclose(posterior.log_var, log_var.numpy(), atol=1e-5)
    np.testing.assert_allclose(model.decode(posterior.mean), output.sigmoid().numpy(), atol=1e-5)
    nats = laplace_nats(output, torch.from_numpy(x)).sum(-1)
    np.testing.assert_allclose(model.distortion(x, posterior.mean), nats.numpy(), rtol=1e-5)


def test_commands_read_a_toy_run(folder: Path) -> None:
    where = ("--runs", folder)
    listed = json.loads(call("ls", "--json", *where).stdout)
    assert {(row["dataset"], row["likelihood"], row["latent"]) for row in listed} == {
        ("stripes", "laplace", 2),
        ("stripes", "laplace", 3),
    }
    shown = call("show", NAME, *where, "--glyphs", "ascii")
    assert (shown.returncode, shown.stderr) == (0, "")
    sampled = facts("sample", NAME, "--count", 3, *where)
    assert len(sampled["digits"]) == 3
    compared = call("compare", *where)
    assert compared.returncode == 0
    assert compared.stderr.startswith("intervals of models of one seed are of the test images only")
    assert compared.stderr.count("\n") == 1
    assert "stripes, test, 57 images" in compared.stdout
    distortion = read_evaluation(folder / "stripes" / NAME).figures.distortion
    assert f"{distortion:.1f}" in compared.stdout
    for command in ("interpolate", "traverse"):
        drawn = call(command, NAME, *(("1", "5") if command == "interpolate" else ()), *where)
        assert (drawn.returncode, drawn.stderr) == (0, ""), command


def test_training_options_take_registered_names(tmp_path: Path) -> None:
    planned = call(
        *("train", "--dataset", "stripes", "--loss", "l1", "--latent", "2,3", "--dry-run"),
        *("--runs", tmp_path, "--data", tmp_path),
    )
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "vae-z3-b1-l1-s0" in planned.stdout
    assert "stripes" in SETTINGS["dataset"].choices
    refused = call("train", "--loss", "poisson", "--dry-run").stderr
    assert "--loss takes bce, mse or l1" in refused


def test_the_weights_of_a_toy_run_are_exported(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "toy.npz"
    assert call("export", NAME, "--out", out, "--runs", folder).returncode == 0
    with np.load(out) as arrays:
        assert arrays["conv.weight"].shape == (CHANNELS, 1, 4, 4)
    refused = complaint(call("export", NAME, "--out", tmp_path / "toy.onnx", "--runs", folder))
    assert refused.startswith("a model of the kind toyconv with l1 has no ONNX graph")


def test_a_report_is_written_about_toy_runs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plotting, "DPI", 30)
    monkeypatch.setattr(tsne_cache, "run_tsne", lambda codes, _tell: codes[:, :2].copy())
    done = call("report", "--runs", folder, "--no-evaluate", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "report.md").read_text()
    for word in ("stripes", "l1", NAME, "l1: absolute error (Laplace)"):
        assert word in text, word


def test_all_views_show_a_toy_run(folder: Path) -> None:
    async def explore() -> dict[str, str]:
        async with driving.exploring(folder, driving.LARGE) as (app, _):
            seen = {}
            for number, view in enumerate(VIEWS, 1):
                await driving.press(app, str(number))
                assert app._exception is None
                seen[view] = driving.text(app)
            return seen

    seen = asyncio.run(explore())
    assert len(set(seen.values())) == len(VIEWS)
    for view, screen in seen.items():
        assert "stripes" in screen, view
        assert "l1" in screen, view
        assert "toyconv" in screen, view
    best = read_evaluation(folder / "stripes" / NAME).figures
    for figure in (best.distortion, -best.elbo):
        assert f"{figure:.1f}" in seen["Compare"]
    assert "absolute error at the mean" in seen["Compare"]
