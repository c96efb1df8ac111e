"""evaluation.json: the test figures of a run, with what `vaetui evaluate` adds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trainer.contract.config import CLASSES, Model
from trainer.contract.files import MAX_JSON_BYTES, json_bytes, read_bounded
from trainer.contract.metrics import (
    EpochNumber,
    Figures,
    Units,
    check_dimensions,
    stored_figures,
    with_loss_terms,
)
from trainer.contract.values import Count, Figure, Seed, parse

EVALUATION = "evaluation.json"
CLEAR = 0.9  # probability of its class from which on a sample is clear


@dataclass(frozen=True)
class Marginal:
    """−log p(x) of test images or an upper bound on it, a mean in nats per image, by one of the methods.

    Files of older versions hold the bound: Burda, Grosse & Salakhutdinov 2015, equation 8, with `samples`
    posterior draws for each image.
    """

    nats: Figure  # on the scale of the distortion, so below −ELBO
    constant: Figure  # nats that the distortion, and so `nats`, leaves out of −log p(x); 0 for a Bernoulli
    standard_error: Figure  # of `nats`, over images
    samples: Count  # posterior draws of the bound, chains of AIS; 0 of the integral
    # Kish's (Σw)² / Σw², a mean over images: near 1, one sample has all weight. None of the integral.
    effective_samples: Figure | None
    seed: Seed
    protocol: str
    method: Literal["bound", "integral", "ais"] = "bound"
    images: Count | None = None  # a random subset of the test images; None: all
    effective_quantiles: tuple[Figure, ...] = ()  # of the effective samples over images: 5, 50, 95 %
    unconverged: Figure | None = None  # share of images that half of the draws change by over `CONVERGED`
    grid_error: Figure | None = None  # of the integral: nats between two grids, the largest of all images
    temperatures: Count = 0  # of AIS
    gap: Figure | None = None  # of AIS: nats between upper and lower bound on images of the model itself
    gap_error: Figure | None = None  # its standard error over these images


@dataclass(frozen=True)
class Information:
    """The rate split into information and marginal KL, in nats (Hoffman & Johnson 2016).

    rate = I(x; z) + KL(q(z) ‖ p(z)), with the aggregated posterior q(z) of all `images` at one draw each.
    I(x; z) is at most log `images`. `minibatch_information` takes q(z) from minibatches of `minibatch`
    images (Chen et al. 2018) and is too high.
    """

    information: Figure
    information_error: Figure  # standard error over images
    marginal_kl: Figure
    marginal_kl_error: Figure
    minibatch_information: Figure
    minibatch: Count
    images: Count
    seed: Seed


@dataclass(frozen=True)
class SampleStatistics:
    """Statistics of a set of images under the classifier, and its likeness to the test images.

    Fréchet distance, precision and recall are measured between features. The last two are None in files of
    older versions, and for reconstructions, each of which has its own test image nearby.
    """

    confidence: Figure  # probability of the predicted class, a mean over images
    class_entropy: Figure  # of its mean class probabilities, in nats: log 10 = 2.30 is all classes alike
    frechet: Figure
    precision: Figure | None = None  # share of the images among the test images
    recall: Figure | None = None  # share of the test images among these images


@dataclass(frozen=True)
class SampledClass:
    """Samples that the classifier takes for one class; `clear` are those with a probability of `CLEAR`."""

    samples: Count
    clear: Count


@dataclass(frozen=True)
class Floor:
    """What real images score in place of samples.

    No samples are expected at a smaller Fréchet distance, or to have a higher recall. Those without noise, as
    decoder means are, may have a higher precision.
    """

    train: SampleStatistics  # of as many training images as there are test images
    halves: (
        Figure  # Fréchet distance of one random half of the test images to the other, a mean over `splits`
    )
    halves_std: Figure  # over them
    splits: Count


@dataclass(frozen=True)
class Quality:
    """The quality of a model's images, measured by a classifier and in the features of a network.

    `frechet`, `precision` and `recall` compare only where `feature_network` is the same. `around` are
    posterior samples of images of the part `around_of`: older versions took the test images, with which they
    were then compared. An autoencoder has none. `floor` is None in files of older versions.
    """

    classifier: str
    classifier_accuracy: Figure  # on the test images as they are stored, greyscale
    originals: Figure  # its accuracy on the test images that the model was given, binarised or not
    accuracy: Figure  # and on their reconstructions
    confusion: tuple[tuple[Count, ...], ...]  # images by true class (rows) and class of the reconstruction
    reconstructions: SampleStatistics
    prior: SampleStatistics
    around: SampleStatistics | None
    draws: Count
    seed: Seed
    protocol: str
    features: str = ""  # checksum of the feature network; "" where that was the classifier
    around_of: Literal["train", "test"] = "test"
    floor: Floor | None = None
    # Of each class; () in files of older versions, and around data for an autoencoder.
    prior_classes: tuple[SampledClass, ...] = ()
    around_classes: tuple[SampledClass, ...] = ()

    @property
    def feature_network(self) -> str:
        """The checksum of the network in whose features distances were measured."""
        return self.features or self.classifier

    def confused(self, one: int, other: int) -> int:
        """Count images of class `one` whose reconstruction is classified as `other`, and the reverse."""
        return self.confusion[one][other] + self.confusion[other][one]


@dataclass(frozen=True)
class DrawsError:
    """Standard errors over posterior draws: of distortion, and so of −ELBO, and of `figures.mse`."""

    distortion: Figure
    mse: Figure


@dataclass(frozen=True)
class Evaluation:
    """Test figures and how they were measured.

    `figures` and the figures of classes are means over `posterior_draws` samples of each image's posterior;
    the rate needs none. `mse_posterior_mean` is at the posterior mean, which is shown as the reconstruction,
    per pixel. None in files of older versions.

    `weights`, `marginal`, `quality` and, for a VAE, `information` come from `vaetui evaluate`: `weights` is
    the checksum of the model.safetensors that was measured, "" where the trainer measured what it had in
    memory.
    """

    figures: Figures
    active_units: Units
    kl_per_dim: tuple[Figure, ...]
    per_class_distortion: dict[str, Figure]
    per_class_mse: dict[str, Figure]
    split: str
    images: Count
    posterior_draws: Count
    binarize: str
    likelihood: str
    seed: Seed
    epoch: EpochNumber
    precision: str
    weights: str = ""
    marginal: Marginal | None = None
    quality: Quality | None = None
    mse_posterior_mean: Figure | None = None
    information: Information | None = None
    draws_error: DrawsError | None = None  # with several posterior draws

    def check(self, model: Model | None) -> None:
        """Raises `ValueError` where its parts do not agree, or it is not of a `model` of this shape."""
        for name, classes in (("distortion", self.per_class_distortion), ("mse", self.per_class_mse)):
            if not classes.keys() <= set(map(str, range(CLASSES))):
                raise ValueError(f"per_class_{name} is of other classes than 0 to {CLASSES - 1}")
        if self.quality and [len(row) for row in self.quality.confusion] != [CLASSES] * CLASSES:
            raise ValueError(f"quality.confusion is not {CLASSES} rows of {CLASSES} counts")
        for name in ("prior_classes", "around_classes"):
            if self.quality and len(getattr(self.quality, name)) not in (0, CLASSES):
                raise ValueError(f"quality.{name} is not of {CLASSES} classes")
        if model is not None:
            check_dimensions(model, self.kl_per_dim, self.active_units)


def read_evaluation(run: Path, model: Model | None = None) -> Evaluation:
    """Read the test figures of `run`, checked against its `model` where given. Raises `Problem`."""
    path = run / EVALUATION
    return parse(
        Evaluation,
        read_bounded(path, MAX_JSON_BYTES),
        path,
        lambda found: found.check(model),
        lambda raw: with_loss_terms(raw, ("figures",), model),
    )


def evaluation_bytes(evaluation: Evaluation) -> bytes:
    """Return the content of evaluation.json. Raises `ValueError` for figures that are not finite."""
    figures = stored_figures(evaluation.figures, is_vae=evaluation.posterior_draws > 0)
    return json_bytes(dataclasses.asdict(evaluation) | {"figures": figures})
