"""The first line of the screen: what trains, which family and run, how far it is and how good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from vaetui.render.colours import Colour
from vaetui.render.theme import ACCENT, BRIGHT, DIM, PANEL, TEXT, WARNING
from vaetui.runs.families import Family
from vaetui.runs.run_watcher import Run
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted
from vaetui.tui.widgets.run_summary import MARK, STATES

ROOMY = 90  # columns from which on the figures stand well apart
NOTE_GAP = 2  # columns between the notes at the left
LEAST_TITLE = 12  # columns of the title of the only family, for which figures are left out
LEAST_REST = 8  # columns of a title after what tells the family from others
# What is left out, in this order, where there is no room; the sidebar has the figures too.
NAME, UNIT, EPOCH, COST, EVERYTHING = range(1, 6)


@dataclass(frozen=True)
class HeaderNotes:
    """What the header says beside family, run and marks.

    `place` is the number of the family among several; `training` counts the runs in training, and
    `is_elsewhere` if one of them is not the selected run; `replaced` says which dataset stands for another.
    """

    place: str = ""
    training: int = 0
    is_elsewhere: bool = False
    replaced: str = ""


@dataclass(frozen=True)
class Piece:
    """Words of one meaning, a blank between them, with colour and weight; a click runs `action`."""

    words: tuple[tuple[str, Colour, bool], ...]
    action: str = ""

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return sum(cell_len(text) for text, _, _ in self.words) + len(self.words) - 1

    def paint(self, canvas: Canvas, x: int) -> None:
        """Write the words from column `x` on."""
        if self.action:
            canvas.click(x, 0, self.width, 1, self.action)
        for text, colour, is_bold in self.words:
            x = canvas.text(x, 0, text, colour, bold=is_bold) + 1


class Header(Painted):
    """Notes at the left, figures at the right, the family between them."""

    ground = PANEL
    family: Family | None = None
    run: Run | None = None
    marked: Sequence[Run] = ()
    notes = HeaderNotes()
    epoch: int | None = None  # of the figures, None for the last

    def show(self, family: Family | None, run: Run | None, marked: Sequence[Run], notes: HeaderNotes) -> None:
        """Show another run."""
        self.family, self.run, self.marked, self.notes = family, run, marked, notes
        self._repaint()

    def show_epoch(self, epoch: int | None) -> None:
        """Show the figures of another epoch, None for the last."""
        self.epoch = epoch
        self._repaint()

    def _repaint(self) -> None:
        self.repaint_if_changed(self.family, self.run, tuple(self.marked), self.notes, self.epoch)

    def paint(self, canvas: Canvas) -> None:
        """Paint as much as leaves room for the title of the family."""
        gap = 2 if canvas.width >= ROOMY else 1
        title, shortest = self._title()
        for left_out in range(EVERYTHING):
            notes, figures = self._note_pieces(left_out), self._figure_pieces(left_out)
            start = 1 + sum(piece.width + NOTE_GAP for piece in notes)
            end = canvas.width - 1 - sum(piece.width + gap for piece in figures)
            if end - start - 1 >= min(cell_len(shortest), cell_len(title)):
                break
        x = 1
        for piece in notes:
            piece.paint(canvas, x)
            x += piece.width + NOTE_GAP
        room = end - start - 1
        if self.notes.place and 0 <= room - cell_len(shortest) < LEAST_REST and cell_len(title) > room:
            title = shortest
        canvas.text(start, 0, fit(title, room), TEXT if self.family else DIM)
        if self.notes.place:
            canvas.click(start, 0, max(end - start, 0), 1, "app.family(1)")
        x = end + gap
        for piece in figures:
            piece.paint(canvas, x)
            x += piece.width + gap

    def _title(self) -> tuple[str, str]:
        """Return the title of the family, and the least of it: what tells it from others."""
        if self.family is None:
            return "no runs yet", ""
        if self.notes.place:
            return self.family.heading, self.family.distinction
        return self.family.title, fit(self.family.title, LEAST_TITLE)

    def _note_pieces(self, left_out: int) -> list[Piece]:
        """Return the pieces at the left: name of the app, replaced dataset, trainings, place."""
        notes = self.notes
        pieces = [] if left_out >= NAME else [Piece((("vaetui", ACCENT, True),))]
        if notes.replaced:
            pieces.append(Piece(((notes.replaced, WARNING, True),)))
        if notes.training:
            mark, word, colour = STATES["running"]
            key = (("W", ACCENT, True),) if notes.is_elsewhere else ()
            words = ((f"{mark} {notes.training} {word}", colour, False), *key)
            pieces.append(Piece(words, "app.training" if notes.is_elsewhere else ""))
        if notes.place:
            pieces.append(Piece(((notes.place, DIM, False),), "app.family(1)"))
        return pieces

    def _figure_pieces(self, left_out: int) -> list[Piece]:
        """Return the pieces at the right: marks, latent size, β, epoch, −ELBO."""
        if self.run is None:
            return []
        config, status, latest = self.run.config, self.run.status, self.run.figures_at(self.epoch)
        is_vae = config.model.is_vae
        beta = _figure("β", f"{config.objective.beta:g}") if is_vae else _figure("", "AE")
        pieces = [*self._marks(), _figure("z", str(config.model.latent)), beta]
        if self.family and self.run in self.family.runs and not self.family.group_of(self.run).is_single:
            seed = _figure("seed", str(config.seed))
            pieces.append(replace(seed, action="app.seed(1)"))
        if left_out < EPOCH:
            epochs = status.epochs or config.optimiser.epochs
            is_partway = self.run.latest is None and status.progress > 0
            done = self.epoch or (1 if is_partway else latest.epoch if latest else 0)
            name, colour = "in epoch" if is_partway else "epoch", BRIGHT if self.epoch is None else ACCENT
            pieces.append(_figure(name, f"{done}/{epochs}", colour))
        if latest and left_out < COST:
            found, split = latest.held_out, "val" if latest.val else "train"
            name, cost = ("−ELBO", -found.elbo) if is_vae else ("distortion", found.distortion)
            unit = " nats" if left_out < UNIT else ""
            pieces.append(_figure(f"{split} {name}", f"{cost:.1f}{unit}"))
        return pieces

    def _marks(self) -> list[Piece]:
        """Return how many runs are marked, and whether this one is."""
        if not self.marked:
            return []
        mark, colour = (MARK, ACCENT) if self.run in self.marked else ("◇", DIM)
        return [Piece(((mark, colour, True), (str(len(self.marked)), BRIGHT, True)), "app.mark_selected")]


def _figure(name: str, value: str, colour: Colour = BRIGHT) -> Piece:
    """Return a value after its name, if it has one."""
    named = ((name, DIM, False),) if name else ()
    return Piece((*named, (value, colour, True)))
