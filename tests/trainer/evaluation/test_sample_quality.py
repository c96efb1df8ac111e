"""Quality: the distance where it is known, counts that add up, draws that depend on the seed alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.trainer.small import TEST, config, dataset
from trainer.contract.config import Config
from trainer.contract.evaluation import Quality
from trainer.contract.files import Problem
from trainer.evaluation import sample_quality as module
from trainer.evaluation.classifier import SHAPES, Classifier
from trainer.evaluation.sample_quality import ClassifiedImages, Gaussian, confusion, frechet, quality
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights


def normal(seed: int, size: int = 5, rank: int = 5) -> Gaussian:
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((size, rank))
    return Gaussian(rng.standard_normal(size), factor @ factor.T)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.randn(shape, generator=generator) / 5 for name, shape in SHAPES.items()}
    return Classifier(weights, 0.5, "0badcafe")


def measured(one: Config, classifier: Classifier) -> Quality:
    ensemble = Ensemble.build([one], [initial_weights(one)], torch.device("cpu"))
    return quality(ensemble, dataset().test, classifier, lambda part: None)


# --- the distance -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 5])
def test_a_set_is_at_no_distance_from_itself(rank: int) -> None:
    assert frechet(normal(0, rank=rank), normal(0, rank=rank)) == pytest.approx(0, abs=1e-6)
    points = np.random.default_rng(0).standard_normal((40, 64))  # fewer points than features
    assert frechet(Gaussian.of(points), Gaussian.of(points[::-1])) == pytest.approx(0, abs=1e-5)


def test_independent_features_are_at_the_distance_of_their_moments() -> None:
    a, b = np.array([1.0, 4.0, 0.0]), np.array([9.0, 4.0, 2.0])
    one, other = Gaussian(np.zeros(3), np.diag(a)), Gaussian(np.array([1.0, 0, 2]), np.diag(b))
    assert frechet(one, other) == pytest.approx(5 + np.square(np.sqrt(a) - np.sqrt(b)).sum())


def test_correlated_features_too_and_both_ways_alike() -> None:
    one, other = normal(1), normal(2)
    roots = np.sqrt(np.linalg.eigvals(one.covariance @ other.covariance).real)
    gap = np.square(one.mean - other.mean).sum()
    expected = gap + np.trace(one.covariance + other.covariance) - 2 * roots.sum()
    assert frechet(one, other) == pytest.approx(expected)
    assert frechet(other, one) == pytest.approx(expected)


def test_a_fit_has_the_moments_of_its_points() -> None:
    points = np.random.default_rng(3).standard_normal((1000, 4)) * [1, 2, 3, 4] + 5
    found = Gaussian.of(points.astype(np.float32))
    assert found.mean == pytest.approx([5] * 4, abs=0.5)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx([1, 2, 3, 4], rel=0.1)


# --- what is seen -------------------------------------------------------------------------------------


def test_confidence_and_entropy_of_all_classes_and_of_one() -> None:
    features, reference = np.random.default_rng(0).standard_normal((10, 4)), normal(0, 4)
    sure = ClassifiedImages(features, np.eye(10)).statistics(reference)
    assert (sure.confidence, sure.class_entropy) == pytest.approx((1.0, np.log(10)))
    unsure = ClassifiedImages(features, np.full((10, 10), 0.1)).statistics(reference)
    assert (unsure.confidence, unsure.class_entropy) == pytest.approx((0.1, np.log(10)))
    one = ClassifiedImages(features, np.eye(10)[[3] * 10]).statistics(reference)
    assert (one.confidence, one.class_entropy) == pytest.approx((1.0, 0.0))


def test_the_confusion_has_the_true_classes_in_rows() -> None:
    counts = confusion(np.array([4, 4, 9, 0], np.uint8), np.array([9, 4, 4, 0]))
    assert (counts[4][9], counts[9][4], counts[4][4], counts[0][0]) == (1, 1, 1, 1)
    assert sum(map(sum, counts)) == 4


def test_figures_of_a_model_add_up(classifier: Classifier) -> None:
    found = measured(config(), classifier)
    assert (found.draws, found.classifier, found.classifier_accuracy) == (TEST, "0badcafe", 0.5)
    assert [sum(row) for row in found.confusion] == np.bincount(dataset().test.labels).tolist()
    assert found.accuracy == pytest.approx(sum(found.confusion[c][c] for c in range(10)) / TEST)
    assert found.around not in (None, found.reconstructions)
    assert "only with itself" in found.protocol
    assert "50.00% right" in found.protocol
    assert measured(config(), classifier) == found


def test_the_last_partial_batch_counts(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measured(config(), classifier)
    monkeypatch.setattr(module, "BATCH", 10)
    parts = measured(config(), classifier)
    assert parts.confusion == whole.confusion
    assert parts.reconstructions.frechet == pytest.approx(whole.reconstructions.frechet, rel=1e-4)
    assert parts.draws == TEST


def test_an_autoencoder_has_no_draws_around_data(classifier: Classifier) -> None:
    found = measured(config(kind="ae"), classifier)
    assert found.around is None
    assert found.prior.frechet > 0


def test_prior_draws_are_those_of_the_seed_and_the_size(classifier: Classifier) -> None:
    """One decoder: another β changes nothing, another seed the draws."""
    one = config()
    weights = [initial_weights(one)]

    def prior_of(other: Config) -> float:
        ensemble = Ensemble.build([other], weights, torch.device("cpu"))
        return quality(ensemble, dataset().test, classifier, lambda part: None).prior.frechet

    assert prior_of(one) == prior_of(config(beta=4.0)) != prior_of(replace(one, seed=1))


def test_a_decoder_that_overflows_is_one_sentence(classifier: Classifier) -> None:
    weights = initial_weights(config())
    weights["log_var.bias"].fill_(200.0)
    ensemble = Ensemble.build([config()], [weights], torch.device("cpu"))
    with pytest.raises(Problem, match="are no numbers"):
        quality(ensemble, dataset().test, classifier, lambda part: None)
