"""The shipped network: whole, small, without a dead feature, and known by its file."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import ROOT
from tests.trainer.small import dataset
from trainer.contract.datasets.registry import load
from trainer.contract.files import DamagedFile
from trainer.contract.images import Dataset
from trainer.contract.tensors import read_tensors, tensor_bytes
from trainer.engine.batches import as_input
from trainer.evaluation import classifier, feature_network, train_features
from trainer.evaluation.classifier import Classifier, accuracy
from trainer.evaluation.feature_network import FILE, MAX_BYTES, is_of, load_feature_network

MNIST = Path(os.environ.get("VAETUI_TEST_DATA", ROOT.parent / "shared" / "data"))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network() -> Classifier:
    return load_feature_network(CPU)


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    if not (MNIST / "MNIST").exists():
        pytest.skip(f"no MNIST in {MNIST}: set VAETUI_TEST_DATA to a folder that has it")
    return load("mnist", MNIST, lambda _: None)


def test_no_feature_is_dead_on_test_images(network: Classifier, mnist: Dataset) -> None:
    with torch.no_grad():
        features = network.features(as_input(torch.from_numpy(mnist.test.pixels[::4].copy()))).numpy()
    assert 0.9 < features.std(0).min() <= features.std(0).max() < 1.1, "all count alike in a distance"
    assert 0.2 < (features > 0).mean(0).min() <= (features > 0).mean(0).max() < 0.8
    assert np.linalg.eigvalsh(np.cov(features.T)).min() > 0.005, "none follows from the others"


def test_it_classifies_mnist_as_it_says(network: Classifier, mnist: Dataset) -> None:
    assert is_of(mnist)
    assert network.accuracy >= 0.985
    assert accuracy(network, mnist.test, CPU) == pytest.approx(network.accuracy, abs=2e-4)


def test_another_data_set_is_not_the_one_it_was_trained_on() -> None:
    assert not is_of(load("digits", Path()))
    assert FILE.stat().st_size < MAX_BYTES


@pytest.mark.parametrize("damage", ["cut", "weight", "FIFO"])
def test_a_changed_file_is_refused(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read = tmp_path / "features.safetensors", read_tensors(FILE)
    if damage == "cut":
        path.write_bytes(FILE.read_bytes()[:-2])
    elif damage == "weight":  # whole, with checksums of its own
        arrays = read.arrays | {"classes.bias": read.arrays["classes.bias"] + 1}
        path.write_bytes(tensor_bytes(arrays, read.metadata))
    else:
        os.mkfifo(path)
    monkeypatch.setattr(feature_network, "FILE", path)
    with pytest.raises(Exception, match="reinstall vaetui" if damage != "FIFO" else "it is a FIFO") as caught:
        load_feature_network(CPU)
    assert isinstance(caught.value, DamagedFile) or damage == "FIFO"


def test_the_script_writes_what_the_network_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(classifier, "LEAST_STEPS", 5)
    monkeypatch.setattr(classifier, "EPOCHS", 1)
    monkeypatch.setattr(train_features, "load", lambda *_: dataset())
    out = tmp_path / "out.safetensors"
    train_features.main(["--data", ".", "--out", str(out)])
    digest = capsys.readouterr().out.split()[-1]
    monkeypatch.setattr(feature_network, "FILE", out)
    monkeypatch.setattr(feature_network, "SHA256", digest)
    found = load_feature_network(CPU)
    assert is_of(dataset())
    assert found.accuracy == accuracy(found, dataset().test, CPU), "measured as rounded"
