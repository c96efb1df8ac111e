"""Rate a model's images by a classifier and in a feature space: reconstructions and samples.

Images are the decoder's means, as many of each kind as there are test images, so that all distances are
between sets of one size. Posterior samples are of training images: of the test images, they would be compared
with the very images that they were made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.contract.config import CLASSES
from trainer.contract.evaluation import CLEAR, Floor, Quality, SampledClass, SampleStatistics
from trainer.contract.files import Problem
from trainer.contract.images import Images
from trainer.engine.batches import as_input
from trainer.engine.precision import full_precision
from trainer.evaluation.classifier import FEATURES, Classifier, Progress
from trainer.evaluation.precision_recall import NEIGHBOURS, Manifold, precision_and_recall
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import mean_image
from trainer.models.seeds import seed_of

BATCH = 500
SEED: Final = 0  # of the random training images and halves, the same for every model
SPLITS: Final = 10  # random halves of the test images

Doubles = npt.NDArray[np.float64]

PROTOCOL = (
    "decoder means, {draws} of each kind; classes by classifier {classifier} ({accuracy:.2%} right on the "
    "data set's test images); reconstructions through the posterior mean{around}; Fréchet distance to the "
    "{draws} test images (Heusel et al. 2017), precision and recall (Kynkäänniemi et al. 2019, "
    "k = {neighbours}) in the {size} features of network {network}, comparable only in the same; floor: "
    "{train} random training images, and random halves of the test images, {splits} times"
)
AROUND = ", posterior samples of {train} random training images"


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution with the mean and the covariance of a set of points."""

    mean: Doubles  # (features,)
    covariance: Doubles  # (features, features)

    @staticmethod
    def of(points: npt.ArrayLike) -> Gaussian:
        """Fit a Gaussian to two or more points (points, features)."""
        doubles = np.asarray(points, np.float64)
        return Gaussian(doubles.mean(0), np.atleast_2d(np.cov(doubles, rowvar=False)))


def frechet(one: Gaussian, other: Gaussian) -> float:
    """Return the squared Fréchet distance of two Gaussians (Dowson & Landau 1982; Heusel et al. 2017).

    |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½): symmetric inside, so that its root's trace is the sum of
    the roots of its eigenvalues, real and not negative but for rounding.
    """
    values, vectors = np.linalg.eigh(one.covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T  # Σ₁^½
    inner = np.linalg.eigvalsh(root @ other.covariance @ root)
    traces = np.trace(one.covariance) + np.trace(other.covariance)
    gap = np.square(one.mean - other.mean).sum()
    return max(0.0, float(gap + traces - 2 * np.sqrt(inner.clip(0)).sum()))


@dataclass(frozen=True)
class Networks:
    """What images are measured with: the classifier of their data set, and a network for its features."""

    classifier: Classifier
    features: Classifier


@dataclass(frozen=True, eq=False)
class ClassifiedImages:
    """The features and class probabilities of a set of images."""

    features: Doubles  # (images, FEATURES)
    probabilities: Doubles  # of each class, (images, CLASSES)

    @cached_property
    def gaussian(self) -> Gaussian:
        """The Gaussian of the features."""
        return Gaussian.of(self.features)

    @cached_property
    def manifold(self) -> Manifold:
        """The manifold of the features."""
        return Manifold.of(self.features.astype(np.float32))

    @property
    def classes(self) -> npt.NDArray[np.int64]:
        """The predicted class of each image, (images,)."""
        predicted: npt.NDArray[np.int64] = self.probabilities.argmax(1)
        return predicted

    def accuracy(self, labels: npt.NDArray[np.uint8]) -> float:
        """Return the share of images whose predicted class is their label."""
        return float((self.classes == labels).mean())

    def statistics(self, real: ClassifiedImages) -> SampleStatistics:
        """Return the statistics of the images, with their Fréchet distance to `real`."""
        mean = self.probabilities.mean(0)  # (CLASSES,)
        entropy = -float((mean * np.log(mean.clip(1e-300))).sum())
        distance = frechet(real.gaussian, self.gaussian)
        return SampleStatistics(float(self.probabilities.max(1).mean()), entropy, distance)

    @property
    def sampled_classes(self) -> tuple[SampledClass, ...]:
        """The number of images of each predicted class, and of those that are clear."""
        clear = self.probabilities.max(1) >= CLEAR
        counts = [
            (int(own.sum()), int((own & clear).sum()))
            for own in (self.classes == label for label in range(CLASSES))
        ]
        return tuple(SampledClass(*pair) for pair in counts)

    def sample_statistics(self, real: ClassifiedImages) -> SampleStatistics:
        """Return the statistics of the images with their precision and recall too."""
        precision, recall = precision_and_recall(real.manifold, self.manifold)
        return replace(self.statistics(real), precision=precision, recall=recall)


def classify(networks: Networks, batches: Iterable[Tensor]) -> ClassifiedImages:
    """Classify `batches` of images (batch, pixels) in 0…1.

    Raises `Problem` where they are no numbers: a posterior may be so wide that its samples overflow.
    """
    all_features, probabilities = [], []
    for x in batches:
        features = networks.features.features(x)  # (batch, FEATURES)
        seen = features if networks.classifier is networks.features else networks.classifier.features(x)
        all_features.append(features.cpu().numpy().astype(np.float64))
        logits = networks.classifier.logits(seen)  # (batch, CLASSES)
        probabilities.append(logits.cpu().double().softmax(-1).numpy())
    classified = ClassifiedImages(np.concatenate(all_features), np.concatenate(probabilities))
    if not np.isfinite(classified.probabilities).all() or not np.isfinite(classified.features).all():
        raise Problem("what the model decodes are no numbers: train it with a lower --lr")
    return classified


@dataclass(frozen=True, eq=False)
class Reference:
    """The real images that a model's are compared with, the same for all models of a data set."""

    networks: Networks
    test: Images  # binarized where the models are
    classified: ClassifiedImages  # the test images
    train: Images  # as many random training images
    floor: Floor


@torch.no_grad()
def reference(networks: Networks, train: Images, test: Images, device: torch.device) -> Reference:
    """Measure the `test` images, and how alike to them random images of `train` and their own halves are."""
    order = np.random.Generator(np.random.PCG64(SEED)).permutation(len(train.labels))
    rows = np.sort(order[: len(test.labels)])
    drawn = Images(train.pixels[rows], train.labels[rows])
    with full_precision():
        classified, others = (
            classify(networks, _batches(torch.from_numpy(images.pixels).to(device)))
            for images in (test, drawn)
        )
    distances = _distances_of_halves(classified.features)
    floor = Floor(
        train=others.sample_statistics(classified),
        halves=float(distances.mean()),
        halves_std=float(distances.std(ddof=1)),
        splits=len(distances),
    )
    return Reference(networks, test, classified, drawn, floor)


def _distances_of_halves(features: Doubles) -> Doubles:
    """Return the Fréchet distance of one half of `features` (images, features) to the other, (SPLITS,)."""
    generator, half = np.random.Generator(np.random.PCG64(SEED)), len(features) // 2
    orders = [generator.permutation(len(features)) for _ in range(SPLITS)]
    return np.array(
        [
            frechet(Gaussian.of(features[order[:half]]), Gaussian.of(features[order[half:]]))
            for order in orders
        ]
    )


def _batches(pixels: Tensor) -> Iterator[Tensor]:
    """Yield batches (batch, pixels) in 0…1 of `pixels`, uint8 (images, pixels)."""
    return (as_input(part) for part in torch.split(pixels, BATCH))


def confusion(true: npt.NDArray[np.uint8], predicted: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Count the images of each true class (rows) by predicted class (columns)."""
    counts = np.bincount(true.astype(np.int64) * CLASSES + predicted, minlength=CLASSES**2)
    return tuple(tuple(row) for row in counts.reshape(CLASSES, CLASSES).tolist())


@dataclass(frozen=True)
class ModelImages:
    """The images of an ensemble of one model, made on its device."""

    ensemble: Ensemble

    def _decode(self, z: Tensor) -> Tensor:
        """Decode latents (batch, latent) to the decoder's means (batch, pixels) in 0…1."""
        return mean_image(self.ensemble.likelihood, self.ensemble.decode(z.unsqueeze(0))[0])

    def reconstructions(self, images: Images) -> Iterator[Tensor]:
        """Yield the reconstruction of each of `images` through its posterior mean."""
        for x in self._inputs(images):
            mean, _ = self.ensemble.encode(x)  # (1, batch, latent)
            yield self._decode(mean[0])

    def around(self, images: Images) -> Iterator[Tensor]:
        """Yield one decoded posterior sample of each of `images`."""
        for i, x in enumerate(self._inputs(images)):
            mean, log_var = self.ensemble.encode(x)  # (1, batch, latent)
            noise = self.ensemble.noise(("quality", i), 1, BATCH)[0, :, : len(x)]
            yield self._decode((mean + noise * (0.5 * log_var).exp())[0])

    def prior(self, count: int) -> Iterator[Tensor]:
        """Yield `count` decoded samples of N(0, I), the same for a seed and size."""
        config = self.ensemble.configs[0]
        generator = torch.Generator().manual_seed(seed_of("prior", config.seed, config.model.latent))
        for start in range(0, count, BATCH):
            draws = min(BATCH, count - start)
            z = torch.randn(draws, config.model.latent, generator=generator)
            yield self._decode(z.to(self.ensemble.device))

    def _inputs(self, images: Images) -> Iterator[Tensor]:
        return _batches(torch.from_numpy(images.pixels).to(self.ensemble.device))


@torch.no_grad()
def quality(ensemble: Ensemble, real: Reference, progress: Progress) -> Quality:
    """Measure the images of an ensemble of one model; `progress` is called with the finished share, 0…1."""
    (config,) = ensemble.configs
    images, test, draws = ModelImages(ensemble), real.test, len(real.test.labels)
    classifier, floor = real.networks.classifier, real.floor
    with full_precision():
        reconstructions = classify(real.networks, images.reconstructions(test))
        progress(0.1)
        prior = classify(real.networks, images.prior(draws))
        of_prior = prior.sample_statistics(real.classified)
        progress(0.55)
        around = classify(real.networks, images.around(real.train)) if config.model.is_vae else None
        of_around = around.sample_statistics(real.classified) if around else None
        progress(1.0)
    return Quality(
        classifier=classifier.checksum,
        classifier_accuracy=classifier.accuracy,
        originals=real.classified.accuracy(test.labels),
        accuracy=reconstructions.accuracy(test.labels),
        confusion=confusion(test.labels, reconstructions.classes),
        reconstructions=reconstructions.statistics(real.classified),
        prior=of_prior,
        around=of_around,
        draws=draws,
        seed=config.seed,
        protocol=_protocol(real, is_vae=config.model.is_vae),
        features=real.networks.features.checksum,
        around_of="train",
        floor=floor,
        prior_classes=prior.sampled_classes,
        around_classes=around.sampled_classes if around else (),
    )


def _protocol(real: Reference, *, is_vae: bool) -> str:
    """Return how the quality of a model's images is measured."""
    classifier, count = real.networks.classifier, len(real.train.labels)
    return PROTOCOL.format(
        draws=len(real.test.labels),
        accuracy=classifier.accuracy,
        classifier=classifier.checksum,
        around=AROUND.format(train=count) if is_vae else "",
        neighbours=NEIGHBOURS,
        size=FEATURES,
        network=real.networks.features.checksum,
        train=count,
        splits=real.floor.splits,
    )
