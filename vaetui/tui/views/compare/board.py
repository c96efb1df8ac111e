"""The state of the view Compare that all its panes are painted from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vaetui.render.colours import Colour
from vaetui.runs.compare import ComparedRun
from vaetui.runs.comparison import Column, Comparison
from vaetui.tui.screen.theme import BRIGHT, CURVE_COLOURS, DIM

NO_METRICS = "No run of this family has metrics yet."


@dataclass(frozen=True, eq=False)
class Board:
    """A comparison, the run under the cursor, and how it is shown.

    `by_latent` gives each latent size a colour and a line, else each β has one; `by_error` shows classes by
    squared error instead of distortion.
    """

    found: Comparison
    cursor: Path | None
    order: Column
    by_latent: bool
    by_error: bool

    @property
    def selected(self) -> ComparedRun | None:
        """Return the entry under the cursor."""
        return next((entry for entry in self.found.shown if entry.path == self.cursor), None)

    def line(self, entry: ComparedRun) -> float | None:
        """Return the latent size or β whose line and colour an entry has, None for an autoencoder's β."""
        return entry.latent if self.by_latent else entry.beta

    def colour(self, value: float | None, by_latent: bool | None = None) -> Colour:
        """Return the colour of a latent size or of a β; without a β it is grey."""
        if value is None:
            return DIM
        is_latent = self.by_latent if by_latent is None else by_latent
        kinds = {e.latent if is_latent else e.beta for e in self.found.shown}
        values = sorted(kind for kind in kinds if kind is not None)
        return CURVE_COLOURS[values.index(value) % len(CURVE_COLOURS)] if value in values else BRIGHT

    def sign(self, entry: ComparedRun) -> str:
        """Return the sign of an entry: chosen, autoencoder, finished, in training."""
        is_chosen = entry is self.found.choice.entry
        return "◉" if is_chosen else "×" if entry.beta is None else "●" if entry.is_settled else "○"
