"""Runs that were copied from another machine, not all of them with all of their files."""

import re
import shlex
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.cli.shell import call
from trainer.contract.datasets.registry import load
from trainer.contract.run_dir import MODEL, read_status
from vaetui.training_grid import configs, parse

SMALL = ("--dataset", "digits", "--hidden", "8", "--batch-size", "512", "--device", "cpu")


@pytest.mark.fault(
    "one run of a grid was copied without its training state",
    "the others are trained, that one is named, and the command that is advised for it works",
)
def test_one_run_without_a_state_keeps_no_other_from_being_trained(runs: Path) -> None:
    texts = {"dataset": "digits", "hidden": "8", "batch-size": "512", "device": "cpu", "epochs": "1"}
    (config,) = configs(parse({**texts, "latent": "2"}), load("digits", Path()))
    copied = tiny.make(runs, config, name="t-z2-b1")
    trained = copied.with_name("t-z3-b1")
    weights = (copied / MODEL).read_bytes()

    asked = ("train", *SMALL, "--latent", "2,3", "--epochs", 2, "--name", "t", "--runs", runs)
    planned = call(*asked, "--dry-run")
    assert (planned.returncode, "skip" in planned.stdout) == (0, True)
    result = call(*asked)
    assert result.returncode == 1
    assert (read_status(trained).state, read_status(trained).epoch) == ("finished", 2)
    assert (copied / MODEL).read_bytes() == weights
    assert f"cannot resume {copied.name}: its training state was not saved" in result.stderr

    (advice,) = re.findall(r"`(vaetui train .*?)`", result.stderr)
    again = call(*shlex.split(advice)[1:])
    assert again.returncode == 0, again.stderr
    assert (read_status(copied).state, read_status(copied).epoch) == ("finished", 2)
    assert (copied / MODEL).read_bytes() != weights
