"""View 4: the way from one test digit to another, a step at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.timer import Timer

from vaetui import latent
from vaetui.export import Content
from vaetui.render.terminal import Terminal
from vaetui.tui import contents
from vaetui.tui.canvas import Canvas
from vaetui.tui.guard import is_stalled
from vaetui.tui.keys import bindings
from vaetui.tui.scene import Floats, Shown
from vaetui.tui.subject import DRAWING, Labels, Subject, another, next_class
from vaetui.tui.views.view import ImageView
from vaetui.tui.widgets.path import Facts, Path, paint
from vaetui.vae import Vae

End = Literal["a", "b"]


@dataclass(frozen=True, eq=False)
class Walked:
    """Points `z` (steps, latent) from one image to another and what they decode to, `frames` (steps, 784)."""

    key: tuple[object, ...]
    z: Floats
    ends: Floats  # the two test images themselves, (2, 784)
    frames: Floats


class Interpolate(ImageView):
    """Both ends, the digit at the step, a slider, and, where there is room, all frames."""

    title: ClassVar[str] = "Interpolate"
    BINDINGS = bindings("Interpolate")
    needs_codes: ClassVar[bool] = True

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.is_playing = False
        self._direction = 1
        self._player: Timer | None = None
        self._walked: Walked | None = None

    # --- keys

    def action_step(self, by: int) -> None:
        """A step along the path."""
        self.change(lambda subject: subject.stepped(by))

    def action_at(self, step: int) -> None:
        """To one step."""
        self.change(lambda subject: subject.at(step))

    def action_to_a(self) -> None:
        """To the first end."""
        self.action_at(0)

    def action_to_b(self) -> None:
        """To the other end."""
        self.change(lambda subject: subject.at(subject.steps - 1))

    def action_steps(self, by: int) -> None:
        """Finer or coarser steps."""
        self.change(lambda subject: subject.divided(by))

    def action_how(self) -> None:
        """The straight line, or the great circle."""
        self.change(Subject.bent)

    def action_next_class(self, end: End) -> None:
        """The next class for one end."""
        self._replace(end, next_class)

    def action_another(self, end: End) -> None:
        """Another digit of its class for one end."""
        self._replace(end, another)

    def _replace(self, end: End, choose: Callable[[Labels, int], int]) -> None:
        if self.scene.shown:
            labels = self.scene.shown.images.labels
            self.change(lambda subject: subject.with_end(end, choose(labels, getattr(subject, end))))

    # --- playing

    def action_play(self) -> None:
        """Walk to and fro, or stand."""
        if self._player is None:
            rate = 5 if os.environ.get("SSH_CONNECTION") else 10
            self._player = self.set_interval(1 / rate, self._tick, pause=True)
        self.is_playing = not self.is_playing
        (self._player.resume if self.is_playing else self._player.pause)()
        self.repaint()

    def leave(self) -> None:
        """Stand still while another view is looked at."""
        if self.is_playing:
            self.action_play()

    def _tick(self) -> None:
        """A step, unless nobody sees it or the last frames have not gone out yet."""
        if not self.is_on_screen or self.app.screen is not self.screen or is_stalled(self.app):
            return
        subject = self.scene.subject
        if not 0 <= subject.step + self._direction < subject.steps:
            self._direction = -self._direction
        self.action_step(self._direction)

    # --- painting

    def paint_images(self, canvas: Canvas, vae: Vae, shown: Shown, subject: Subject) -> None:
        """Decode the path where it is another than before, and lay it out."""
        key: tuple[object, ...] = (vae, shown, subject.a, subject.b, subject.steps, subject.how)
        if DRAWING in (subject.a, subject.b):
            key = (*key, subject.drawing, subject.is_centred)
        if self._walked is None or self._walked.key != key:
            ends = shown.ends(subject)
            z = latent.path(vae.encode(ends).mean, subject.steps, subject.how)
            self._walked = Walked(key, z, ends, vae.decode(z))
        names = (shown.name_of(subject.a), shown.name_of(subject.b))
        facts = self._facts(vae, self._walked.z[subject.step], subject)
        paint(canvas, Path(self._walked.ends, names, self._walked.frames, subject, facts))

    def _facts(self, vae: Vae, z: Floats, subject: Subject) -> Facts:
        """Name and value of what is told about the step."""
        near = "…"
        if self.scene.codes is not None:
            index, distance = latent.nearest(z, self.scene.codes.mean)
            near = f"a {int(self.scene.codes.labels[index])}, {distance:.2f} away"
        density = f"{float(latent.log_prior(z)):.1f} nats".replace("-", "−")
        return (
            ("step", f"{subject.step + 1}/{subject.steps}" + (" playing" if self.is_playing else "")),
            ("path", subject.how),
            ("log p(z)", density if vae.config.model.is_vae else "an AE has none"),
            ("nearest code", near),
            ("epoch", str(vae.epoch)),
        )

    def content(self) -> Content:
        """The whole path."""
        return contents.interpolate(self.title, self.scene, self._walked.z if self._walked else None)
