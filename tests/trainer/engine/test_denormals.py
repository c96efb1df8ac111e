"""Numbers too small for fp32's usual form are zero in every thread that computes: they are slow."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from tests import ROOT
from tests.trainer.small import config, directories
from trainer.engine import denormals
from trainer.engine.cpu_pool import CpuPool
from trainer.engine.learner import Learner
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights

CPU = torch.device("cpu")

# In a process of its own, since a thread passes the setting on to those that it starts later only.
MANY = """
import torch
from trainer.engine import denormals
torch.set_num_threads(4)
if {flushed}: denormals.flush()
tiny = torch.full((4_000_000,), 1e-38)  # enough for every thread of the team
print(torch.count_nonzero(tiny * 0.1).item())
"""


def kept(*, flushed: bool) -> int:
    """How many of 4 million products that are denormal are not zero."""
    result = subprocess.run(
        [sys.executable, "-c", MANY.format(flushed=flushed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout)


def test_the_whole_team_of_a_thread_flushes() -> None:
    assert kept(flushed=False) == 4_000_000
    assert kept(flushed=True) == 0


def test_threads_that_take_turns_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    tiny = torch.full((8,), 1e-38)
    found = list(CpuPool(CPU, 1)(lambda _: torch.count_nonzero(tiny * 0.1).item(), range(2)))
    assert found == [0, 0]


@pytest.mark.parametrize("flushed", [False, True])
def test_moments_of_a_pixel_that_is_never_lit_again(flushed: bool) -> None:
    """Adam's averages decay by a tenth a step: after 800 steps they are denormal, or zero."""
    one = config(2, hidden=(8,), batch_size=4)
    learner = Learner(Ensemble.build([one], [initial_weights(one)], CPU), torch.float32)
    dark = torch.zeros(40, 784)
    lit = dark.clone()
    lit[:4, 300] = 1

    def learn() -> None:
        if flushed:
            denormals.flush()
        for block in range(80):
            noise = learner.ensemble.noise(("test", block), 10, 4)
            learner.train_steps(dark if block else lit, noise, torch.ones(10, 1))

    thread = threading.Thread(target=learn)  # the setting ends with it
    thread.start()
    thread.join()
    averages = learner.adam.exp_avg["encoder.0.weight"][0, 300]
    small = (averages.view(torch.int32) & 0x7FFFFFFF).abs()  # the bits, which no thread flushes
    denormal = (small > 0) & (small < 1 << 23)
    assert bool(denormal.any()) is not flushed


ENTRIES = """
import sys, torch, trainer.__main__, trainer.evaluation.__main__, trainer.planner, trainer.evaluation.evaluate
import trainer.ship, trainer.machine, trainer.engine.precision_trial
def report(*_):
    sys.exit(torch.count_nonzero(torch.full((8,), 1e-38) * 0.1).item())
trainer.planner.train_all = trainer.evaluation.evaluate.Evaluator = report
trainer.ship.Evaluator = trainer.engine.precision_trial.automatic = report
trainer.evaluation.__main__.find_measurable = lambda runs, _: ([(run, None, None) for run in runs], [])
data, run = ["--data", "."], sys.argv[1]
for name, main in {
    "trainer": lambda: trainer.__main__.main([*data, run]),
    "trainer.evaluation": lambda: trainer.evaluation.__main__.main([*data, run]),
    "trainer.ship": lambda: trainer.ship.main([*data, "--to", ".", run]),
    "trainer.machine": lambda: trainer.machine.main(),
}.items():
    torch.set_flush_denormal(False)
    try:
        main()
    except SystemExit as ended:
        print("left", ended.code, "by", name)
"""


def test_what_computes_flushes_first(tmp_path: Path) -> None:
    """Whatever a process computes later, its threads have the setting."""
    (run,) = directories(tmp_path, [config()])
    command = [sys.executable, "-c", ENTRIES, str(run)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    entries = ("trainer", "trainer.evaluation", "trainer.ship", "trainer.machine")
    left = [line for line in result.stdout.splitlines() if line.startswith("left")]
    assert left == [f"left 0 by {name}" for name in entries], result.stderr
