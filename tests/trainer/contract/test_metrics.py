"""metrics.jsonl and evaluation.json: figures that an autoencoder does not have are null."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from trainer.contract.evaluation import EVALUATION, read_evaluation
from trainer.contract.files import DamagedFile
from trainer.contract.metrics import METRICS, parse_epoch, read_epochs


def stored(run: Path) -> list[dict[str, Any]]:
    """The figures in both files of a run."""
    rows = [json.loads(line) for line in (run / METRICS).read_bytes().splitlines()]
    figures = [row[part] for row in rows for part in ("train", "val")]
    return [*figures, json.loads((run / EVALUATION).read_bytes())["figures"]]


@pytest.mark.parametrize("kind", ["vae", "ae"])
def test_the_rate_and_elbo_of_an_autoencoder_are_null(runs: Path, kind: Any) -> None:
    config = tiny.config(kind)
    run = tiny.make(runs, config)
    for figures in stored(run):
        for name in ("rate", "elbo"):
            assert (figures[name] is None) is (kind == "ae")
    assert read_epochs(run) == tiny.course(config, 3, 3)
    assert read_evaluation(run, config.model) == tiny.evaluation(config, 3)


def test_files_of_older_versions_are_read(runs: Path) -> None:
    """They have 0 and −distortion."""
    config = tiny.config("ae")
    run = tiny.make(runs, config)
    lines = [json.loads(line) for line in (run / METRICS).read_bytes().splitlines()]
    for row in lines:
        for part in ("train", "val"):
            row[part] |= {"rate": 0.0, "elbo": -row[part]["distortion"]}
    (run / METRICS).write_text("".join(f"{json.dumps(row)}\n" for row in lines))
    assert read_epochs(run) == tiny.course(config, 3, 3)


@pytest.mark.parametrize("figures", [None, 3, {"distortion": "x", "rate": None}, {"rate": None}])
def test_what_is_no_figures_is_said(runs: Path, figures: Any) -> None:
    run = tiny.make(runs, tiny.config("ae"))
    row = json.loads((run / METRICS).read_bytes().splitlines()[0])
    row["train"] = figures
    with pytest.raises(DamagedFile, match="train"):
        parse_epoch(json.dumps(row).encode(), run / METRICS)


def test_a_vae_has_no_nulls(runs: Path) -> None:
    config = tiny.config()
    run = tiny.make(runs, config)
    row = json.loads((run / METRICS).read_bytes().splitlines()[0])
    row["train"]["rate"] = None
    with pytest.raises(DamagedFile, match=r"train.rate is None, expected float"):
        parse_epoch(json.dumps(row).encode(), run / METRICS, config.model)
