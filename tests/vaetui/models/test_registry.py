"""A new architecture and a new likelihood take one row each."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tests import tiny
from trainer.contract.config import PIXELS, WEIGHT_SHAPES, Model
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import write_tensors
from trainer.models.registry import ARCHITECTURES
from vaetui.arrays import Floats
from vaetui.export.weights import onnx_graphs
from vaetui.models import registry
from vaetui.models.autoencoder import Posterior
from vaetui.models.likelihoods import FORMULAS, Formulas
from vaetui.models.onnx_graph import Graph


@dataclass(frozen=True, eq=False)
class Linear:
    """One matrix for both directions."""

    weight: Floats  # (pixels, latent)

    def encode(self, pixels: Floats) -> Posterior:
        return Posterior(pixels @ self.weight, None)

    def decode(self, z: Floats) -> Floats:
        return z @ self.weight.T

    def add_encoder(self, graph: Graph, images: str) -> list[str]:
        return [graph.linear("mean", self.weight, np.zeros(self.weight.shape[1], np.float32), images)]

    def add_decoder(self, graph: Graph, z: str) -> str:
        return graph.linear("outputs", self.weight.T, np.zeros(len(self.weight), np.float32), z)


def linear_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    return {"weight": (PIXELS, model.latent)}


def test_a_row_makes_an_architecture_and_a_likelihood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WEIGHT_SHAPES, "linear", linear_shapes)
    monkeypatch.setitem(registry.NETWORKS, "linear", lambda weights: Linear(weights["weight"]))
    absolute = Formulas(np.abs, lambda outputs, pixels: np.abs(outputs - pixels), ("Abs", {}))
    monkeypatch.setitem(FORMULAS, "gaussian", absolute)
    usual = tiny.config("ae", 3, likelihood="gaussian")
    config = dataclasses.replace(usual, model=dataclasses.replace(usual.model, arch="linear"))
    weight = np.random.default_rng(0).normal(size=(PIXELS, 3)).astype(np.float32)
    write_tensors(tmp_path / MODEL, {"weight": weight}, {"epoch": "1"})
    vae = registry.load_model(tmp_path, config)
    pixels = np.random.default_rng(1).random((4, PIXELS), np.float32)
    z = vae.encode(pixels).mean
    np.testing.assert_allclose(vae.decode(z), np.abs(vae.decode_outputs(z)))
    expected = np.abs(vae.decode_outputs(z) - pixels).sum(-1)
    np.testing.assert_allclose(vae.distortion(pixels, z), expected, rtol=1e-5)
    assert vae.nbytes == 4 * 3 * PIXELS
    decoder = onnx.load_from_string(onnx_graphs("run", vae)["decoder"])
    (decoded,) = ReferenceEvaluator(decoder).run(None, {"z": z})
    np.testing.assert_allclose(np.asarray(decoded), vae.decode(z), rtol=1e-4, atol=1e-3)


def test_every_architecture_has_a_network() -> None:
    assert set(registry.NETWORKS) == set(ARCHITECTURES) == set(WEIGHT_SHAPES)
