"""The run list: filter, sort, mark, open, note, rename and delete runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from trainer.contract.files import Problem, clean
from vaetui import commands
from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT, WARNING
from vaetui.runs import run_changes
from vaetui.runs.run_fields import find_field
from vaetui.runs.run_table import RunTable, run_table
from vaetui.runs.run_watcher import Run
from vaetui.tui.dialogs.ask import Ask
from vaetui.tui.dialogs.dialog import Dialog, buttons
from vaetui.tui.dialogs.line import EditableText
from vaetui.tui.dialogs.prompt import Prompt
from vaetui.tui.screen.canvas import Canvas, fit, wrapped
from vaetui.tui.screen.painted import Painted
from vaetui.tui.state.app_state import AppState
from vaetui.tui.state.run_list import RunListSettings, RunsChanged
from vaetui.tui.widgets.layout import Rect
from vaetui.tui.widgets.run_pane import ROOM_FOR_PANE
from vaetui.tui.widgets.run_table import RunRows, draw_run_table, figures_caption

HEAD, FOOT = 2, 4  # lines above the headings and below the rows
_OPEN, _CLOSE = ("Enter", "open", "screen.open"), ("Esc", "close", "screen.close")
_FILTER_KEYS = (_OPEN, _CLOSE, ("↑ ↓", "select", ""), ("Tab", "list", "app.press('tab')"))
_LIST_KEYS = (
    _OPEN,
    _CLOSE,
    ("/", "filter", "app.press('slash')"),
    ("← →", "sort", ""),
    ("v", "mark", "app.press('v')"),
    ("n", "note", "app.press('n')"),
    ("r", "rename", "app.press('r')"),
    ("Del", "trash", "app.press('delete')"),
    ("o", "reverse", "app.press('o')"),
    ("w", "beside the view", "app.press('w')"),
    ("y", "copy command", "app.press('y')"),
    ("V", "clear marks", "app.press('V')"),
)
_EXAMPLE = "lr<1e-3 kind:vae, or words: mnist z10 b4 training"


class RunListDialog(Dialog[Path]):
    """Return the directory of the run to open, or None; `is_filtering` if a filter is typed first."""

    BINDINGS = [  # noqa: RUF012 - Textual's interface
        Binding("escape", "close", "close"),
        Binding("enter", "open", "open"),
    ]
    CSS = """
    RunListDialog > Vertical { width: 100%; height: 100%; background: $background; }
    RunListDialog RunList { height: 1fr; }
    """

    def __init__(self, state: AppState, terminal: Terminal, *, is_filtering: bool) -> None:
        super().__init__(terminal)
        self.list = RunList(state, terminal, is_filtering=is_filtering)

    def compose(self) -> ComposeResult:
        """Compose the list over the whole screen."""
        with Vertical():
            yield self.list

    def follow(self) -> None:
        """Show what has become of the runs."""
        self.list.follow()

    def action_open(self) -> None:
        """Close with the run under the cursor."""
        if self.list.run is not None:
            self.dismiss(self.list.run.path)


class RunList(Painted, can_focus=True):
    """The filter, the table of the runs that pass it, the note of one, the keys.

    Letters are typed into the filter while it `is_filtering`, else they are commands.
    """

    def __init__(self, state: AppState, terminal: Terminal, *, is_filtering: bool) -> None:
        super().__init__(terminal)
        self.is_filtering = is_filtering
        self.cursor = state.runs.run.path if state.runs.run else None
        self._state = state
        self._line = _selected(state.run_list.text)
        self._table, self._listed = RunTable((), ()), tuple[Run, ...]()
        self._message, self._is_trouble = "", False
        self._commands: dict[str, Callable[[], None]] = {
            **dict.fromkeys(("left", "h"), lambda: self._step(-1)),
            **dict.fromkeys(("right", "l"), lambda: self._step(1)),
            "o": lambda: self.change(self.settings.reversed()),
            "v": self._mark,
            "V": self._unmark_all,
            "n": self._note,
            "r": self._rename,
            "delete": self._delete,
            "y": self._copy,
            "w": self._toggle_pane,
        }
        self._list()

    # --- the runs

    @property
    def settings(self) -> RunListSettings:
        """Return filter and order."""
        return self._state.run_list

    @property
    def rows(self) -> RunRows:
        """Return the rows of the table."""
        runs = self._state.runs
        marked = {run.path for run in runs.marked}
        selected = runs.run.path if runs.run else None
        return RunRows(self._listed, self.settings.order, self.cursor, selected, marked)

    @property
    def run(self) -> Run | None:
        """Return the run under the cursor, None if no run is listed."""
        return self._listed[self.rows.place] if self._listed else None

    def follow(self) -> None:
        """Show what has become of the runs."""
        self._list()
        self.repaint()

    def change(self, settings: RunListSettings) -> None:
        """Filter or sort otherwise."""
        self._state.run_list = settings
        self.follow()
        self.post_message(RunsChanged())

    def _list(self) -> None:
        """Filter and sort; where the run under the cursor is gone, the cursor goes to the next one."""
        runs, place = self._state.runs.shown_runs, self.rows.place
        if runs != self._table.runs:
            self._table = run_table(runs)
        self._listed = self.settings.listed(runs)
        if all(run.path != self.cursor for run in self._listed):
            self.go(place)

    def go(self, place: int) -> None:
        """Move the cursor to the run in a row, or in the last one before it."""
        if self._listed:
            self.cursor = self._listed[min(max(place, 0), len(self._listed) - 1)].path
            self.repaint()

    # --- keys

    def on_key(self, event: events.Key) -> None:
        """Move the cursor, edit the filter or run a command; other keys go to the dialog.

        Not as bindings: letters typed at the same time would overtake them.
        """
        self._message, self._is_trouble = "", False
        if event.key in ("tab", "shift+tab") or (event.key == "slash" and not self.is_filtering):
            self.is_filtering, self._line = not self.is_filtering, _selected(self._line.text)
        elif event.key in (moves := self._moves()):
            self.go(self.rows.place + moves[event.key])
        elif self.is_filtering and (line := self._line.after_event(event)) is not None:
            self._type(line)
        elif not self.is_filtering and event.key in self._commands:
            self._commands[event.key]()
        else:
            return
        event.stop()
        event.prevent_default()
        self.repaint()

    def _moves(self) -> dict[str, int]:
        """Return by how many rows keys move the cursor."""
        page, every = max(self.size.height - HEAD - 1 - FOOT, 1), len(self._listed)
        moves = {"down": 1, "up": -1, "pagedown": page, "pageup": -page}
        return moves if self.is_filtering else moves | {"j": 1, "k": -1, "home": -every, "end": every}

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text into the filter."""
        if self.is_filtering:
            self._type(self._line.inserted(clean(event.text)))

    def on_mouse_scroll_down(self) -> None:
        """Move the cursor down."""
        self.go(self.rows.place + 1)

    def on_mouse_scroll_up(self) -> None:
        """Move the cursor up."""
        self.go(self.rows.place - 1)

    def _type(self, line: EditableText) -> None:
        is_other = line.text != self._line.text
        self._line = line
        if is_other:
            self.change(self.settings.typed(line.text))
            self.go(0)
        self.repaint()

    async def action_pick(self, place: int) -> None:
        """Move the cursor to the run in a clicked row, or open it if the cursor is there."""
        if self.rows.place == place:
            await self.run_action("screen.open")
        else:
            self.go(place)

    def action_sort(self, name: str) -> None:
        """Sort by a clicked column; by that already, in reverse."""
        self.change(self.settings.sorted_by(find_field(name)))

    # --- commands

    def _step(self, by: int) -> None:
        """Sort by the next column (1) or the previous one (−1)."""
        self.change(self.settings.stepped(self._table.fields, by))

    def _say(self, sentence: str | None, *, is_trouble: bool = False) -> None:
        """Show the result of a command, and the change everywhere."""
        self._message, self._is_trouble = sentence or "", is_trouble
        self.repaint()
        self.post_message(RunsChanged())

    def _mark(self) -> None:
        if self.run is not None:
            self._state.runs.mark(self.run)
            self._say("")

    def _unmark_all(self) -> None:
        self._state.runs.marked = ()
        self._say("")

    def _note(self) -> None:
        if (run := self.run) is not None:

            def save(text: str) -> str:
                run_changes.change_note(run, text)
                self._state.runs.poll()
                return f"the note on {run.name} is {'saved' if text.strip() else 'removed'}"

            title = f"Note on {run.name}, kept in its folder"
            self.app.push_screen(Prompt(title, run.note, "save", save, self.terminal), self._say)

    def _rename(self) -> None:
        if (run := self.run) is not None:

            def save(text: str) -> str:
                path = run_changes.rename(run, text)
                self._state.runs.follow_rename(run.path, path)
                self.cursor = path
                return f"{run.name} is now {path.name}"

            title = f"New name of {run.name}, of its folder too"
            self.app.push_screen(Prompt(title, run.path.name, "rename", save, self.terminal), self._say)

    def _delete(self) -> None:
        if (run := self.run) is not None:
            question = f"Move {run.name} to the trash? It can be moved back from there."
            ask = Ask(question, "move to the trash", self.terminal)
            self.app.push_screen(ask, lambda yes: self._move_to_trash(run) if yes else None)

    def _move_to_trash(self, run: Run) -> None:
        try:
            path = run_changes.move_to_trash(run)
        except Problem as problem:
            self._say(str(problem), is_trouble=True)
        else:
            self._state.runs.poll()
            self._say(f"{run.name} is in the trash now: {clean(str(path))}")

    def _toggle_pane(self) -> None:
        self.change(dataclasses.replace(self.settings, has_pane=not self.settings.has_pane))
        if not self.settings.has_pane:
            self._say("the run list is not shown beside the view any more")
        elif (width := self.app.size.width) < ROOM_FOR_PANE:
            self._say(f"beside the view it needs {ROOM_FOR_PANE} columns, and this terminal has {width}")
        else:
            self._say("the run list stays beside the view")

    def _copy(self) -> None:
        line = self.settings.command(self._state.runs.library.folder)
        self.app.copy_to_clipboard(line)
        self._say(commands.copied_message(line))

    # --- painting

    def paint(self, canvas: Canvas) -> None:
        """Paint filter, caption, table, note or message, and keys."""
        last = canvas.height - 1
        runs = self._table.runs
        rect = Rect(0, HEAD, canvas.width, canvas.height - HEAD - FOOT)
        unseen = draw_run_table(canvas, rect, self._table, self.rows)
        self._filter(canvas, f"{len(self._listed)} of {len(runs)}")
        self._caption(canvas, unseen)
        if not self._listed:
            canvas.text(2, HEAD + 1, "no run passes this filter", TEXT)
        note = self.run.note if self.run else ""
        colour = WARNING if self._is_trouble else BRIGHT if self._message else TEXT
        for y, line in enumerate(wrapped(self._message or note, canvas.width - 2, 2), last - 2):
            canvas.text(2, y, line, colour)
        buttons(canvas, last, *(_FILTER_KEYS if self.is_filtering else _LIST_KEYS))

    def _filter(self, canvas: Canvas, count: str) -> None:
        end = canvas.right(canvas.width, 0, count, DIM) - 1
        canvas.text(0, 0, "/", ACCENT if self.is_filtering else DIM, bold=True)
        canvas.click(0, 0, end, 1, "app.press('tab')")
        if not self.is_filtering:
            canvas.text(2, 0, fit(self._line.text or _EXAMPLE, end - 2), TEXT if self._line.text else DIM)
            return
        if not self._line.text:
            canvas.text(3, 0, fit(_EXAMPLE, end - 3), DIM)
        self._line.paint(canvas, 2, 0, end, BRIGHT)

    def _caption(self, canvas: Canvas, unseen: int) -> None:
        """Write why the filter cannot be read, or what the figures are of and how many columns are hidden."""
        if self.settings.error:
            canvas.text(2, 1, fit(self.settings.error, canvas.width - 2), WARNING)
            return
        more = f"{unseen} more columns: ← →" if unseen else ""
        end = canvas.right(canvas.width, 1, more, DIM) - 2
        canvas.text(2, 1, fit(figures_caption(self._listed), end - 2), DIM)


def _selected(text: str) -> EditableText:
    """Return a line that typing replaces as a whole."""
    return EditableText(text, len(text), is_fresh=bool(text))
