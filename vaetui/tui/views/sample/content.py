"""The numbers of the view Sample for a file: samples and what they decode to."""

from __future__ import annotations

import dataclasses

from vaetui.arrays import Floats
from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.state.view_state import Scene
from vaetui.tui.views.content import named, nothing, training_frames

DRAWS = 64  # the first are those on the screen


def content_of(title: str, scene: Scene, z: Floats | None) -> ExportContent:
    """Draws `z` (count, latent), decoded; the trainer's own draws from the prior over the epochs."""
    vae, subject = scene.vae, scene.subject
    if vae is None or z is None:
        return nothing(title, scene)
    found = content.sample_content(vae, z, subject.sampling.source, subject.seed, subject.temperature)
    return named(title, scene, dataclasses.replace(found, frames=training_frames(scene.run, "draws")))
