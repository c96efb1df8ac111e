"""Published figures beside ours: `python -m benchmarks.reproduce --data DIR`. Exit code 1: one is missed.

Nats per image on MNIST: test −ELBO at one posterior draw, or −log p(x) by importance sampling; 10 000 test
images, trained on all 60 000, Adam, ReLU. `benchmarks.published` has the table. With --gpu the figures that
need hours on a CPU, too. A training stops in time for its figure to be measured before --minutes are over,
and the epochs that were left out are said.
"""

from __future__ import annotations

import argparse
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
from trainer.evaluation.evaluate import Assessor, Wanted
from trainer.planner import carry_out

REHEARSED = 5  # importance samples of a rehearsal
COLUMNS = (
    *("network", "measure", "epochs", "precision", "published", "ours, a seed each"),
    *("mean", "off by", "may be", "active units", "verdict", "seconds"),
)


class OutOfTime(Exception):
    """There was no time to measure."""


@dataclass(frozen=True)
class Ours:
    """What became of one network: its test figures by the number of epochs, one for each seed.

    `reached` are the epochs that the training with the fewest has done; `cause` is why there is nothing more.
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
        """The mean over seeds of the figure, by the number of epochs."""
        return {epochs: statistics.mean(map(figure, found)) for epochs, found in self.evaluations.items()}

    def verdict(self, epochs: int) -> str:
        """What the figure at so many epochs comes to."""
        if epochs not in self.nats:
            return self.cause
        if not self.published.is_missed(self.nats[epochs], epochs):
            return "holds"
        if self.reached < epochs:
            return f"open: {epochs - self.reached} epochs left out"
        return "**missed**"


def figure(evaluation: Evaluation) -> float:
    """−log p(x) where it was estimated, else −ELBO."""
    return evaluation.marginal.nats if evaluation.marginal else -evaluation.figures.elbo


def reproduce(
    published: Published,
    data: Path,
    seeds: Sequence[int],
    precision: Precision,
    device: str,
    deadline: Deadline,
) -> Ours:
    """Train and measure one network in its share of the time left."""
    began = time.monotonic()
    images = load("mnist", data)
    sizes = (len(images.train.labels), 0, len(images.test.labels))
    of = Data("mnist", *sizes, 0.0, published.binarize, images.checksum)
    configs = [published.config(of, seed, precision, device) for seed in seeds]
    stop = Deadline(deadline.left * published.share - seconds_to_measure(published) * len(seeds))
    ours = Ours(published, precision)
    with tempfile.TemporaryDirectory() as folder:
        runs = [Path(folder) / config.name for config in configs]
        for epochs in published.figures:  # each goes on from the one before
            members = [(run, begin(run, config, epochs)) for run, config in zip(runs, configs, strict=True)]
            if not carry_out(members, data, lambda: not stop.left):
                causes = [status.error for status in map(read_status, runs) if status.state == "failed"]
                ours = replace(ours, cause=f"failed: {'; '.join(causes)}", failed=True)
                break
            ours = replace(
                ours,
                precision=read_config(runs[0]).versions.get("precision", precision),
                reached=min(read_position(run).epoch for run in runs),
            )
            try:
                found = [measured(run, published, images, device, deadline) for run in runs]
            except OutOfTime as problem:
                ours = replace(ours, cause=f"left out: {problem}")
                break
            except (Problem, RuntimeError) as error:
                ours = replace(ours, cause=f"failed: {error}", failed=True)
                break
            ours = replace(ours, evaluations={**ours.evaluations, epochs: found})
    return replace(ours, seconds=time.monotonic() - began)


def seconds_to_measure(published: Published) -> float:
    """What is kept back of the time: about 10 ms a sample, which a GPU has been guessed to need at most."""
    return 5 + published.samples / 100


def begin(run: Path, config: Config, epochs: int) -> Config:
    """Let `run` go on, or begin, up to so many epochs."""
    run.mkdir(exist_ok=True)
    write_config(run, replace(config, optimiser=replace(config.optimiser, epochs=epochs)))
    write_status(run, Status("queued", 0, epochs))
    return read_config(run)


def measured(run: Path, published: Published, images: Dataset, device: str, deadline: Deadline) -> Evaluation:
    """The test figures of `run`; those of −log p(x) wherever its training stands. Raises `OutOfTime`."""
    if not published.samples:
        if read_status(run).state != "finished":
            raise OutOfTime(f"no time for more than {read_position(run).epoch} epochs")
        return read_evaluation(run)
    if not (run / MODEL).exists():
        raise OutOfTime("no time to train")

    def report(_: str, part: float) -> None:
        if not deadline.left:
            raise OutOfTime(f"its time was over when {part:.0%} of −log p(x) were done")

    assessor = Assessor(Wanted(published.samples, quality=False, device=device), report, _narrate)
    return assessor.measure(run, read_config(run), images).evaluation


def _narrate(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


# --- the page -----------------------------------------------------------------------------------------


def rows(ours: Ours) -> list[tuple[str, ...]]:
    """A row for each number of epochs."""
    published = ours.published
    lines: list[tuple[str, ...]] = []
    for epochs, theirs in published.figures.items():
        found = ours.evaluations.get(epochs, [])
        done = min(ours.reached, epochs)
        lines.append(
            (
                published.name,
                published.measure,
                f"{epochs}" if done == epochs else f"{done} of {epochs}",
                ours.precision,
                f"{theirs:.2f}",
                " ".join(f"{figure(one):.2f}" for one in found) or "–",
                f"{ours.nats[epochs]:.2f}" if found else "–",
                f"{ours.nats[epochs] - theirs:+.2f}" if found else "–",
                f"≤ {theirs + published.tolerance:.2f}" if published.is_bound else f"±{published.tolerance}",
                " ".join(f"{one.active_units} of {published.latent}" for one in found) or "–",
                ours.verdict(epochs),
                f"{ours.seconds:.0f}",
            )
        )
    return lines


def protocol(ours: Ours) -> str:
    """What the figures of one network were measured on, and how sure an importance-sampled one is."""
    marginals = [one.marginal for found in ours.evaluations.values() for one in found if one.marginal]
    sure = "".join(
        f"; seed {one.seed}: {one.nats:.2f} ± {one.standard_error:.2f} (standard error over images), "
        f"effective samples {one.effective_samples:.1f} of {one.samples}"
        for one in marginals
    )
    of = f" (published as {ours.published.network})" if ours.published.network != ours.published.name else ""
    return f"- {ours.published.name}{of}: {ours.published.remark}{sure}."


def page(title: str, done: Sequence[Ours]) -> str:
    """The whole page: what must hold, a row a figure, and how each was measured."""
    lines = [row for ours in done for row in rows(ours)]
    remarks = dict.fromkeys(protocol(ours) for ours in done)
    return "\n\n".join([*([title] if title else []), table(COLUMNS, lines), "\n".join(remarks)]) + "\n"


def is_missed(done: Sequence[Ours]) -> bool:
    """Whether a training failed, or no reading of a network holds, nor may hold with more epochs."""
    missed: dict[tuple[str, str, int], list[bool]] = {}
    for ours in done:
        for epochs in ours.published.figures:
            key = (ours.published.network, ours.precision, epochs)
            missed.setdefault(key, []).append(ours.verdict(epochs) == "**missed**")
    return any(ours.failed for ours in done) or any(map(all, missed.values()))


def planned(options: argparse.Namespace) -> list[Published]:
    """The networks to train: those that a CPU can, and with --gpu the others, too."""
    chosen = [one for one in PUBLISHED if options.gpu or not one.needs_gpu]
    if options.rehearse:
        return [replace(one, samples=min(one.samples, REHEARSED)) for one in chosen]
    return chosen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--precision", nargs="+", default=["auto"], choices=["auto", "fp32", "tf32", "bf16"])
    parser.add_argument("--gpu", action="store_true", help="on a GPU, with the figures that need one")
    parser.add_argument("--minutes", type=arguments.minutes, default=math.inf, help="when it is over")
    parser.add_argument(
        "--out", type=arguments.new_file, help="write the page here, too; anew after every network"
    )
    parser.add_argument("--rehearse", action="store_true", help="--gpu on a CPU, with few samples")
    options = parser.parse_args()
    deadline = Deadline(60 * options.minutes)
    if options.gpu and not options.rehearse and (sentence := card.no_gpu("benchmarks.reproduce --gpu")):
        print(sentence, file=sys.stderr)
        return 1
    done: list[Ours] = []
    for published in planned(options):
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
    """What stands above the table: with --gpu the card, else nothing."""
    if not options.gpu:
        return ""
    rehearsal = [card.REHEARSAL] if options.rehearse else []
    facts = ", ".join(f"{name} {value}" for name, value in card.facts().items())
    return "\n\n".join(["### Published figures on a GPU", *rehearsal, f"{facts}."])


if __name__ == "__main__":
    arguments.run(main)
