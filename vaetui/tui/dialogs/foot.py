"""Help, preview, command line and keys below the fields of the train dialog."""

from __future__ import annotations

from vaetui.runs.training_preview import Preview
from vaetui.settings import Setting
from vaetui.tui.dialogs.dialog import buttons, wrapped
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.theme import BRIGHT, DIM, PANEL, TEXT, WARNING

_KEYS = (
    ("Enter", "start", "screen.start"),
    ("Esc", "cancel", "screen.leave"),
    ("↑ ↓", "setting", ""),
    ("PgUp PgDn", "group", ""),
    ("← →", "choose", ""),
)


class FormFooter(Painted):
    """Help of the selected setting, preview of the request, its command line, and the keys."""

    ground = PANEL
    DEFAULT_CSS = "FormFooter { height: 9; }"
    setting: Setting | None = None
    preview = Preview("")
    command = ""

    def show(self, setting: Setting, preview: Preview, command: str) -> None:
        """Show the help of a setting, a preview and a command line."""
        self.setting, self.preview, self.command = setting, preview, command
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Draw help from the top and the rest from the bottom, which comes first if both are long."""
        width, last = canvas.width, canvas.height - 1
        commands = wrapped(f"$ {self.command}", width - 4, 3)
        foot = last - len(commands)
        preview = wrapped(self.preview.sentence, width, foot - 1)
        explained = wrapped(self._help(), width, foot - len(preview))
        for y, line in enumerate(explained, int(len(explained) + len(preview) < foot)):
            canvas.text(0, y, line, DIM)
        for y, line in enumerate(preview, foot - len(preview)):
            canvas.text(0, y, line, WARNING if self.preview.is_error else BRIGHT)
        for y, line in enumerate(commands, foot):
            canvas.text(0 if y == foot else 2, y, line + (" \\" if y < last - 1 else ""), TEXT)
        buttons(canvas, last, *_KEYS)

    def _help(self) -> str:
        return f"{self.setting.help} Takes {self.setting.accepted}." if self.setting else ""
