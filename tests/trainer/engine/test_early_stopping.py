"""Patience ends one model and not its companions; the best weights are kept beside the last."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import trainer.train_runs
from tests.trainer.engine.training import LAYOUTS, go, scripted, trained, weights
from tests.trainer.small import config
from trainer.contract.evaluation import read_evaluation
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import MODEL, STATE, Status, read_status, write_status
from trainer.contract.tensors import read_tensors


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_patience_ends_a_model_and_not_its_companions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: Callable[[int, torch.device], list[range]]
) -> None:
    monkeypatch.setattr(trainer.train_runs, "layout", layout)
    grid = [config(latent, epochs=6, patience=2) for latent in (2, 3, 4)]
    rising, falling, late = (one.base_name for one in grid)
    scripted(
        monkeypatch,
        {
            rising: [-9.0, -8.0, -7.0, -6.0, -5.0, -4.0],
            falling: [-5.0, -6.0, -7.0, -8.0, -9.0, -9.0],
            late: [-9.0, -5.0, -6.0, -4.0, -4.5, -4.0],
        },
    )
    runs = trained(tmp_path / "grid", grid)
    assert [len(read_epochs(run)) for run in runs] == [6, 3, 6]
    status = [read_status(run) for run in runs]
    assert [(one.state, one.epoch, one.early) for one in status] == [
        ("finished", 6, False),
        ("finished", 3, True),
        ("finished", 6, False),
    ]
    assert read_evaluation(runs[1]).epoch == 3
    monkeypatch.undo()
    # What it is alone after three epochs, and the others after six.
    for one, run, epochs in zip(grid, runs, (6, 3, 6), strict=True):
        (alone,) = trained(tmp_path / one.name, [config(one.model.latent, epochs=epochs)])
        for name, value in weights(alone).items():
            np.testing.assert_allclose(weights(run)[name], value, atol=2e-5)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_best_weights_are_kept_tested_and_not_trained_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: Callable[[int, torch.device], list[range]]
) -> None:
    monkeypatch.setattr(trainer.train_runs, "layout", layout)
    grid = [config(2, epochs=4, keep="best"), config(3, epochs=4, keep="best")]
    scripted(
        monkeypatch,
        {grid[0].base_name: [-9.0, -5.0, -6.0, -7.0], grid[1].base_name: [-9.0, -8.0, -6.0, -7.0]},
    )
    runs = trained(tmp_path / "grid", grid)
    monkeypatch.undo()
    for one, run, best in zip(grid, runs, (2, 3), strict=True):
        (then,) = trained(tmp_path / f"{one.name}-then", [config(one.model.latent, epochs=best)])
        assert read_evaluation(run).epoch == best
        assert read_tensors(run / MODEL).metadata["epoch"] == str(best)
        assert read_evaluation(run).figures.elbo == pytest.approx(
            read_evaluation(then).figures.elbo, abs=1e-3
        )
        (end,) = trained(tmp_path / f"{one.name}-end", [config(one.model.latent, epochs=4)])
        state = read_tensors(run / STATE).arrays
        for name, value in weights(end).items():
            np.testing.assert_allclose(state[f"weight/{name}"], value, atol=2e-5)
        for name, value in weights(then).items():
            np.testing.assert_allclose(weights(run)[name], value, atol=2e-5)


def test_killed_between_its_last_save_and_its_end_a_run_without_patience_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = config(2, epochs=9, patience=2)
    elbos = [-5.0, -6.0, -7.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]
    scripted(monkeypatch, {one.base_name: elbos})
    (run,) = trained(tmp_path, [one])
    write_status(run, Status("running", 3, 9))
    (run / "evaluation.json").unlink()
    go([run], [one])
    assert len(read_epochs(run)) == 3
    assert (read_status(run).state, read_status(run).early) == ("finished", True)
    assert read_evaluation(run).epoch == 3
