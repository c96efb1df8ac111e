"""Which arithmetic trains a model fastest here: a few steps in each, measured before the first epoch.

No processor flag tells. With avx512_bf16 one machine multiplied bf16 twice as fast as fp32 and another one
half as fast; and oneDNN multiplies fp32 as fast as MKL on one and twice as fast on another.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from trainer.learner import Learner
from trainer.model import Ensemble, initial_weights
from trainer.precision import Arithmetic, candidates, training_precision
from trainer.run import PIXELS, Config, Data, Model, Objective, Optimiser
from trainer.turns import Turns

ROUNDS, STEPS, SECONDS = 5, 4, 0.3  # so many rounds of some steps in each arithmetic, or for so long
MARGIN = 0.9  # of the time of a simpler one: what is not clearly faster is not worth other last bits
FP32_ERROR = 1e-5  # of a product, relative to its largest value: bf16 misses by 3e-3, TF32 by 5e-4

USUAL = Config(
    model=Model("vae", 20, (400,)),
    objective=Objective("bernoulli", 1.0),
    optimiser=Optimiser("adam", 1e-3, 128, 1),
    data=Data("mnist", 54_000, 6_000, 10_000, 0.1, "none", ""),
    seed=0,
)


@dataclass(frozen=True)
class Trial:
    """The arithmetic that is taken, and the milliseconds of a step in each that was measured, if any was."""

    chosen: Arithmetic
    milliseconds: Mapping[Arithmetic, float]

    def __str__(self) -> str:
        """The figures, for a log."""
        return ", ".join(f"{one.name} {took:.2f} ms" for one, took in self.milliseconds.items())


def resolve(configs: Sequence[Config], device: torch.device, threads: int) -> Trial:
    """What trains `configs`, which agree in all but kind, latent size, β and learning rate, on `device`.

    Where there is a choice, the widest of them is measured with so many `threads`. Raises `Problem` for a
    precision that the device has not.
    """
    few = candidates(configs[0], device)
    if len(few) == 1:
        return Trial(few[0], {})
    widest = max(configs, key=lambda config: config.model.latent)
    (measured,) = Turns(device, threads)(lambda config: measure(config, few, device), [widest])
    return Trial(fastest(measured), measured)


def automatic(device: torch.device) -> Trial:
    """What `auto` comes to on `device` for the usual model, with all cores."""
    return resolve([USUAL], device, torch.get_num_threads())


def fastest(milliseconds: Mapping[Arithmetic, float]) -> Arithmetic:
    """The first that no later one beats by the margin."""
    chosen, *others = milliseconds
    for other in others:
        if milliseconds[other] < MARGIN * milliseconds[chosen]:
            chosen = other
    return chosen


def measure(config: Config, few: Sequence[Arithmetic], device: torch.device) -> dict[Arithmetic, float]:
    """Milliseconds of a training step in each of `few`: the least of some rounds, all of them in turn."""
    alone = dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, keep="last"))
    batch = min(config.optimiser.batch_size, max(config.data.train, 1))
    ensemble = Ensemble.build([alone], [initial_weights(alone)], device)
    learners = {one: Learner(ensemble, one.dtype) for one in few if is_what_it_says(one)}
    x = torch.rand((STEPS * batch, PIXELS), device=device)
    noise, warmth = ensemble.noise(("trial",), STEPS, batch), torch.ones((STEPS, 1), device=device)
    least = dict.fromkeys(learners, math.inf)
    began = time.perf_counter()
    for number in range(ROUNDS + 1):
        for one, learner in learners.items():
            with training_precision(one):
                start = time.perf_counter()
                learner.learn(x, noise, warmth)
                took = 1e3 * (time.perf_counter() - start) / STEPS
            if number:  # the first steps make buffers and kernels
                least[one] = min(least[one], took)
        if number and time.perf_counter() - began > SECONDS:
            break
    return least


def is_what_it_says(arithmetic: Arithmetic) -> bool:
    """Whether fp32 products are such: with AMX, oneDNN may take them in bf16."""
    if arithmetic.library == "blas":
        return True
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(shape, generator=generator) for shape in ((128, 784), (784, 400)))
    with training_precision(arithmetic):
        found = a @ b
    exact = a.double() @ b.double()
    return bool((found - exact).abs().max() < FP32_ERROR * exact.abs().max())
