"""What the views are shown: one run, its model, the images and the subject, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trainer.data import Images
from trainer.run import PIXELS
from vaetui.library import Family, Run
from vaetui.tui.subject import Subject
from vaetui.vae import Vae

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shown:
    """Test images `(images, 784)` of the dataset `name`, in grey levels or binarised."""

    name: str
    images: Images
    is_binarised: bool = False

    def pixels(self, indices: list[int]) -> Floats:
        """The images numbered `indices` as float32 in 0…1, `(len(indices), 784)`."""
        chosen = self.images.pixels[indices].reshape(-1, PIXELS)
        return np.asarray(chosen, np.float32) / np.float32(255)

    def label(self, index: int) -> int:
        """The class of one image."""
        return int(self.images.labels[index])

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.images.labels)


@dataclass(frozen=True, eq=False)
class Codes:
    """Posterior means of test images `(images, latent)` and their classes `(images,)`."""

    mean: Floats
    labels: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that a view may show.

    `trouble` says in a line why there is no model, "" if there is one; `waiting` says the same of images and
    codes, "" while that has not taken long; `advice` are the lines to show where there is no run.
    """

    run: Run | None = None
    family: Family | None = None
    vae: Vae | None = None
    trouble: str = ""
    shown: Shown | None = None
    codes: Codes | None = None
    subject: Subject = field(default_factory=Subject)
    waiting: str = ""
    advice: tuple[str, ...] = ()
