"""Rows of tables of sample quality: the sets of images of a model, and the floor of real images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from trainer.contract.evaluation import Floor, Quality, SampleStatistics
from vaetui.format import fixed
from vaetui.runs.seeds import Spread

# By `Quality.around_of`; older versions compared samples around the test images with these very images.
POSTERIOR: Final = {"train": "posterior samples", "test": "posterior (of test)"}

LEGEND: Final = (
    "precision: share of the images that are among the test images; recall: share of the test images that "
    "are among these images; floor: real images in place of samples, as many training images, or one half of "
    "the test images against the other"
)

Member = TypeVar("Member")

# A name, and texts of confidence, class entropy, Fréchet distance, precision and recall.
Row = tuple[str, tuple[str, str, str, str, str]]


def by_feature_network(members: Iterable[tuple[Member, Quality]]) -> list[list[tuple[Member, Quality]]]:
    """Group what was measured in the features of one network: distances of different ones do not compare."""
    groups: dict[str, list[tuple[Member, Quality]]] = {}
    for member, quality in members:
        groups.setdefault(quality.feature_network, []).append((member, quality))
    return list(groups.values())


def model_rows(qualities: Sequence[Quality]) -> list[Row]:
    """Return a row for each set of images of a model; of several seeds means ± standard deviation."""
    rows = [
        ("reconstructions", _texts([one.reconstructions for one in qualities])),
        ("prior samples", _texts([one.prior for one in qualities])),
    ]
    around = [one.around for one in qualities if one.around is not None]
    if around:
        rows.append((POSTERIOR[qualities[0].around_of], _texts(around)))
    return rows


def floor_rows(floors: Iterable[Floor | None]) -> list[Row]:
    """Return the rows of `floors`, each once: runs of one data set have the same."""
    rows = []
    for floor in floors:
        if floor is not None:
            rows.append(("floor: train", _texts([floor.train])))
            rows.append(("floor: test halves", ("", "", fixed(floor.halves), "", "")))
    return list(dict.fromkeys(rows))


def _texts(found: Sequence[SampleStatistics]) -> tuple[str, str, str, str, str]:
    return (
        _spread([one.confidence for one in found], 3),
        _spread([one.class_entropy for one in found], 3),
        _spread([one.frechet for one in found], 2),
        _spread([one.precision for one in found], 3),
        _spread([one.recall for one in found], 3),
    )


def _spread(values: Sequence[float | None], digits: int) -> str:
    """Format mean and standard deviation over seeds, "" where a seed has none."""
    known = [value for value in values if value is not None]
    return Spread.of(known).text(digits) if len(known) == len(values) else ""
