"""View 3: what the decoder makes of draws from the prior."""

from __future__ import annotations

from typing import ClassVar

from vaetui import latent
from vaetui.export import Content
from vaetui.tui import contents
from vaetui.tui.canvas import Canvas
from vaetui.tui.keys import bindings
from vaetui.tui.scene import Scene
from vaetui.tui.views.view import View, caption, write_lines
from vaetui.tui.widgets.digit import THUMB, columns, digit


class Sample(View):
    """As many draws as there is room for; the first are the same in every size of window."""

    title: ClassVar[str] = "Sample"
    BINDINGS = bindings("Sample")

    def action_noise(self, by: int) -> None:
        """Other noise."""
        self.change(lambda subject: subject.reseeded(by))

    def action_temperature(self, by: int) -> None:
        """Hotter or colder noise, by a tenth."""
        self.change(lambda subject: subject.warmed(by))

    def paint_scene(self, canvas: Canvas, scene: Scene) -> None:
        """Draw the noise, decode it, lay it out."""
        vae, subject = scene.vae, scene.subject
        if vae is None:
            write_lines(canvas, (scene.trouble,))
            return
        drawn = f"temperature {subject.temperature:.1f}: z ~ N(0, {subject.temperature:.1f}²)"
        caption(canvas, 0, drawn, f"noise {subject.seed}", f"epoch {vae.epoch}")
        across, pitch, left = columns(canvas.width)
        room = canvas.height - 2
        gap = 1 if (room + 1) // (THUMB[1] + 1) == room // THUMB[1] else 0
        bands = max((room + gap) // (THUMB[1] + gap), 1)
        noise = latent.noise(subject.seed, across * bands, vae.latent) * subject.temperature
        for place, pixels in enumerate(vae.decode(noise)):
            digit(canvas, left + place % across * pitch, 1 + place // across * (THUMB[1] + gap), pixels)
        if not vae.config.model.is_vae:
            caption(canvas, canvas.height - 1, "an AE has no prior: these are draws from N(0, I)")

    def content(self) -> Content:
        """The draws, more of them than are seen."""
        return contents.sample(self.title, self.scene)
