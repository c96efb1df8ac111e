"""The images of a training, on the device as uint8 for the whole run; nothing is loaded while training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainer.contract.config import PIXELS, Config
from trainer.contract.images import Dataset, Images, evaluation_images, split
from trainer.contract.run_dir import PROBES
from trainer.contract.tensors import Array
from trainer.models.seeds import seed_of


def as_input(pixels: Tensor) -> Tensor:
    """Convert greyscale pixels uint8 (batch, pixels) to fp32 in 0…1."""
    return pixels.to(torch.float32).div_(255)


@dataclass(frozen=True)
class DeviceImages:
    """Training, validation and probe images on the device, uint8; the test images stay on the host.

    With dynamic binarization `grey` has the flat indices of training pixels between black and white: only
    these are sampled each epoch. It is None otherwise.
    """

    train: Tensor  # (images, pixels)
    val: Tensor  # (images, pixels)
    probes: Tensor  # (probes, pixels)
    probe_index: Array  # (probes,) of the test images
    test: Images
    grey: Tensor | None  # flat indices

    @staticmethod
    def of(dataset: Dataset, config: Config, device: torch.device) -> DeviceImages:
        """Split the training images and copy all parts to the device, binarized as configured."""
        binarize = config.data.binarize
        evaluated = evaluation_images(dataset.train, binarize, f"{dataset.name}/train")
        test = evaluation_images(dataset.test, binarize, f"{dataset.name}/test")
        trained = dataset.train if binarize == "dynamic" else evaluated
        train, val = split(len(trained.pixels), config.data.val_fraction, config.split_seed)
        probed = probe_index(test)
        parts = (trained.pixels[train], evaluated.pixels[val], test.pixels[probed])
        train_pixels, val_pixels, probes = (torch.from_numpy(part).to(device) for part in parts)
        flat = train_pixels.view(-1)
        grey = ((flat > 0) & (flat < 255)).nonzero().squeeze(1) if binarize == "dynamic" else None
        return DeviceImages(train_pixels, val_pixels, probes, probed, test, grey)

    def epoch_pixels(self, seed: int, epoch: int) -> Tensor:
        """Return the training images of `epoch`, uint8 (images, pixels).

        Dynamic binarisation (Burda et al. 2015): a pixel is 255 with probability value/255, else 0, sampled
        anew each epoch and the same for all models of a seed.
        """
        if self.grey is None:
            return self.train
        generator = torch.Generator(self.train.device).manual_seed(seed_of("binarize", seed, epoch))
        values = self.train.view(-1)[self.grey]
        chance = torch.randint(
            0, 255, values.shape, dtype=torch.uint8, generator=generator, device=values.device
        )
        pixels = self.train.clone()
        pixels.view(-1)[self.grey] = (chance < values).to(torch.uint8) * 255
        return pixels


class BatchLoader:
    """Batches of images as network input, in buffers that are allocated once."""

    def __init__(self, images: int, device: torch.device) -> None:
        self.grey = torch.empty((images, PIXELS), dtype=torch.uint8, device=device)
        self.x = torch.empty((images, PIXELS), device=device)

    def __call__(self, pixels: Tensor, rows: Tensor) -> Tensor:
        """Return `pixels[rows]` as fp32 (images, pixels) in 0…1, valid until the next call."""
        grey = torch.index_select(pixels, 0, rows, out=self.grey[: len(rows)])
        return self.x[: len(rows)].copy_(grey).div_(255)


def probe_index(test: Images) -> Array:
    """Return the test images of the timeline, int32 (probes,): first of each class, then second."""
    classes = np.unique(test.labels)
    firsts = [np.flatnonzero(test.labels == label)[: -(-PROBES // len(classes))] for label in classes]
    rounds = [own[k] for k in range(max(map(len, firsts))) for own in firsts if k < len(own)]
    return np.array(rounds[:PROBES], dtype=np.int32)
