"""The lines at the edges of the screen: header, tabs, notice, keys."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence, Set

from vaetui.render.theme import ACCENT, BRIGHT, DIM, LINE, PANEL, TEXT, WARNING
from vaetui.runs.families import Family
from vaetui.runs.run_watcher import Run
from vaetui.tui import keys
from vaetui.tui.screen.canvas import Canvas, fit, fit_sentence
from vaetui.tui.screen.painted import Painted

ROOMY = 90  # columns from which on the header's figures stand well apart


class Header(Painted):
    """Which family, which run, how far it is and how good."""

    ground = PANEL
    family: Family | None = None
    run: Run | None = None
    place = ""
    marked: Sequence[Run] = ()

    def show(self, family: Family | None, run: Run | None, place: str, marked: Sequence[Run]) -> None:
        """Show another run; `place` tells which of several families it belongs to, such as "2/3"."""
        self.family, self.run, self.place, self.marked = family, run, place, marked
        self.repaint_if_changed(family, run, place, tuple(marked))

    def paint(self, canvas: Canvas) -> None:
        """Name at the left, figures at the right, the family between them."""
        start = canvas.text(1, 0, "vaetui", ACCENT, bold=True) + 2
        end = self._figures(canvas)
        if self.family is None:
            canvas.text(start, 0, "no runs yet", DIM)
            return
        if self.place:
            canvas.click(start, 0, end - start, 1, "app.family")
            start = canvas.text(start, 0, self.place, DIM) + 1
        canvas.text(start, 0, fit(self.family.title, end - start - 1), TEXT)

    def _figures(self, canvas: Canvas) -> int:
        """Write the figures from the right and return the column where they start."""
        end = canvas.width - 1
        if self.run is None:
            return end
        config, status, latest = self.run.config, self.run.status, self.run.latest
        is_vae = config.model.is_vae
        beta = ("β", f"{config.objective.beta:g}") if is_vae else ("", "AE")
        epochs = status.epochs or config.optimiser.epochs
        parts = [
            ("z", str(config.model.latent)),
            beta,
            ("epoch", f"{latest.epoch if latest else 0}/{epochs}"),
        ]
        if latest:
            found, split = latest.held_out, "val" if latest.val else "train"
            cost = ("−ELBO", -found.elbo) if is_vae else ("distortion", found.distortion)
            parts.append((f"{split} {cost[0]}", f"{cost[1]:.1f} nats"))
        gap = 2 if canvas.width >= ROOMY else 1
        for name, value in reversed(parts):
            end = canvas.right(end, 0, value, BRIGHT, bold=True)
            end = (canvas.right(end - 1, 0, name, DIM) if name else end) - gap
        return self._marks(canvas, end, gap)

    def _marks(self, canvas: Canvas, end: int, gap: int) -> int:
        """Write how many runs are marked, and whether this one is; returns the column where that starts."""
        if not self.marked:
            return end
        is_marked = self.run in self.marked
        start = canvas.right(end, 0, str(len(self.marked)), BRIGHT, bold=True)
        start = canvas.right(start - 1, 0, "◆" if is_marked else "◇", ACCENT if is_marked else DIM, bold=True)
        canvas.click(start, 0, end - start, 1, "app.mark")
        return start - gap


class Tabs(Painted):
    """The views and their number keys."""

    active = keys.VIEWS[0]

    def show(self, active: str) -> None:
        """Mark another view as the one that is seen."""
        self.active = active
        self.repaint_if_changed(active)

    def paint(self, canvas: Canvas) -> None:
        """Number and name of each view over a rule that is heavy under the active one."""
        letters, gap = _tab_size(canvas.width)
        column = 1
        rule: list[tuple[int, int]] = []
        for number, name in enumerate(keys.VIEWS, 1):
            is_active = name == self.active
            start = column
            column = canvas.text(column, 0, f"{number} ", ACCENT if is_active else DIM, bold=is_active)
            column = canvas.text(column, 0, name[:letters], BRIGHT if is_active else TEXT, bold=is_active)
            canvas.click(start, 0, column - start + 1, 2, f"app.view('{name}')")
            if is_active:
                rule = [(start, column)]
            column += gap
        for start, end in rule:
            canvas.text(0, 1, "─" * start, LINE)
            canvas.text(start, 1, "━" * (end - start), ACCENT)
            canvas.text(end, 1, "─" * (canvas.width - end), LINE)


def _tab_size(width: int) -> tuple[int, int]:
    """Return how many letters of each view's name fit into `width` columns, and how far apart."""

    def taken(letters: int, gap: int) -> int:
        return sum(2 + min(len(name), letters) + gap for name in keys.VIEWS) - gap + 1

    longest = max(map(len, keys.VIEWS))
    sizes = [(letters, gap) for letters in range(longest, 0, -1) for gap in (2, 1)]
    return next((size for size in sizes if taken(*size) <= width), (0, 1))


class NoticeLine(Painted):
    """One line on what was done, or is wrong or missing; not there while there is nothing to tell."""

    text = ""
    is_trouble = False

    def show(self, text: str, is_trouble: bool) -> None:
        """Show `text`, or nothing where it is empty."""
        self.text, self.is_trouble = text, is_trouble
        self.set_class(bool(text), "-shown")
        self.repaint_if_changed(text, is_trouble)

    def paint(self, canvas: Canvas) -> None:
        """Write the sentence, cut where it is too long."""
        mark, colour, ink = ("!", WARNING, WARNING) if self.is_trouble else ("›", ACCENT, BRIGHT)
        canvas.text(1, 0, mark, colour, bold=True)
        canvas.text(3, 0, fit_sentence(self.text, canvas.width - 4), ink)


class KeyLine(Painted):
    """The keys that work now; a click does what the key does."""

    ground = PANEL
    view = keys.VIEWS[0]
    facts: Set[str] = frozenset()

    def show(self, view: str, facts: Set[str]) -> None:
        """Show the keys of another view."""
        self.view, self.facts = view, facts
        self.repaint_if_changed(view, facts)

    def paint(self, canvas: Canvas) -> None:
        """Keys and labels, as many as fit."""
        is_plain = canvas.terminal.glyphs == "ascii"
        for start, row in keys.footer(self.view, self.facts, canvas.width, is_plain):
            column = start
            for key, cap in zip(row.keys, row.caps(is_plain), strict=True):
                canvas.click(column, 0, len(cap), 1, f"app.press('{key.name}')")
                column = canvas.text(column, 0, cap, ACCENT, bold=True) + 1
            canvas.click(column, 0, len(row.label), 1, f"app.press('{row.keys[-1].name}')")
            canvas.text(column, 0, row.label, TEXT)


class TooSmall(Painted):
    """What is seen instead of everything else while the terminal is too small."""

    wanted = (60, 20)

    def paint(self, canvas: Canvas) -> None:
        """Write one sentence in the middle, in several lines on a narrow terminal."""
        sentence = f"vaetui needs {self.wanted[0]}×{self.wanted[1]}, this is {canvas.width}×{canvas.height}"
        lines = textwrap.wrap(sentence, max(canvas.width, 1))
        top = max(canvas.height - len(lines) + 1, 0) // 2
        for row, line in enumerate(lines[: canvas.height], top):
            canvas.centred(0, canvas.width, row, line, TEXT)
