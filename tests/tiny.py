"""Tiny run directories, made through the contract of the trainer but without torch; the weights are fixed."""

import contextlib
import dataclasses
import json
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tests import ROOT
from trainer.contract.config import (
    EXAMPLE,
    PIXELS,
    Binarize,
    Config,
    Data,
    Model,
    Objective,
    Optimiser,
    Precision,
    weight_shapes,
    write_config,
)
from trainer.contract.evaluation import EVALUATION, Evaluation, evaluation_bytes
from trainer.contract.metrics import Epoch, Figures, append_epochs
from trainer.contract.run_dir import (
    EXAMPLES,
    LATENTS,
    LOCK,
    MODEL,
    TIMELINE,
    State,
    Status,
    hold,
    write_status,
)
from trainer.contract.tensors import Array, write_tensors

HIDDEN = (16,)
TEST_IMAGES = 60
PROBES, DRAWS = 20, 16
CREATED = 1_700_000_000.0


def config(
    kind: Literal["vae", "ae"] = "vae",
    latent: int = 2,
    beta: float = 1.0,
    *,
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli",
    hidden: tuple[int, ...] = HIDDEN,
    beta_warmup: int = 0,
    optimiser: Literal["adam", "adamw"] = "adam",
    lr: float = 1e-3,
    batch_size: int = 128,
    epochs: int = 3,
    patience: int = 0,
    keep: Literal["last", "best"] = "last",
    dataset: str = "digits",
    binarize: Binarize = "none",
    seed: int = 0,
    split_seed: int | None = 0,
    precision: Precision = "auto",
    created: float = CREATED,
    **objective: Any,
) -> Config:
    """A configuration that passes `Config.check`; an autoencoder's β is 0, and it has none to warm up.

    `objective` are further fields of a VAE's `Objective`.
    """
    is_vae = kind == "vae"
    decay = {"adam": 0.0, "adamw": 0.01}[optimiser]
    return Config(
        Model(kind, latent, hidden),
        Objective(likelihood, beta, beta_warmup, **objective) if is_vae else Objective(likelihood, 0.0),
        Optimiser(optimiser, lr, batch_size, epochs, decay, patience, keep),
        Data(dataset, 1258, 180, 359, 0.1, binarize, "0" * 64, split_seed),
        seed,
        precision,
        device="cpu",
        created=created,
    )


def random(config: Config, part: str) -> np.random.Generator:
    """Numbers that depend on the configuration and the part alone."""
    return np.random.default_rng([zlib.crc32(config.name.encode()), zlib.crc32(part.encode())])


def weights(config: Config) -> dict[str, Array]:
    """Random weights, fixed for the configuration; what they decode is a bright blob that follows z."""
    arrays = {}
    for name, shape in weight_shapes(config.model).items():
        scale = 2 / np.sqrt(shape[0]) if len(shape) == 2 else 0.1
        arrays[name] = (random(config, name).standard_normal(shape) * scale).astype(np.float32)
    y, x = np.mgrid[:28, :28]
    blob = 8 * np.exp(-((y - 13.5) ** 2 + (x - 13.5) ** 2) / 50) - 5
    arrays[f"decoder.{len(config.model.hidden)}.bias"] = blob.astype(np.float32).ravel()
    return arrays


def epoch(config: Config, number: int) -> Epoch:
    """Figures that get better with every epoch, worse with β and better with more dimensions."""
    latent, beta = config.model.latent, config.objective.beta
    rate = 20.0 * latent / (latent + 4) / (1 + beta) if config.model.kind == "vae" else 0.0
    distortion = 80.0 + 100.0 / (number + latent) + 5 * beta
    train = Figures(distortion, rate, -(distortion + rate), distortion / 2000)
    val = dataclasses.replace(train, distortion=distortion + 2, elbo=train.elbo - 2)
    kl = tuple(rate * weight for weight in (np.arange(latent, 0, -1) * 2 / latent / (latent + 1)).tolist())
    return Epoch(number, train, val, latent, kl, seconds=0.5)


def course(config: Config, done: int, best: int) -> list[Epoch]:
    """The rows of `done` epochs, better up to the best one and worse again from there on."""
    numbers = range(1, done + 1)
    return [dataclasses.replace(epoch(config, max(min(n, 2 * best - n), 0)), epoch=n) for n in numbers]


def evaluation(config: Config, number: int) -> Evaluation:
    """Test figures after epoch `number`."""
    last = epoch(config, number)
    return Evaluation(
        figures=last.held_out,
        active_units=last.active_units,
        kl_per_dim=last.kl_per_dim,
        per_class_distortion={str(c): last.held_out.distortion + c - 4.5 for c in range(10)},
        per_class_mse={str(c): last.held_out.mse * (0.9 + c * 0.02) for c in range(10)},
        split="test",
        images=TEST_IMAGES,
        posterior_draws=1 if config.model.kind == "vae" else 0,
        binarize=config.data.binarize,
        likelihood=config.objective.likelihood,
        seed=config.seed,
        epoch=number,
        precision="fp32",
        mse_posterior_mean=last.held_out.mse * (0.75 if config.model.is_vae else 1.0),
    )


def write_model(run: Path, config: Config, number: int, step: int = 0) -> None:
    """model.safetensors as after epoch `number` and some steps of the next one."""
    write_tensors(run / MODEL, weights(config), {"epoch": str(number), "step": str(step)})


def write_pictures(run: Path, config: Config, number: int) -> None:
    """timeline.safetensors with `number` epochs."""
    rng = random(config, "timeline")
    arrays: dict[str, Array] = {
        "probes": rng.integers(0, 256, (number, PROBES, PIXELS), dtype=np.uint8),
        "draws": rng.integers(0, 256, (number, DRAWS, PIXELS), dtype=np.uint8),
        "epoch": np.arange(1, number + 1, dtype=np.int32),
        "probe_index": np.arange(PROBES, dtype=np.int32),
    }
    write_tensors(run / TIMELINE, arrays)


def write_codes(run: Path, config: Config, number: int) -> None:
    """latents.safetensors: ten clusters, one a class; an autoencoder has no log_var."""
    rng = random(config, "codes")
    labels = np.arange(TEST_IMAGES, dtype=np.uint8) % 10
    centres = rng.standard_normal((10, config.model.latent))
    mean = centres[labels] + 0.1 * rng.standard_normal((TEST_IMAGES, config.model.latent))
    arrays: dict[str, Array] = {"mean": mean.astype(np.float32), "labels": labels}
    if config.model.kind == "vae":
        arrays["log_var"] = np.full(mean.shape, -2.0, np.float32)
    write_tensors(run / LATENTS, arrays, {"epoch": str(number)})


def write_evaluation(run: Path, evaluation: Evaluation) -> None:
    (run / EVALUATION).write_bytes(evaluation_bytes(evaluation))


def ship(runs: Path, made: Config | None = None, **how: Any) -> Path:
    """A shipped run, made by `make`: in the folder of the examples, marked as one, nothing to resume from."""
    run = make(runs, dataclasses.replace(made or config(), origin=EXAMPLE), **how)
    (runs / EXAMPLES).mkdir(exist_ok=True)
    return run.rename(runs / EXAMPLES / run.name)


def make(
    runs: Path,
    made: Config | None = None,
    *,
    name: str | None = None,
    state: State = "finished",
    done: int | None = None,
    best: int | None = None,
    **status: Any,
) -> Path:
    """The run directory `<runs>/<dataset>/<name>` after `done` epochs (all of them unless given).

    `best`: the best epoch, the last one unless given. `status` are further fields of status.json. Without a
    finished epoch there is no model yet; codes and test figures are there only when finished.
    """
    made = made or config()
    epochs = made.optimiser.epochs
    done = (epochs if state == "finished" else 0) if done is None else done
    best = done if best is None else best
    kept = best if made.optimiser.keep == "best" else done
    run = runs / made.data.name / (name or made.name)
    run.mkdir(parents=True)
    write_config(run, made)
    append_epochs(run, course(made, done, best), is_vae=made.model.is_vae)
    if done:
        write_model(run, made, kept)
        write_pictures(run, made, done)
    if state == "finished":
        write_codes(run, made, done)
        write_evaluation(run, evaluation(made, kept))
    write_status(run, Status(state, done, epochs, **status))
    return run


def create_runs(runs: Path, configs: Sequence[Config], force: bool, name: str | None) -> list[Path]:
    """Queue run directories as `vaetui train` does; return those that are to be trained."""
    from vaetui.runs.launch import plan_runs
    from vaetui.runs.queue import queue_runs

    return queue_runs(plan_runs(runs, configs, force, name))


def grow(run: Path, made: Config, number: int) -> None:
    """What a trainer does at the end of epoch `number`."""
    append_epochs(run, [epoch(made, number)], is_vae=made.model.is_vae)
    write_model(run, made, number)
    write_pictures(run, made, number)
    write_status(run, Status("running", number, made.optimiser.epochs, images_per_second=1000.0))


def grid(
    runs: Path,
    latents: Sequence[int] = (2, 5),
    betas: Sequence[float] = (1.0, 4.0),
    kinds: Sequence[Literal["vae", "ae"]] = ("vae",),
    **settings: Any,
) -> list[Path]:
    """Finished runs, one for each latent size and β; one autoencoder for each latent size. `settings` as in
    `config`.
    """
    cells = [("vae", z, beta) for z in latents for beta in betas] if "vae" in kinds else []
    cells += [("ae", z, 0.0) for z in latents] if "ae" in kinds else []
    return [
        make(runs, config("ae" if kind == "ae" else "vae", latent, beta, **settings))
        for kind, latent, beta in cells
    ]


@contextlib.contextmanager
def live(runs: Path, made: Config | None = None, done: int = 1, *, sign: bool = False) -> Iterator[Path]:
    """A run whose lock this process holds, so that it counts as alive; it names no process unless `sign`."""
    made = made or config()
    run = make(runs, made, state="running", done=done, progress=0.5, images_per_second=1000.0)
    with hold(run, sign=sign):
        yield run


_TRAINER = """
import json, os, signal, sys, time
from contextlib import ExitStack
from pathlib import Path
from trainer.contract.run_dir import Status, hold, write_status
statuses = {Path(run): status for run, status in json.loads(sys.argv[1]).items()}
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
with ExitStack() as stack:
    here = {"state": "running", "pid": os.getpid(), "host": os.uname().nodename}
    for run, status in statuses.items():
        stack.enter_context(hold(run, sign=True))
        write_status(run, Status(**status | here))
    print("holding", flush=True)
    deadline = time.monotonic() + 60
    while not asked and time.monotonic() < deadline:
        time.sleep(0.02)
    for run, status in statuses.items():
        write_status(run, Status(**status | {"state": "stopped"}))
"""


@contextlib.contextmanager
def trainer(
    runs: Path, made: Config | None = None, done: int = 1, beside: Sequence[Config] = ()
) -> Iterator[tuple[Path, int]]:
    """A run held by a process of its own, and its id; on SIGTERM that says "stopped" and ends.

    It holds those of the configurations `beside` it, too.
    """
    statuses = {}
    for one in (made or config(), *beside):
        status = {"epoch": done, "epochs": one.optimiser.epochs, "progress": 0.5}
        statuses[str(make(runs, one, state="queued", done=done))] = status
    command = [sys.executable, "-c", _TRAINER, json.dumps(statuses)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"holding\n"
            yield Path(next(iter(statuses))), process.pid
        finally:
            process.terminate()
            process.wait(timeout=60)


def signature(run: Path, **forged: Any) -> dict[str, Any]:
    """What the holder of `run` has written into its lock; with `forged`, written over it in place."""
    found: dict[str, Any] = json.loads((run / LOCK).read_text()) | forged
    if forged:
        (run / LOCK).write_text(json.dumps(found))
    return found


def wait_until(holds: Any, seconds: float = 60.0) -> None:
    """Return as soon as `holds()` is true. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.01)
