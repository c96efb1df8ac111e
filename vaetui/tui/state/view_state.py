"""What the views are shown: one run, its model, the images and the subject, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trainer.contract.config import PIXELS
from trainer.contract.images import Images
from vaetui.latent.interpolation import DRAWING
from vaetui.latent.posteriors import Codes as Codes
from vaetui.models.image_ranking import Ranking
from vaetui.models.mlp import Vae
from vaetui.runs.run_index import Family, Run
from vaetui.runs.timeline import Timeline
from vaetui.tui.state.selection import Subject

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

    def stops(self, subject: Subject) -> Floats:
        """The stops of the walk as `pixels` gives them, `(stops, 784)`; the drawing as models see it."""
        stops = subject.walk.stops
        chosen = self.pixels([max(image, 0) for image in stops])
        chosen[[image == DRAWING for image in stops]] = self.judged(subject.sketch)
        return chosen

    def judged(self, pixels: Floats) -> Floats:
        """A drawing `(784,)` in grey levels, or binarised at one half where the images are."""
        return np.asarray(pixels >= 0.5, np.float32) if self.is_binarised else pixels

    def name_of(self, image: int) -> tuple[str, str]:
        """The class of a stop of the walk, and where it is from."""
        if image == DRAWING:
            return "?", "drawing"
        return str(self.label(image)), f"{'binarised' if self.is_binarised else 'test'} {image}"

    def label(self, index: int) -> int:
        """The class of one image."""
        return int(self.images.labels[index])

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.images.labels)


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that a view may show.

    `trouble` says in a line why there is no model, "" if there is one; `waiting` says the same of images and
    codes. Both are "" while what is on its way has not taken long. `advice` are the lines to show where there
    is no run. `marked` are the runs that were marked, in that order, as they are now, `run` perhaps too.
    `timeline` is that of the run; `no_timeline` and `no_ranking` say why there is none, or that it comes.
    `ranking` is that of the test images by `vae`.
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
    marked: tuple[Run, ...] = ()
    timeline: Timeline | None = None
    no_timeline: str = ""
    ranking: Ranking | None = None
    no_ranking: str = ""
