"""What a terminal shows while runs train."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests import tiny
from trainer.contract.config import Config
from trainer.contract.metrics import Figures
from trainer.contract.run_dir import Status
from vaetui.cli.progress import doing, picture
from vaetui.runs.run_watcher import Run
from vaetui.runs.training_pace import seconds_left


def run(
    config: Config | None = None, state: str = "running", done: int = 2, epochs: int = 10, **status: Any
) -> Run:
    config = config or tiny.config()
    rows = tuple(tiny.epoch(config, number) for number in range(1, done + 1))
    alive = state in ("queued", "running")
    status_now = Status(state, done, epochs, **status)  # type: ignore[arg-type]
    return Run(Path("runs/digits") / config.name, config, status_now, alive, rows)


def lines(runs: Sequence[Run], width: int = 80, height: int = 24, note: str = "") -> list[str]:
    console = Console(width=width, height=height, color_system=None, force_terminal=True)
    with console.capture() as capture:
        console.print(picture(runs, width, height, note))
    return capture.get().splitlines()


def grid(
    latents: Sequence[int] = (2, 5), betas: Sequence[float] = (1, 4), done: int = 2, epochs: int = 10
) -> list[Run]:
    configs = [tiny.config(latent=latent, beta=beta) for latent in latents for beta in betas]
    return [run(config, done=done, epochs=epochs) for config in configs]


@pytest.mark.parametrize("width", [40, 50, 66, 80, 99, 100, 200])
def test_nothing_is_wider_than_the_terminal_and_every_run_has_a_line(width: int) -> None:
    shown = lines(grid(done=123, epochs=1000), width)
    assert max(map(len, shown)) <= width
    assert len(shown) == 1 + 4 + 1
    assert all("123/1000" in line for line in shown[1:5])


def test_a_line_has_progress_time_speed_and_figures() -> None:
    shown = lines([run(progress=0.5)])
    assert shown[0].split() == ["run", "epoch", "left", "images/s", "train", "val"]
    epoch = tiny.epoch(tiny.config(), 2)
    assert epoch.val is not None
    name, bar, *rest = shown[1].split(maxsplit=2)
    assert name == "vae-z2-b1-bce-s0-h16"
    assert set(bar) <= {"━", "╸"}
    # 0.5 s an epoch, 1258 training images, 7.5 epochs to go
    assert rest == [f"2/10     0:04     2 516   {-epoch.train.elbo:.2f}   {-epoch.val.elbo:.2f}"]


def test_a_wide_terminal_splits_elbo_into_distortion_and_rate() -> None:
    heading, line, explanation = lines([run()], width=100)
    assert heading.split()[-2:] == ["distortion", "rate"]
    held_out = tiny.epoch(tiny.config(), 2).held_out
    assert line.split()[-2:] == [f"{held_out.distortion:.2f}", f"{held_out.rate:.2f}"]
    assert explanation.endswith("distortion and rate: val")


def test_without_a_validation_split_only_training_figures_are_shown() -> None:
    config = tiny.config()
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, val=0))
    figures = Figures(100.0, 20.0, -120.0, 0.05)
    rows = (dataclasses.replace(tiny.epoch(config, 1), train=figures, val=None),)
    heading, line, explanation = lines([dataclasses.replace(run(config), epochs=rows)], width=120)
    assert "val" not in heading.split()
    assert line.split()[-3:] == ["120.00", "100.00", "20.00"]
    assert explanation.startswith("train: −ELBO in nats per image")


def test_the_note_is_the_last_line() -> None:
    assert lines(grid(), note="stopping: saving …")[-1] == "stopping: saving …"
    assert lines(grid(), height=6, note="stopping: saving …")[-1] == "stopping: saving …"


@pytest.mark.parametrize(("count", "height"), [(9, 50), (4, 7)])
def test_more_runs_than_fit_are_one_bar_and_a_grid(count: int, height: int) -> None:
    runs = grid(latents=range(2, 2 + count), betas=[1])
    shown = lines(runs, height=height)
    assert f"{2 * count}/{10 * count} epochs of {count} models" in shown[0]
    assert "2 516 images/s each" in shown[0]
    assert shown[2] == "digits · bce · 16 · seed 0"
    assert shown[3].split() == ["z╲β", "1"]
    for line, one in zip(shown[4 : 4 + count], runs, strict=True):
        assert one.latest is not None
        assert line.split() == [str(one.config.model.latent), f"{-one.latest.held_out.elbo:.2f}"]
    assert shown[-1] == "−ELBO on validation images, nats per image, one posterior draw"


def test_the_grid_shows_what_failed_and_what_has_no_figures_yet() -> None:
    runs = [
        *grid(latents=range(2, 10), betas=[1]),
        run(tiny.config(latent=2, beta=4.0), state="failed"),
        run(tiny.config(latent=3, beta=4.0), done=0),
        run(tiny.config("ae", latent=2)),
    ]
    shown = lines(runs)
    assert shown[3].split() == ["z╲β", "AE", "1", "4"]
    assert shown[4].split()[-1] == "failed"
    assert shown[5].split()[-1] == "·"


def test_the_bar_of_a_run_that_patience_ended_is_full() -> None:
    whole = run(tiny.config(latent=3), "finished", done=50, epochs=50)
    early = run(tiny.config(latent=4), "finished", done=12, epochs=50, early=True)
    going_on = run(tiny.config(latent=5), done=12, epochs=50)
    shown = lines([whole, early, going_on])
    full, ended, half = (line.count("━") for line in shown[1:4])
    assert full == ended > 4 * half > 0
    assert shown[2].split()[2:4] == ["12/50", "finished"]


def test_a_grid_counts_only_the_epochs_that_its_runs_will_have() -> None:
    configs = [tiny.config(latent=latent) for latent in range(2, 12)]
    ended = [run(config, "finished", done=12, epochs=50, early=True) for config in configs[:4]]
    going_on = [run(config, done=30, epochs=50) for config in configs[4:]]
    shown = lines([*ended, *going_on])
    assert f"{4 * 12 + 6 * 30}/{4 * 12 + 6 * 50} epochs of 10 models" in shown[0]
    assert seconds_left([*ended, *going_on]) == pytest.approx(20 * 0.5)
    over = [dataclasses.replace(one, status=Status("finished", 50, 50), alive=False) for one in going_on]
    assert lines([*ended, *over])[0].endswith(f"{48 + 300}/{48 + 300} epochs of 10 models   10 ended")


def test_of_more_grids_than_fit_those_that_train_are_shown() -> None:
    configs = [tiny.config(latent=latent, batch_size=size) for size in range(1, 7) for latent in (2, 5)]
    runs = [run(config, "running" if config.optimiser.batch_size == 4 else "queued") for config in configs]
    for height, count in ((24, 3), (50, 6), (10, 1)):
        shown = lines(runs, height=height, note="stopping: saving …")
        titles = [line for line in shown if line.startswith("digits")]
        assert len(shown) <= height
        assert len(titles) == count
        assert titles[0] == "digits · bce · 16 · seed 0 · batch 4"
        assert shown[-1] == "stopping: saving …"
        more = {3: "3 more grids do not fit", 6: None, 1: "5 more grids do not fit"}[count]
        assert more is None or shown[-2] == more


def test_a_cell_is_the_mean_over_seeds_and_says_that_one_failed() -> None:
    def rows(state: str) -> dict[str, str]:
        cells = [(z, seed) for z in (2, 3, 4) for seed in range(3)]
        runs = [
            run(tiny.config(latent=z, seed=seed), state if (z, seed) == (3, 1) else "finished", done=1 + seed)
            for z, seed in cells
        ]
        words = [line.split() for line in lines(runs)]
        return {row[0]: row[1] for row in words if len(row) == 2 and row[0] in ("2", "3")}

    bounds = [-tiny.epoch(tiny.config(), number).held_out.elbo for number in (1, 2, 3)]
    assert rows("finished")["2"] == f"{sum(bounds) / 3:.2f}"
    assert rows("failed")["3"] == "failed"


@pytest.mark.parametrize("width", [40, 80])
def test_a_grid_with_more_columns_than_fit_says_so(width: int) -> None:
    shown = lines(grid(latents=[2, 3], betas=range(30)), width)
    assert max(map(len, shown)) <= width
    assert any("more columns do not fit" in line for line in shown)


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (run(done=0), "starting"),
        (run(done=10), "testing"),
        (run(done=1, progress=0.5), "0:04"),
        (run(done=0, progress=0.5, images_per_second=629.0), "0:19"),
        (run(state="queued"), "waiting"),
        (run(state="queued", starting=True), "starting"),
        (run(state="stopped"), "stopped"),
    ],
)
def test_what_a_run_does_is_the_time_left_or_a_word(one: Run, word: str) -> None:
    assert doing(one) == word
