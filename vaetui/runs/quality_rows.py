"""Rows of tables of sample quality: the sets of images of a model, and the floor of real images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from trainer.contract.evaluation import Floor, Quality, SampleStatistics
from vaetui.format import fixed, fixed_or

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


def model_rows(quality: Quality) -> list[Row]:
    """Return a row for each set of images of a model."""
    rows = [
        ("reconstructions", _texts(quality.reconstructions)),
        ("prior samples", _texts(quality.prior)),
    ]
    if quality.around is not None:
        rows.append((POSTERIOR[quality.around_of], _texts(quality.around)))
    return rows


def floor_rows(floors: Iterable[Floor | None]) -> list[Row]:
    """Return the rows of `floors`, each once: runs of one data set have the same."""
    rows = []
    for floor in floors:
        if floor is not None:
            rows.append(("floor: train", _texts(floor.train)))
            rows.append(("floor: test halves", ("", "", fixed(floor.halves), "", "")))
    return list(dict.fromkeys(rows))


def _texts(found: SampleStatistics) -> tuple[str, str, str, str, str]:
    return (
        fixed(found.confidence, 3),
        fixed(found.class_entropy, 3),
        fixed(found.frechet),
        fixed_or(found.precision, 3),
        fixed_or(found.recall, 3),
    )
