"""What each view has to be written to a file: its numbers by name, its digits, and the screen as it is seen.

Arrays are named in the field's words; images are `(images, 784)` in 0…1, nats are per image.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

from trainer.contract.metrics import Figures
from vaetui.export import content
from vaetui.export.content import of_run
from vaetui.export.files import Array, Content, Digits, Frames, across
from vaetui.latent import geometry, projection
from vaetui.latent.dimensions import Dims
from vaetui.latent.projection import Map
from vaetui.latent.traversal import FURTHEST, SWEEP, Moves
from vaetui.render.cells import Colour
from vaetui.render.drawing import Drawing, Piece
from vaetui.render.drawing import screen as drawn
from vaetui.runs import timeline
from vaetui.runs.run_index import Run
from vaetui.tui.screen.canvas import plain
from vaetui.tui.screen.theme import BACK, TEXT
from vaetui.tui.state.view_state import Floats, Scene
from vaetui.tui.views.draw.reconstruction import Taken
from vaetui.tui.widgets.board import Board, Made

DRAWS = 64  # the first are those on the screen
PLANE = 15  # digits along each side of the decoded plane


def nothing(title: str, scene: Scene) -> Content:
    """A view without numbers: its screen is all there is."""
    run = f"-{scene.run.path.name}" if scene.run else ""
    return Content(title.lower() + run)


def _named(title: str, scene: Scene, found: Content) -> Content:
    """With a name, and the run of the numbers beside them."""
    about = of_run(scene.run.path.name if scene.run else "", scene.vae)
    return dataclasses.replace(found, name=nothing(title, scene).name, arrays={**about, **found.arrays})


# --- views ------------------------------------------------------------------------------------------


def loss(title: str, scene: Scene) -> Content:
    """The curves: each `(epochs,)`, not a number where nothing was held out; the KL of dimensions."""
    epochs = scene.run.epochs if scene.run else ()
    if not epochs:
        return nothing(title, scene)
    unknown = Figures(*[float("nan")] * 4)
    arrays: dict[str, Array] = {"epochs": np.array([row.epoch for row in epochs])}
    for split, rows in (("train", [e.train for e in epochs]), ("val", [e.val or unknown for e in epochs])):
        for figure in ("distortion", "rate", "elbo", "mse"):
            arrays[f"{split}_{figure}"] = np.array([getattr(row, figure) for row in rows])
    arrays["active_units"] = np.array([row.active_units for row in epochs])
    latent_size = max(len(row.kl_per_dim) for row in epochs)
    kl = np.full((len(epochs), latent_size), np.nan)
    for place, row in enumerate(epochs):
        kl[place, : len(row.kl_per_dim)] = row.kl_per_dim
    return _named(title, scene, Content(arrays=arrays | {"kl_per_dim": kl}))


def reconstruct(title: str, scene: Scene, indices: Sequence[int]) -> Content:
    """Test digits over their reconstructions, with what each costs; the trainer's probes over the epochs."""
    vae, shown = scene.vae, scene.shown
    if vae is None or shown is None or not indices:
        return nothing(title, scene)
    chosen = list(indices)
    found = content.reconstructions(vae, shown.pixels(chosen), shown.images.labels[chosen], chosen)
    return _named(title, scene, dataclasses.replace(found, frames=_epochs(scene.run, "probes")))


def sample(title: str, scene: Scene, z: Floats | None) -> Content:
    """Draws `z` (count, latent), decoded; the trainer's own draws from the prior over the epochs."""
    vae, subject = scene.vae, scene.subject
    if vae is None or z is None:
        return nothing(title, scene)
    found = content.draws(vae, z, subject.sampling.source, subject.seed, subject.temperature)
    return _named(title, scene, dataclasses.replace(found, frames=_epochs(scene.run, "draws")))


def interpolate(title: str, scene: Scene, z: Floats | None) -> Content:
    """The points `z` (steps, latent) of a path, decoded."""
    vae = scene.vae
    if vae is None or z is None:
        return nothing(title, scene)
    return _named(title, scene, content.path(vae, z, scene.subject.walk.how))


def codes(title: str, scene: Scene, chart: Map | None) -> Content:
    """The codes of test images, their classes, and where they lie on the map that is seen."""
    vae, found = scene.vae, scene.codes
    if vae is None or found is None:
        return nothing(title, scene)
    arrays: dict[str, Array] = {"codes": found.mean, "labels": found.labels}
    if chart is not None:
        arrays |= {"points": chart.points, "axes": np.array(chart.short)}
    if not (scene.subject.plane.is_sheet and vae.latent == 2):
        return _named(title, scene, Content(arrays=arrays))
    xs = ys = geometry.quantiles(PLANE)
    if not vae.config.model.is_vae:
        left, right, bottom, top = projection.dims_map(found, 0, 1).window
        xs, ys = (
            np.linspace(low, high, PLANE, dtype=np.float32) for low, high in ((left, right), (bottom, top))
        )
    z = geometry.sheet(xs, ys)
    images = vae.decode(z)
    arrays |= {"z": z, "images": images}
    return _named(title, scene, Content(arrays=arrays, digits=Digits((images,), PLANE)))


def traverse(title: str, scene: Scene, dims: Dims | None) -> Content:
    """The moved code and what it decodes to; the sweep of the chosen dimension, in standard deviations."""
    vae, moves = scene.vae, scene.subject.moves
    if vae is None or dims is None:
        return nothing(title, scene)
    place = moves.chosen(len(dims))
    values = np.linspace(-FURTHEST, FURTHEST, SWEEP, dtype=np.float32)
    along = dims.traversal(moves, place, values)
    code, own = dims.code(moves), dims.code(Moves())
    images = vae.decode(along)
    arrays: dict[str, Array] = {
        "digit": np.array(scene.subject.digit),
        "code": own,
        "z": code,
        "image": vae.decode(code[None])[0],
        "dimension": np.array(int(dims.number[place])),
        "values": values,
        "sweep_z": along,
        "sweep_images": images,
    }
    digits = Digits((images,), across(SWEEP), tuple(f"{value:+.2f} sd" for value in values.tolist()))
    moving = functools.partial(Frames, images[:, None])
    return _named(title, scene, Content(arrays=arrays, digits=digits, frames=moving))


def compare(title: str, scene: Scene, board: Board, made: Mapping[Path, Made]) -> Content:
    """The table, a row a checkpoint; the same digit by every checkpoint, where that has been made."""
    entries = board.shown
    if not entries:
        return nothing(title, scene)
    arrays: dict[str, Array] = {
        "runs": np.array([entry.path.name for entry in entries]),
        "latent": np.array([entry.latent for entry in entries]),
        "beta": np.array([np.nan if entry.beta is None else entry.beta for entry in entries]),
        "active_units": np.array([entry.active_units for entry in entries]),
        "split": np.array([entry.protocol.split for entry in entries]),
        "posterior_draws": np.array([entry.protocol.draws for entry in entries]),
    }
    for figure in ("distortion", "rate", "elbo", "mse"):
        arrays[figure] = np.array([getattr(entry.figures, figure) for entry in entries])
    labels = [str(label) for label in range(10)]
    for name, rows in (
        ("class_distortion", [entry.classes for entry in entries]),
        ("class_mse", [entry.errors for entry in entries]),
    ):
        arrays[name] = np.array([[row.get(label, np.nan) for label in labels] for row in rows])
    pairs = [(e.name, made[e.path].pixels, made[e.path].nats) for e in entries if e.path in made]
    there = [(f"{name}  {nats:.0f}", pixels) for name, pixels, nats in pairs if pixels is not None]
    digits = None
    if there:
        pictures = np.stack([pixels for _, pixels in there])
        digits = Digits((pictures,), across(len(there)), tuple(caption for caption, _ in there))
    return _named(title, scene, Content(arrays=arrays, digits=digits))


def drawing(title: str, scene: Scene, taken: Taken | None) -> Content:
    """The drawing as the model sees it, its code and its reconstruction."""
    if taken is None:
        return nothing(title, scene)
    arrays: dict[str, Array] = {
        "drawing": np.frombuffer(scene.subject.drawing, np.uint8).astype(np.float32) / np.float32(255),
        "seen": taken.seen,
        "code": taken.mean,
        "reconstruction": taken.made,
        "distortion": np.array(taken.distortion),
    }
    if taken.rate is not None:
        arrays["rate"] = np.array(taken.rate)
    digits = Digits((np.stack([taken.seen, taken.made]),), 2, ("drawn", f"{taken.distortion:.1f} nats"))
    return _named(title, scene, Content(arrays=arrays, digits=digits))


# --- epochs -----------------------------------------------------------------------------------------


def _epochs(run: Run | None, name: Literal["probes", "draws"]) -> functools.partial[Frames] | None:
    """What moves as a run learns, where it has learnt for more than one epoch."""
    return functools.partial(epochs, run.path, name) if run and len(run.epochs) > 1 else None


def epochs(run: Path, name: Literal["probes", "draws"]) -> Frames:
    """The pictures `name` that the trainer made after each epoch. Raises `Problem` where there are none."""
    images = getattr(timeline.read(run), name)
    return Frames(images, across(images.shape[1]), is_returning=False)


def frame(title: str, scene: Scene, at: int, name: Literal["probes", "draws"]) -> Content:
    """The pictures `name` of one frame of the timeline, `at` its place; all frames in motion."""
    found = scene.timeline
    if found is None:
        return nothing(title, scene)
    images = getattr(found, name)[at]
    arrays: dict[str, Array] = {"epoch": np.array(found.epochs[at]), name: images}
    if name == "probes":
        arrays["indices"] = found.probe_index
    pictures = np.asarray(images, np.float32) / np.float32(255)
    digits = Digits((pictures,), across(len(images)))
    return _named(title, scene, Content(arrays=arrays, digits=digits, frames=_epochs(scene.run, name)))


# --- the screen -------------------------------------------------------------------------------------


def screen(strips: Iterable[Strip]) -> Drawing:
    """What is on the screen, its ground the colour that most of it has."""
    rows = [[_piece(segment.text, segment.style) for segment in strip] for strip in strips]
    grounds: Counter[Colour] = Counter()
    for piece in (piece for row in rows for piece in row):
        grounds[piece.bg] += cell_len(piece.text)
    return drawn(rows, max(grounds, key=grounds.__getitem__, default=BACK), plain)


def _piece(text: str, style: Style | None) -> Piece:
    if style is None:
        return Piece(text, TEXT, BACK)
    fg, bg = _colour(style.color, TEXT), _colour(style.bgcolor, BACK)
    return Piece(text, *((bg, fg) if style.reverse else (fg, bg)), is_bold=bool(style.bold))


@functools.lru_cache(maxsize=4096)
def _colour(colour: Color | None, otherwise: Colour) -> Colour:
    """A colour as pixels have it; a terminal's own is `otherwise`."""
    if colour is None or colour.is_default:
        return otherwise
    red, green, blue = colour.get_truecolor()
    return red, green, blue
