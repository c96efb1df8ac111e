"""The dialog that finds a run by words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from trainer.contract.files import clean
from trainer.contract.run_dir import EXAMPLES
from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, BRIGHT, DIM, PANEL, TEXT
from vaetui.runs.grid_metric import METRICS
from vaetui.runs.run_watcher import Run
from vaetui.tui.dialogs.dialog import Dialog, buttons
from vaetui.tui.dialogs.line import EditableText
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted
from vaetui.tui.widgets.run_summary import state_of


@dataclass(frozen=True)
class SearchEntry:
    """A run with its search words."""

    run: Run
    words: frozenset[str]
    text: str  # all words, joined


def search_entry(run: Run) -> SearchEntry:
    """Return a run with words of its name, dataset, settings and state."""
    config, (_, state, _) = run.config, state_of(run)
    beta = f"{config.objective.beta:g}"
    words = [*run.name.split("-"), run.name, config.data.name, config.model.kind, f"z{config.model.latent}"]
    words += [EXAMPLES] if config.is_example else []
    words += [f"b{beta}", f"β{beta}"] if config.model.is_vae else []
    words += [run.state, *state.split(), *run.status_text.split()]
    words = [_folded(word) for word in words]
    return SearchEntry(run, frozenset(words), " ".join([_folded(run.name), *words]))


def matching(entries: Sequence[SearchEntry], text: str) -> list[SearchEntry]:
    """Return the entries that contain every word of `text`, those with most whole-word matches first."""
    tokens = _folded(text).split()
    holding = [entry for entry in entries if all(token in entry.text for token in tokens)]
    return sorted(holding, key=lambda entry: -sum(token in entry.words for token in tokens))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


class Find(Dialog[Path]):
    """Return the directory of the selected run, or None."""

    BINDINGS = [  # noqa: RUF012 - Textual's interface
        Binding("escape", "close", "close"),
        Binding("enter", "open", "open"),
    ]
    CSS = """
    Find > Vertical { height: 80%; max-height: 40; min-height: 12; padding: 1 1 0 1; }
    Find RunList { height: 1fr; }
    """

    def __init__(self, runs: Sequence[Run], here: Path | None, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.list = RunList([search_entry(run) for run in runs], here, terminal)

    def compose(self) -> ComposeResult:
        """Compose the list with its search line."""
        with Vertical():
            yield self.list

    def action_open(self) -> None:
        """Close with the run under the cursor."""
        if self.list.entries:
            self.action_pick(self.list.cursor)

    def action_pick(self, place: int) -> None:
        """Close with a run of the list."""
        self.dismiss(self.list.entries[place].run.path)


class RunList(Painted, can_focus=True):
    """The search line over the matching runs, one per line, and a cursor on one of them."""

    ground = PANEL

    def __init__(self, entries: list[SearchEntry], here: Path | None, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.line = EditableText()
        self._all = self.entries = entries
        self.cursor = next((at for at, entry in enumerate(entries) if entry.run.path == here), 0)

    @property
    def rows(self) -> int:
        """The number of runs visible at once."""
        return max(self.size.height - 4, 1)

    def move(self, by: int) -> None:
        """Move the cursor down, within the list."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self.entries) - 1, 0))
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        """Edit the search line or move the cursor; other keys go to the dialog."""
        moves = {"down": 1, "up": -1, "pagedown": self.rows, "pageup": -self.rows}
        line = self.line.after_event(event)
        if event.key in moves:
            self.move(moves[event.key])
        elif line is not None:
            self._set_line(line)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text."""
        self._set_line(self.line.inserted(clean(event.text)))

    def _set_line(self, line: EditableText) -> None:
        if line.text != self.line.text:
            self.entries, self.cursor = matching(self._all, line.text), 0
        self.line = line
        self.repaint()

    def on_mouse_scroll_down(self) -> None:
        """Move the cursor down."""
        self.move(1)

    def on_mouse_scroll_up(self) -> None:
        """Move the cursor up."""
        self.move(-1)

    def paint(self, canvas: Canvas) -> None:
        """Paint search line, headings, the runs around the cursor, and their number."""
        last = canvas.height - 1
        canvas.text(0, 0, "/", ACCENT, bold=True)
        if not self.line.text:
            canvas.text(3, 0, "name, dataset, z10, b4, training …", DIM)
        self.line.paint(canvas, 2, 0, canvas.width, BRIGHT)
        self._line(canvas, 2, ("run", "dataset", "z", "β", "state", "−ELBO nats"), (DIM,) * 6)
        start = min(max(self.cursor - self.rows // 2, 0), max(len(self.entries) - self.rows, 0))
        for y, place in enumerate(range(start, min(start + self.rows, len(self.entries))), 3):
            self._entry(canvas, y, place)
        if not self.entries:
            canvas.text(2, 3, "no run has all of these words in its name, dataset, z, β or state", TEXT)
        keys = (("Enter", "open", "screen.open"), ("↑ ↓", "select", ""), ("Esc", "close", "screen.close"))
        buttons(canvas, last, *keys)
        canvas.right(canvas.width, last, f"{len(self.entries)} of {len(self._all)}", DIM)

    def _entry(self, canvas: Canvas, y: int, place: int) -> None:
        run = self.entries[place].run
        config, figure = run.config, METRICS[0].read(run)
        mark, state, colour = state_of(run)
        is_here = place == self.cursor
        texts = (
            run.name,
            config.data.name,
            str(config.model.latent),
            f"{config.objective.beta:g}" if config.model.is_vae else "AE",
            f"{mark} {state}",
            METRICS[0].write(figure) if figure is not None else "–",
        )
        ink = BRIGHT if is_here else TEXT
        self._line(canvas, y, texts, (ink, DIM, ink, ink, colour, ink))
        if is_here:
            canvas.text(0, y, "›", ACCENT, bold=True)
        canvas.click(0, y, canvas.width, 1, f"screen.pick({place})")

    def _line(
        self, canvas: Canvas, y: int, texts: Sequence[str], colours: Sequence[tuple[int, int, int]]
    ) -> None:
        """Paint the name at the left, the others in columns at the right; the dataset if there is room."""
        end = canvas.width
        name, dataset, latent, beta, state, figure = zip(texts, colours, strict=True)
        canvas.right(end, y, *figure)
        canvas.text(end - 22, y, *state)
        canvas.right(end - 24, y, *beta)
        canvas.right(end - 30, y, *latent)
        room = end - 35
        if room > 36:
            canvas.text(room - 13, y, fit(dataset[0], 13), dataset[1])
            room -= 15
        canvas.text(2, y, fit(name[0], room - 2), name[1])
