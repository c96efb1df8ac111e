"""Build the exports of a model's images, for the app and the command line.

Images are `(images, 784)` in 0…1, codes and points `(…, latent)`, distortion and rate in nats per image.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vaetui.arrays import Bytes, Floats
from vaetui.export.files import Animation, Array, ExportContent, ImageSheet, columns_for
from vaetui.latent.path import InterpolationMethod
from vaetui.models.autoencoder import Vae


def run_arrays(run: str, vae: Vae | None) -> Mapping[str, Array]:
    """Return the run that arrays belong to, and the epoch of its weights."""
    return {"run": np.array(run)} | ({} if vae is None else {"epoch": np.array(vae.epoch)})


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
    captions = tuple(f"{label}  {cost:.1f} nats" for label, cost in zip(labels, nats, strict=True))
    sheet = ImageSheet((originals, made), columns_for(len(indices)), captions)
    return ExportContent(arrays=arrays, sheet=sheet)


def animation_content(animation: Callable[[], Animation]) -> ExportContent:
    """Return an animation alone."""
    return ExportContent(animation=animation)


def sample_content(vae: Vae, z: Floats, source: str, seed: int, temperature: float) -> ExportContent:
    """Return samples `z` from `source`, such as "prior", decoded in a square sheet."""
    images = vae.decode(z)
    arrays = {
        "z": z,
        "images": images,
        "source": np.array(source),
        "seed": np.array(seed),
        "temperature": np.array(temperature),
    }
    sheet = ImageSheet((images,), -(-len(z) // max(round(len(z) ** 0.5), 1)))
    return ExportContent(arrays=arrays, sheet=sheet)


def interpolation_content(vae: Vae, z: Floats, method: InterpolationMethod) -> ExportContent:
    """Return the points `z` of an interpolation, decoded, also as an animation."""
    frames = vae.decode(z)
    arrays = {"z": z, "images": frames, "how": np.array(method)}
    sheet = ImageSheet((frames,), columns_for(len(frames)))
    return ExportContent(arrays=arrays, sheet=sheet, animation=functools.partial(Animation, frames[:, None]))


def traversal_content(vae: Vae, z: Floats, values: Floats, numbers: Sequence[int]) -> ExportContent:
    """Return decoded points `z` `(dims, steps, latent)`: each dimension of `numbers` at each of `values`.

    A row a dimension; the animation changes all of them together. Dimensions are counted from 0, in captions
    from 1.
    """
    dims, steps, _ = z.shape
    images = vae.decode(z.reshape(dims * steps, -1))
    frames = images.reshape(dims, steps, -1).transpose(1, 0, 2)
    captions = tuple(f"z{number + 1} {value:+.2f}" for number in numbers for value in values.tolist())
    arrays = {"dimensions": np.array(numbers), "values": values, "z": z, "images": frames.transpose(1, 0, 2)}
    animation = functools.partial(Animation, frames, columns_for(dims))
    return ExportContent(arrays=arrays, sheet=ImageSheet((images,), steps, captions), animation=animation)
