"""What other programs get is the model: every weight by name, and graphs that encode and decode the same."""

import io
import json
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tests import tiny
from trainer.contract.config import Config
from trainer.contract.datasets.registry import load_test
from trainer.contract.files import Problem
from trainer.contract.values import build
from vaetui import arrays
from vaetui.export import weights
from vaetui.latent.prior import prior_noise
from vaetui.models import autoencoder, registry

IMAGES = load_test("digits", Path()).pixels[:20].astype(np.float32) / np.float32(255)
KINDS = [("vae", "bernoulli"), ("vae", "gaussian"), ("ae", "bernoulli")]


def model(
    runs: Path, kind: Literal["vae", "ae"] = "vae", likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
) -> autoencoder.Vae:
    made = tiny.config(kind, 5, likelihood=likelihood, hidden=(24, 16))
    return registry.load_model(tiny.make(runs, made), made)


def evaluate(graph: onnx.ModelProto, name: str, value: arrays.Floats) -> list[arrays.Floats]:
    with np.errstate(over="ignore", invalid="ignore"):  # the reference works out both branches of its sigmoid
        found = ReferenceEvaluator(graph).run(None, {name: value})
    return [np.asarray(each) for each in found]


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_graphs_encode_and_decode_as_the_model_does(
    runs: Path, kind: tuple[Literal["vae", "ae"], Literal["bernoulli", "gaussian"]]
) -> None:
    made = model(runs, *kind)
    graphs = {name: onnx.load_from_string(data) for name, data in weights.onnx_graphs("r", made).items()}
    found = evaluate(graphs["encoder"], "images", IMAGES)
    posterior = made.encode(IMAGES)
    wanted = [posterior.mean] if posterior.log_var is None else [posterior.mean, posterior.log_var]
    names = [output.name for output in graphs["encoder"].graph.output]
    assert names == ["mean", "log_var"][: len(wanted)]
    for mine, theirs in zip(wanted, found, strict=True):
        np.testing.assert_allclose(theirs, mine, atol=1e-5)
    for z in (prior_noise(3, 30, 5), 4 * prior_noise(4, 30, 5), prior_noise(0, 1, 5)):
        (images,) = evaluate(graphs["decoder"], "z", z)
        assert images.dtype == np.float32
        np.testing.assert_allclose(images, made.decode(z), atol=1e-5)


def test_graphs_say_where_they_are_from_and_take_any_number_of_images(runs: Path) -> None:
    made = model(runs)
    graph = onnx.load_from_string(weights.onnx_graphs("a run", made)["encoder"])
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    assert (metadata["run"], metadata["epoch"]) == ("a run", "3")
    assert build(Config, json.loads(metadata["config"])) == made.config
    batch, pixels = graph.graph.input[0].type.tensor_type.shape.dim
    assert (batch.dim_param, pixels.dim_value) == ("batch", 784)


def test_without_the_package_a_sentence_says_what_to_install(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = model(runs)
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "onnx.checker", raising=False)
    with pytest.raises(Problem, match=r"pip install 'vaetui\[onnx\]'"):
        weights.onnx_graphs("r", made)


@pytest.mark.parametrize("kind", ["vae", "ae"])
def test_npz_holds_every_weight_and_the_configuration(runs: Path, kind: Literal["vae", "ae"]) -> None:
    made = model(runs, kind)
    with np.load(io.BytesIO(weights.weights_npz("a run", made))) as found:
        wanted = tiny.weights(made.config)
        assert set(found.files) == {*wanted, "run", "epoch", "version", "config"}
        for name, array in wanted.items():
            np.testing.assert_array_equal(found[name], array)
        assert (str(found["run"]), int(found["epoch"])) == ("a run", 3)
        assert build(Config, json.loads(str(found["config"]))) == made.config
