"""What `vaetui evaluate` adds to the test figures of a run; part of the contract, so without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from trainer.contract.values import Between

CLASSES = 10

# What a number that is read may be. Sums of figures stay in float32, and a training whose figures are larger
# than that diverges with the next steps.
Figure = Annotated[float, Between(-1e30, 1e30)]
Count = Annotated[int, Between(0, 10**9)]
Seed = Annotated[int, Between(0, (1 << 32) - 1)]


@dataclass(frozen=True)
class Marginal:
    """−log p(x) of the test images, a mean over them in nats per image, estimated by importance sampling.

    Burda, Grosse & Salakhutdinov 2015, equation 8, with `samples` draws of the posterior for an image.
    """

    nats: Figure  # on the scale of the distortion, so below −ELBO
    constant: Figure  # nats that the distortion, and so `nats`, leaves out of −log p(x); 0 for a Bernoulli
    standard_error: Figure  # of `nats`, over images
    samples: Count
    effective_samples: Figure  # Kish's (Σw)² / Σw², a mean over images: near 1, one draw has all the weight
    seed: Seed
    protocol: str


@dataclass(frozen=True)
class Look:
    """How a set of decoded images looks to the classifier."""

    confidence: Figure  # probability of the class that it takes an image for, a mean over images
    class_entropy: Figure  # of its mean class probabilities, in nats: log 10 = 2.30 is all classes alike
    frechet: Figure  # distance to the test images in its feature space


@dataclass(frozen=True)
class Quality:
    """What a digit classifier makes of a model's images.

    `frechet` distances compare with each other only, and only where `classifier`, its checksum, is the same.
    `around` are draws of the posteriors of the test images; an autoencoder has none.
    """

    classifier: str
    classifier_accuracy: Figure  # on the test images as they are stored, grey
    originals: Figure  # its accuracy on the test images that the model was given, binarised or not
    accuracy: Figure  # and on their reconstructions
    confusion: tuple[tuple[Count, ...], ...]  # images by true class (rows) and class of the reconstruction
    reconstructions: Look
    prior: Look
    around: Look | None
    draws: Count
    seed: Seed
    protocol: str

    def check(self) -> None:
        """Raises `ValueError` unless the confusion is a square of counts, a row and a column a class."""
        rows = self.confusion
        square = len(rows) == CLASSES and all(len(row) == CLASSES for row in rows)
        if not square:
            raise ValueError(f"quality.confusion is not {CLASSES} rows of {CLASSES} counts")

    def confused(self, one: int, other: int) -> int:
        """Images of class `one` whose reconstruction is taken for `other`, and the other way round."""
        return self.confusion[one][other] + self.confusion[other][one]
