"""The table of likelihoods p(x|z): names, words and constants, free of PyTorch.

`trainer.models.likelihoods` (PyTorch) and `vaetui.models.likelihoods` (numpy) hold a row of the same name
with the formulas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Likelihood:
    """One likelihood: its name in config.json, its `--loss`, and the name of its distortion, −log p(x|z).

    `description` explains `--loss`. `note` says how the distortion differs from the exact density, "" if it
    does not. `protocol` describes an estimate of −log p(x), `grey_protocol` one on images that were not
    binarised, where that differs; both may name `{half}`, half the number of pixels, and `{constant}`.
    """

    name: str
    loss: str
    distortion: str
    note: str = ""
    description: str = ""
    protocol: str = ""
    grey_protocol: str = ""
    constant_per_pixel: float = 0.0  # nats that the distortion leaves out
    is_of_binary: bool = False  # a probability of binarised images, so that their entropy bounds −log p(x)

    @property
    def caption(self) -> str:
        """The name of the distortion for a caption."""
        return self.note or self.distortion

    @property
    def unit(self) -> str:
        """The unit of the distortion, with the note if there is one."""
        return f"nats per image ({self.note})" if self.note else "nats per image"

    def constant(self, pixels: int) -> float:
        """Return the nats per image that the distortion leaves out."""
        return pixels * self.constant_per_pixel

    def protocol_for(self, binarize: str, pixels: int) -> str:
        """Return the protocol of an estimate of −log p(x) on images with `Data.binarize`."""
        text = self.grey_protocol if binarize == "none" and self.grey_protocol else self.protocol
        return text.format(half=pixels // 2, constant=f"{self.constant(pixels):.2f}")


LIKELIHOODS: dict[str, Likelihood] = {
    row.name: row
    for row in (
        Likelihood(
            "bernoulli",
            "bce",
            "−log p(x|z)",
            description="cross-entropy (Bernoulli likelihood)",
            is_of_binary=True,
            protocol="Bernoulli on binarised images, a normalised likelihood",
            grey_protocol=(
                "a Bernoulli on grey levels is no normalised likelihood: compare with other runs on grey "
                "levels only"
            ),
        ),
        Likelihood(
            "gaussian",
            "mse",
            "squared error",
            "squared error, variance 1/2",
            description="squared error (Gaussian)",
            protocol=(
                "Gaussian of variance 1/2, without its constant of {half}·log π = {constant} nats as in the "
                "distortion: add it for the density"
            ),
            constant_per_pixel=math.log(math.pi) / 2,  # ½·log(2πσ²) with σ² = ½
        ),
    )
}
