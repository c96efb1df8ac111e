"""The judge: what it writes, what it keeps, what it refuses before anything is measured."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
import torch

from tests.trainer.small import TEST, config, dataset, directories
from trainer.contract.config import Config, read_config, write_config
from trainer.contract.evaluation import EVALUATION, Evaluation, evaluation_bytes, read_evaluation
from trainer.contract.files import DamagedFile
from trainer.contract.images import evaluation_images
from trainer.contract.run_dir import LATENTS, MODEL, hold
from trainer.contract.tensors import read_tensors, write_tensors
from trainer.engine.precision import Arithmetic
from trainer.evaluation import __main__, classifier
from trainer.evaluation import evaluate as assess
from trainer.evaluation import metrics as evaluate
from trainer.evaluation.metrics import ROUNDED, evaluate_test
from trainer.train_runs import train_runs
from vaetui.models import registry
from vaetui.runs.ranking import comparable_groups, image_metrics
from vaetui.runs.run_watcher import RunWatcher, read_run

EVENTS = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(__main__, "load", lambda name, folder, *_: dataset())
    monkeypatch.setattr(classifier, "LEAST_STEPS", 5)
    monkeypatch.setattr(classifier, "EPOCHS", 1)


def trained(folder: Path, one: Config) -> Path:
    (run,) = directories(folder, [one])
    train_runs([run], [one], dataset(), torch.device("cpu"), Arithmetic("fp32"), lambda: False)
    return run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return trained(tmp_path, config())


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    def run_judge(*arguments: object) -> tuple[int, EVENTS]:
        code = __main__.main(["--data", ".", "--device", "cpu", *map(str, arguments)])
        output = capsys.readouterr()
        assert output.err == ""
        return code, [json.loads(line) for line in output.out.splitlines()]

    return run_judge


def of(events: EVENTS, kind: str) -> EVENTS:
    return [event for event in events if event["event"] == kind]


def refusal(result: tuple[int, EVENTS]) -> str:
    code, events = result
    assert code == 1
    assert [event["event"] for event in events] == ["problem"]
    text: str = events[0]["text"]
    return text


# --- where it writes ---------------------------------------------------------------------------------


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def is_paired(run: Path) -> bool:
    """Whether `vaetui compare` has what it takes intervals from."""
    ((entry,),) = comparable_groups([read_run(run)])
    return image_metrics(entry) is not None


def test_a_shipped_run_is_measured_and_not_changed(run: Path, call: Any) -> None:
    write_config(run, dataclasses.replace(read_config(run), origin="example"))
    without_images(run)
    before, own = snapshot(run), read_evaluation(run)
    assert not is_paired(run)
    code, events = call(run)
    assert (code, snapshot(run)) == (0, before)
    (measured,) = of(events, "measured")
    kept = Path(measured["kept"])
    assert kept.is_relative_to(platformdirs.user_data_path("vaetui"))
    found = read_run(run)
    assert (found.results, found.evaluation) == (kept, read_evaluation(kept))
    assert found.evaluation is not None
    assert own.quality is None
    assert found.evaluation.quality is not None
    assert is_paired(run)
    call("--nll", 5, "--no-quality", run)
    again = read_evaluation(kept)
    assert again.marginal is not None
    assert again.quality == found.evaluation.quality, "what was measured before stays"
    assert snapshot(run) == before


def test_figures_that_are_kept_beside_count_for_the_same_weights_only(run: Path, call: Any) -> None:
    write_config(run, dataclasses.replace(read_config(run), origin="example"))
    call("--no-quality", run)
    follower = RunWatcher(run)
    follower.poll()
    assert follower.run is not None
    assert follower.run.results != run
    arrays = dict(read_tensors(run / MODEL).arrays)
    arrays["mean.bias"] = arrays["mean.bias"] + 1
    write_tensors(run / MODEL, arrays, {"epoch": "2"})
    assert read_run(run).results == run
    assert read_run(run).evaluation == read_evaluation(run)


def test_a_watcher_of_a_shipped_run_reads_new_figures(run: Path, call: Any) -> None:
    write_config(run, dataclasses.replace(read_config(run), origin="example"))
    follower = RunWatcher(run)
    follower.poll()
    call(run)
    assert follower.poll()
    assert follower.run is not None
    assert follower.run.evaluation is not None
    assert follower.run.evaluation.quality is not None


def test_a_folder_that_cannot_be_written_is_measured_all_the_same(
    run: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(run)
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != run and allowed(path, mode))
    assert call("--no-quality", run)[0] == 0
    assert snapshot(run) == before
    assert read_run(run).results != run
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "cannot be written (permission denied)" in refusal(call(run))


def without_images(run: Path) -> None:
    """Leave out the figures of every image, as older versions did."""
    file = read_tensors(run / LATENTS)
    arrays = {name: array for name, array in file.arrays.items() if name != "distortion"}
    write_tensors(run / LATENTS, arrays, {"epoch": file.metadata["epoch"]})


def test_a_run_of_an_older_version_gets_figures_of_every_image(run: Path, call: Any) -> None:
    without_images(run)
    assert not is_paired(run)
    call("--no-quality", run)
    assert is_paired(run)
    assert read_run(run).results == run


# --- what it writes -----------------------------------------------------------------------------------


def test_it_measures_what_the_trainer_measured_and_more(run: Path, call: Any) -> None:
    before = read_evaluation(run)
    code, events = call("--nll", 20, run)
    assert code == 0
    found = read_evaluation(run)
    assert found.figures == before.figures
    assert (found.epoch, found.kl_per_dim, found.precision) == (2, before.kl_per_dim, "fp32")
    assert found.weights == read_tensors(run / MODEL).metadata["crc32"]
    assert found.information is not None
    both = found.information.information + found.information.marginal_kl
    assert both == pytest.approx(found.figures.rate, abs=4 * found.information.marginal_kl_error + 0.05)
    assert found.marginal is not None
    assert found.marginal.nats < -found.figures.elbo + 3 * found.marginal.standard_error
    assert found.quality is not None
    assert sum(map(sum, found.quality.confusion)) == TEST
    counts = np.bincount(dataset().test.labels)
    for parts, whole in (
        (found.per_class_distortion, found.figures.distortion),
        (found.per_class_mse, found.figures.mse),
    ):
        weighed = sum(parts[str(label)] * count for label, count in enumerate(counts)) / TEST
        assert weighed == pytest.approx(whole)
    assert [event["run"] for event in of(events, "measured")] == [str(run)]
    doings = list(dict.fromkeys(event["doing"] for event in of(events, "progress")))
    assert doings == [
        "test figures",
        "information",
        "training a classifier of bars",
        "training against test images",
        "quality",
        "IWAE bound on −log p(x), 20 draws",
    ]
    assert of(events, "progress")[-1]["done"] == 1


def test_the_squared_error_is_measured_at_a_draw_and_at_the_posterior_mean(run: Path, call: Any) -> None:
    assert call("--no-quality", run)[0] == 0
    found, config = read_evaluation(run), read_config(run)
    model = registry.load_model(run, config)
    x = (dataset().test.pixels / 255).astype(np.float32)
    reconstructed = model.decode(model.encode(x).mean)  # in numpy, as `vaetui show` does it
    assert found.mse_posterior_mean == pytest.approx(float(np.square(x - reconstructed).mean()), rel=1e-4)
    assert (found.mse_posterior_mean or 1.0) < found.figures.mse


def test_figures_over_several_draws_are_their_mean_with_its_error(run: Path, call: Any) -> None:
    one = read_evaluation(run)
    assert call("--no-quality", "--draws", 5, run)[0] == 0
    found = read_evaluation(run)
    assert (one.posterior_draws, one.draws_error) == (1, None)
    assert found.posterior_draws == 5
    assert found.draws_error is not None
    assert 0 < abs(found.figures.distortion - one.figures.distortion) < 10 * found.draws_error.distortion
    assert 0 < abs(found.figures.mse - one.figures.mse) < 10 * found.draws_error.mse
    assert found.figures.rate == one.figures.rate
    assert found.figures.elbo == pytest.approx(-found.figures.distortion - found.figures.rate)
    assert found.mse_posterior_mean == one.mse_posterior_mean
    images = read_tensors(run / LATENTS).arrays["distortion"]
    assert float(images.mean()) == pytest.approx(found.figures.distortion, rel=1e-5)
    counts = np.bincount(dataset().test.labels)
    weighed = sum(found.per_class_mse[str(label)] * count for label, count in enumerate(counts)) / TEST
    assert weighed == pytest.approx(found.figures.mse)


def test_more_draws_are_surer_and_each_is_another(run: Path, call: Any) -> None:
    errors = []
    for draws in (4, 64):
        call("--no-quality", "--draws", draws, run)
        error = read_evaluation(run).draws_error
        assert error is not None
        errors.append(error.distortion)
    assert errors[1] < 0.5 * errors[0]


def test_an_autoencoder_has_no_draws(tmp_path: Path, call: Any) -> None:
    run = trained(tmp_path, config(kind="ae"))
    before = read_evaluation(run)
    call("--no-quality", "--draws", 3, run)
    found = read_evaluation(run)
    assert (found.posterior_draws, found.draws_error) == (0, None)
    assert found.figures == before.figures


def test_nothing_is_measured_that_was_not_asked_for(run: Path, call: Any) -> None:
    call("--no-quality", run)
    found = read_evaluation(run)
    assert (found.marginal, found.quality) == (None, None)


def test_an_autoencoder_has_quality_and_no_likelihood(tmp_path: Path, call: Any) -> None:
    run = trained(tmp_path, config(kind="ae"))
    code, events = call("--nll", 5, run)
    found = read_evaluation(run)
    assert code == 0
    assert (found.marginal, found.information) == (None, None)
    assert found.figures.rate == 0
    assert found.quality is not None
    assert found.quality.around is None
    assert "no p(x)" in of(events, "note")[-1]["text"]


def test_binarised_runs_are_judged_on_binarised_images(tmp_path: Path, call: Any) -> None:
    run = trained(tmp_path, config(binarize="dynamic"))
    before = read_evaluation(run)
    call("--nll", 2, run)
    found = read_evaluation(run)
    assert found.figures == before.figures
    assert found.marginal is not None
    assert "binarised" in found.marginal.protocol
    ink = evaluation_images(dataset().test, "dynamic", "bars/test")
    kept = classifier.load_or_train(dataset(), torch.device("cpu"), lambda part: None, lambda text: None)
    assert found.quality is not None
    assert found.quality.originals == classifier.accuracy(kept, ink, torch.device("cpu"))
    assert found.quality.classifier_accuracy == kept.accuracy


def test_quality_of_an_older_version_is_read(run: Path, call: Any) -> None:
    """It had one network, no floor, and posterior samples of test images."""
    call(run)
    raw = json.loads((run / EVALUATION).read_text())
    for name in ("features", "around_of", "floor"):
        del raw["quality"][name]
    for name in ("reconstructions", "prior", "around"):
        del raw["quality"][name]["precision"], raw["quality"][name]["recall"]
    (run / EVALUATION).write_text(json.dumps(raw))
    found = read_evaluation(run).quality
    assert found is not None
    assert (found.feature_network, found.around_of, found.floor) == (found.classifier, "test", None)
    assert found.prior.precision is None


def test_the_same_images_are_at_the_same_distance_for_any_threads(run: Path, call: Any) -> None:
    before, floors = torch.get_num_threads(), []
    for count in (1, 2):
        torch.set_num_threads(count)
        call(run)
        found = read_evaluation(run).quality
        assert found is not None
        floors.append(found.floor)
    torch.set_num_threads(before)
    assert floors[0] == floors[1]


def test_rounded_weights_are_said_to_be(run: Path, call: Any) -> None:
    read = read_tensors(run / MODEL)
    halves = {name: value.astype(np.float16) for name, value in read.arrays.items()}
    write_tensors(run / MODEL, halves, read.metadata)
    call("--no-quality", run)
    assert read_evaluation(run).precision == ROUNDED


def test_several_runs_share_one_classifier(tmp_path: Path, call: Any) -> None:
    runs = [trained(tmp_path, one) for one in (config(2), config(3))]
    _, events = call(*runs, runs[0])
    assert [event["run"] for event in of(events, "measured")] == list(map(str, runs))
    assert len(of(events, "note")) == 1
    checksums = {
        found.quality.classifier for run in runs if (found := read_evaluation(run)) and found.quality
    }
    assert len(checksums) == 1


# --- what it keeps ------------------------------------------------------------------------------------


def test_what_was_found_before_of_the_same_weights_stays(run: Path, call: Any) -> None:
    call("--nll", 5, run)
    first = read_evaluation(run)
    call("--no-quality", run)
    assert read_evaluation(run) == first
    call("--no-quality", "--nll", 6, run)
    second = read_evaluation(run)
    assert second.marginal is not None
    assert (second.marginal.samples, second.quality) == (6, first.quality)


def test_what_was_found_of_other_weights_goes(run: Path, call: Any) -> None:
    call("--nll", 5, run)
    read = read_tensors(run / MODEL)
    read.arrays["mean.bias"] += 1
    write_tensors(run / MODEL, read.arrays, read.metadata)
    call("--no-quality", run)
    found = read_evaluation(run)
    assert (found.marginal, found.quality) == (None, None)


def test_an_evaluation_of_before_and_one_of_a_time_to_come_are_read(run: Path) -> None:
    raw = json.loads((run / EVALUATION).read_text())
    old = {key: value for key, value in raw.items() if key not in ("weights", "marginal", "quality")}
    (run / EVALUATION).write_text(json.dumps({**old, "novelty": 1}))
    assert read_evaluation(run).marginal is None
    assert dataclasses.asdict(read_evaluation(run))["figures"] == raw["figures"]


def test_a_confusion_that_is_no_square_is_damage(run: Path, call: Any) -> None:
    call(run)
    raw = json.loads((run / EVALUATION).read_text())
    raw["quality"]["confusion"].pop()
    (run / EVALUATION).write_text(json.dumps(raw))
    with pytest.raises(DamagedFile, match="10 rows of 10 counts"):
        read_evaluation(run)


# --- what it refuses ----------------------------------------------------------------------------------


def test_a_run_that_trains_is_refused_and_so_is_one_without_a_model(run: Path, call: Any) -> None:
    before = (run / EVALUATION).read_bytes()
    with hold(run):
        assert "is being trained now" in refusal(call(run))
    (run / MODEL).unlink()
    assert "has no model yet" in refusal(call(run))
    assert (run / EVALUATION).read_bytes() == before


def test_one_bad_run_is_reported_and_the_others_are_measured(run: Path, tmp_path: Path, call: Any) -> None:
    (untrained,) = directories(tmp_path, [config(9)])
    code, events = call(untrained, run, "--no-quality")
    assert code == 1
    assert "has no model yet" in events[0]["text"], "reported before anything slow begins"
    assert [event["run"] for event in of(events, "measured")] == [str(run)]


def test_other_images_are_refused(run: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(__main__, "load", lambda name, folder, *_: dataset(1))
    assert "was trained on other bars images" in refusal(call(run))


def test_missing_images_are_refused(run: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    text = (run / "config.json").read_text().replace('"bars"', '"mnist"')
    (run / "config.json").write_text(text)
    assert "does not exist" in refusal(call(run))


def test_a_run_trained_on_while_it_is_measured_keeps_its_figures(
    run: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:

    def and_train_on(*arguments: Any) -> Any:
        read = read_tensors(run / MODEL)
        read.arrays["mean.bias"] += 1
        write_tensors(run / MODEL, read.arrays, read.metadata)
        return evaluate_test(*arguments)

    before = (run / EVALUATION).read_bytes()
    monkeypatch.setattr(assess, "evaluate_test", and_train_on)
    code, events = call("--no-quality", run)
    assert code == 1
    assert "was trained on while it was measured" in of(events, "problem")[0]["text"]
    assert (run / EVALUATION).read_bytes() == before


def test_damaged_weights_keep_no_other_run_from_being_measured(tmp_path: Path, call: Any) -> None:
    bad, good = (trained(tmp_path, one) for one in (config(2), config(3)))
    (bad / MODEL).write_bytes(b"\xff" * 64)
    code, events = call("--no-quality", bad, good)
    assert code == 1
    assert f"{MODEL} is damaged" in of(events, "problem")[0]["text"]
    assert [event["run"] for event in of(events, "measured")] == [str(good)]


def test_figures_that_are_no_numbers_are_one_sentence(
    run: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def infinite(tested: Evaluation) -> bytes:
        figures = dataclasses.replace(tested.figures, elbo=float("inf"))
        return evaluation_bytes(dataclasses.replace(tested, figures=figures))

    before = (run / EVALUATION).read_bytes()
    monkeypatch.setattr(evaluate, "evaluation_bytes", infinite)
    _, events = call("--no-quality", run)
    assert "are not finite" in of(events, "problem")[0]["text"]
    assert (run / EVALUATION).read_bytes() == before
