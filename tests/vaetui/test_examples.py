"""The runs that ship with vaetui: what a newcomer sees first, and what no command changes."""

from pathlib import Path

import pytest

from tests import ROOT
from trainer.contract.run_dir import MODEL, STATE, is_run
from trainer.contract.tensors import read_metadata
from vaetui.runs.ranking import comparable_groups, image_metrics
from vaetui.runs.run_watcher import read_run

SHIPPED = ROOT / "checkpoints" / "examples"


@pytest.mark.parametrize("path", sorted(filter(is_run, SHIPPED.iterdir())), ids=lambda path: path.name)
def test_a_shipped_run_is_marked_and_has_all_its_figures(path: Path) -> None:
    run = read_run(path)
    assert (run.problem, run.state, run.config.is_example) == ("", "finished", True)
    assert not (path / STATE).exists()
    assert run.evaluation is not None
    assert run.evaluation.weights == read_metadata(path / MODEL)["crc32"]
    assert run.evaluation.mse_posterior_mean is not None
    assert run.evaluation.quality is not None
    ((entry,),) = comparable_groups([run])
    assert image_metrics(entry) is not None, "what `vaetui compare` takes intervals from"
