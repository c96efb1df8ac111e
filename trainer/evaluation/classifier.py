"""A small classifier of a data set's images, which rates reconstructions and samples.

Two strided convolutions, a layer of features and one of classes. That of MNIST ships with vaetui (see
`feature_network`); for any other data set one is trained once, in less than a minute on two cores, and cached
in the user's cache folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import torch
from torch import Tensor
from torch.nn import functional

from trainer.contract.config import CLASSES, SIDE
from trainer.contract.files import DamagedFile, Problem, clean
from trainer.contract.images import Dataset, Images
from trainer.contract.tensors import read_tensors, write_tensors
from trainer.engine.batches import as_input
from trainer.engine.precision import full_precision
from trainer.models.seeds import seed_of

FEATURES = 64
SHAPES: dict[str, tuple[int, ...]] = {
    "edges.weight": (16, 1, 5, 5),
    "edges.bias": (16,),
    "strokes.weight": (32, 16, 5, 5),
    "strokes.bias": (32,),
    "features.weight": (FEATURES, 32 * 7 * 7),
    "features.bias": (FEATURES,),
    "classes.weight": (CLASSES, FEATURES),
    "classes.bias": (CLASSES,),
}

BATCH = 128
EPOCHS, LEAST_STEPS = 5, 600  # a small data set has too few steps in an epoch
LEARNING_RATE = 2e-3
SHIFT = 2
SEED = 0
SLOPE = 0.1  # of the leaky ReLU below 0: no unit stays without a gradient
EPSILON = 1e-5  # in the variance of a feature that is constant
CACHE_VERSION = 2  # 1: other layers of the same shapes

Progress = Callable[[float], None]  # called with the finished share, 0…1


@dataclass(frozen=True)
class Classifier:
    """The weights of a classifier and its accuracy on the data set's test images."""

    weights: dict[str, Tensor]
    accuracy: float
    checksum: str  # of the weights: figures compare only under the same classifier

    def features(self, x: Tensor) -> Tensor:
        """Map images (batch, pixels) in 0…1 to the layer below the classes (batch, FEATURES).

        Each feature has mean 0 and variance 1 over the training images, so none is dead and none outweighs
        the others in a distance.
        """
        hidden = x.view(-1, 1, SIDE, SIDE)  # (batch, 1, 28, 28)
        for layer in ("edges", "strokes"):
            weight, bias = self.weights[f"{layer}.weight"], self.weights[f"{layer}.bias"]
            # (batch, 16, 14, 14), then (batch, 32, 7, 7)
            hidden = functional.conv2d(hidden, weight, bias, stride=2, padding=2)
            hidden = functional.leaky_relu(hidden, SLOPE)
        return functional.linear(
            hidden.flatten(1), self.weights["features.weight"], self.weights["features.bias"]
        )

    def logits(self, features: Tensor) -> Tensor:
        """Map features (batch, FEATURES) to logits (batch, CLASSES)."""
        activations = functional.leaky_relu(features, SLOPE)
        return functional.linear(activations, self.weights["classes.weight"], self.weights["classes.bias"])


def train(images: Images, device: torch.device, progress: Progress) -> dict[str, Tensor]:
    """Train a classifier on `images`: cross-entropy, Adam, a learning rate that falls linearly to 0.

    Features are normalised by the statistics of the batch (Ioffe & Szegedy 2015, without scale and shift), in
    the end by those of all `images`, which go into the weights.
    """
    generator = torch.Generator().manual_seed(seed_of("classifier", SEED))
    weights = {name: _initial(shape, generator).to(device).requires_grad_() for name, shape in SHAPES.items()}
    pixels, labels = (torch.from_numpy(part).to(device) for part in (images.pixels, images.labels))
    classifier, adam = Classifier(weights, 0.0, ""), torch.optim.Adam(weights.values(), lr=LEARNING_RATE)
    per_epoch = math.ceil(len(labels) / BATCH)
    steps = max(EPOCHS * per_epoch, LEAST_STEPS)
    order = torch.empty(0, dtype=torch.int64)
    for step in range(steps):
        if not len(order):
            order = torch.randperm(len(labels), generator=generator)
        rows, order = order[:BATCH].to(device), order[BATCH:]
        adam.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / steps)
        features = classifier.features(_shifted(as_input(pixels[rows]), generator))  # (batch, FEATURES)
        variance, mean = torch.var_mean(features, 0, correction=0)
        logits = classifier.logits((features - mean) / (variance + EPSILON).sqrt())
        adam.zero_grad()
        torch.autograd.backward(functional.cross_entropy(logits, labels[rows].long()))
        adam.step()
        progress((step + 1) / steps)
    return _normalised({name: weight.detach() for name, weight in weights.items()}, pixels)


@torch.no_grad()
def _normalised(weights: dict[str, Tensor], pixels: Tensor) -> dict[str, Tensor]:
    """Return `weights` whose features have mean 0 and variance 1 over `pixels` (images, pixels)."""
    classifier = Classifier(weights, 0.0, "")
    with full_precision():
        features = torch.cat([classifier.features(as_input(part)) for part in torch.split(pixels, 1000)])
    variance, mean = torch.var_mean(features, 0, correction=0)
    scale = (variance + EPSILON).rsqrt()  # (FEATURES,)
    return weights | {
        "features.weight": weights["features.weight"] * scale.unsqueeze(1),
        "features.bias": (weights["features.bias"] - mean) * scale,
    }


def _shifted(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shift x (batch, pixels) by up to `SHIFT` pixels, as augmentation."""
    down, right = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=generator).tolist()
    return x.view(-1, SIDE, SIDE).roll((down, right), (1, 2)).flatten(1)


def _initial(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Sample uniform weights, scaled for the ReLU after them (He et al. 2015); 0 for biases."""
    if len(shape) == 1:
        return torch.zeros(shape)
    bound = math.sqrt(6 / math.prod(shape[1:]))
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)


@torch.no_grad()
def accuracy(classifier: Classifier, images: Images, device: torch.device) -> float:
    """Return the share of `images` that is classified correctly."""
    right = 0
    with full_precision():
        for start in range(0, len(images.labels), 1000):
            rows = slice(start, start + 1000)
            x = as_input(torch.from_numpy(images.pixels[rows]).to(device))  # (batch, pixels)
            named = classifier.logits(classifier.features(x)).argmax(-1).cpu()  # (batch,)
            right += int((named == torch.from_numpy(images.labels[rows])).sum())
    return right / len(images.labels)


def cache_path(dataset: Dataset) -> Path:
    """Return the cache file of a data set's classifier, by the checksum of its training images."""
    name = f"{dataset.checksum[:32]}-{CACHE_VERSION}.safetensors"
    return platformdirs.user_cache_path("vaetui") / "classifiers" / name


def load_or_train(
    dataset: Dataset, device: torch.device, progress: Progress, narrate: Callable[[str], None]
) -> Classifier:
    """Load the classifier of `dataset` from the cache, or train and cache it.

    `narrate` is called with messages: when it is trained, and why it could not be cached.
    """
    path = cache_path(dataset)
    if path.exists():
        try:
            return read_classifier(path, device)
        except Problem as problem:
            narrate(f"{problem}; another one is trained")
    narrate(f"training a classifier of {dataset.name}, once: its test accuracy and weights are kept")
    weights = train(dataset.train, device, progress)
    test_accuracy = accuracy(Classifier(weights, 0.0, ""), dataset.test, device)
    arrays = {name: weight.cpu().numpy() for name, weight in weights.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(path, arrays, {"dataset": dataset.name, "test_accuracy": repr(test_accuracy)})
        return read_classifier(path, device)
    except OSError as error:
        narrate(f"{clean(str(path))} cannot be written ({error.strerror}): next time it is trained again")
        return Classifier(weights, test_accuracy, "unkept")


def read_classifier(path: Path, device: torch.device) -> Classifier:
    """Read a classifier, checked. Raises `Problem`."""
    read = read_tensors(path, SHAPES)
    try:
        test_accuracy = float(read.metadata["test_accuracy"])
    except (KeyError, ValueError):
        raise DamagedFile(path, "its test accuracy is missing") from None
    if not 0 <= test_accuracy <= 1:
        raise DamagedFile(path, "its test accuracy is not in 0…1")
    weights = {name: torch.from_numpy(read.arrays[name]).to(device) for name in SHAPES}
    return Classifier(weights, test_accuracy, read.metadata["crc32"])
