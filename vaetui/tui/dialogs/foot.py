"""What stands under the train dialog's fields."""

from __future__ import annotations

from vaetui.runs.training_preview import Preview
from vaetui.settings import Setting
from vaetui.tui.dialogs.dialog import buttons, wrapped
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.theme import BRIGHT, DIM, PANEL, TEXT, WARNING

_KEYS = (
    ("Enter", "start", "screen.start"),
    ("Esc", "leave", "screen.leave"),
    ("↑ ↓", "field", ""),
    ("PgUp PgDn", "group", ""),
    ("← →", "choose", ""),
)


class FormFooter(Painted):
    """What the focused field takes, what would happen, the command line that does the same, and the keys."""

    ground = PANEL
    DEFAULT_CSS = "FormFooter { height: 9; }"
    setting: Setting | None = None
    outlook = Preview("")
    command = ""

    def show(self, setting: Setting, outlook: Preview, command: str) -> None:
        """Show another field's help, outlook or command line."""
        self.setting, self.outlook, self.command = setting, outlook, command
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Help from the top, the rest from the bottom; help gives way where that is long."""
        width, last = canvas.width, canvas.height - 1
        commands = wrapped(f"$ {self.command}", width - 4, 3)
        foot = last - len(commands)
        said = wrapped(self.outlook.sentence, width, foot - 1)
        explained = wrapped(self._help(), width, foot - len(said))
        for y, line in enumerate(explained, int(len(explained) + len(said) < foot)):
            canvas.text(0, y, line, DIM)
        for y, line in enumerate(said, foot - len(said)):
            canvas.text(0, y, line, WARNING if self.outlook.is_trouble else BRIGHT)
        for y, line in enumerate(commands, foot):
            canvas.text(0 if y == foot else 2, y, line + (" \\" if y < last - 1 else ""), TEXT)
        buttons(canvas, last, *_KEYS)

    def _help(self) -> str:
        return f"{self.setting.help} Takes {self.setting.takes}." if self.setting else ""
