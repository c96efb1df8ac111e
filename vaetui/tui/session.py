"""The session file: view, theme, metric and last runs of the explorer; its content is untrusted."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from trainer.contract.files import MissingFile, clean, read_bounded, write_json
from trainer.contract.values import parse
from vaetui.errors import EXPECTED_ERRORS, sentence
from vaetui.render.theme import THEMES
from vaetui.runs.grid_metric import METRICS
from vaetui.tui.keys import VIEWS

MAX_BYTES = 64 << 10
MAX_FOLDERS = 20  # whose last run is kept


@dataclass(frozen=True)
class Session:
    """View, theme and metric by name, "" for the default; whether the grid is shown, None where it fits.

    `run_pane` is whether the run list is shown beside the view. `runs` has the last selected run of each runs
    folder as `<dataset>/<name>`, the oldest first.
    """

    view: str = ""
    theme: str = ""
    metric: str = METRICS[0].name
    grid: bool | None = None
    run_pane: bool = False
    runs: dict[str, str] = field(default_factory=dict)

    def valid(self) -> Session:
        """Return the session without unknown names, which another version may have written."""
        return Session(
            self.view if self.view in VIEWS else "",
            self.theme if self.theme in THEMES else "",
            next((metric.name for metric in METRICS if metric.name == self.metric), METRICS[0].name),
            self.grid,
            self.run_pane,
            dict(list(self.runs.items())[-MAX_FOLDERS:]),
        )

    def run(self, folder: Path) -> Path | None:
        """Return the run that was selected last in a runs folder, None for none."""
        name = self.runs.get(clean(str(folder)))
        return folder / name if name else None

    def with_run(self, run: Path) -> Session:
        """Return the session with `run` as the last one of its runs folder, two levels up."""
        folder = clean(str(run.parent.parent))
        others = {key: name for key, name in self.runs.items() if key != folder}
        return dataclasses.replace(self, runs=others | {folder: clean(f"{run.parent.name}/{run.name}")})


def default_path() -> Path:
    """Return the path of the session file, in XDG's state folder."""
    return platformdirs.user_state_path("vaetui") / "explorer.json"


def read_session(path: Path | None) -> tuple[Session, str]:
    """Return the session in a file and, in a sentence, why it could not be read, "" if it could."""
    if path is None:
        return Session(), ""
    try:
        session: Session = parse(Session, read_bounded(path, MAX_BYTES), path)
    except MissingFile:
        return Session(), ""
    except EXPECTED_ERRORS as trouble:
        return Session(), f"the session is not restored: {sentence(trouble)}"
    return session.valid(), ""


class SessionFile:
    """The session and its file, None for none.

    `is_first` is whether there is no file yet: the explorer has never been open. `read_error` says why the
    file could not be read, `write_error` why it could not be written, until it is taken.
    """

    def __init__(self, path: Path | None) -> None:
        self.is_first = path is not None and not os.path.exists(path)  # noqa: PTH110 - raises nothing
        self.last, self.read_error = read_session(path)
        self.write_error = ""
        self._path = path
        self._has_failed = False

    def save(
        self,
        view: str,
        theme: str,
        metric: str,
        grid: bool | None,
        run: Path | None,
        *,
        run_pane: bool = False,
    ) -> None:
        """Write the session as it is now."""
        session = Session(view, theme, metric, grid, run_pane, self.last.runs)
        self.last = session.with_run(run) if run else session
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, dataclasses.asdict(self.last.valid()), durable=False)
        except OSError as error:
            if not self._has_failed:
                self.write_error = f"the session is not saved: {sentence(error)}"
            self._has_failed = True

    def take_write_error(self) -> str:
        """Return why the file could not be written, once."""
        error, self.write_error = self.write_error, ""
        return error
