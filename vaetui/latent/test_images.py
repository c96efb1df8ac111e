"""The test images of a data set, as models are evaluated on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.contract import images
from trainer.contract.config import PIXELS
from trainer.contract.files import Problem
from trainer.contract.images import Images
from vaetui.arrays import Floats
from vaetui.latent.interpolation import DRAWING, Interpolation
from vaetui.latent.posteriors import Codes
from vaetui.models.autoencoder import Vae
from vaetui.render.strokes import Sketch

SUBSTITUTE = "digits"  # the bundled data set


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Test images `(images, 784)` of the dataset `name`, greyscale or binarised."""

    name: str
    images: Images
    is_binarised: bool = False

    @property
    def title(self) -> str:
        """Return the name of the images, such as "binarised mnist test"."""
        return f"{'binarised ' if self.is_binarised else ''}{self.name} test"

    def pixels(self, indices: list[int]) -> Floats:
        """Return the images numbered `indices` as float32 in 0…1, `(len(indices), 784)`."""
        chosen = self.images.pixels[indices].reshape(-1, PIXELS)
        return np.asarray(chosen, np.float32) / np.float32(255)

    def stops(self, interpolation: Interpolation, sketch: Sketch) -> Floats:
        """Return the images of the stops `(stops, 784)` as `pixels` does; the drawing as models see it."""
        stops = interpolation.stops
        chosen = self.pixels([max(image, 0) for image in stops])
        chosen[[image == DRAWING for image in stops]] = self.judged(sketch.pixels)
        return chosen

    def judged(self, pixels: Floats) -> Floats:
        """Return a drawing `(784,)` in greyscale, or binarised at one half where the images are."""
        return np.asarray(pixels >= 0.5, np.float32) if self.is_binarised else pixels

    def name_of(self, image: int) -> tuple[str, str]:
        """Return the class of a stop, and where it is from."""
        if image == DRAWING:
            return "?", "drawing"
        return str(self.label(image)), f"{'binarised' if self.is_binarised else 'test'} {image}"

    def label(self, index: int) -> int:
        """Return the class of one image."""
        return int(self.images.labels[index])

    def is_encoded_by(self, vae: Vae, codes: Codes) -> bool:
        """Return whether `codes` are those that `vae` has for these images, not for a substitute."""
        return (self.name, len(self)) == (vae.config.data.name, len(codes.mean))

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images.labels)

    def binarised(self) -> ImageSet:
        """Return the images as models are evaluated on them that train with binarised images."""
        fixed = images.evaluation_images(self.images, "fixed", f"{self.name}/test")
        return ImageSet(self.name, fixed, is_binarised=True)


@dataclass(frozen=True, eq=False)
class LoadedImages:
    """The test images of a dataset, or of the bundled one, or None; `notice` says why it is not the dataset.

    `is_missing` is whether the data set is not in the data folder and can be downloaded.
    """

    shown: ImageSet | None
    notice: str = ""
    is_missing: bool = False

    def binarised(self) -> LoadedImages:
        """Return the same with binarised images."""
        shown = self.shown.binarised() if self.shown else None
        return LoadedImages(shown, self.notice, self.is_missing)


def load(dataset: str, folder: Path) -> LoadedImages:
    """Load the test images of `dataset` from `folder`, else the bundled ones."""
    from trainer.contract.datasets import registry

    try:
        return LoadedImages(ImageSet(dataset, registry.load_test(dataset, folder)))
    except Problem as problem:
        why = str(problem)
    is_missing = registry.megabytes(dataset) > 0 and not registry.is_here(dataset, folder)
    cause = f": {why}"
    if is_missing:
        cause = ", which is not here: D downloads it, --data names a folder that has it"
    try:
        shown = ImageSet(SUBSTITUTE, registry.load_test(SUBSTITUTE, folder))
    except Problem as problem:
        return LoadedImages(None, f"{why}; {problem}", is_missing)
    return LoadedImages(shown, f"{SUBSTITUTE} replace {dataset}{cause}", is_missing)
