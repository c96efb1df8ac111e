"""Measure which arithmetic trains a model fastest: a few steps in each, before the first epoch.

Processor flags are no guide. With avx512_bf16 one machine multiplied bf16 twice as fast as fp32 and another
one half as fast; and oneDNN multiplies fp32 as fast as MKL on one and twice as fast on another.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import time
import timeit
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.contract.config import PIXELS, Config, Data, Model, Objective, Optimiser
from trainer.contract.files import clean
from trainer.engine.adam import Moments
from trainer.engine.cpu_pool import CpuPool
from trainer.engine.learner import Learner
from trainer.engine.mlp_gradient import Workspaces
from trainer.engine.precision import Arithmetic, candidates, training_precision
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights

ROUNDS, STEPS, SECONDS = 5, 4, 0.3  # rounds of some steps in each arithmetic, and their time limit
MARGIN = 0.9  # of the time of a simpler one: prefer the simpler unless clearly slower
IMAGES = 4096  # at most: larger batches cost time and memory and change nothing
EMULATED = 4  # times as long as a product in fp32: the processor has no instructions for it
FP32_ERROR = 1e-5  # of a product, relative to its largest value: bf16 misses by 3e-3, TF32 by 5e-4

REFERENCE = Config(
    model=Model("vae", 20, (400,)),
    objective=Objective("bernoulli", 1.0),
    optimiser=Optimiser("adam", 1e-3, 128, 1),
    data=Data("mnist", 54_000, 6_000, 10_000, 0.1, "none", ""),
    seed=0,
)


log = logging.getLogger("trainer")

StepTimes = Mapping[Arithmetic, float]  # the milliseconds of a step


@dataclass(frozen=True)
class Trial:
    """The chosen arithmetic, and the milliseconds per step in each that was measured, if any."""

    chosen: Arithmetic
    milliseconds: StepTimes

    def __str__(self) -> str:
        """Return the measured times, for a log."""
        return ", ".join(f"{one.name} {took:.2f} ms" for one, took in self.milliseconds.items())


def choose_arithmetic(
    configs: Sequence[Config],
    device: torch.device,
    threads: int,
    earlier: dict[object, StepTimes] | None = None,
) -> Trial:
    """Choose the arithmetic of `configs`, which agree in all but kind, latent size, β and learning rate.

    Where there is a choice, the widest model is measured with `threads` threads, unless `earlier` has the
    times of such models: those of other seeds, and the halves of a grid, get the same arithmetic, so that
    they compare. Raises `Problem` for a precision that the device lacks.
    """
    earlier = {} if earlier is None else earlier
    few = candidates(configs[0], device)
    if len(few) == 1:  # a run may have been moved from a processor where its library was exact
        return Trial(few[0] if is_true_fp32(few[0]) else Arithmetic("fp32"), {})
    widest = max(configs, key=lambda config: config.model.latent)
    alike = (
        widest.model.arch,
        widest.model.hidden,
        widest.objective.likelihood,
        (widest.objective.bound, widest.objective.samples),
        widest.optimiser.name,
        widest.optimiser.batch_size,
        device,
    )
    if alike not in earlier:
        (earlier[alike],) = CpuPool(device, threads)(lambda config: measure(config, few, device), [widest])
    return Trial(fastest(earlier[alike]), earlier[alike])


def automatic(device: torch.device) -> Trial:
    """Return what `auto` means on `device` for the reference model, with all cores."""
    return choose_arithmetic([REFERENCE], device, torch.get_num_threads())


def fastest(milliseconds: StepTimes) -> Arithmetic:
    """Return the first arithmetic than which no later one is faster by the margin."""
    chosen, *others = milliseconds
    for other in others:
        if milliseconds[other] < MARGIN * milliseconds[chosen]:
            chosen = other
    return chosen


def measure(config: Config, few: Sequence[Arithmetic], device: torch.device) -> StepTimes:
    """Measure milliseconds per training step in each of `few`: the minimum of some alternating rounds.

    One that fails is left out; an error of the first is raised, as it would be in a training.
    """
    alone = dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, keep="last"))
    most = max(IMAGES // config.objective.samples, 1)
    batch = min(config.optimiser.batch_size, max(config.data.train, 1), most)
    steps = min(STEPS, most // batch)
    ensemble = Ensemble.build([alone], [initial_weights(alone)], device)
    # All use the same moments and, where they are of one type, buffers: three times the memory of a training
    # might not be there.
    moments, workspaces = Moments.none(ensemble.parameters), Workspaces()
    x = torch.rand((steps * batch, PIXELS), device=device)
    noise = ensemble.training_noise(("trial",), steps, batch)
    beta_scale = torch.ones((steps, 1), device=device)
    one_step = x[:batch], noise[:1], beta_scale[:1]
    learners: dict[Arithmetic, Learner] = {}
    began = time.perf_counter()
    for one in few:  # the first step makes buffers and kernels
        if one != few[0] and (is_emulated(one.dtype) or not is_true_fp32(one)):
            continue
        try:
            learner = Learner(ensemble, one.dtype, moments, workspaces=workspaces)
            _step_milliseconds(one, learner, *one_step)
        except (RuntimeError, MemoryError) as error:
            if one == few[0]:
                raise
            log.warning("%s cannot be measured (%s)", one.name, clean(str(error)))
        else:
            learners[one] = learner
    some = one_step if time.perf_counter() - began > SECONDS else (x, noise, beta_scale)
    least = dict.fromkeys(learners, math.inf)
    for _ in range(ROUNDS):
        for one, learner in learners.items():
            least[one] = min(least[one], _step_milliseconds(one, learner, *some))
        if time.perf_counter() - began > SECONDS:
            break
    return least


def _step_milliseconds(
    arithmetic: Arithmetic, learner: Learner, x: Tensor, noise: Tensor, beta_scale: Tensor
) -> float:
    """Take some steps and return the milliseconds per step."""
    with training_precision(arithmetic):
        start = time.perf_counter()
        learner.train_steps(x, noise, beta_scale)
        return 1e3 * (time.perf_counter() - start) / len(beta_scale)


def is_emulated(dtype: torch.dtype) -> bool:
    """Return whether a product in `dtype` takes so long that a step of a wide model might take minutes."""
    if dtype == torch.float32:
        return False
    a, b = _factors()
    return _seconds(a.to(dtype), b.to(dtype)) > EMULATED * _seconds(a, b)


def _seconds(a: Tensor, b: Tensor) -> float:
    """Return the minimum time of some products of `a` and `b`."""
    return min(timeit.repeat(lambda: torch.mm(a, b), number=1, repeat=ROUNDS))


def is_true_fp32(arithmetic: Arithmetic) -> bool:
    """Return whether fp32 products have fp32 precision: with AMX, oneDNN may compute them in bf16."""
    if arithmetic.library == "blas":
        return True
    a, b = _factors()
    with training_precision(arithmetic):
        product = a @ b
    exact = a.double() @ b.double()
    return bool((product - exact).abs().max() < FP32_ERROR * exact.abs().max())


def _factors() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(shape, generator=generator) for shape in ((128, PIXELS), (PIXELS, 400)))
    return a, b
