"""What is said of trainings that have ended."""

from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.run_dir import Status, write_status
from vaetui.runs.run_watcher import read_run
from vaetui.runs.training_ends import end_sentences, ended, failure_sentence


def test_runs_that_trained_before_and_do_not_now_have_ended(runs: Path) -> None:
    with tiny.live(runs) as ending, tiny.live(runs, tiny.config(latent=5)) as staying:
        before = [read_run(ending), read_run(staying)]
        write_status(ending, Status("stopped", 1, 3))
        other = tiny.make(runs, tiny.config(latent=7))
        after = [read_run(path) for path in (ending, staying, other)]
        assert ended(before, after) == [after[0]]
        assert ended(before, before) == []


def test_one_run_says_how_it_ended(runs: Path) -> None:
    vae, ae = read_run(tiny.make(runs)), read_run(tiny.make(runs, tiny.config("ae")))
    assert vae.evaluation is not None
    assert ae.evaluation is not None
    figure = f"−ELBO {-vae.evaluation.figures.elbo:.1f} nats"
    assert end_sentences([vae]) == [(f"{vae.name} finished after 3 of 3 epochs: test {figure}", False)]
    assert f"test distortion {ae.evaluation.figures.distortion:.1f} nats" in end_sentences([ae])[0][0]
    early = read_run(tiny.make(runs, tiny.config(latent=5, epochs=9), done=2, early=True))
    assert end_sentences([early])[0][0].startswith(f"{early.name} finished early after 2 of 9 epochs: test ")
    stopped = read_run(tiny.make(runs, tiny.config(latent=7), state="stopped", done=1))
    assert end_sentences([stopped]) == [(f"{stopped.name} stopped after 1 of 3 epochs", False)]


@pytest.mark.parametrize(("progress", "words"), [(0.4, "in epoch 1 of 3"), (0.0, "before epoch 1 of 3")])
def test_a_run_stopped_in_its_first_epoch_is_not_after_0_epochs(
    runs: Path, progress: float, words: str
) -> None:
    stopped = read_run(tiny.make(runs, state="stopped", progress=progress))
    assert end_sentences([stopped]) == [(f"{stopped.name} stopped {words}", False)]


def test_several_runs_are_counted_and_failures_come_last_with_their_cause(runs: Path) -> None:
    finished = [read_run(tiny.make(runs, tiny.config(latent=latent))) for latent in (2, 3)]
    failed = [
        read_run(tiny.make(runs, tiny.config(latent=latent), state="failed", error="no room"))
        for latent in (4, 5)
    ]
    assert end_sentences([*failed, *finished]) == [
        ("2 runs finished", False),
        (f"{failed[0].name} failed: no room (and 1 more)", True),
    ]


def test_an_interrupted_run_is_told_how_to_go_on(runs: Path) -> None:
    run = read_run(tiny.make(runs, state="running", done=1))
    assert end_sentences([run]) == [(failure_sentence(run), True)]
    assert "training it with the same options continues" in failure_sentence(run)
    assert failure_sentence(read_run(tiny.make(runs, tiny.config(latent=5)))) == ""
