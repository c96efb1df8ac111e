"""What the explorer remembers from one day to the next: a small file of the user's, never trusted."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from trainer.contract.files import MissingFile, clean, read_bounded, write_json
from trainer.contract.values import parse
from vaetui.errors import EXPECTED_ERRORS, sentence
from vaetui.tui.keys import VIEWS
from vaetui.tui.screen.theme import THEMES
from vaetui.tui.state.grid_metric import METRICS

MOST_BYTES = 64 << 10
MOST_FOLDERS = 20  # whose last run is remembered


@dataclass(frozen=True)
class Session:
    """View, theme and metric by name, "" where there is none yet; whether the grid is wanted, None: as fits.

    `runs` holds, by runs folder, the run that was looked at last, as `<dataset>/<name>`; the oldest first.
    """

    view: str = ""
    theme: str = ""
    metric: str = METRICS[0].name
    grid: bool | None = None
    runs: dict[str, str] = field(default_factory=dict)

    def known(self) -> Session:
        """Without names that mean nothing here: another version may have written them."""
        usual = Session()
        return Session(
            self.view if self.view in VIEWS else usual.view,
            self.theme if self.theme in THEMES else usual.theme,
            self.metric if self.metric in [metric.name for metric in METRICS] else usual.metric,
            self.grid,
            dict(list(self.runs.items())[-MOST_FOLDERS:]),
        )

    def run(self, folder: Path) -> Path | None:
        """The run that was looked at last in a runs folder."""
        name = self.runs.get(clean(str(folder)))
        return folder / name if name else None

    def with_run(self, run: Path) -> Session:
        """With `run`, of the runs folder two levels up, as the one that was looked at last there."""
        folder = clean(str(run.parent.parent))
        others = {key: name for key, name in self.runs.items() if key != folder}
        return dataclasses.replace(self, runs=others | {folder: clean(f"{run.parent.name}/{run.name}")})

    @property
    def place(self) -> int:
        """The metric's place among those there are."""
        return next(place for place, metric in enumerate(METRICS) if metric.name == self.metric)


def default_path() -> Path:
    """Where it is kept: in XDG's state folder."""
    return platformdirs.user_state_path("vaetui") / "explorer.json"


def recall(path: Path | None) -> tuple[Session, str]:
    """What is remembered, and a sentence on why nothing is where there is a file that cannot be read."""
    if path is None:
        return Session(), ""
    try:
        memory: Session = parse(Session, read_bounded(path, MOST_BYTES), path)
    except MissingFile:
        return Session(), ""
    except EXPECTED_ERRORS as trouble:
        return Session(), f"nothing is remembered: {sentence(trouble)}"
    return memory.known(), ""


class SessionFile:
    """The memory and its file, None for none.

    `trouble` says why the file could not be read; `untold` why it could not be written, until that is told.
    """

    def __init__(self, path: Path | None) -> None:
        self.last, self.trouble = recall(path)
        self.untold = ""
        self._path = path
        self._has_failed = False

    def keep(self, view: str, theme: str, metric: str, grid: bool | None, run: Path | None) -> None:
        """Write down how the explorer is now."""
        memory = Session(view, theme, metric, grid, self.last.runs)
        self.last = memory.with_run(run) if run else memory
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, dataclasses.asdict(self.last.known()), durable=False)
        except OSError as error:
            if not self._has_failed:
                self.untold = f"nothing is remembered, {sentence(error)}"
            self._has_failed = True

    def tell(self) -> str:
        """What is untold, once."""
        told, self.untold = self.untold, ""
        return told
