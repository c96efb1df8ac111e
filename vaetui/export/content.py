"""Build the exports of a model's images, for the app and the command line.

Images are `(images, 784)` in 0…1, codes and points `(…, latent)`, distortion and rate in nats per image.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from vaetui import __version__
from vaetui.arrays import Bytes, Floats
from vaetui.export.files import ExportContent
from vaetui.export.images import (
    Animation,
    Array,
    ImageSheet,
    columns_for,
    numbered_rows,
    row_lengths,
    sheet_of_rows,
)
from vaetui.format import fixed, signed
from vaetui.latent.path import InterpolationMethod
from vaetui.models.autoencoder import Vae

MOST_OF_SEGMENT = 26  # images of a segment in one row; a longer segment has several rows of its own
LAYERS = ("original", "reconstruction")


def run_arrays(run: str, vae: Vae | None) -> Mapping[str, Array]:
    """Return the run that arrays belong to, the epoch of its weights, and the version of vaetui."""
    epoch = {} if vae is None else {"epoch": np.array(vae.epoch)}
    return {"run": np.array(run), **epoch, "version": np.array(__version__)}


def reconstruction_content(
    vae: Vae, originals: Floats, labels: Bytes, indices: Sequence[int]
) -> ExportContent:
    """Return test images over their reconstructions at the posterior mean, with distortion and rate."""
    posterior = vae.encode(originals)
    made, nats = vae.decode(posterior.mean), vae.distortion(originals, posterior.mean)
    arrays = {
        "indices": np.array(indices),
        "labels": labels,
        "originals": originals,
        "reconstructions": made,
        "codes": posterior.mean,
        "distortion": nats,
        "rate": vae.rate(posterior),
    }
    captions = tuple(f"{label}  {fixed(cost, 1)} nats" for label, cost in zip(labels, nats, strict=True))
    across = columns_for(len(indices))
    sheet = ImageSheet((originals, made), across, captions, row_names=LAYERS * -(-len(indices) // across))
    description = "test images and their reconstructions (posterior mean) · class and distortion"
    return ExportContent(arrays=arrays, sheet=sheet, description=description)


def sample_content(
    vae: Vae, z: Floats, source: str, seed: int, temperature: float, captions: Sequence[str] = ()
) -> ExportContent:
    """Return samples `z` from `source`, such as "prior", decoded in a square sheet."""
    images = vae.decode(z)
    arrays = {
        "z": z,
        "images": images,
        "source": np.array(source),
        "seed": np.array(seed),
        "temperature": np.array(temperature),
    }
    across = -(-len(z) // max(round(len(z) ** 0.5), 1))
    names = numbered_rows(len(z), across)
    sheet = ImageSheet((images,), across, tuple(captions), row_names=names)
    description = f"samples of the {source}, temperature {temperature:g}, seed {seed}"
    return ExportContent(arrays=arrays, sheet=sheet, description=description)


def interpolation_content(
    vae: Vae, z: Floats, method: InterpolationMethod, positions: Sequence[float], stops: Sequence[str]
) -> ExportContent:
    """Return the points `z` of an interpolation, decoded: a row from stop to stop, and an animation.

    `positions` are those of the points, 0 at the first stop, 1 at the second …; `stops` are their names.
    """
    images = vae.decode(z)
    rows, names = [], []
    for segment, ends in enumerate(pairwise(stops)):
        points = [number for number, at in enumerate(positions) if segment <= at <= segment + 1]
        name = " → ".join(ends)
        for length in row_lengths(len(points), MOST_OF_SEGMENT):
            rows.append(points[:length])
            names.append(name)
            points, name = points[length:], ""
    captions = [f"t {fixed(position)}" for position in positions]
    moving = Animation(images[:, None], captions=tuple(captions))
    return ExportContent(
        arrays={"z": z, "images": images, "how": np.array(method)},
        sheet=sheet_of_rows(rows, images, captions, names),
        animation=lambda: moving,
        description=f"{method} between posterior means · t from stop to stop is 1",
    )


def traversal_content(
    vae: Vae, z: Floats, values: Floats, numbers: Sequence[int], names: Sequence[str]
) -> ExportContent:
    """Return decoded points `z` `(dims, steps, latent)`: each dimension of `numbers` at each of `values`.

    A row a dimension, with its name; the animation changes all of them together. Dimensions are counted from
    0.
    """
    dims, steps, _ = z.shape
    images = vae.decode(z.reshape(dims * steps, -1))
    frames = images.reshape(dims, steps, -1).transpose(1, 0, 2)
    moved = tuple(signed(value) for value in values.tolist())
    arrays = {"dimensions": np.array(numbers), "values": values, "z": z, "images": frames.transpose(1, 0, 2)}
    return ExportContent(
        arrays=arrays,
        sheet=ImageSheet((images,), steps, column_names=moved, row_names=tuple(names)),
        animation=functools.partial(
            Animation,
            frames,
            columns_for(dims),
            names=tuple(name.partition("\n")[0] for name in names),
            captions=tuple(f"{value} standard deviations" for value in moved),
        ),
        description="one latent dimension a row, the others as they are · values in standard deviations",
    )
