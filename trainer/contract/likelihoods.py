"""The table of likelihoods: names and words, free of PyTorch.

`trainer.models` and `vaetui.models.likelihoods` hold a row of the same name with the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LikelihoodName = Literal["bernoulli", "gaussian"]


@dataclass(frozen=True)
class Likelihood:
    """One likelihood p(x|z): its name in config.json, its `--loss`, and what its distortion is called.

    `distortion` names −log p(x|z) in captions. `note` says how it differs from the exact density, "" if it
    does not.
    """

    name: LikelihoodName
    loss: str
    distortion: str
    note: str = ""

    @property
    def caption(self) -> str:
        """Return what the distortion is, for a caption."""
        return self.note or self.distortion

    @property
    def unit(self) -> str:
        """Return the unit of the distortion, with the note if there is one."""
        return f"nats per image ({self.note})" if self.note else "nats per image"


LIKELIHOODS = {
    row.name: row
    for row in (
        Likelihood("bernoulli", "bce", "−log p(x|z)"),
        Likelihood("gaussian", "mse", "squared error", "squared error, variance 1/2"),
    )
}
