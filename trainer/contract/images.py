"""Images as uint8 arrays with their classes, and their binarization."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Images:
    """Greyscale images, 0 is background and 255 ink, and the class of each, 0…9."""

    pixels: Pixels  # (images, 784)
    labels: Pixels  # (images,)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set; `checksum` is the SHA-256 (hex) of the training pixels followed by the training labels."""

    name: str
    train: Images
    test: Images
    checksum: str


_WORDS = 1 << 14  # random words of eight bytes at once; any number gives the same images


def binarise(pixels: Pixels, part: str) -> Pixels:
    """Binarize greyscale pixels uint8 (images, 784) to 0 and 255: v becomes 255 with probability v/255.

    Fixed binarization (Salakhutdinov & Murray 2008): it depends on the text `part`, such as "mnist/test",
    alone, so that it is the same on every machine and for every seed of a run, and the first images are
    binarized alike however many follow.
    """
    grey, ink, done = pixels.reshape(-1), np.empty(pixels.size, np.uint8), 0
    # Of numpy's streams only that of the bits is promised to stay the same in every version.
    bits = np.random.PCG64(int.from_bytes(hashlib.sha256(part.encode()).digest(), "big"))
    while done < len(grey):
        sampled = bits.random_raw(_WORDS).astype("<u8", copy=False).view(np.uint8)
        thresholds = sampled[sampled < 255][: len(grey) - done]  # uniform from 0 to 254
        part_of = slice(done, done + len(thresholds))
        np.multiply(thresholds < grey[part_of], np.uint8(255), out=ink[part_of])
        done += len(thresholds)
    return ink.reshape(pixels.shape)


def evaluation_images(images: Images, binarize: str, part: str) -> Images:
    """Return the validation or test images for `Data.binarize`: greyscale, or binarized as `part`.

    "fixed" and "dynamic" give the same: dynamic binarization (Burda et al. 2015) samples anew for every
    training epoch only, since figures of new samples each epoch would not compare.
    """
    return images if binarize == "none" else Images(binarise(images.pixels, part), images.labels)


def split(images: int, val_fraction: float, seed: int) -> tuple[Index, Index]:
    """Return sorted indices (train,), (val,) of a random split that depends on `seed` alone.

    The validation part is `val_fraction` of the images, rounded, but at least one where the fraction is above
    0, and never all. The seed of a run is `Config.split_seed`. Raises `ValueError` for a fraction outside
    [0, 1) or without images.
    """
    if not 0 <= val_fraction < 1 or images < 1:
        raise ValueError(f"cannot hold out {val_fraction} of {images} images")
    count = min(max(round(images * val_fraction), int(val_fraction > 0)), images - 1)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(np.arange(images, dtype=np.int64))
    return np.sort(order[count:]), np.sort(order[:count])
