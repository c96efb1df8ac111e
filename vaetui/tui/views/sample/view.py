"""View 3: draws from the prior, around a digit, from all posteriors or a mixture, and how near codes are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vaetui.latent.interpolation import next_class
from vaetui.latent.samplers import Source
from vaetui.render.terminal import Terminal
from vaetui.runs import view_commands
from vaetui.runs.timeline import Timeline
from vaetui.tui.keys import bindings
from vaetui.tui.loading.computed import Arrived
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.selection import Subject
from vaetui.tui.state.view_state import Scene
from vaetui.tui.views.base import write_lines
from vaetui.tui.views.content import nothing, timeline_frame
from vaetui.tui.views.sample import captions
from vaetui.tui.views.sample.paint import Layout, frame, layout, original, pictures
from vaetui.tui.views.sample.samples import Bench, Drawn, Made
from vaetui.tui.views.timeline import PastView

if TYPE_CHECKING:
    from vaetui.export.files import ExportContent


class Sample(PastView):
    """As many draws as there is room for; the first are the same in every size of window."""

    title: ClassVar[str] = "Sample"
    BINDINGS = bindings("Sample")
    needs_codes: ClassVar[bool] = True

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._bench = Bench(self)

    @property
    def facts(self) -> frozenset[str]:
        """What there is to draw from, and what the draws depend on: an autoencoder's codes have no σ."""
        scene, found = self.scene, set(super().facts)
        if scene.vae is None or self.is_past:
            return frozenset(found)
        source, is_vae = scene.subject.sampling.source, scene.vae.config.model.is_vae
        found.add("draws")
        if is_vae or source != "posterior":
            found.add("noise")
        if is_vae or source in ("prior", "mixture"):
            found.add("sigma")
        if source == "posterior" and scene.shown is not None:
            found.add("digit")
        if source == "mixture":
            found.add("mixture")
        return frozenset(found)

    # --- keys

    def action_source(self, by: int) -> None:
        """Draw from the next source."""
        if "draws" in self.facts:
            self.change(lambda subject: subject.sampled(subject.sampling.turned(by)))

    def action_source_of(self, source: Source) -> None:
        """Draw from one source."""
        self.change(lambda subject: subject.sampled(subject.sampling.of(source)))

    def action_components(self, by: int) -> None:
        """More or fewer Gaussians."""
        if "mixture" in self.facts:
            self.change(lambda subject: subject.sampled(subject.sampling.divided(by)))

    def action_digit(self, by: int) -> None:
        """Another test digit to draw around."""
        if self.scene.shown and "digit" in self.facts:
            images = len(self.scene.shown)
            self.change(lambda subject: subject.moved(by, images))

    def action_class(self, by: int) -> None:
        """A test digit of another class to draw around."""
        if self.scene.shown and "digit" in self.facts:
            shown = self.scene.shown

            def turn(subject: Subject) -> Subject:
                image = next_class(shown.images.labels, subject.digit, by)
                return subject.moved(image - subject.digit, len(shown))

            self.change(turn)

    def action_noise(self, by: int) -> None:
        """Other noise."""
        if "noise" in self.facts:
            self.change(lambda subject: subject.reseeded(by))

    def action_temperature(self, by: int) -> None:
        """Hotter or colder noise, by a tenth."""
        if "sigma" in self.facts:
            self.change(lambda subject: subject.warmed(by))

    # --- painting

    def on_arrived(self, message: Arrived) -> None:
        """Show what has been worked out."""
        message.keep()
        self.repaint()

    def paint_scene(self, canvas: Canvas, scene: Scene) -> None:
        """The digit that draws are around, the draws, what is to be said of them."""
        if scene.vae is None:
            write_lines(canvas, (scene.trouble,))
            return
        made = self._bench.make(scene, scene.vae)
        plan = layout(canvas.width, canvas.height)
        drawn = self._bench.draw(made, _count(scene, plan))
        captions.head(canvas, plan, made, drawn)
        if drawn is None:
            canvas.centred(0, canvas.width, canvas.height // 3, made.trouble or self._waiting(scene, made))
        else:
            self._paint_draws(canvas, plan, made, drawn)
        captions.foot(canvas, plan, made, drawn, self._waiting(scene, made))

    def _paint_draws(self, canvas: Canvas, plan: Layout, made: Made, drawn: Drawn) -> None:
        first, shown = 0, made.shown
        if made.subject.sampling.source == "posterior" and shown is not None:
            digit = made.subject.digit
            name = "binarised" if shown.is_binarised else "original"
            original(canvas, plan, shown.pixels([digit])[0], f"{name}: {shown.label(digit)}", f"test {digit}")
            first = 1
        pictures(canvas, plan, first, drawn.images, drawn.near, drawn.words)

    def _waiting(self, scene: Scene, made: Made) -> str:
        """What is on its way, once that takes long."""
        if scene.shown is None or made.codes is None:
            return scene.waiting
        if made.nearness is None:
            return self.wait(made.codes, "measuring distances between codes …")
        if made.known.mixture is None and not made.trouble:
            count = len(made.codes.mean)
            return self.wait((made.codes, made.subject.sampling), f"fitting the mixture to {count} codes …")
        return ""

    def paint_frame(self, canvas: Canvas, timeline: Timeline, place: int) -> tuple[int, tuple[str, ...]]:
        """The trainer's own draws from the prior at one epoch."""
        seen, free = frame(canvas, timeline.draws[place])
        draws = f"{seen} of {timeline.draws.shape[1]} prior draws of the trainer"
        return free, (draws, "the same noise in every epoch")

    def content(self) -> ExportContent:
        """The draws, more of them than are seen; of an epoch the trainer's."""
        from vaetui.tui.views.sample.content import DRAWS, content_of

        scene = self.scene
        if scene.subject.epoch is not None and scene.timeline is not None:
            return timeline_frame(self.title, scene, scene.timeline.place(scene.subject.epoch), "draws")
        if scene.vae is None:
            return nothing(self.title, scene)
        drawn = self._bench.draw(self._bench.make(scene, scene.vae), DRAWS)
        return content_of(self.title, scene, drawn.draws.z if drawn else None)

    def command(self) -> list[str]:
        """The draws that are seen."""
        scene, subject = self.scene, self.scene.subject
        if scene.run is None or scene.vae is None or self.is_past:
            return super().command()
        sampling = subject.sampling
        own = {
            "posterior": ["--digit", view_commands.images([subject.digit])],
            "mixture": ["--components", str(sampling.components)],
        }
        words = [
            "sample",
            view_commands.name(scene.run),
            "--from",
            sampling.source,
            *own.get(sampling.source, []),
        ]
        count = _count(scene, layout(self.size.width, self.size.height))
        words += ["--seed", str(subject.seed), "--temperature", f"{subject.temperature:g}"]
        return [*words, "--count", str(count)]


def _count(scene: Scene, plan: Layout) -> int:
    """How many draws are seen; around a digit that digit is seen first."""
    is_around = scene.subject.sampling.source == "posterior"
    if is_around and scene.vae and not scene.vae.config.model.is_vae:
        return 1  # any more would be the same
    return plan.cells - is_around
