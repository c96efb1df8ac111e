"""Export the weights of a model: all by name (.npz), or encoder and decoder as graphs (.onnx)."""

from __future__ import annotations

import json

import numpy as np

from trainer.contract.config import PIXELS, config_values
from trainer.contract.files import Problem
from trainer.contract.likelihoods import LIKELIHOODS
from vaetui import __version__
from vaetui.export import encode
from vaetui.models.autoencoder import OnnxNetwork, Vae
from vaetui.models.likelihoods import FORMULAS
from vaetui.models.onnx_graph import Graph, TensorSpec


def metadata(run: str, vae: Vae) -> dict[str, str]:
    """Return the run, the epoch of its weights, the version of vaetui, and its `config` as JSON."""
    config = json.dumps(config_values(vae.config))
    return {"run": run, "epoch": str(vae.epoch), "version": __version__, "config": config}


def weights_npz(run: str, vae: Vae) -> bytes:
    """Encode every weight by name, with `run`, `epoch`, `version` and `config`, which is JSON."""
    texts = {name: np.array(text) for name, text in metadata(run, vae).items()}
    return encode.npz({**texts, "epoch": np.array(vae.epoch), **vae.weights})


def onnx_graphs(run: str, vae: Vae) -> dict[str, bytes]:
    """Encode two models: the `encoder` from images to mean and log_var, the `decoder` from z to images.

    Images are `(batch, 784)` with pixels in 0…1, the rest is `(batch, latent)`; an autoencoder has no
    log_var. Raises `Problem` where the package onnx is not installed, or where the architecture or likelihood
    has no ONNX graph.
    """
    network, objective = vae.network, vae.config.objective
    mean = FORMULAS[objective.likelihood].onnx
    if not isinstance(network, OnnxNetwork) or mean is None:
        kind = f"{vae.config.model.arch} with {LIKELIHOODS[objective.likelihood].loss}"
        raise Problem(f"a model of the kind {kind} has no ONNX graph: export its weights with --to npz")
    try:
        import onnx.checker  # noqa: F401 - checked before anything is computed
    except ModuleNotFoundError:
        raise Problem("an .onnx file takes the package onnx: pip install 'vaetui[onnx]'") from None
    images, z, texts = TensorSpec("images", PIXELS), TensorSpec("z", vae.latent), metadata(run, vae)
    encoder, decoder = Graph(), Graph()
    heads = [TensorSpec(name, vae.latent) for name in network.add_encoder(encoder, images.name)]
    outputs = network.add_decoder(decoder, z.name)
    operator, constants = mean
    limits = [decoder.constant(name, np.array(limit, np.float32)) for name, limit in constants.items()]
    decoder.add(operator, [outputs, *limits], images.name)
    return {
        "encoder": encoder.model("encoder", images, heads, texts).SerializeToString(),
        "decoder": decoder.model("decoder", z, [images], texts).SerializeToString(),
    }
