"""What a classifier makes of a model's images: reconstructions, draws of the prior, draws around data.

Images are the decoder's means, one for each test image, so that all distances are of sets of one size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from trainer.evaluation.classifier import FEATURES, Classifier
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import mean_image
from trainer.models.seeds import seed_of

BATCH = 500

Progress = Callable[[float], None]
Doubles = npt.NDArray[np.float64]

PROTOCOL = (
    "decoder means seen by a classifier ({accuracy:.2%} right on the data set's test images), {draws} draws "
    "each; reconstructions through the posterior mean; the Fréchet distance in its {features} features "
    "compares only with itself, under the same classifier {checksum}"
)


# --- the distance -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution with the mean and the covariance of a set of points."""

    mean: Doubles  # (features,)
    covariance: Doubles  # (features, features)

    @staticmethod
    def of(points: npt.ArrayLike) -> Gaussian:
        """Fitted to points (points, features), two or more."""
        found = np.asarray(points, np.float64)
        return Gaussian(found.mean(0), np.atleast_2d(np.cov(found, rowvar=False)))


def frechet(one: Gaussian, other: Gaussian) -> float:
    """The squared Fréchet distance of two normal distributions (Dowson & Landau 1982; Heusel et al. 2017).

    |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½): symmetric inside, so that its root's trace is the sum of
    the roots of its eigenvalues, real and not negative but for rounding.
    """
    values, vectors = np.linalg.eigh(one.covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T  # Σ₁^½
    inner = np.linalg.eigvalsh(root @ other.covariance @ root)
    traces = np.trace(one.covariance) + np.trace(other.covariance)
    gap = np.square(one.mean - other.mean).sum()
    return max(0.0, float(gap + traces - 2 * np.sqrt(inner.clip(0)).sum()))


# --- images as the classifier sees them ---------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ClassifiedImages:
    """A set of images as the classifier sees them."""

    features: Doubles  # (images, FEATURES)
    chances: Doubles  # of each class, (images, CLASSES)

    @property
    def classes(self) -> npt.NDArray[np.int64]:
        """The class that each image is taken for, (images,)."""
        found: npt.NDArray[np.int64] = self.chances.argmax(1)
        return found

    def right(self, labels: npt.NDArray[np.uint8]) -> float:
        """The share of images that is taken for what its label says."""
        return float((self.classes == labels).mean())

    def look(self, originals: Gaussian) -> SampleStatistics:
        """Beside the test images."""
        mean = self.chances.mean(0)  # (CLASSES,)
        entropy = -float((mean * np.log(mean.clip(1e-300))).sum())
        distance = frechet(originals, Gaussian.of(self.features))
        return SampleStatistics(float(self.chances.max(1).mean()), entropy, distance)


def classify(classifier: Classifier, batches: Iterator[Tensor]) -> ClassifiedImages:
    """`batches` of images (batch, pixels) in 0…1, one after the other.

    Raises `Problem` where they are no numbers: a posterior may be so wide that its draws overflow.
    """
    features, chances = [], []
    for x in batches:
        found = classifier.features(x)  # (batch, FEATURES)
        features.append(found.cpu().numpy().astype(np.float64))
        chances.append(classifier.logits(found).cpu().double().softmax(-1).numpy())  # (batch, CLASSES)
    seen = ClassifiedImages(np.concatenate(features), np.concatenate(chances))
    if not np.isfinite(seen.chances).all():
        raise Problem("what the model decodes are no numbers: train it with a lower --lr")
    return seen


def confusion(true: npt.NDArray[np.uint8], taken: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """How many images of each true class (rows) are taken for each class (columns)."""
    counts = np.bincount(true.astype(np.int64) * CLASSES + taken, minlength=CLASSES**2)
    return tuple(tuple(row) for row in counts.reshape(CLASSES, CLASSES).tolist())


# --- a model's images ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelImages:
    """An ensemble of one model, and the test images as it is judged on them, on its device."""

    ensemble: Ensemble
    pixels: Tensor  # uint8 (images, pixels)

    def _batches(self) -> Iterator[tuple[int, Tensor]]:
        """Number and images (batch, pixels) in 0…1."""
        for start in range(0, len(self.pixels), BATCH):
            yield start // BATCH, as_input(self.pixels[start : start + BATCH])

    def _decode(self, z: Tensor) -> Tensor:
        """Latents (batch, latent) → the decoder's means (batch, pixels), in 0…1."""
        return mean_image(self.ensemble.likelihood, self.ensemble.decode(z.unsqueeze(0))[0])

    def originals(self) -> Iterator[Tensor]:
        """The test images."""
        return (x for _, x in self._batches())

    def reconstructions(self) -> Iterator[Tensor]:
        """Of every test image, through the posterior mean."""
        for _, x in self._batches():
            mean, _ = self.ensemble.encode(x)  # (1, batch, latent)
            yield self._decode(mean[0])

    def around(self) -> Iterator[Tensor]:
        """One draw of the posterior of every test image."""
        for i, x in self._batches():
            mean, log_var = self.ensemble.encode(x)  # (1, batch, latent)
            noise = self.ensemble.noise(("quality", i), 1, BATCH)[0, :, : len(x)]
            yield self._decode((mean + noise * (0.5 * log_var).exp())[0])

    def prior(self) -> Iterator[Tensor]:
        """As many draws of N(0, I) as there are test images; models of one seed and size share them."""
        config = self.ensemble.configs[0]
        generator = torch.Generator().manual_seed(seed_of("prior", config.seed, config.model.latent))
        for start in range(0, len(self.pixels), BATCH):
            draws = min(BATCH, len(self.pixels) - start)
            z = torch.randn(draws, config.model.latent, generator=generator)
            yield self._decode(z.to(self.ensemble.device))


@torch.no_grad()
def quality(ensemble: Ensemble, test: Images, classifier: Classifier, progress: Progress) -> Quality:
    """What `classifier` makes of an ensemble of one model.

    `test` are the images as it is judged on them; `progress` is called with the part that is done, 0…1.
    """
    (config,) = ensemble.configs
    studio = ModelImages(ensemble, torch.from_numpy(test.pixels).to(ensemble.device))
    steps = [studio.originals, studio.reconstructions, studio.prior]
    steps += [studio.around] if config.model.is_vae else []
    seen = []
    with full_precision():
        for step in steps:
            seen.append(classify(classifier, step()))
            progress(len(seen) / len(steps))
    originals, reconstructions, prior, *around = seen
    reference, draws = Gaussian.of(originals.features), len(test.labels)
    return Quality(
        classifier=classifier.checksum,
        classifier_accuracy=classifier.accuracy,
        originals=originals.right(test.labels),
        accuracy=reconstructions.right(test.labels),
        confusion=confusion(test.labels, reconstructions.classes),
        reconstructions=reconstructions.look(reference),
        prior=prior.look(reference),
        around=around[0].look(reference) if around else None,
        draws=draws,
        seed=config.seed,
        protocol=PROTOCOL.format(
            accuracy=classifier.accuracy, draws=draws, features=FEATURES, checksum=classifier.checksum
        ),
    )
