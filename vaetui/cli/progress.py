"""The progress of a training as Rich renderables: a bar per run, or one bar and a grid."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from vaetui.cli.table import GAP
from vaetui.format import duration, fixed, thousands
from vaetui.render.cut_text import shorten
from vaetui.runs.families import Column, Family, families
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup
from vaetui.runs.training_pace import done, is_testing, mean_speed, seconds_left

MOST_BARS = 8
LEAST_WIDTHS = {"distortion": 100, "rate": 100, "images/s": 76, "train": 66}  # columns of the terminal
NARROWEST = 7  # columns of a figure, so that columns do not move as figures grow
SHORTEST_BAR = 8
LONGEST_BAR = 60

_ATTENTION = {"failed": 3, "interrupted": 2, "running": 1}  # of one seed, that its model is shown with
STYLES = {"finished": "green", "failed": "red", "interrupted": "red", "stopped": "yellow"}


def doing(run: Run) -> str:
    """Return the remaining time of a run, or its state if it is not training."""
    if run.state == "queued":
        return "starting" if run.is_starting else "waiting"
    if run.state != "running":
        return run.state
    if is_testing(run):
        return "testing"
    left = seconds_left([run])
    return "starting" if left is None else duration(left)


def picture(runs: Sequence[Run], width: int, height: int, note: str) -> RenderableType:
    """Return what fits into `width` × `height` cells, with a `note` as the last line."""
    few = len(runs) <= MOST_BARS and len(runs) + 4 <= height
    body = bars(runs, width) if few else grid(runs, width, height - 1 - bool(note))
    return Group(body, Text(note, style="yellow", no_wrap=True, overflow="ellipsis")) if note else body


def bars(runs: Sequence[Run], width: int) -> RenderableType:
    """Return a line per run: bar, epoch, remaining time, speed, and the figures that fit."""
    columns = figure_columns(runs, width)
    widths = [max(NARROWEST, len(heading), *map(len, texts)) for heading, texts in columns.items()]
    rest = width - sum(widths) - GAP * (len(widths) + 1)
    names = [run.name for run in runs]
    name_width = max(NARROWEST, min(max(map(cell_len, names)), rest - SHORTEST_BAR))
    bar_width = max(1, min(rest - name_width, LONGEST_BAR))
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("run", no_wrap=True, width=name_width)
    table.add_column("", width=bar_width)
    for heading, wide in zip(columns, widths, strict=True):
        table.add_column(heading, justify="right", no_wrap=True, width=wide)
    for run, *texts in zip(runs, *columns.values(), strict=True):
        bar = ProgressBar(total=run.expected_epochs or 1, completed=done(run), width=bar_width)
        cells = [Text(text, STYLES.get(text, "")) for text in texts]
        table.add_row(shorten(run.name, name_width), bar, *cells)
    split = "val" if any(run.config.data.val for run in runs) else "train"
    totals = " and ".join(heading for heading in ("train", "val") if heading in columns)
    parts = f" · distortion and rate: {split}" if "rate" in columns else ""
    legend = f"{totals}: {total_of(runs)} in nats per image, one posterior draw{parts}" if totals else ""
    return Group(table, Text(legend, "dim", no_wrap=True, overflow="ellipsis"))


def figure_columns(runs: Sequence[Run], width: int) -> dict[str, list[str]]:
    """Return the columns that fit beside name and bar: heading → a text per run."""
    latest = [run.latest for run in runs]
    columns = {
        "epoch": [f"{run.status.epoch}/{run.status.epochs}" for run in runs],
        "left": [doing(run) for run in runs],
        "images/s": [thousands(mean_speed(run)) if run.state == "running" else "" for run in runs],
        "train": [fixed(-epoch.train.elbo) if epoch else "" for epoch in latest],
        "val": [fixed(-epoch.val.elbo) if epoch and epoch.val else "" for epoch in latest],
        "distortion": [fixed(epoch.held_out.distortion) if epoch else "" for epoch in latest],
        "rate": [fixed(epoch.held_out.rate) if epoch else "" for epoch in latest],
    }
    for heading, least in LEAST_WIDTHS.items():
        if width < least:
            del columns[heading]
    if not any(run.config.data.val for run in runs):
        del columns["val"]
    return columns


def total_of(runs: Sequence[Run]) -> str:
    """Return the name of the single figure of these runs; an autoencoder has no ELBO."""
    are_vaes = [run.config.model.is_vae for run in runs]
    if not any(are_vaes):
        return "distortion"
    return "−ELBO" if all(are_vaes) else "−ELBO (AE: distortion)"


def grid(runs: Sequence[Run], width: int, height: int) -> RenderableType:
    """Return one bar for all, and −ELBO by latent size and β of the families that fit, training first."""
    parts: list[RenderableType] = [overall(runs, width)]
    waiting = sorted(
        families(runs), key=lambda family: not any(run.state == "running" for run in family.runs)
    )
    room = height - 1
    while waiting and (len(parts) == 1 or _lines(waiting[0], width) + (len(waiting) > 1) <= room):
        family = waiting.pop(0)
        room -= _lines(family, width)
        split = "validation" if any(run.config.data.val for run in family.runs) else "training"
        parts += [
            Text(f"\n{family.title}", style="dim", no_wrap=True, overflow="ellipsis"),
            cells_of(family, width),
            Text(f"{total_of(family.runs)} on {split} images, nats per image, one posterior draw", "dim"),
        ]
    if waiting:
        more = "1 more grid does" if len(waiting) == 1 else f"{len(waiting)} more grids do"
        parts.append(Text(f"{more} not fit", "dim", no_wrap=True))
    return Group(*parts)


def _lines(family: Family, width: int) -> int:
    """Return the lines of a family: blank line, title, heading, cells, legend."""
    return 4 + len(family.latents) + (len(fitting_columns(family, width)) < len(family.columns))


def fitting_columns(family: Family, width: int) -> Sequence[Column]:
    """Return the columns of a family that fit into `width` cells."""
    return family.columns[: max(1, (width - 6) // (7 + GAP))]


def overall(runs: Sequence[Run], width: int) -> RenderableType:
    """Return the line about all runs."""
    left = seconds_left(runs)
    fastest = max((mean_speed(run) for run in runs if run.state == "running"), default=0)
    epochs = sum(run.expected_epochs for run in runs)
    ended = sum(not run.alive for run in runs)
    texts = [
        f"{sum(run.status.epoch for run in runs)}/{epochs} epochs of {len(runs)} models",
        f"{thousands(fastest)} images/s each" if fastest else "starting" if ended < len(runs) else "",
        f"{duration(left)} left" if left is not None else f"{ended} ended" if ended else "",
    ]
    shown = "   ".join(filter(None, texts))
    room = max(SHORTEST_BAR, min(width - len(shown) - GAP, LONGEST_BAR))
    line = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    bar = ProgressBar(total=epochs or 1, completed=sum(map(done, runs)), width=room)
    line.add_row(bar, Text(shown, no_wrap=True, overflow="ellipsis"))
    return line


def cells_of(family: Family, width: int) -> Table:
    """Return −ELBO of a family: a row per latent size, a column per β, or AE."""
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("z╲β", justify="right", no_wrap=True)
    fitting = fitting_columns(family, width)
    for column in fitting:
        heading = column if isinstance(column, str) else f"{column:g}"
        table.add_column(heading, justify="right", no_wrap=True, min_width=7)
    for latent in family.latents:
        table.add_row(str(latent), *(cell(family.groups.get((latent, column))) for column in fitting))
    if len(fitting) < len(family.columns):
        table.caption = f"{len(family.columns) - len(fitting)} more columns do not fit"
    return table


def cell(model: SeedGroup | None) -> Text:
    """Return −ELBO, over seeds its mean, or the state without figures, coloured by the state of one seed."""
    if model is None:
        return Text("")
    run = max(model.runs, key=lambda run: _ATTENTION.get(run.state, 0))
    if run.state in ("failed", "interrupted"):
        return Text(run.state, style="red")
    spread = model.spread(lambda run: -run.latest.held_out.elbo if run.latest else None)
    return Text(fixed(spread.mean) if spread else "·", style=STYLES.get(run.state, ""))
