"""−log p(x) of test images under a VAE: the table of methods, and which one is used.

| method | what it gives | for |
| --- | --- | --- |
| bound | an upper bound (`importance_sampling`) | any latent size |
| integral | the value to a tolerance, or a refusal (`integration`) | up to three latent dimensions |
| ais | an estimate with a gap that is measured (`annealed_importance_sampling`) | any latent size, slowly |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from trainer.contract.config import PIXELS
from trainer.contract.evaluation import Marginal
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.marginal_methods import CONVERGED
from trainer.engine.batches import as_input
from trainer.evaluation import annealed_importance_sampling as ais
from trainer.evaluation import importance_sampling, integration
from trainer.models.ensemble import Ensemble

INTEGRATED = 2  # latent dimensions up to which `auto` integrates
QUANTILES = (0.05, 0.5, 0.95)
SUBSET_SEED = 0  # of a subset of the test images: the same images for every run

Report = Callable[[str, float], None]
MethodName = Literal["bound", "integral", "ais"]


@dataclass(frozen=True)
class MarginalRequest:
    """What is to be measured: `method` or "auto", `samples` of it, on `images` test images (0: default)."""

    method: Literal["auto", "bound", "integral", "ais"]
    samples: int
    images: int


@dataclass(frozen=True)
class Measured:
    """What a method found: −log p(x) or its bound for each image, and the fields of `Marginal` of its own."""

    nats: Tensor  # (images,), on the CPU
    words: str  # of the protocol
    facts: dict[str, Any]


@dataclass(frozen=True)
class Method:
    """A method: (ensemble, pixels uint8 (images, pixels), samples, report) → what it found."""

    measure: Callable[[Ensemble, Tensor, int, Report], Measured]
    images: int = 0  # as many test images as it takes in minutes on a CPU; 0: all


def _bound(ensemble: Ensemble, pixels: Tensor, samples: int, report: Report) -> Measured:
    doing = f"IWAE bound on −log p(x), {samples} draws"
    found = importance_sampling.estimate(ensemble, pixels, samples, lambda part: report(doing, part))
    quantiles = torch.quantile(found.effective_samples, torch.tensor(QUANTILES).double())
    change = (found.nats - found.at_half).abs()  # (images,)
    facts = {
        "samples": samples,
        "effective_samples": float(found.effective_samples.mean()),
        "effective_quantiles": tuple(quantiles.tolist()),
        "unconverged": float((change > CONVERGED).double().mean()) if samples > 1 else None,
    }
    return Measured(
        found.nats, f"upper bound on −log p(x): IWAE bound, {samples} posterior draws an image", facts
    )


def _integral(ensemble: Ensemble, pixels: Tensor, _samples: int, report: Report) -> Measured:
    doing = "−log p(x), integral over the latent space"
    report(doing, 0.0)
    found = integration.integrate(ensemble, as_input(pixels), lambda part: report(doing, part))
    facts = {"samples": 0, "effective_samples": None, "grid_error": float(found.error.max())}
    words = f"−log p(x) by integration over the latent space, to {integration.TOLERANCE:g} nats an image"
    return Measured(found.nats, words, facts)


def _ais(ensemble: Ensemble, pixels: Tensor, samples: int, report: Report) -> Measured:
    doing = f"−log p(x), AIS with {samples} temperatures"
    found = ais.anneal(ensemble, as_input(pixels), samples, lambda part: report(doing, part))
    gap = ais.gap(ensemble, samples, lambda part: report("check of AIS", part))
    chains = ais.effort(ensemble.configs[0].model.latent).chains
    quantiles = torch.quantile(found.effective_chains, torch.tensor(QUANTILES).double())
    facts = {
        "samples": chains,
        "temperatures": samples,
        "effective_samples": float(found.effective_chains.mean()),
        "effective_quantiles": tuple(quantiles.tolist()),
        "gap": gap.nats if gap else None,
        "gap_error": gap.standard_error if gap else None,
    }
    checked = (
        f"gap {gap.nats:.2f} ± {gap.standard_error:.2f} nats between upper and lower bound on "
        f"{ais.SIMULATED} images sampled from the model (test images may have more)"
        if gap is not None
        else "not checked, since this likelihood has no sampler"
    )
    words = (
        f"−log p(x) by annealed importance sampling, {samples} temperatures, {chains} chains an image, "
        f"{checked}"
    )
    return Measured(found.nats, words, facts)


METHODS: dict[MethodName, Method] = {
    "bound": Method(_bound),
    "integral": Method(_integral),
    "ais": Method(_ais, images=100),
}


def marginal(
    ensemble: Ensemble,
    pixels: Tensor,
    request: MarginalRequest,
    report: Report,
    narrate: Callable[[str], None],
) -> Marginal:
    """Measure −log p(x) over `pixels`, uint8 (images, pixels), with its errors and protocol.

    `auto` integrates up to two latent dimensions, and takes the bound for more or where integration refuses.
    Raises `NotIntegrable` where the integral was asked for and refuses.
    """
    (config,) = ensemble.configs
    if request.method != "auto":
        return _measure(ensemble, pixels, request, request.method, report)
    if config.model.latent <= INTEGRATED:
        try:
            return _measure(ensemble, pixels, request, "integral", report)
        except integration.NotIntegrable as problem:
            narrate(f"{problem}; the IWAE bound is measured instead")
    return _measure(ensemble, pixels, request, "bound", report)


def _measure(
    ensemble: Ensemble, pixels: Tensor, request: MarginalRequest, method: MethodName, report: Report
) -> Marginal:
    """Measure with one method, on the images that were asked for."""
    (config,) = ensemble.configs
    row = METHODS[method]
    chosen = _subset(len(pixels), request.images or row.images)
    found = row.measure(ensemble, pixels if chosen is None else pixels[chosen], request.samples, report)
    count, likelihood = len(found.nats), LIKELIHOODS[config.objective.likelihood]
    remark = likelihood.protocol_for(config.data.binarize, PIXELS)
    subset = f"; {count} random test images of {len(pixels)}" if chosen is not None else ""
    return Marginal(
        nats=float(found.nats.mean()),
        constant=likelihood.constant(PIXELS),
        standard_error=float(found.nats.std(correction=min(1, count - 1))) / math.sqrt(count),
        seed=config.seed,
        protocol=f"{found.words}{subset}; {remark}",
        method=method,
        images=count if chosen is not None else None,
        **found.facts,
    )


def _subset(images: int, wanted: int) -> Tensor | None:
    """Return the indices of `wanted` random images, the same for every run; None for all."""
    if not 0 < wanted < images:
        return None
    chosen = np.random.default_rng(SUBSET_SEED).choice(images, wanted, replace=False)
    return torch.from_numpy(np.sort(chosen))
