"""Precision and recall where they are known: the same set, another, a part, one point."""

import numpy as np
import pytest

from trainer.evaluation import precision_recall as module
from trainer.evaluation.precision_recall import Manifold, Points, precision_and_recall


def normal(count: int, seed: int = 0, size: int = 4) -> Points:
    return np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)


def measured(real: Points, samples: Points) -> tuple[float, float]:
    return precision_and_recall(Manifold.of(real), Manifold.of(samples))


def test_a_set_is_its_own_manifold() -> None:
    points = np.concatenate([normal(100), np.tile(normal(1, 9), (8, 1))])  # some are at one place
    assert measured(points + 50, points + 50) == (1.0, 1.0)
    assert measured(points, np.random.default_rng(1).permutation(points)) == (1.0, 1.0)


def test_sets_apart_share_nothing() -> None:
    assert measured(normal(100), normal(100, 1) + 20) == (0.0, 0.0)


def test_collapsed_samples_are_precise_and_recall_nothing() -> None:
    real = normal(200)
    precision, recall = measured(real, np.tile(real[:1], (200, 1)))
    assert (precision, recall) == (1.0, 1 / 200), "only the image that they all are"


def test_samples_of_one_class_of_two_recall_half() -> None:
    one, other = normal(150), normal(150, 1) + 20
    precision, recall = measured(np.concatenate([one, other]), one)
    assert (precision, recall) == (1.0, 0.5)
    assert measured(one, np.concatenate([one, other])) == (0.5, 1.0), "the two change places"


def test_radii_reach_the_third_neighbour() -> None:
    line = np.array([[0.0], [1.0], [3.0], [7.0], [8.0]], np.float32)
    assert Manifold.of(line).radii.tolist() == [49, 36, 16, 36, 49]
    same = np.tile(normal(1, size=64) + 50, (8, 1))
    assert Manifold.of(same).radii.tolist() == [0] * 8, "rounding is no distance"
    assert Manifold.of(line[:2]).radii.tolist() == [1, 1], "of two points there is one neighbour"


@pytest.mark.parametrize("rows", [7, 100])
def test_blocks_change_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, samples = normal(60), normal(50, 1) * 0.7
    whole = measured(real, samples)
    monkeypatch.setattr(module, "ROWS", rows)
    assert measured(real, samples) == whole
    apart = np.linalg.norm(samples[:, None] - real[None], axis=-1)  # (samples, real), without blocks
    radii = [np.sort(np.linalg.norm(one[:, None] - one[None], axis=-1), 1)[:, 3] for one in (real, samples)]
    expected = (apart <= radii[0]).any(1).mean(), (apart <= radii[1][:, None]).any(0).mean()
    assert whole == pytest.approx(expected)
    assert 0.1 < whole[1] < whole[0] < 1
