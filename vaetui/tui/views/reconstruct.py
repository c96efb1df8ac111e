"""View 2: test digits over what the model makes of them, and what each costs in nats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vaetui.export import Content
from vaetui.tui import contents, reproduce
from vaetui.tui.canvas import Canvas
from vaetui.tui.keys import bindings
from vaetui.tui.look import BRIGHT, DIM, TEXT, difference, ink
from vaetui.tui.scene import Shown
from vaetui.tui.subject import Subject
from vaetui.tui.views.view import ImageView, caption
from vaetui.tui.widgets.digit import THUMB, columns, digit
from vaetui.vae import COSTS, Vae

ROW = THUMB[1]


@dataclass(frozen=True)
class Layout:
    """How many digits go `across`, `pitch` columns apart from column `left` on, in how many `bands`.

    A band has `pictures` thumbnails over each other (the third is the difference) and `notes` lines below.
    """

    across: int
    pitch: int
    left: int
    bands: int
    pictures: int
    notes: int

    @property
    def digits(self) -> int:
        """How many are seen at once."""
        return self.across * self.bands

    @property
    def lines(self) -> int:
        """Rows of a band."""
        return self.pictures * ROW + self.notes


def layout(width: int, height: int) -> Layout:
    """What fits under one line of caption."""
    room = height - 1
    pictures = 3 if room >= 3 * ROW + 1 else 2
    bands = max(room // (pictures * ROW + 1), 1)
    notes = 2 if room - bands * (pictures * ROW + 1) > bands else 1
    return Layout(*columns(width), bands, pictures, notes)


class Reconstruct(ImageView):
    """Columns of original over reconstruction over, where there is room, their difference."""

    title: ClassVar[str] = "Reconstruct"
    BINDINGS = bindings("Reconstruct")

    def action_move(self, by: int) -> None:
        """To another test digit."""
        if self.scene.shown:
            seen = layout(self.size.width, self.size.height).digits
            last = max(len(self.scene.shown) - seen, 0)
            self.change(lambda subject: subject.moved(by, last + 1))

    def action_page(self, by: int) -> None:
        """By as many digits as are seen."""
        self.action_move(by * layout(self.size.width, self.size.height).digits)

    def action_first(self) -> None:
        """Back to the first digit."""
        self.change(lambda subject: subject.moved(-subject.digit, 1))

    def paint_images(self, canvas: Canvas, vae: Vae, shown: Shown, subject: Subject) -> None:
        """Encode the digits, decode the means of their posteriors, lay them out."""
        plan = layout(canvas.width, canvas.height)
        first = min(subject.digit, max(len(shown) - plan.digits, 0))
        indices = list(range(first, min(first + plan.digits, len(shown))))
        originals = shown.pixels(indices)
        posterior = vae.encode(originals)
        made = vae.decode(posterior.mean)
        nats, rates = vae.nats(originals, posterior.mean).tolist(), vae.rate(posterior).tolist()
        for place, index in enumerate(indices):
            x = plan.left + place % plan.across * plan.pitch
            y = 1 + place // plan.across * plan.lines
            pictures = (originals[place], made[place], made[place] - originals[place])[: plan.pictures]
            for line, pixels in enumerate(pictures):
                colours = difference if line == 2 else ink
                digit(canvas, x, y + line * ROW, pixels, colours=colours)
            notes = y + plan.pictures * ROW
            column = canvas.text(x + 1, notes, str(shown.label(index)), TEXT)
            column = canvas.text(column + 1, notes, _three(nats[place]), BRIGHT, bold=True)
            canvas.text(column + 1, notes, "nats", DIM)
            if plan.notes > 1 and posterior.log_var is not None:
                canvas.text(x + 3, notes + 1, f"+{_three(rates[place])} rate", DIM)
        drawn = "binarised " if shown.is_binarised else ""
        which = f"{drawn}{shown.name} test digits {indices[0]} to {indices[-1]}"
        if plan.pictures == 3:
            rows = "original, reconstruction, difference"
            caption(canvas, 0, which, rows, "orange: too much ink, blue: too little")
        else:
            caption(canvas, 0, which, "over their reconstructions")
        foot = 1 + plan.bands * plan.lines + (canvas.height > 2 + plan.bands * plan.lines)
        at = "at the code" if posterior.log_var is None else "at the posterior's mean"
        cost = f"nats: {COSTS[vae.config.objective.likelihood]}"
        caption(canvas, foot, f"epoch {vae.epoch}", cost, at)

    def content(self) -> Content:
        """The digits that are seen."""
        seen, images = layout(self.size.width, self.size.height).digits, len(self.scene.shown or ())
        first = min(self.scene.subject.digit, max(images - seen, 0))
        return contents.reconstruct(self.title, self.scene, range(first, min(first + seen, images)))

    def command(self) -> list[str]:
        """Show the digits that are seen."""
        indices = self.content().arrays.get("indices")
        if self.scene.run is None or indices is None:
            return super().command()
        return ["show", reproduce.name(self.scene.run), "--digits", reproduce.images(indices.tolist())]


def _three(value: float) -> str:
    """A figure in four characters, or more where it is above 9999."""
    return f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"
