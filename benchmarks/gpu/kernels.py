"""Profile the kernels of a visit: `python -m benchmarks.gpu.kernels FILE --device cuda`.

Profile one replayed CUDA graph (16 steps of 784-400-20 at batch 128) of one model and of a grid of 28 with
`torch.profiler`; write its kernels by time and the time from one replay to the next. On a CPU, the steps are
not captured in a graph.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu.parts import Section, table
from benchmarks.train_speed import GRID, HIDDEN, LATENT
from trainer.contract.config import PIXELS, Config, Data, Model, Objective, Optimiser
from trainer.engine.cuda_graph import GraphReplay
from trainer.engine.learner import Learner
from trainer.engine.precision import training_precision
from trainer.engine.precision_trial import choose_arithmetic
from trainer.engine.train import GRAPH_STEPS
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights

BATCH = 128
KERNELS_SHOWN = 12  # per table
ENSEMBLES = {"one model": [(LATENT, 1.0)], f"grid of {len(GRID)}": GRID}


def configurations(models: list[tuple[int, float]]) -> list[Config]:
    return [
        Config(
            model=Model("vae", latent, (HIDDEN,)),
            objective=Objective("bernoulli", beta),
            optimiser=Optimiser("adam", 1e-3, BATCH, 1),
            data=Data("mnist", 60_000, 0, 10_000, 0.0, "none", ""),
            seed=0,
        )
        for latent, beta in models
    ]


def measure(
    models: list[tuple[int, float]], device: torch.device, steps: int, repeats: int
) -> dict[str, Any]:
    """Measure the kernels of one visit of `steps` steps, and the median microseconds between visits."""
    configs = configurations(models)
    arithmetic = choose_arithmetic(configs, device, torch.get_num_threads()).chosen
    ensemble = Ensemble.build(configs, [initial_weights(one) for one in configs], device)
    learner, replay = Learner(ensemble, arithmetic.dtype), GraphReplay(device)
    x = torch.rand(steps * BATCH, PIXELS, device=device)
    noise = ensemble.noise(("profile",), steps, BATCH)
    beta_scale = torch.ones(steps, len(configs), device=device)
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device.type == "cuda")
    with training_precision(arithmetic):
        for _ in range(3):  # capture, then replay
            replay(learner, x, noise, beta_scale)
        seconds = [_seconds(lambda: replay(learner, x, noise, beta_scale), device) for _ in range(repeats)]
        with profile(activities=activities) as profiled:
            _seconds(lambda: replay(learner, x, noise, beta_scale), device)
    return {
        "models": len(models),
        "steps": steps,
        "precision": arithmetic.name,
        "captured": replay.graphs is not None,
        "microseconds": statistics.median(seconds) * 1e6,
        "kernels": _kernels(profiled, device),
    }


def _seconds(work: Any, device: torch.device) -> float:
    """Return the seconds of `work`, including the wait for the device."""
    _wait(device)
    started = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _kernels(profiled: profile, device: torch.device) -> list[dict[str, Any]]:
    """Return name, calls and microseconds of each kernel, longest first; raise `RuntimeError` without any."""
    field = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    kernels = [
        {"name": event.key, "calls": event.count, "microseconds": getattr(event, field)}
        for event in profiled.key_averages()
        if event.device_type.name == device.type.upper()
    ]
    if not any(kernel["microseconds"] for kernel in kernels):
        raise RuntimeError(
            "torch.profiler recorded no kernels: CUPTI may be missing, or this user may not use it"
        )
    return sorted(kernels, key=lambda kernel: -kernel["microseconds"])


def show(results: Path) -> Section:
    """Return a table of kernels per ensemble; on a GPU, a graph that was not captured is a fault."""
    parts, faults = [], []
    result = json.loads(results.read_text())
    for name, one in result["ensembles"].items():
        kernels = one["kernels"]
        busy, calls = (sum(kernel[key] for kernel in kernels) for key in ("microseconds", "calls"))
        parts.append(
            f"{name}, batch {BATCH}, {one['precision']}, {one['steps']} steps: "
            f"{one['microseconds'] / one['steps']:.0f} µs a step from visit to visit, of which "
            f"{busy / one['steps']:.0f} µs in {calls / one['steps']:.0f} kernels\n\n"
            + table(
                ("kernel", "calls", "µs, all steps", "share"),
                [
                    (
                        f"`{k['name'][:80]}`",
                        k["calls"],
                        f"{k['microseconds']:.0f}",
                        f"{k['microseconds'] / busy:.0%}",
                    )
                    for k in kernels[:KERNELS_SHOWN]
                ],
            )
        )
        if result["device"] == "cuda" and not one["captured"]:
            faults.append(f"{name}: the capture failed, these are plain steps")
    return Section("\n\n".join(parts), tuple(faults))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--steps", type=int, default=GRAPH_STEPS)
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    device = torch.device(options.device)
    ensembles = {
        name: measure(models, device, options.steps, options.repeats) for name, models in ENSEMBLES.items()
    }
    options.results.write_text(json.dumps({"device": device.type, "ensembles": ensembles}))


if __name__ == "__main__":
    main()
