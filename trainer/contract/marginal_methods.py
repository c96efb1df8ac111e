"""The table of methods that measure −log p(x): names and words, free of other modules.

`trainer.evaluation.marginal` has the computation of each.
"""

from __future__ import annotations

from dataclasses import dataclass

CONVERGED = 0.5  # nats by which half of the draws may change the bound of an image; less is noise


@dataclass(frozen=True)
class MarginalMethod:
    """A method that measures −log p(x): its name for a table, its relation to −log p(x), what it is."""

    label: str
    sign: str
    about: str


MARGINAL_METHODS = {
    "bound": MarginalMethod(
        "IWAE bound",
        "≤",
        "≤ is an upper bound on −log p(x) (IWAE bound, Burda et al. 2015), which falls with more draws",
    ),
    "integral": MarginalMethod(
        "integral", "=", "= is the integral over the latent space, exact to the tolerance that is said"
    ),
    "ais": MarginalMethod(
        "AIS", "≈", "≈ is annealed importance sampling (Neal 2001), above −log p(x) in expectation"
    ),
}
