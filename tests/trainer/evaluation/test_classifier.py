"""The classifier learns, is kept, and comes back as it was."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainer.small import dataset
from trainer.contract.tensors import read_tensors, write_tensors
from trainer.engine.batches import as_input
from trainer.evaluation import classifier
from trainer.evaluation.classifier import FEATURES, SHAPES, Classifier, accuracy, cache_path, load_or_train

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "LEAST_STEPS", 60)
    monkeypatch.setattr(classifier, "SHIFT", 0)  # a bar's place is its class


def get(messages: list[str] | None = None) -> Classifier:
    return load_or_train(dataset(), CPU, lambda part: None, (messages if messages is not None else []).append)


def test_it_learns_the_classes_and_tells_how_well() -> None:
    progress: list[float] = []
    weights = classifier.train(dataset().train, CPU, progress.append)
    found = accuracy(Classifier(weights, 0.0, ""), dataset().test, CPU)
    assert found > 0.5  # a third of the bars lie where two classes meet
    assert (progress[0], progress[-1]) == (1 / 60, 1)
    again = classifier.train(dataset().train, CPU, lambda part: None)
    assert all(torch.equal(weights[name], again[name]) for name in SHAPES)
    features = Classifier(weights, 0.0, "").features(as_input(torch.from_numpy(dataset().train.pixels)))
    torch.testing.assert_close(features.mean(0), torch.zeros(FEATURES), atol=1e-4, rtol=0)
    torch.testing.assert_close(features.var(0, correction=0), torch.ones(FEATURES), atol=0.01, rtol=0)


def test_images_are_moved_as_wholes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "SHIFT", 2)
    x = torch.zeros(3, 28, 28)
    x[:, 10, 14] = 1
    places = set()
    for seed in range(40):
        moved = classifier._shifted(x.flatten(1), torch.Generator().manual_seed(seed)).view(3, 28, 28)
        (place,) = {tuple(index[1:]) for index in moved.nonzero().tolist()}
        places.add(place)
    assert {down for down, _ in places} == set(range(8, 13))
    assert {right for _, right in places} == set(range(12, 17))


def test_accuracy_counts_the_last_partial_batch() -> None:
    """All images are of class 0 to a classifier that knows no other."""
    weights = {name: torch.zeros(shape) for name, shape in SHAPES.items()}
    weights["classes.bias"][0] = 1.0
    labels = dataset().test.labels
    found = accuracy(Classifier(weights, 0.0, ""), dataset().test, CPU)
    assert found == pytest.approx((labels == 0).mean())


def test_it_is_trained_once_and_kept_with_its_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[str] = []
    first = get(messages)
    assert "training a classifier of bars, once" in messages[0]
    kept = read_tensors(cache_path(dataset()), SHAPES)
    assert float(kept.metadata["test_accuracy"]) == first.accuracy == accuracy(first, dataset().test, CPU)
    monkeypatch.setattr(classifier, "train", None)
    second = get(messages)
    assert len(messages) == 1
    assert (second.accuracy, second.checksum) == (first.accuracy, first.checksum)
    assert all(torch.equal(second.weights[name], first.weights[name]) for name in SHAPES)


def test_another_data_set_gets_another_one() -> None:
    assert cache_path(dataset(0)) != cache_path(dataset(1))


@pytest.mark.parametrize("damage", ["cut", "shape", "accuracy", "FIFO"])
def test_a_damaged_one_is_trained_anew_with_a_word(damage: str) -> None:
    place, messages = cache_path(dataset()), list[str]()
    first = get()
    arrays = read_tensors(place).arrays
    if damage == "cut":
        place.write_bytes(place.read_bytes()[:-100])
    elif damage == "FIFO":
        place.unlink()
        os.mkfifo(place)
    elif damage == "shape":
        write_tensors(place, {**arrays, "edges.bias": np.zeros(3, np.float32)}, {})
    else:
        write_tensors(place, arrays, {"test_accuracy": "7"})
    assert get(messages).checksum == first.checksum
    assert ("it is a FIFO" if damage == "FIFO" else "is damaged") in messages[0]
    assert "another one is trained" in messages[0]
    assert get(messages).accuracy == first.accuracy
    assert len(messages) == 2


def test_where_it_cannot_be_kept_it_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vaetui").write_text("a file where the cache folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    messages: list[str] = []
    assert get(messages).accuracy > 0.5
    assert "next time it is trained again" in messages[-1]


def test_one_cached_by_an_older_version_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its layers had the same shapes and another meaning."""
    arrays = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    old = cache_path(dataset()).with_name(f"{dataset().checksum[:32]}.safetensors")
    old.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(old, arrays, {"test_accuracy": "0.9"})
    monkeypatch.setattr(classifier, "train", lambda *_: {name: torch.ones(s) for name, s in SHAPES.items()})
    messages: list[str] = []
    assert get(messages).weights["edges.bias"][0] == 1
    assert "training a classifier" in messages[0]
