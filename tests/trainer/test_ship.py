"""A shipped run is half the size, says what it is, and reads like any other."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import trainer.ship
from tests.trainer.small import config, dataset, directories
from trainer.contract.config import read_config
from trainer.contract.evaluation import read_evaluation
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import LATENTS, MODEL, STATE, read_status
from trainer.contract.tensors import read_tensors
from trainer.engine.precision import Arithmetic
from trainer.evaluation.evaluate import EvaluationOptions, Evaluator
from trainer.train_runs import train_runs
from vaetui.models import registry
from vaetui.runs.ranking import comparable_groups, image_metrics
from vaetui.runs.run_watcher import read_run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(trainer.ship, "load", lambda name, folder: dataset())
    (run,) = directories(tmp_path, [config()])
    train_runs([run], [config()], dataset(), torch.device("cpu"), Arithmetic("fp32"), lambda: False)
    return run


def ship(run: Path, to: Path) -> Path:
    evaluator = Evaluator(EvaluationOptions(0, False, "cpu"), lambda _doing, _done: None, lambda _text: None)
    return trainer.ship.ship(run, to, Path(), evaluator)


def test_a_shipped_run_reads_like_any_other_and_speaks_of_itself(run: Path, tmp_path: Path) -> None:
    copy = ship(run, tmp_path / "shipped")
    assert copy == tmp_path / "shipped" / "examples" / run.name, "where no training writes"
    assert read_config(copy) == dataclasses.replace(read_config(run), origin="example")
    assert read_epochs(copy) == read_epochs(run)
    assert (read_status(copy).state, read_status(copy).host) == ("finished", "")
    assert not (copy / STATE).exists()
    assert (copy / MODEL).stat().st_size < 0.6 * (run / MODEL).stat().st_size
    np.testing.assert_allclose(
        read_tensors(copy / LATENTS).arrays["mean"], read_tensors(run / LATENTS).arrays["mean"], atol=0.02
    )
    ours, its = read_evaluation(copy), read_evaluation(run)
    assert ours.precision == "fp32, weights rounded to fp16"
    assert ours.figures.elbo == pytest.approx(its.figures.elbo, rel=1e-3)
    assert ours.figures.elbo != its.figures.elbo  # measured anew
    x = (dataset().test.pixels / 255).astype(np.float32)
    model = registry.load_model(copy, read_config(copy))
    assert model.distortion(x, model.encode(x).mean).mean() < 600


def test_a_shipped_run_has_what_compare_needs(run: Path, tmp_path: Path) -> None:
    ((entry,),) = comparable_groups([read_run(ship(run, tmp_path / "shipped"))])
    assert image_metrics(entry) is not None


def test_what_was_shipped_is_shipped_again_with_the_same_weights(run: Path, tmp_path: Path) -> None:
    copy = ship(run, tmp_path / "shipped")
    again = ship(copy, tmp_path / "again")
    assert (again / MODEL).read_bytes() == (copy / MODEL).read_bytes()
    assert read_evaluation(again) == read_evaluation(copy)


def test_an_unfinished_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run,) = directories(tmp_path, [config()])
    assert trainer.ship.main(["--data", ".", "--to", str(tmp_path / "shipped"), str(run)]) == 1
    assert capsys.readouterr().err == f"trainer: {run.name} is queued: only finished runs are shipped\n"
