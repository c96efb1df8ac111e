"""Measure the cost of OpenMP's spinning per training step: `python -m benchmarks.openmp`.

Each spin count runs in its own process, once alone and once while another process keeps a core busy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

from trainer.engine import openmp

SPIN_COUNTS = ("1000", "2000", "3000", "5000", "10000", "300000")  # the last is OpenMP's default
SECONDS = 3.0
STEPS = 16  # per visit


def step_milliseconds() -> float:
    """Return the mean milliseconds of one training step of 784-400-20 at batch 128 in this process."""
    import torch

    from trainer.contract.config import Config, Data, Model, Objective, Optimiser
    from trainer.engine.learner import Learner
    from trainer.engine.precision import training_precision
    from trainer.engine.precision_trial import automatic
    from trainer.models.ensemble import Ensemble
    from trainer.models.registry import initial_weights

    model, objective = Model("vae", 20, (400,)), Objective("bernoulli", 1.0)
    data = Data("mnist", 54_000, 6_000, 10_000, 0.1, "none", "")
    config = Config(model, objective, Optimiser("adam", 1e-3, 128, 1), data, seed=0)
    ensemble = Ensemble.build([config], [initial_weights(config)], torch.device("cpu"))
    arithmetic = automatic(ensemble.device).chosen
    learner = Learner(ensemble, arithmetic.dtype)
    x = torch.rand(STEPS * 128, 784)
    noise, beta_scale = ensemble.noise(("benchmark",), STEPS, 128), torch.ones(STEPS, 1)
    times: list[float] = []
    deadline = time.perf_counter() + SECONDS
    while time.perf_counter() < deadline:
        started = time.perf_counter()
        with training_precision(arithmetic):
            learner.train_steps(x, noise, beta_scale)
        times.append((time.perf_counter() - started) / STEPS)
    return 1e3 * statistics.mean(times[1:] or times)


def measure(spin_count: str, *, beside_another: bool) -> float:
    """Measure the milliseconds per step in a new process with this spin count."""
    environment = os.environ | {openmp.VARIABLE: spin_count}
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if beside_another else None
    try:
        command = [sys.executable, "-m", "benchmarks.openmp", "--one"]
        return float(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
    finally:
        if other:
            other.kill()
            other.wait()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().one:
        print(step_milliseconds())
        return
    print("| `GOMP_SPINCOUNT` | left alone | beside a busy process |\n| --- | --- | --- |")
    for spin_count in SPIN_COUNTS:
        alone, beside = (measure(spin_count, beside_another=busy) for busy in (False, True))
        print(f"| {spin_count} | {alone:.1f} | {beside:.1f} |", flush=True)


if __name__ == "__main__":
    main()
