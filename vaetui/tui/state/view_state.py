"""What the views are shown: one run, its model, the images and the subject, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from vaetui.arrays import Floats
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet
from vaetui.models.image_ranking import ImageRanking
from vaetui.models.mlp import Vae
from vaetui.runs.families import Family
from vaetui.runs.run_watcher import Run
from vaetui.runs.timeline import Timeline
from vaetui.tui.state.selection import Subject


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
    shown: ImageSet | None = None
    codes: Codes | None = None
    subject: Subject = field(default_factory=Subject)
    waiting: str = ""
    advice: tuple[str, ...] = ()
    marked: tuple[Run, ...] = ()
    timeline: Timeline | None = None
    no_timeline: str = ""
    ranking: ImageRanking | None = None
    no_ranking: str = ""


@dataclass(frozen=True, eq=False)
class Made:
    """What one checkpoint makes of the digit: the picture `(784,)`, its nats; or why there is none."""

    pixels: Floats | None
    nats: float
    trouble: str = ""
