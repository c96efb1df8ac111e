"""The split of the rate into information and marginal KL, as a line of text."""

from __future__ import annotations

import math

from trainer.contract.evaluation import Information
from vaetui.format import fixed, thousands

NEAR = 0.5  # nats from its limit at which the information says little

LEGEND = (
    "rate ≈ information I(x; z) + marginal KL(q(z) ‖ p(z)), nats (Hoffman & Johnson 2016), q(z) over all "
    "{images} images at one draw each, ±: standard error; evaluation.json also has the information that "
    "minibatches of {batch} give, which is too high (Chen et al. 2018)"
)


def rate_split(found: Information, rate: float) -> str:
    """Return one line: rate, information with its limit, marginal KL."""
    return (
        f"rate {fixed(rate)} ≈ information {fixed(found.information)} ± {fixed(found.information_error)} "
        f"+ marginal KL {fixed(found.marginal_kl)} ± {fixed(found.marginal_kl_error)}; {limit_text(found)}"
    )


def limit_text(found: Information) -> str:
    """Say what the information can be at most, and whether it is near that."""
    limit = math.log(max(1, found.images))
    text = f"information is at most log {thousands(found.images)} = {fixed(limit)}"
    return f"{text}, so near it the split says little" if found.information > limit - NEAR else text


def legend(found: Information) -> str:
    """Say how it was measured, with the estimate from minibatches."""
    return LEGEND.format(images=thousands(found.images), batch=found.minibatch)
