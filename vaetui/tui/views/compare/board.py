"""The state that all panes of the view Compare are painted from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from vaetui.render.colours import Colour
from vaetui.render.theme import BRIGHT, CURVE_COLOURS, DIM
from vaetui.runs.compare import ComparedRun
from vaetui.runs.comparison import Column, Comparison

NO_METRICS = "No run of this family has metrics yet."


@dataclass(frozen=True, eq=False)
class Board:
    """A comparison, the run under the cursor, the marked ones, and the settings of the view.

    `numbers` are the places of the runs in their family, for clicks. `by_latent` gives each latent size a
    colour and a line, else each β has one; `by_error` shows classes by squared error instead of distortion.
    """

    comparison: Comparison
    numbers: Mapping[Path, int]
    cursor: Path | None
    marked: Collection[Path]
    order: Column
    by_latent: bool
    by_error: bool

    @property
    def selected(self) -> ComparedRun | None:
        """Return the entry under the cursor."""
        return next((entry for entry in self.comparison.shown if entry.path == self.cursor), None)

    def click(self, entry: ComparedRun) -> str:
        """Return the action of a click on an entry."""
        return f"pick_run({self.numbers[entry.path]})"

    def line(self, entry: ComparedRun) -> float | None:
        """Return the latent size or β whose line and colour an entry has, None for an autoencoder's β."""
        return entry.latent if self.by_latent else entry.beta

    def colour(self, value: float | None, by_latent: bool | None = None) -> Colour:
        """Return the colour of a latent size or of a β; without a β it is grey."""
        if value is None:
            return DIM
        is_latent = self.by_latent if by_latent is None else by_latent
        every = {e.latent if is_latent else e.beta for e in self.comparison.shown}
        values = sorted(each for each in every if each is not None)
        return CURVE_COLOURS[values.index(value) % len(CURVE_COLOURS)] if value in values else BRIGHT

    def sign(self, entry: ComparedRun) -> str:
        """Return the mark of an entry: chosen, autoencoder, finished, in training."""
        is_chosen = entry is self.comparison.choice.entry
        return "◉" if is_chosen else "×" if entry.beta is None else "●" if entry.is_settled else "○"
