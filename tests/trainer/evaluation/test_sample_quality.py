"""Quality: the distance where it is known, counts that add up, draws that depend on the seed alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.trainer.small import TEST, config, dataset
from trainer.contract.config import CLASSES, Config
from trainer.contract.evaluation import Quality, SampledClass
from trainer.contract.files import Problem
from trainer.evaluation import sample_quality as module
from trainer.evaluation.classifier import SHAPES, Classifier
from trainer.evaluation.sample_quality import (
    ClassifiedImages,
    Gaussian,
    Networks,
    Reference,
    confusion,
    frechet,
    quality,
    reference,
)
from trainer.models.ensemble import Ensemble
from trainer.models.registry import initial_weights


def normal(seed: int, size: int = 5, rank: int = 5) -> Gaussian:
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((size, rank))
    return Gaussian(rng.standard_normal(size), factor @ factor.T)


CPU = torch.device("cpu")


def network(seed: int, checksum: str) -> Classifier:
    generator = torch.Generator().manual_seed(seed)
    weights = {name: torch.randn(shape, generator=generator) / 5 for name, shape in SHAPES.items()}
    return Classifier(weights, 0.5, checksum)


@pytest.fixture(scope="module")
def real() -> Reference:
    networks = Networks(network(0, "0badcafe"), network(1, "feedbeef"))
    return reference(networks, dataset().train, dataset().test, CPU)


def measured(one: Config, real: Reference) -> Quality:
    ensemble = Ensemble.build([one], [initial_weights(one)], CPU)
    return quality(ensemble, real, lambda part: None)


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
    features = np.random.default_rng(0).standard_normal((10, 4))
    others = ClassifiedImages(features + 1, np.eye(10))
    sure = ClassifiedImages(features, np.eye(10)).statistics(others)
    assert sure.frechet == pytest.approx(4)
    assert (sure.precision, sure.recall) == (None, None)
    assert (sure.confidence, sure.class_entropy) == pytest.approx((1.0, np.log(10)))
    unsure = ClassifiedImages(features, np.full((10, 10), 0.1)).statistics(others)
    assert (unsure.confidence, unsure.class_entropy) == pytest.approx((0.1, np.log(10)))
    one = ClassifiedImages(features, np.eye(10)[[3] * 10]).statistics(others)
    assert (one.confidence, one.class_entropy) == pytest.approx((1.0, 0.0))


def test_samples_are_counted_by_class_and_those_that_are_clear() -> None:
    probabilities = np.full((3, CLASSES), 0.01)
    probabilities[[0, 1, 2], [4, 4, 9]] = (0.95, 0.6, 0.91)
    found = ClassifiedImages(np.zeros((3, 2)), probabilities).sampled_classes
    assert (found[4], found[9]) == (SampledClass(2, 1), SampledClass(1, 1))
    assert sum(one.samples for one in found) == 3


def test_the_confusion_has_the_true_classes_in_rows() -> None:
    counts = confusion(np.array([4, 4, 9, 0], np.uint8), np.array([9, 4, 4, 0]))
    assert (counts[4][9], counts[9][4], counts[4][4], counts[0][0]) == (1, 1, 1, 1)
    assert sum(map(sum, counts)) == 4


def test_figures_of_a_model_add_up(real: Reference) -> None:
    found = measured(config(), real)
    assert (found.draws, found.classifier, found.classifier_accuracy) == (TEST, "0badcafe", 0.5)
    assert [sum(row) for row in found.confusion] == np.bincount(dataset().test.labels).tolist()
    assert found.accuracy == pytest.approx(sum(found.confusion[c][c] for c in range(10)) / TEST)
    assert (found.features, found.feature_network, found.around_of) == ("feedbeef", "feedbeef", "train")
    assert found.around not in (None, found.reconstructions)
    assert "features of network feedbeef, comparable only in the same" in found.protocol
    assert "classifier 0badcafe (50.00% right" in found.protocol
    assert measured(config(), real) == found
    assert replace(found, features="").feature_network == "0badcafe", "of an older version"


def test_distances_are_in_the_feature_network_and_classes_by_the_classifier(real: Reference) -> None:
    found = measured(config(), real)
    same = Networks(real.networks.features, real.networks.features)
    other = measured(config(), reference(same, dataset().train, dataset().test, CPU))
    assert other.prior.frechet == found.prior.frechet
    assert other.prior.confidence != found.prior.confidence
    assert other.floor is not None
    assert found.floor is not None
    assert (other.floor.halves, other.floor.train.recall) == (found.floor.halves, found.floor.train.recall)


def test_the_floor_is_what_real_images_score(real: Reference) -> None:
    """The training images here are drawn as the test images are; a random model's samples are far off."""
    floor, found = real.floor, measured(config(), real)
    assert len(real.train.labels) == TEST
    assert 0 < floor.train.frechet < found.prior.frechet / 10
    assert (floor.train.precision or 0) > 0.5 < (floor.train.recall or 0)
    assert (found.prior.precision, found.prior.recall) == (0, 0)
    assert 0 < floor.halves_std < floor.halves < found.prior.frechet / 5


def test_posterior_samples_are_of_training_images(real: Reference) -> None:
    """Of other training images there are other samples, and the rest is as it was."""
    found, other = measured(config(), real), replace(real, train=dataset(1).train)
    again = measured(config(), other)
    assert again.around != found.around
    assert (again.prior, again.reconstructions) == (found.prior, found.reconstructions)


def test_halves_have_every_image_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def distance(one: list[float], other: list[float]) -> float:
        seen.append((one, other))
        return 1.0

    monkeypatch.setattr(module, "frechet", distance)
    monkeypatch.setattr(module.Gaussian, "of", lambda points: points[:, 0].tolist())
    assert module._distances_of_halves(np.arange(9.0)[:, None]).tolist() == [1.0] * module.SPLITS
    assert all(sorted(one + other) == list(range(9)) and len(one) == 4 for one, other in seen)
    assert len({tuple(sorted(one)) for one, _ in seen}) > 5


def test_the_last_partial_batch_counts(real: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measured(config(), real)
    monkeypatch.setattr(module, "BATCH", 10)
    parts = measured(config(), real)
    assert parts.confusion == whole.confusion
    assert parts.reconstructions.frechet == pytest.approx(whole.reconstructions.frechet, rel=1e-4)
    assert parts.draws == TEST


def test_an_autoencoder_has_no_draws_around_data(real: Reference) -> None:
    found = measured(config(kind="ae"), real)
    assert "posterior samples" not in found.protocol
    assert found.around is None
    assert found.prior.frechet > 0


def test_prior_draws_are_those_of_the_seed_and_the_size(real: Reference) -> None:
    """One decoder: another β changes nothing, another seed the draws."""
    one = config()
    weights = [initial_weights(one)]

    def prior_of(other: Config) -> float:
        ensemble = Ensemble.build([other], weights, torch.device("cpu"))
        return quality(ensemble, real, lambda part: None).prior.frechet

    assert prior_of(one) == prior_of(config(beta=4.0)) != prior_of(replace(one, seed=1))


def test_a_decoder_that_overflows_is_one_sentence(real: Reference) -> None:
    weights = initial_weights(config())
    weights["log_var.bias"].fill_(200.0)
    ensemble = Ensemble.build([config()], [weights], torch.device("cpu"))
    with pytest.raises(Problem, match="are no numbers"):
        quality(ensemble, real, lambda part: None)
