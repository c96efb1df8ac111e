"""The feature network that ships with vaetui: the space of Fréchet distances, precision and recall.

It is a classifier of MNIST, trained once by `train_features`: 64 features of 28×28 grey images, the same on
every machine, so that distances compare wherever they were measured. Fréchet distances of the same images are
the same to the last bit for any number of threads, to 1e-11 for any order of the images, and to 1e-8 between
processors with and without AVX; a decoder adds its own rounding.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import torch

from trainer.contract.files import DamagedFile, read_bounded
from trainer.contract.images import Dataset
from trainer.contract.tensors import read_metadata
from trainer.evaluation.classifier import Classifier, read_classifier

FILE: Final = Path(__file__).with_name("features.safetensors")
SHA256: Final = "639d010372a99f015ff64c4c34cc9238dcbd6e9574ecbee73db6a9f756d50e25"
MAX_BYTES: Final = 500_000


def load_feature_network(device: torch.device) -> Classifier:
    """Load the shipped network. Raises `DamagedFile` where its file is not the one that was shipped."""
    if hashlib.sha256(read_bounded(FILE, MAX_BYTES)).hexdigest() != SHA256:
        raise DamagedFile(FILE, "it is not the feature network of this version: reinstall vaetui")
    return read_classifier(FILE, device)


def is_of(dataset: Dataset) -> bool:
    """Return whether the shipped network was trained on `dataset`, and so is its classifier."""
    return read_metadata(FILE)["dataset_sha256"] == dataset.checksum
