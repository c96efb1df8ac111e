"""What there is to write of a model's pictures, for the app and the command line alike.

Arrays are named in the field's words: images are `(images, 784)` in 0…1, codes and points `(…, latent)`,
distortion and rate in nats per image.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from vaetui.export.files import Array, Content, Digits, Frames, across
from vaetui.latent.geometry import How
from vaetui.models.mlp import Floats, Vae


def of_run(run: str, vae: Vae | None) -> Mapping[str, Array]:
    """Which run numbers are of, and the epoch of its weights."""
    return {"run": np.array(run)} | ({} if vae is None else {"epoch": np.array(vae.epoch)})


def reconstructions(
    vae: Vae, originals: Floats, labels: npt.NDArray[np.uint8], indices: Sequence[int]
) -> Content:
    """Test images over what the model makes of their posterior's mean, with what each costs."""
    posterior = vae.encode(originals)
    made, nats = vae.decode(posterior.mean), vae.nats(originals, posterior.mean)
    arrays = {
        "indices": np.array(indices),
        "labels": labels,
        "originals": originals,
        "reconstructions": made,
        "codes": posterior.mean,
        "distortion": nats,
        "rate": vae.rate(posterior),
    }
    costs = zip(labels.tolist(), nats.tolist(), strict=True)
    captions = tuple(f"{label}  {cost:.1f} nats" for label, cost in costs)
    return Content(arrays=arrays, digits=Digits((originals, made), across(len(indices)), captions))


def draws(vae: Vae, z: Floats, source: str, seed: int, temperature: float) -> Content:
    """Draws `z` from `source`, such as "prior", decoded, in a sheet as wide as it is high."""
    images = vae.decode(z)
    about = {
        "source": np.array(source),
        "seed": np.array(seed),
        "temperature": np.array(temperature),
    }
    digits = Digits((images,), -(-len(z) // max(round(len(z) ** 0.5), 1)))
    return Content(arrays={"z": z, "images": images} | about, digits=digits)


def path(vae: Vae, z: Floats, how: How) -> Content:
    """The points `z` of a path, decoded; they move."""
    frames = vae.decode(z)
    arrays = {"z": z, "frames": frames, "how": np.array(how)}
    moving = functools.partial(Frames, frames[:, None])
    return Content(arrays=arrays, digits=Digits((frames,), across(len(frames))), frames=moving)


def traversals(vae: Vae, z: Floats, values: Floats, numbers: Sequence[int]) -> Content:
    """Points `z` `(dims, steps, latent)`: each dimension of `numbers` at each of `values` in turn, decoded.

    A row a dimension; all of them move together. Dimensions are counted from 0, in captions from 1.
    """
    dims, steps, _ = z.shape
    images = vae.decode(z.reshape(dims * steps, -1))
    frames = images.reshape(dims, steps, -1).transpose(1, 0, 2)
    captions = tuple(f"z{number + 1} {value:+.2f}" for number in numbers for value in values.tolist())
    arrays = {"dimensions": np.array(numbers), "values": values, "z": z, "images": frames.transpose(1, 0, 2)}
    moving = functools.partial(Frames, frames, across(dims))
    return Content(arrays=arrays, digits=Digits((images,), steps, captions), frames=moving)
