"""Images as uint8 arrays with their classes, and their binarization."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Images:
    """Grey images, 0 is background and 255 ink, and the class of each, 0…9."""

    pixels: Pixels  # (images, 784)
    labels: Pixels  # (images,)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set; `checksum` is the SHA-256 (hex) of the training pixels followed by the training labels."""

    name: str
    train: Images
    test: Images
    checksum: str


_WORDS = 1 << 14  # random words of eight bytes drawn at once; any number gives the same images


def binarise(pixels: Pixels, part: str) -> Pixels:
    """Binarize grey levels uint8 (images, 784) to 0 and 255: v becomes 255 with probability v/255.

    A fixed draw (Salakhutdinov & Murray 2008): the text `part`, such as "mnist/test", alone decides it, so
    that it is the same on every machine, whatever the seed of a run, and the first images come out the same
    however many follow.
    """
    grey, ink, done = pixels.reshape(-1), np.empty(pixels.size, np.uint8), 0
    for draws in _draws(part):
        levels = grey[done : done + len(draws)]
        np.multiply(draws[: len(levels)] < levels, np.uint8(255), out=ink[done : done + len(levels)])
        done += len(levels)
        if done >= len(grey):
            break
    return ink.reshape(pixels.shape)


def _draws(part: str) -> Iterator[Pixels]:
    """Yield uniform integers from 0 to 254: PCG64's bytes without every 255.

    Of numpy's streams only that of the bits is promised to stay the same in every version.
    """
    bits = np.random.PCG64(int.from_bytes(hashlib.sha256(part.encode()).digest(), "big"))
    while True:
        drawn = bits.random_raw(_WORDS).astype("<u8", copy=False).view(np.uint8)
        yield drawn[drawn < 255]


def evaluation_images(images: Images, binarize: str, part: str) -> Images:
    """Return the validation or test images of a model with `Data.binarize`: grey, or binarized as `part`.

    "fixed" and "dynamic" give the same: dynamic binarization (Burda et al. 2015) draws afresh for every
    training step only, since figures of a new draw each epoch would not compare.
    """
    return images if binarize == "none" else Images(binarise(images.pixels, part), images.labels)


def split(images: int, val_fraction: float, seed: int) -> tuple[Index, Index]:
    """Return indices (train,), (val,) of a random split that depends on the seed alone, both sorted.

    The validation part is `val_fraction` of the images, rounded, but at least one where the fraction is above
    0, and never all. Raises `ValueError` for a fraction outside [0, 1) or without images.
    """
    if not 0 <= val_fraction < 1 or images < 1:
        raise ValueError(f"cannot hold out {val_fraction} of {images} images")
    count = min(max(round(images * val_fraction), int(val_fraction > 0)), images - 1)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(np.arange(images, dtype=np.int64))
    return np.sort(order[count:]), np.sort(order[:count])
