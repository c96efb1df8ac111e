"""Values that the loader returns, or why there are none."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import LoadedImages
from vaetui.models.autoencoder import Vae
from vaetui.models.image_ranking import ImageRanking
from vaetui.runs.timeline import Timeline

Value = TypeVar("Value")
Stamp = tuple[int, int, int] | None  # mtime (ns), size (bytes), inode; None for no file

# Kinds of values; of each kind the value in use is never dropped from the cache.
IMAGES, MODEL, CODES, TIMELINE, RANKING = "images", "model", "codes", "timeline", "ranking"
RECONSTRUCTIONS, TSNE = "reconstructions", "t-SNE"
DISTANCES, MIXTURE, STATISTICS = "distances", "mixture", "statistics"


@dataclass(frozen=True)
class Loaded(Generic[Value]):
    """A value and the version of its inputs.

    `sentence` says why there is no value, or, once loading takes long, what is being loaded and its progress.
    """

    value: Value | None = field(default=None, compare=False)
    version: Hashable = None
    sentence: str = ""


@dataclass(frozen=True)
class FileStamps:
    """The stamps of the selected run's files when they were last checked."""

    model: Stamp = None
    timeline: Stamp = None


@dataclass(frozen=True)
class Values:
    """The values loaded for the selected run; empty for kinds that the view does not need."""

    images: Loaded[LoadedImages] = Loaded()
    model: Loaded[Vae] = Loaded()
    codes: Loaded[Codes] = Loaded()
    timeline: Loaded[Timeline] = Loaded()
    ranking: Loaded[ImageRanking] = Loaded()
