"""Exact log p(x) of a model with few latent dimensions, by numerical integration over the latent space.

    p(x) = ∫ p(x|z) N(z; 0, I) dz

The latent space is cut into cubes with a product Gauss–Legendre rule each (Davis & Rabinowitz 1984, sections
2.7 and 5.6). A cube is halved in every dimension until the rule on its halves agrees with the rule on the
whole, so that a narrow posterior gets a fine grid wherever it lies. The encoder is not used: an image whose
posterior the encoder misses is integrated like any other.

The cubes cover [−R, R]^latent. Outside, p(x|z) is at most 1 (the distortion is never negative), so the rest
is at most the prior's mass there, and R is extended until that is negligible against p(x) of every image.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from trainer.contract.files import Problem
from trainer.engine.precision import full_precision
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import pairwise_nats

TOLERANCE = 0.01  # nats: two successive grids agree on log p(x) of every image to this
MOST_DIMENSIONS = 3
NODES = 8  # of a cube, along each dimension
SIDE = 4.0  # of the largest cubes
HALVINGS = 12
# What is this many nats below p(x) is left out: 1e-7 of it, in a few hundred cubes.
NEGLIGIBLE = 16.0
LOCAL = TOLERANCE / 20  # the relative error of p(x) that one cube may have; tens of cubes hold a posterior
SURPRISE = 3.0  # nats by which a peak between the nodes of a cube may exceed what is integrated
ROUNDING = 0.1  # nats, of a distortion
IMAGES = (1000, 1000, 100)  # by dimensions: integrated together, a cube is decoded once for all of them
MOST_NODES = 30_000_000  # decoded for one block of images
MOST_NUMBERS = 4096  # nodes decoded at once


class NotIntegrable(Problem):
    """Why the integral was not found to its tolerance."""


@dataclass(frozen=True)
class Integral:
    """The integral for each image, on the CPU."""

    nats: Tensor  # −log p(x), (images,)
    error: Tensor  # nats by which two successive grids differ, (images,)


@dataclass(frozen=True)
class Grid:
    """Cubes of one size, and the integral of each image over each of them."""

    side: float
    centres: Tensor  # (cubes, latent)
    log_integral: Tensor  # (cubes, images), −∞ where the cube does not matter to the image

    @property
    def active(self) -> Tensor:
        """Which cubes matter to which images, (cubes, images)."""
        return self.log_integral > -math.inf


def integrate(ensemble: Ensemble, x: Tensor, progress: Callable[[float], None]) -> Integral:
    """Integrate p(x|z) p(z) for images x (images, pixels) in 0…1 under one VAE.

    `progress` is called with the finished share, 0…1. Raises `NotIntegrable`.
    """
    latent = ensemble.configs[0].model.latent
    if latent > MOST_DIMENSIONS:
        raise NotIntegrable(f"integration is for at most {MOST_DIMENSIONS} latent dimensions, not {latent}")
    parts = []
    together = IMAGES[latent - 1]
    for start in range(0, len(x), together):
        parts.append(_Block(ensemble, x[start : start + together]).integrate())
        progress(min(start + together, len(x)) / len(x))
    nats, error = (torch.cat(part).cpu().double() for part in zip(*parts, strict=True))
    return Integral(nats, error)


class _Block:
    """The integration of some images, on one set of cubes."""

    def __init__(self, ensemble: Ensemble, x: Tensor) -> None:
        self.ensemble, self.x = ensemble, x
        self.latent = ensemble.configs[0].model.latent
        self.dtype = torch.float32 if x.device.type == "mps" else torch.float64
        nothing = torch.full((len(x),), -math.inf, dtype=self.dtype, device=x.device)
        self.done = nothing  # log of the integral over cubes that are done, (images,)
        self.log_error = nothing  # log of the sum of their errors, (images,)
        self.nodes = 0

    def integrate(self) -> tuple[Tensor, Tensor]:
        """Return −log p(x) and its error in nats, both (images,)."""
        grid = self._first_grid()
        for _ in range(HALVINGS):
            grid = self._halve(grid)
            if not len(grid.centres):
                break
        error = (self.log_error - self.done).exp()  # of log p(x), to first order
        if len(grid.centres) or float(error.max()) > TOLERANCE:
            raise NotIntegrable(
                f"the integral over the latent space did not converge: grids with cubes of {2 * grid.side:g} "
                f"and {grid.side:g} differ by more than {TOLERANCE:g} nats for some image"
            )
        return -self.done, error

    def _first_grid(self) -> Grid:
        """Return cubes that cover all but a negligible part of every image's integral."""
        everywhere = torch.ones(len(self.x), dtype=torch.bool, device=self.x.device)
        per_side, needed = 0, 4
        while needed > per_side:
            per_side = needed
            places = ((torch.arange(per_side) - (per_side - 1) / 2) * SIDE).tolist()
            centres = self._tensor(list(itertools.product(places, repeat=self.latent)))
            active = everywhere.expand(len(centres), -1)
            log_integral, _ = self._on_cubes(centres, SIDE, active)
            least = float(log_integral.logsumexp(0).min())
            radius = math.sqrt(2 * max(0.0, NEGLIGIBLE - least))
            needed = 2 * math.ceil(radius / SIDE)
        return Grid(SIDE, centres, log_integral)

    def _halve(self, grid: Grid) -> Grid:
        """Halve all cubes along every dimension; return the halves that are to be halved again."""
        quarter = grid.side / 4
        offsets = self._tensor(list(itertools.product((-quarter, quarter), repeat=self.latent)))
        centres = grid.centres[:, None] + offsets  # (cubes, halves, latent)
        cubes, halves, _ = centres.shape
        active = grid.active.repeat_interleave(halves, 0)  # (cubes·halves, images)
        log_integral, reach = (
            part.view(cubes, halves, -1)
            for part in self._on_cubes(centres.view(-1, self.latent), grid.side / 2, active)
        )
        finer = log_integral.logsumexp(1)  # (cubes, images)
        total = torch.logaddexp(self.done, finer.logsumexp(0))  # (images,)
        log_error = _log_difference(finer, grid.log_integral)
        is_done = (log_error < total + math.log(LOCAL)) & (reach.amax(1) < total + SURPRISE)
        is_open = ~is_done[:, None] & (reach > total - NEGLIGIBLE)  # (cubes, halves, images)
        nothing = log_integral.new_tensor(-math.inf)
        self.log_error = _add(self.log_error, torch.where(is_done, log_error, nothing))
        self.done = _add(self.done, torch.where(is_open, nothing, log_integral).flatten(0, 1))
        kept = is_open.any(2)  # (cubes, halves)
        return Grid(grid.side / 2, centres[kept], torch.where(is_open, log_integral, nothing)[kept])

    def _on_cubes(self, centres: Tensor, side: float, active: Tensor) -> tuple[Tensor, Tensor]:
        """Return log ∫ over each cube, and a bound of what it may come to: (cubes, images) both.

        −∞ where a cube is not `active` (cubes, images) for an image.
        """
        both = torch.full((2, *active.shape), -math.inf, dtype=self.dtype, device=self.x.device)
        count = max(1, MOST_NUMBERS // NODES**self.latent)
        for start in range(0, len(centres), count):
            part = slice(start, start + count)
            images = active[part].any(0).nonzero()[:, 0]
            found = self._rule(centres[part], side, self.x[images])  # (cubes, active)
            for values, filled in zip(found, both, strict=True):
                filled[part, images] = values.masked_fill(~active[part][:, images], -math.inf)
        log_integral, reach = both
        return log_integral, reach

    def _rule(self, centres: Tensor, side: float, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return log ∫ over each cube for images x, and a bound of what it may come to: (cubes, images)."""
        places, log_weights = map(self._tensor, _gauss_legendre(self.latent))
        z = centres[:, None] + places * (side / 2)  # (cubes, nodes, latent)
        cubes, nodes, latent = z.shape
        self.nodes += cubes * nodes
        if self.nodes > MOST_NODES:
            raise NotIntegrable(f"the integral over the latent space needs more than {MOST_NODES:,} nodes")
        with full_precision():
            output = self.ensemble.decode(z.float().view(1, cubes * nodes, latent))[
                0
            ]  # (cubes·nodes, pixels)
            nats = pairwise_nats(self.ensemble.likelihood, output, x)  # (cubes·nodes, images)
        if float(nats.min()) < -ROUNDING:
            raise NotIntegrable("this likelihood exceeds 1, so the integral outside the grid is not bounded")
        log_prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)  # (cubes, nodes)
        log_f = log_prior[..., None] - nats.view(cubes, nodes, -1).to(self.dtype)
        size = latent * math.log(side / 2)
        top = log_f.amax(1)
        # A peak between nodes is higher than all of them by less than a quarter of what the nodes span: for a
        # quadratic form it is a twenty-seventh in the middle of a cube.
        reach = top + (top - log_f.amin(1)) / 4 + latent * math.log(side)
        return (log_f + log_weights[:, None] + size).logsumexp(1), reach

    def _tensor(self, values: object) -> Tensor:
        return torch.tensor(values, dtype=self.dtype, device=self.x.device)


@cache
def _gauss_legendre(latent: int) -> tuple[list[tuple[float, ...]], list[float]]:
    """Return the nodes in [−1, 1]^latent and the logs of their weights."""
    nodes, weights = (part.tolist() for part in np.polynomial.legendre.leggauss(NODES))
    products = itertools.product(weights, repeat=latent)
    return list(itertools.product(nodes, repeat=latent)), [math.log(math.prod(one)) for one in products]


def _add(log_sum: Tensor, terms: Tensor) -> Tensor:
    """Return log(exp(log_sum) + Σ exp(terms)), log_sum (images,), terms (cubes, images)."""
    return torch.logaddexp(log_sum, terms.logsumexp(0))


def _log_difference(one: Tensor, other: Tensor) -> Tensor:
    """Return log |exp(one) − exp(other)|; −∞ where both are −∞."""
    gap = torch.nan_to_num((one - other).abs(), nan=0.0, posinf=math.inf)
    return torch.maximum(one, other) + torch.log(-torch.expm1(-gap))
