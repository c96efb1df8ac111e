"""The two halves of the objective, in nats per image: distortion and rate; and the sums kept of them.

objective = distortion + β·rate, and elbo = −(distortion + rate) whatever β is (Kingma & Welling 2014,
Higgins et al. 2017). Both halves are sums over pixels and latent dimensions, never means.
"""

from __future__ import annotations

import torch
from torch import Tensor

_softplus = torch.ops.aten.softplus.out  # the public one takes no buffer


def distortion(
    likelihood: str, logits: Tensor, x: Tensor, slope: Tensor | None = None, scratch: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """−log p(x|z) in nats and Σ(x − x̂)² of each image, both (models, batch).

    `logits` (models, batch, pixels); `x` (batch, pixels) in 0…1. Bernoulli: the cross-entropy summed over
    pixels. Gaussian: the summed squared error, that is σ² = ½ without its constant. `slope` and `scratch` are
    buffers as large as `logits`: the first gets d nats / d logits, the second nothing that is of use.
    """
    slope = torch.empty_like(logits) if slope is None else slope
    scratch = torch.empty_like(logits) if scratch is None else scratch
    return _DISTORTIONS[likelihood](logits, x, slope, scratch)


def _bernoulli(logits: Tensor, x: Tensor, slope: Tensor, scratch: Tensor) -> tuple[Tensor, Tensor]:
    torch.sigmoid(logits, out=slope).sub_(x)
    nats = _softplus(logits, out=scratch).addcmul_(logits, x, value=-1).sum(-1)
    return nats, torch.linalg.vector_norm(slope, dim=-1).square_()


def _gaussian(logits: Tensor, x: Tensor, slope: Tensor, _scratch: Tensor) -> tuple[Tensor, Tensor]:
    torch.sub(logits, x, out=slope)
    squared_error = torch.linalg.vector_norm(slope, dim=-1).square_()
    slope.mul_(2)
    return squared_error, squared_error


_DISTORTIONS = {"bernoulli": _bernoulli, "gaussian": _gaussian}


def rate_per_dim(mean: Tensor, log_var: Tensor, mask: Tensor) -> Tensor:
    """KL(q(z|x) ‖ N(0, I)) of each latent dimension in nats: (models, batch, latent); `mask` drops padding.

    Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var) * mask
