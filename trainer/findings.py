"""What `vaetui evaluate` adds to the test figures of a run; part of the contract, so without torch."""

from __future__ import annotations

from dataclasses import dataclass

CLASSES = 10


@dataclass(frozen=True)
class Marginal:
    """−log p(x) of the test images, a mean over them in nats per image, estimated by importance sampling.

    Burda, Grosse & Salakhutdinov 2015, equation 8, with `samples` draws of the posterior for an image.
    """

    nats: float  # on the scale of the distortion, so below −ELBO
    constant: float  # nats that the distortion, and so `nats`, leaves out of −log p(x); 0 for a Bernoulli
    standard_error: float  # of `nats`, over images
    samples: int
    effective_samples: float  # Kish's (Σw)² / Σw², a mean over images: near 1, one draw has all the weight
    seed: int
    protocol: str


@dataclass(frozen=True)
class Look:
    """How a set of decoded images looks to the classifier."""

    confidence: float  # probability of the class that it takes an image for, a mean over images
    class_entropy: float  # of its mean class probabilities, in nats: log 10 = 2.30 is all classes alike
    frechet: float  # distance to the test images in its feature space


@dataclass(frozen=True)
class Quality:
    """What a digit classifier makes of a model's images.

    `frechet` distances compare with each other only, and only where `classifier`, its checksum, is the same.
    `around` are draws of the posteriors of the test images; an autoencoder has none.
    """

    classifier: str
    classifier_accuracy: float  # on the test images as they are stored, grey
    originals: float  # its accuracy on the test images that the model was given, binarised or not
    accuracy: float  # and on their reconstructions
    confusion: tuple[tuple[int, ...], ...]  # images by true class (rows) and class of the reconstruction
    reconstructions: Look
    prior: Look
    around: Look | None
    draws: int
    seed: int
    protocol: str

    def check(self) -> None:
        """Raises `ValueError` unless the confusion is a square of counts, a row and a column a class."""
        rows = self.confusion
        square = len(rows) == CLASSES and all(len(row) == CLASSES for row in rows)
        if not square or any(count < 0 for row in rows for count in row):
            raise ValueError(f"quality.confusion is not {CLASSES} rows of {CLASSES} counts")

    def confused(self, one: int, other: int) -> int:
        """Images of class `one` whose reconstruction is taken for `other`, and the other way round."""
        return self.confusion[one][other] + self.confusion[other][one]
