"""The selected run under the grid: its state, metrics, rates and settings."""

from __future__ import annotations

from trainer.contract.metrics import Epoch
from vaetui.format import duration, thousands
from vaetui.render.colours import Colour
from vaetui.render.theme import ACCENT, BRIGHT, DIM, LINE, TEXT, WARNING
from vaetui.runs import training_pace
from vaetui.runs.run_summary import metric_rows, setting_rows
from vaetui.runs.run_watcher import Run
from vaetui.tui.screen.canvas import Canvas, fit, longest_fitting, wrapped

LINES = 9  # of state, pace and figures; rates and settings follow where there is room
NOTE_LINES = 3
RATE_LINES = 2  # for the rates of the dimensions
LEAST_SETTINGS = 5  # lines that are worth a heading
LEAST_NAME = 9  # columns of the name of a setting whose value is long
MARK = "◆"  # of marked runs
_BARS = "▁▂▃▄▅▆▇█"
# Mark, word and colour of what a run is doing.
STATES: dict[str, tuple[str, str, Colour]] = {
    "running": ("◉", "training", ACCENT),
    "queued": ("○", "queued", TEXT),
    "starting": ("○", "starting", ACCENT),
    "stopped": ("◌", "stopped", TEXT),
    "finished": ("●", "finished", TEXT),
    "failed": ("✕", "failed", WARNING),
    "interrupted": ("✕", "interrupted", WARNING),
}


def state_of(run: Run) -> tuple[str, str, Colour]:
    """Return mark, word and colour of what a run is doing."""
    return STATES["starting" if run.is_starting else run.state]


def write(canvas: Canvas, run: Run, width: int, y: int, epoch: int | None = None) -> None:
    """Write from row `y` on as much as there is room for, figures of `epoch`, of the last for None."""
    y = _write_state(canvas, run, width, y)
    figures = run.figures_at(epoch)
    if figures:
        y = _write_metrics(canvas, run, figures, width, y, is_past=epoch is not None)
    elif epoch is not None:
        canvas.text(1, y, f"no figures: epoch {epoch}", DIM)
        y += 1
    for line in wrapped(run.note, width - 2, min(NOTE_LINES, canvas.height - y)):
        canvas.text(1, y, line, ACCENT)
        y += 1
    if figures:
        y = _write_rates(canvas, figures, width, y + 1)
    _write_settings(canvas, run, width, y + 1)


def _write_state(canvas: Canvas, run: Run, width: int, y: int) -> int:
    """Write the run's state; in training its progress, time left and speed, too. Returns the row after."""
    mark, word, colour = state_of(run)
    epochs = run.status.epochs or run.config.optimiser.epochs
    done = run.latest.epoch if run.latest else run.status.epoch
    canvas.text(1, y, mark, colour, bold=True)
    end = canvas.text(3, y, run.status_text if run.state == "finished" else word, colour)
    places = [f"{done}/{epochs}"]
    if run.status.progress and (run.is_settled or not done):
        place = f"{run.status.epoch + 1}/{epochs}"
        places = [f"in epoch {place}", f"in {place}", *places]
    canvas.right(width - 1, y, longest_fitting(width - 2 - end, *places), TEXT)
    if run.state != "running":
        return y + 1
    left = _left(run)
    room = max(canvas.right(width - 1, y + 1, left, TEXT) - 1 - bool(left), 0)
    full = round(training_pace.done(run) / max(run.expected_epochs, 1) * room)
    canvas.text(canvas.text(1, y + 1, "━" * full, ACCENT), y + 1, "━" * (room - full), LINE)
    return _write_speed(canvas, run, width, y + 2)


def _left(run: Run) -> str:
    """Return what is still to come of a training: its time, "" before it is known."""
    if training_pace.is_testing(run):
        return "testing"
    seconds = training_pace.seconds_left([run])
    return "" if seconds is None else f"{duration(seconds)} left"


def _write_speed(canvas: Canvas, run: Run, width: int, y: int) -> int:
    """Write the mean speed of recent epochs, in the first one the last measured; returns the row after."""
    speed = f"{thousands(training_pace.mean_speed(run))} images/s"
    if not training_pace.mean_speed(run):
        return y
    start = canvas.right(width - 1, y, speed, TEXT)
    names = ("mean speed", "mean") if run.epochs else ("speed",)
    canvas.text(1, y, longest_fitting(start - 2, *names), DIM)
    return y + 1


def _write_metrics(canvas: Canvas, run: Run, epoch: Epoch, width: int, y: int, *, is_past: bool) -> int:
    """Write metrics of an epoch with their units, their split, and which epoch; returns the row after."""
    for name, value, unit in metric_rows(run, epoch):
        canvas.text(1, y, name, DIM)
        canvas.right(width - 6, y, value, BRIGHT)
        canvas.text(width - 5, y, unit, DIM)
        y += 1
    column = canvas.text(1, y, "validation" if epoch.val else "training", DIM)
    if is_past:
        canvas.text(column, y, f", epoch {epoch.epoch}", ACCENT)
    return y + 1


def _write_rates(canvas: Canvas, latest: Epoch, width: int, y: int) -> int:
    """Write the rates of the latent dimensions as bars, the largest first; returns the row after."""
    across = max(width - 2, 1)
    rates = sorted(latest.kl_per_dim, reverse=True)[: across * RATE_LINES]
    lines = [rates[start : start + across] for start in range(0, len(rates), across)]
    if not rates or rates[0] <= 0 or y + len(lines) + 2 > canvas.height:
        return y - 1
    is_part = len(rates) < len(latest.kl_per_dim)
    canvas.text(1, y, fit(f"the {len(rates)} largest rates" if is_part else "rate by dimension", across), DIM)
    for line in lines:
        y += 1
        bars = (_BARS[min(int(max(rate, 0) / rates[0] * len(_BARS)), len(_BARS) - 1)] for rate in line)
        canvas.text(1, y, "".join(bars), ACCENT)
    canvas.text(1, y + 1, f"{rates[0]:.2f} to {rates[-1]:.2f} nats", DIM)
    return y + 2


def _write_settings(canvas: Canvas, run: Run, width: int, y: int) -> None:
    """Write the run's name and its settings, as far as there is room for several of them."""
    rows = setting_rows(run)[: max(canvas.height - y - 1, 0)]
    if len(rows) < LEAST_SETTINGS:
        return
    canvas.text(1, y, fit(run.name, width - 2), TEXT)
    for line, (name, value) in enumerate(rows, y + 1):
        start = canvas.right(width - 1, line, fit(value, width - 4 - min(len(name), LEAST_NAME)), TEXT)
        canvas.text(1, line, fit(name, start - 2), DIM)
