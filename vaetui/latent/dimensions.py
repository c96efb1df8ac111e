"""Rank the latent dimensions of a model by KL, with the posterior of one image in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.contract.metrics import Epoch
from vaetui.arrays import Floats, Integers
from vaetui.format import dimension_name
from vaetui.latent import path
from vaetui.latent.posteriors import Codes
from vaetui.latent.traversal import TraversalOffsets
from vaetui.models.autoencoder import Posterior, Vae, kl_divergence

# Nats of KL, or variance of the means (Burda et al. 2015), below which a dimension is inactive.
COLLAPSED = 0.01


@dataclass(frozen=True, eq=False)
class RankedDimensions:
    """Latent dimensions in order of rank; each array is `(latent,)`, `number` their numbers from 0.

    They are sorted by `score`, None while it is unknown; `source` says what it is: "KL", "digit's KL" or, for
    an autoencoder, "variance". `mean` and `std` are the posterior of the image in units of `scale` around
    `centre`: those of the prior, or of the codes of an autoencoder, which has no `std`.
    """

    number: Integers
    score: Floats | None
    source: str
    is_dead: npt.NDArray[np.bool_]
    mean: Floats
    std: Floats | None
    centre: Floats
    scale: Floats

    def __len__(self) -> int:
        """Return the number of dimensions."""
        return len(self.number)

    def name(self, rank: int, room: int = 9) -> str:
        """Return a dimension's name, counted from 1 as z₁; its number alone without room."""
        number = int(self.number[rank]) + 1
        name = dimension_name(number)
        return name if len(name) <= room else str(number)

    def code(self, moves: TraversalOffsets) -> Floats:
        """Return the image's code with `moves` applied, `(latent,)`, in the model's order."""
        values = [moves.value(rank, own) for rank, own in enumerate(self.mean.tolist())]
        z = np.empty(len(self), np.float32)
        z[self.number] = self.centre + self.scale * np.array(values, np.float32)
        return z

    def traversal(self, moves: TraversalOffsets, rank: int, values: Floats) -> Floats:
        """Return that code with the dimension of `rank` at each of `values`, `(values, latent)`."""
        placed = self.centre[rank] + self.scale[rank] * values
        return path.traversal_points(self.code(moves), int(self.number[rank]), placed)


def measured_kl(epochs: Sequence[Epoch], vae: Vae) -> tuple[float, ...]:
    """Return the KL of each dimension after the model's epoch, else the last one; () if none."""
    if not epochs:
        return ()
    return next((row for row in epochs if row.epoch == vae.epoch), epochs[-1]).kl_per_dim


def rank_dimensions(posterior: Posterior, kl: tuple[float, ...], codes: Codes | None) -> RankedDimensions:
    """Rank the dimensions of the posterior of one image `(1, latent)`, most informative first.

    A VAE is sorted by the measured `kl` of each dimension in nats, or by that of this image where there is
    none; an autoencoder by the variance of its `codes`, or not at all before they are loaded.
    """
    mean, log_var = posterior.mean[0], None if posterior.log_var is None else posterior.log_var[0]
    size = len(mean)
    variance = None if codes is None else codes.variance
    centre, unit = np.zeros(size, np.float32), np.ones(size, np.float32)
    figure, source = variance, "variance"
    if log_var is not None:
        is_measured = len(kl) == size
        figure = np.array(kl, np.float32) if is_measured else kl_divergence(mean, log_var)
        source = "KL" if is_measured else "digit's KL"
    elif codes is not None and variance is not None:
        centre = codes.centre
        unit = np.where(variance > 0, np.sqrt(variance), 1).astype(np.float32)
    order = np.arange(size) if figure is None else np.argsort(-np.nan_to_num(figure), kind="stable")
    is_dead = np.zeros(size, np.bool_) if figure is None else ~(figure >= COLLAPSED)
    is_dead |= variance is not None and ~(variance > COLLAPSED)
    return RankedDimensions(
        number=order,
        score=None if figure is None else figure[order],
        source=source,
        is_dead=is_dead[order],
        mean=((mean - centre) / unit)[order],
        std=None if log_var is None else np.exp(0.5 * log_var.clip(-50, 50))[order],
        centre=centre[order],
        scale=unit[order],
    )
