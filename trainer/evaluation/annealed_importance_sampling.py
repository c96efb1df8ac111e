"""log p(x) by annealed importance sampling (AIS), with a check on images of the model itself.

A chain starts at a sample of the prior and is led to the posterior through fₜ(z) = p(z) p(x|z)^βₜ, β from 0
to 1; log w = Σ (βₜ − βₜ₋₁) log p(x|zₜ₋₁), and E w = p(x) (Neal 2001). As for decoders in Wu, Burda,
Salakhutdinov & Grosse 2017, a transition is Hamiltonian Monte Carlo with a step size of each image's own. The
step sizes come from a pilot run and are fixed afterwards: steps adapted on the way would bias w. β grows
geometrically: around a mode the variance of log p(x|z) is latent/2β², so that all steps are alike (Gelman &
Meng 1998), and it is at small β that a chain chooses its mode.

For an image that is sampled from the model, the z that it was decoded from is an exact posterior sample. A
chain from there back to the prior gives E 1/w = 1/p(x), so −log w is above log p(x) where the forward chain's
log w is below: the truth lies between the two, and their gap is the error (bidirectional Monte Carlo, Grosse,
Ghahramani & Adams 2015).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.engine.precision import full_precision
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import LIKELIHOODS
from trainer.models.seeds import seed_of

ACCEPTED = 0.65  # of the proposals: the best rate for many dimensions (Neal 2011, section 4.4)
ADAPTATION = 0.3  # by which the log of a step size follows the acceptance
FIRST_STEP = 0.5
PILOT = 4  # the pilot run has this part of the temperatures
GROWTH = 5.0  # log of the ratio of the last step of β to the first
SIMULATED = 20  # images of the model that the check is made on
IMAGES = 100  # whose chains run together

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Effort:
    """Independent chains of an image, and leapfrog steps of a transition."""

    chains: int
    leapfrogs: int


# Modes of few dimensions are far apart, and many chains find them; in many dimensions a chain has farther to
# go. Measured on the shipped models of 2 and 20 dimensions, at equal time (docs/experiments.md).
FEW_DIMENSIONS = 3
FEW, MANY = Effort(32, 1), Effort(8, 3)


def effort(latent: int) -> Effort:
    """Return the effort for so many latent dimensions."""
    return FEW if latent <= FEW_DIMENSIONS else MANY


@dataclass(frozen=True)
class Annealed:
    """The estimate for each image, on the CPU."""

    nats: Tensor  # −log p(x), (images,)
    effective_chains: Tensor  # Kish's (Σw)² / Σw², (images,)


@dataclass
class Point:
    """Where chains are, with what the next step needs of it."""

    z: Tensor  # (chains, latent)
    nats: Tensor  # −log p(x|z), (chains,)
    slope: Tensor  # d nats / dz, (chains, latent)


def temperatures(count: int) -> Tensor:
    """Return β from 0 to 1, (count + 1,): evenly spaced at first, geometrically later."""
    growth = torch.exp(GROWTH * torch.linspace(0, 1, count + 1, dtype=torch.float64))
    return (growth - 1) / (growth[-1] - 1)


class _Chains:
    """Chains for some images x (images, pixels), equally many for each."""

    def __init__(self, ensemble: Ensemble, x: Tensor, name: object) -> None:
        self.ensemble = ensemble
        (config,) = ensemble.configs
        self.images, self.latent = len(x), config.model.latent
        self.effort = effort(self.latent)
        self.x = x.repeat(
            self.effort.chains, 1
        )  # (chains, pixels), the chains of one image are `images` rows apart
        seed = seed_of("annealing", config.seed, config.base_name, name)
        self.generator = torch.Generator(x.device).manual_seed(seed)

    def normal(self, *shape: int) -> Tensor:
        """Return standard normal noise."""
        return torch.randn(shape, generator=self.generator, device=self.x.device)

    def at(self, z: Tensor) -> Point:
        """Return the point z (chains, latent) with its distortion."""
        with torch.enable_grad(), full_precision():
            leaf = z.detach().requires_grad_()
            output = self.ensemble.decode(leaf[None])[0]  # (chains, pixels)
            nats = LIKELIHOODS[self.ensemble.likelihood].nats(output, self.x).sum(-1)
            (slope,) = torch.autograd.grad(nats.sum(), leaf)
        return Point(leaf.detach(), nats.detach(), slope)

    def move(self, at: Point, beta: float, step: Tensor) -> tuple[Point, Tensor]:
        """Make a Hamiltonian transition that leaves fₜ as it is (Neal 2011); return the acceptance (images,).

        `step` (images,) is the step size of each image.
        """
        size = step.repeat(self.effort.chains)[:, None]  # (chains, 1)
        velocity = self.normal(*at.z.shape)
        moving, new = velocity, at
        for _ in range(self.effort.leapfrogs):
            moving = moving - 0.5 * size * (new.z + beta * new.slope)
            new = self.at(new.z + size * moving)
            moving = moving - 0.5 * size * (new.z + beta * new.slope)
        change = _energy(new, beta, moving) - _energy(at, beta, velocity)  # (chains,)
        probability = torch.nan_to_num((-change).exp().clamp(max=1))
        uniform = torch.rand(probability.shape, generator=self.generator, device=self.x.device)
        is_taken = uniform < probability
        column = is_taken[:, None]
        taken = Point(
            torch.where(column, new.z, at.z),
            torch.where(is_taken, new.nats, at.nats),
            torch.where(column, new.slope, at.slope),
        )
        return taken, probability.view(self.effort.chains, -1).mean(0)

    def adapt(self, count: int) -> Tensor:
        """Return the step sizes of a pilot run of `count` temperatures, (count, images)."""
        step = torch.full((self.images,), FIRST_STEP, device=self.x.device)
        at = self.at(self.normal(len(self.x), self.latent))
        steps = []
        for beta in temperatures(count)[1:].tolist():
            at, accepted = self.move(at, beta, step)
            step = step * (ADAPTATION * (accepted - ACCEPTED)).exp()
            steps.append(step)
        return torch.stack(steps)

    def forward(self, betas: Tensor, steps: Tensor) -> Iterator[Tensor]:
        """Anneal from the prior to the posterior; yield log w (chains,) of each temperature."""
        at = self.at(self.normal(len(self.x), self.latent))
        previous = betas[:-1].tolist()
        for beta, before, step in zip(betas[1:].tolist(), previous, steps, strict=True):
            yield -(beta - before) * at.nats.double()
            at, _ = self.move(at, beta, step)

    def reverse(self, betas: Tensor, steps: Tensor, z: Tensor) -> Iterator[Tensor]:
        """Anneal from posterior samples z (images, latent) to the prior; yield −log w (chains,) likewise."""
        at = self.at(z.repeat(self.effort.chains, 1))
        backwards = zip(betas[1:].tolist(), betas[:-1].tolist(), steps, strict=True)
        for beta, before, step in reversed(list(backwards)):
            at, _ = self.move(at, beta, step)
            yield -(beta - before) * at.nats.double()


def _energy(at: Point, beta: float, velocity: Tensor) -> Tensor:
    return 0.5 * (at.z.square() + velocity.square()).sum(-1) + beta * at.nats


def _steps(chains: _Chains, count: int) -> Tensor:
    """Return the step sizes of `count` temperatures from a shorter pilot run, (count, images)."""
    pilot = chains.adapt(max(1, count // PILOT))  # (pilot, images)
    return pilot.repeat_interleave(math.ceil(count / len(pilot)), 0)[:count]


def anneal(ensemble: Ensemble, x: Tensor, count: int, progress: Progress) -> Annealed:
    """Estimate −log p(x) of x (images, pixels) in 0…1 under one VAE with `count` temperatures.

    `progress` is called with the finished share, 0…1.
    """
    parts = []
    betas = temperatures(count)
    for block, start in enumerate(range(0, len(x), IMAGES)):
        chains = _Chains(ensemble, x[start : start + IMAGES], ("test", block))
        steps = _steps(chains, count)
        log_w = torch.zeros(len(chains.x), dtype=torch.float64, device="cpu")
        for i, increment in enumerate(chains.forward(betas, steps)):
            log_w += increment.cpu()
            progress((start + chains.images * (i + 1) / count) / len(x))
        parts.append(log_w.view(-1, chains.images))
    return _estimate(torch.cat(parts, 1))


def _estimate(log_w: Tensor) -> Annealed:
    """Combine the chains of each image, log w (chains, images)."""
    log_sum, log_squares = log_w.logsumexp(0), (2 * log_w).logsumexp(0)
    return Annealed(math.log(len(log_w)) - log_sum, (2 * log_sum - log_squares).exp())


@dataclass(frozen=True)
class Gap:
    """The gap in nats, a mean over images that are sampled from the model, with its standard error."""

    nats: float
    standard_error: float


def gap(ensemble: Ensemble, count: int, progress: Progress) -> Gap | None:
    """Measure the gap with `count` temperatures; None without a sampler of the likelihood.

    That is the upper bound of log p(x) from reverse chains less the lower bound from forward chains.
    """
    sample = LIKELIHOODS[ensemble.likelihood].sample
    if sample is None:
        return None
    latent = ensemble.configs[0].model.latent
    seed = seed_of("simulated images", ensemble.configs[0].seed)
    generator = torch.Generator(ensemble.device).manual_seed(seed)
    z = torch.randn((SIMULATED, latent), generator=generator, device=ensemble.device)
    with torch.no_grad(), full_precision():
        x = sample(ensemble.decode(z[None])[0], generator)  # (simulated, pixels)
    chains, betas = _Chains(ensemble, x, "simulated"), temperatures(count)
    steps = _steps(chains, count)
    forward, reverse = (torch.zeros(len(chains.x), dtype=torch.float64) for _ in range(2))
    for i, increment in enumerate(chains.forward(betas, steps)):
        forward += increment.cpu()
        progress((i + 1) / count / 2)
    for i, increment in enumerate(chains.reverse(betas, steps, z)):
        reverse += increment.cpu()
        progress((1 + (i + 1) / count) / 2)
    lower = _log_mean(forward.view(-1, len(x)))
    upper = -_log_mean(-reverse.view(-1, len(x)))
    gaps = upper - lower  # (simulated,)
    return Gap(float(gaps.mean()), float(gaps.std()) / math.sqrt(SIMULATED))


def _log_mean(log_w: Tensor) -> Tensor:
    """Return the log of the mean over chains of w, log w (chains, images): (images,)."""
    return log_w.logsumexp(0) - math.log(len(log_w))
