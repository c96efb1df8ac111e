"""Rate a model's images by a classifier: reconstructions, samples of the prior and of the posteriors.

Images are the decoder's means, one for each test image, so that all distances are between sets of one size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.contract.config import CLASSES
from trainer.contract.evaluation import Quality, SampleStatistics
from trainer.contract.files import Problem
from trainer.contract.images import Images
from trainer.engine.batches import as_input
from trainer.engine.precision import full_precision
from trainer.evaluation.classifier import FEATURES, Classifier, Progress
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import mean_image
from trainer.models.seeds import seed_of

BATCH = 500

Doubles = npt.NDArray[np.float64]

PROTOCOL = (
    "decoder means seen by a classifier ({accuracy:.2%} right on the data set's test images), {draws} draws "
    "each; reconstructions through the posterior mean; the Fréchet distance in its {features} features "
    "compares only with itself, under the same classifier {checksum}"
)


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


@dataclass(frozen=True, eq=False)
class ClassifiedImages:
    """The features and class probabilities of a set of images."""

    features: Doubles  # (images, FEATURES)
    probabilities: Doubles  # of each class, (images, CLASSES)

    @property
    def classes(self) -> npt.NDArray[np.int64]:
        """The predicted class of each image, (images,)."""
        predicted: npt.NDArray[np.int64] = self.probabilities.argmax(1)
        return predicted

    def accuracy(self, labels: npt.NDArray[np.uint8]) -> float:
        """Return the share of images whose predicted class is their label."""
        return float((self.classes == labels).mean())

    def statistics(self, originals: Gaussian) -> SampleStatistics:
        """Return the statistics of the images, with their distance to `originals`."""
        mean = self.probabilities.mean(0)  # (CLASSES,)
        entropy = -float((mean * np.log(mean.clip(1e-300))).sum())
        distance = frechet(originals, Gaussian.of(self.features))
        return SampleStatistics(float(self.probabilities.max(1).mean()), entropy, distance)


def classify(classifier: Classifier, batches: Iterator[Tensor]) -> ClassifiedImages:
    """Classify `batches` of images (batch, pixels) in 0…1.

    Raises `Problem` where they are no numbers: a posterior may be so wide that its samples overflow.
    """
    all_features, probabilities = [], []
    for x in batches:
        features = classifier.features(x)  # (batch, FEATURES)
        all_features.append(features.cpu().numpy().astype(np.float64))
        probabilities.append(
            classifier.logits(features).cpu().double().softmax(-1).numpy()
        )  # (batch, CLASSES)
    classified = ClassifiedImages(np.concatenate(all_features), np.concatenate(probabilities))
    if not np.isfinite(classified.probabilities).all():
        raise Problem("what the model decodes are no numbers: train it with a lower --lr")
    return classified


def confusion(true: npt.NDArray[np.uint8], predicted: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Count the images of each true class (rows) by predicted class (columns)."""
    counts = np.bincount(true.astype(np.int64) * CLASSES + predicted, minlength=CLASSES**2)
    return tuple(tuple(row) for row in counts.reshape(CLASSES, CLASSES).tolist())


@dataclass(frozen=True)
class ModelImages:
    """The images of an ensemble of one model, made from the test images on its device."""

    ensemble: Ensemble
    pixels: Tensor  # uint8 (images, pixels)

    def _batches(self) -> Iterator[tuple[int, Tensor]]:
        """Yield number and images (batch, pixels) in 0…1 of each batch of test images."""
        for start in range(0, len(self.pixels), BATCH):
            yield start // BATCH, as_input(self.pixels[start : start + BATCH])

    def _decode(self, z: Tensor) -> Tensor:
        """Decode latents (batch, latent) to the decoder's means (batch, pixels) in 0…1."""
        return mean_image(self.ensemble.likelihood, self.ensemble.decode(z.unsqueeze(0))[0])

    def originals(self) -> Iterator[Tensor]:
        """Yield the test images."""
        return (x for _, x in self._batches())

    def reconstructions(self) -> Iterator[Tensor]:
        """Yield the reconstruction of every test image through its posterior mean."""
        for _, x in self._batches():
            mean, _ = self.ensemble.encode(x)  # (1, batch, latent)
            yield self._decode(mean[0])

    def around(self) -> Iterator[Tensor]:
        """Yield one decoded posterior sample of every test image."""
        for i, x in self._batches():
            mean, log_var = self.ensemble.encode(x)  # (1, batch, latent)
            noise = self.ensemble.noise(("quality", i), 1, BATCH)[0, :, : len(x)]
            yield self._decode((mean + noise * (0.5 * log_var).exp())[0])

    def prior(self) -> Iterator[Tensor]:
        """Yield as many decoded samples of N(0, I) as there are test images, the same for a seed and size."""
        config = self.ensemble.configs[0]
        generator = torch.Generator().manual_seed(seed_of("prior", config.seed, config.model.latent))
        for start in range(0, len(self.pixels), BATCH):
            draws = min(BATCH, len(self.pixels) - start)
            z = torch.randn(draws, config.model.latent, generator=generator)
            yield self._decode(z.to(self.ensemble.device))


@torch.no_grad()
def quality(ensemble: Ensemble, test: Images, classifier: Classifier, progress: Progress) -> Quality:
    """Measure an ensemble of one model by `classifier`.

    `test` are binarized where the model is; `progress` is called with the finished share, 0…1.
    """
    (config,) = ensemble.configs
    images = ModelImages(ensemble, torch.from_numpy(test.pixels).to(ensemble.device))
    kinds = [images.originals, images.reconstructions, images.prior]
    kinds += [images.around] if config.model.is_vae else []
    classified = []
    with full_precision():
        for batches_of in kinds:
            classified.append(classify(classifier, batches_of()))
            progress(len(classified) / len(kinds))
    originals, reconstructions, prior, *around = classified
    reference, draws = Gaussian.of(originals.features), len(test.labels)
    return Quality(
        classifier=classifier.checksum,
        classifier_accuracy=classifier.accuracy,
        originals=originals.accuracy(test.labels),
        accuracy=reconstructions.accuracy(test.labels),
        confusion=confusion(test.labels, reconstructions.classes),
        reconstructions=reconstructions.statistics(reference),
        prior=prior.statistics(reference),
        around=around[0].statistics(reference) if around else None,
        draws=draws,
        seed=config.seed,
        protocol=PROTOCOL.format(
            accuracy=classifier.accuracy, draws=draws, features=FEATURES, checksum=classifier.checksum
        ),
    )
