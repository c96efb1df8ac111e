"""Run all checks that need a GPU, in one command: `python -m benchmarks.gpu --data DIR`.

Run the tests of the GPU code, time training against textbook loops on the same card, profile a CUDA graph,
and write one page of Markdown. Each part is a process with a time limit; parts for which no time is left are
listed as left out. Exit code 1: a part failed or a speed limit was missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import arguments
from benchmarks.gpu import card, kernels, outcomes, speed
from benchmarks.gpu.parts import RESULTS, Deadline, Outcome, Part, run_parts, table

TESTS = ("tests/trainer/test_cuda.py", "tests/trainer/test_gpu.py")


def parts(data: Path, rehearse: bool) -> list[Part]:
    """Return the parts, short and essential ones first; their limits add up to ten minutes."""
    device = "cpu" if rehearse else "cuda"
    # Median of three rounds: in the first one CUDA loads its libraries, for every loop.
    timed = ["--device", device, "--rounds", "1" if rehearse else "3", "--json", RESULTS]
    small = ["--images", "1280", "--epochs", "1"] if rehearse else ["--epochs", str(speed.EPOCHS)]
    tests = [*TESTS, *([] if rehearse else ["-k", "not recorded"])]  # the recorded ones run on a CPU
    few = ["--steps", "2", "--repeats", "2"] if rehearse else []

    def speed_part(batch_size: int, limit: float) -> Part:
        arguments = ["benchmarks.train_speed", "--data", str(data), "--batch-size", str(batch_size)]
        return Part(
            f"Speed, batch {batch_size}",
            [*arguments, *timed, *small],
            limit,
            speed.show(batch_size, not rehearse),
        )

    return [
        Part("Card", ["benchmarks.gpu.card", RESULTS], 60, card.show),
        Part("Tests", ["benchmarks.gpu.outcomes", RESULTS, *tests], 180, outcomes.show(not rehearse)),
        speed_part(128, 210),
        speed_part(1024, 90),
        Part(
            "Kernels of one visit",
            ["benchmarks.gpu.kernels", RESULTS, "--device", device, *few],
            60,
            kernels.show,
        ),
    ]


def page(title: str, outcomes: Sequence[Outcome]) -> str:
    """Return the page: the outcome of each part, then their results."""
    rows = [(one.title, one.result, f"{one.seconds:.0f}") for one in outcomes]
    results = [f"### {one.title}\n\n{one.text}" for one in outcomes if one.text]
    return "\n\n".join([title, table(("part", "result", "s"), rows), *results]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument(
        "--minutes", type=arguments.minutes, default=10.0, help="time limit; later parts are left out"
    )
    parser.add_argument(
        "--out", type=arguments.new_file, help="also write the page to this file, after every part"
    )
    parser.add_argument("--rehearse", action="store_true", help="run on a CPU with little work in each part")
    options = parser.parse_args()
    deadline = Deadline(60 * options.minutes)
    if not options.rehearse and (sentence := card.no_gpu("benchmarks.gpu")):
        print(sentence, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends the running part as well
    title = "\n\n".join(["## GPU", *([card.REHEARSAL] if options.rehearse else [])])
    done: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        for outcome in run_parts(parts(options.data, options.rehearse), deadline, Path(folder)):
            done.append(outcome)
            print(f"{outcome.title}: {outcome.result} ({outcome.seconds:.0f} s)", file=sys.stderr, flush=True)
            if options.out:
                options.out.write_text(page(title, done))
    print(page(title, done))
    return int(any(outcome.failed for outcome in done))


if __name__ == "__main__":
    arguments.run(main)
