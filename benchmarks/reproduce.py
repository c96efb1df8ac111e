"""Reproduce published figures: `python -m benchmarks.reproduce --data DIR`. Exit code 1: one is missed.

Nats per image on MNIST: test −ELBO at one posterior draw, or the IWAE bound on −log p(x) of many draws;
10 000 test images, trained on all 60 000, Adam, ReLU. `benchmarks.published` has the table. --gpu adds the
figures that take hours on a CPU. A training stops early enough to measure its figure within --minutes; the
table shows the epochs left out.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import arguments
from benchmarks.gpu import card
from benchmarks.gpu.parts import Deadline, table
from benchmarks.published import PUBLISHED, Published
from trainer.contract.config import Config, Data, Precision, read_config, write_config
from trainer.contract.datasets.registry import load
from trainer.contract.evaluation import Evaluation, read_evaluation
from trainer.contract.files import Problem
from trainer.contract.images import Dataset
from trainer.contract.position import read_position
from trainer.contract.run_dir import MODEL, Status, read_status, write_status
from trainer.evaluation.evaluate import EvaluationOptions, Evaluator
from trainer.planner import train_all

REHEARSAL_SAMPLES = 5  # importance samples
COLUMNS = (
    *("network", "measure", "epochs", "precision", "published", "ours, a seed each"),
    *("mean", "off by", "may be", "active units", "verdict", "seconds"),
)


class OutOfTime(Exception):
    """The deadline passed before a figure was measured."""


@dataclass(frozen=True)
class Reproduction:
    """Results of one network: an evaluation per seed by number of epochs.

    `reached` is the lowest number of epochs trained over seeds; `cause` says why figures are missing.
    """

    published: Published
    precision: str
    evaluations: dict[int, list[Evaluation]] = field(default_factory=dict)
    reached: int = 0
    seconds: float = 0.0
    cause: str = ""
    failed: bool = False

    @property
    def nats(self) -> dict[int, float]:
        """Return the figure, a mean over seeds, by number of epochs."""
        return {epochs: statistics.mean(map(figure, members)) for epochs, members in self.evaluations.items()}

    def verdict(self, epochs: int) -> str:
        """Return the verdict on the figure at `epochs`."""
        if epochs not in self.nats:
            return self.cause
        if self.published.is_orientation:
            return "orientation"
        if not self.published.is_missed(self.nats[epochs], epochs):
            return "holds"
        if self.reached < epochs:
            return f"open: {epochs - self.reached} epochs left out"
        return "**missed**"


def figure(evaluation: Evaluation) -> float:
    """Return −log p(x) if it was estimated, else −ELBO, in nats per image."""
    return evaluation.marginal.nats if evaluation.marginal else -evaluation.figures.elbo


def reproduce(
    published: Published,
    data: Path,
    seeds: Sequence[int],
    precision: Precision,
    device: str,
    deadline: Deadline,
) -> Reproduction:
    """Train and evaluate one network within its share of the remaining time."""
    started = time.monotonic()
    images = load("mnist", data)
    sizes = (len(images.train.labels), 0, len(images.test.labels))
    data_config = Data("mnist", *sizes, 0.0, published.binarize, images.checksum)
    configs = [published.config(data_config, seed, precision, device) for seed in seeds]
    stop = Deadline(deadline.left * published.share - seconds_to_measure(published) * len(seeds))
    ours = Reproduction(published, precision)
    with tempfile.TemporaryDirectory() as folder:
        runs = [Path(folder) / config.name for config in configs]
        for epochs in published.figures:  # each continues the previous training
            members = [(run, queue(run, config, epochs)) for run, config in zip(runs, configs, strict=True)]
            if not train_all(members, data, lambda: not stop.left):
                causes = [status.error for status in map(read_status, runs) if status.state == "failed"]
                ours = replace(ours, cause=f"failed: {'; '.join(causes)}", failed=True)
                break
            ours = replace(
                ours,
                precision=read_config(runs[0]).versions.get("precision", precision),
                reached=min(read_position(run).epoch for run in runs),
            )
            try:
                evaluations = [measure(run, published, images, device, deadline) for run in runs]
            except OutOfTime as problem:
                ours = replace(ours, cause=f"left out: {problem}")
                break
            except (Problem, RuntimeError) as error:
                ours = replace(ours, cause=f"failed: {error}", failed=True)
                break
            ours = replace(ours, evaluations={**ours.evaluations, epochs: evaluations})
    return replace(ours, seconds=time.monotonic() - started)


def seconds_to_measure(published: Published) -> float:
    """Return the seconds reserved for the evaluation: 10 ms per sample, a guessed upper limit for a GPU."""
    return 5 + published.samples / 100


def queue(run: Path, config: Config, epochs: int) -> Config:
    """Queue `run` to start or resume, up to `epochs`."""
    run.mkdir(exist_ok=True)
    write_config(run, replace(config, optimiser=replace(config.optimiser, epochs=epochs)))
    write_status(run, Status("queued", 0, epochs))
    return read_config(run)


def measure(run: Path, published: Published, images: Dataset, device: str, deadline: Deadline) -> Evaluation:
    """Return the evaluation of `run`; −log p(x) also of an unfinished training. Raises `OutOfTime`."""
    if not published.samples:
        if read_status(run).state != "finished":
            raise OutOfTime(f"no time for more than {read_position(run).epoch} epochs")
        return read_evaluation(run)
    if not (run / MODEL).exists():
        raise OutOfTime("no time to train")

    def report(_: str, part: float) -> None:
        if not deadline.left:
            raise OutOfTime(f"its time was over when {part:.0%} of −log p(x) were done")

    options = EvaluationOptions(published.samples, quality=False, device=device, method="bound")
    evaluator = Evaluator(options, report, _narrate)
    return evaluator.measure(run, read_config(run), images).evaluation


def _narrate(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


# --- report -------------------------------------------------------------------------------------------


def rows(ours: Reproduction) -> list[tuple[str, ...]]:
    """Return a row per number of epochs."""
    published = ours.published
    lines: list[tuple[str, ...]] = []
    for epochs, published_nats in published.figures.items():
        evaluations = ours.evaluations.get(epochs, [])
        done = min(ours.reached, epochs)
        lines.append(
            (
                published.name,
                published.measure,
                f"{epochs}" if done == epochs else f"{done} of {epochs}",
                ours.precision,
                f"{published_nats:.2f}",
                " ".join(f"{figure(one):.2f}" for one in evaluations) or "–",
                f"{ours.nats[epochs]:.2f}" if evaluations else "–",
                f"{ours.nats[epochs] - published_nats:+.2f}" if evaluations else "–",
                allowed(published, published_nats),
                " ".join(f"{one.active_units} of {published.latent}" for one in evaluations) or "–",
                ours.verdict(epochs),
                f"{ours.seconds:.0f}",
            )
        )
    return lines


def allowed(published: Published, nats: float) -> str:
    """Return which figures hold, beside the published `nats`."""
    if published.is_orientation:
        return "–"
    return f"≤ {nats + published.tolerance:.2f}" if published.is_bound else f"±{published.tolerance}"


def shape(done: Sequence[Reproduction]) -> str:
    """Compare the shape of the orientation figures by latent size; "" unless two or more were measured."""
    sized = sorted(
        (one.published.latent, nats, next(iter(one.published.figures.values())))
        for one in done
        if one.published.is_orientation
        for nats in one.nats.values()
    )
    steps = [
        f"z = {small} to {large}: {ours - before:+.1f} (published {theirs - theirs_before:+.1f})"
        for (small, before, theirs_before), (large, ours, theirs) in itertools.pairwise(sized)
        if large > small
    ]
    return f"By latent size, in nats: {'; '.join(steps)}." if steps else ""


def protocol(ours: Reproduction) -> str:
    """Return a remark on how a network was trained and on the error of its bound."""
    evaluations = [one for members in ours.evaluations.values() for one in members]
    marginals = [one.marginal for one in evaluations if one.marginal]
    errors = "".join(
        f"; seed {one.seed}: {one.nats:.2f} ± {one.standard_error:.2f} (standard error over images), "
        f"effective samples {one.effective_samples or 0:.1f} of {one.samples}"
        for one in marginals
    )
    source = (
        f" (published as {ours.published.network})" if ours.published.network != ours.published.name else ""
    )
    return f"- {ours.published.name}{source}: {ours.published.remark}{errors}."


def page(title: str, done: Sequence[Reproduction]) -> str:
    """Return the page: title, table with a row per figure, and a remark per network."""
    lines = [row for ours in done for row in rows(ours)]
    remarks = "\n".join(dict.fromkeys(protocol(ours) for ours in done))
    parts = (title, table(COLUMNS, lines), shape(done), remarks)
    return "\n\n".join(part for part in parts if part) + "\n"


def is_missed(done: Sequence[Reproduction]) -> bool:
    """Return whether a training failed, or every reading of a network missed a figure."""
    missed: dict[tuple[str, str, int], list[bool]] = {}
    for ours in done:
        for epochs in ours.published.figures:
            key = (ours.published.network, ours.precision, epochs)
            missed.setdefault(key, []).append(ours.verdict(epochs) == "**missed**")
    return any(ours.failed for ours in done) or any(map(all, missed.values()))


def networks(options: argparse.Namespace) -> list[Published]:
    """Return the networks to train: those for a CPU, with --gpu also the others."""
    selected = [one for one in PUBLISHED if options.gpu or not one.needs_gpu]
    if options.rehearse:
        return [replace(one, samples=min(one.samples, REHEARSAL_SAMPLES)) for one in selected]
    return selected


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that contains MNIST/raw")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one training each")
    parser.add_argument("--precision", nargs="+", default=["auto"], choices=["auto", "fp32", "tf32", "bf16"])
    parser.add_argument(
        "--gpu", action="store_true", help="train on a GPU, including the figures that need one"
    )
    parser.add_argument("--minutes", type=arguments.minutes, default=math.inf, help="time limit")
    parser.add_argument(
        "--out", type=arguments.new_file, help="also write the page to this file, after every network"
    )
    parser.add_argument("--rehearse", action="store_true", help="run --gpu on a CPU with few samples")
    options = parser.parse_args()
    deadline = Deadline(60 * options.minutes)
    if options.gpu and not options.rehearse and (sentence := card.no_gpu("benchmarks.reproduce --gpu")):
        print(sentence, file=sys.stderr)
        return 1
    done: list[Reproduction] = []
    for published in networks(options):
        for precision in options.precision:
            device = "auto" if not options.gpu else "cpu" if options.rehearse else "cuda"
            done.append(reproduce(published, options.data, options.seeds, precision, device, deadline))
            for row in rows(done[-1]):
                _narrate(" | ".join(row))
            if options.out:
                options.out.write_text(page(title(options), done))
    print(page(title(options), done))
    return int(is_missed(done))


def title(options: argparse.Namespace) -> str:
    """Return the heading of the table: with --gpu the card, else nothing."""
    if not options.gpu:
        return ""
    rehearsal = [card.REHEARSAL] if options.rehearse else []
    facts = ", ".join(f"{name} {value}" for name, value in card.facts().items())
    return "\n\n".join(["### Published figures on a GPU", *rehearsal, f"{facts}."])


if __name__ == "__main__":
    arguments.run(main)
