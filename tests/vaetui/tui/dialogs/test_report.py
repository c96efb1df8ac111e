"""Choosing what to report on and where to, as a person does it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press, terminal, text, until
from trainer.contract.datasets import registry
from vaetui import recipes
from vaetui.runs import launch, report_process
from vaetui.runs.report_request import ReportSubject
from vaetui.tui.app import Explorer
from vaetui.tui.dialogs.report import ReportDialog, ReportForm

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=lambda s: f"{s[0]}x{s[1]}")
FAMILY = "reports/digits-bce-16-seed-0"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The words of what would have been run; nothing is."""
    commands: list[list[str]] = []

    def write_report(words: Sequence[str], _: Callable[[str], object]) -> str:
        commands.append(list(words))
        return "/there/report.html"

    monkeypatch.setattr(report_process, "write_report", write_report)
    return commands


def page(app: Explorer) -> str:
    """What is in the dialog, its lines joined."""
    assert isinstance(app.screen, ReportDialog)
    x, y, width, height = app.screen.query_one("ReportDialog > Vertical").region
    return " ".join(" ".join(line[x : x + width] for line in text(app).splitlines()[y : y + height]).split())


async def test_the_family_is_chosen_and_enter_reports_on_it(
    run: Path, runs: Path, here: Path, written: list[list[str]]
) -> None:
    async with exploring(runs) as (app, pilot):
        await press(app, "X")
        assert "› this family 1 of 1 with test figures ae-and-vae-tuning 0 of 12 finished" in page(app)
        y = next(n for n, line in enumerate(text(app).splitlines()) if "beta-effect  " in line)
        await pilot.click(offset=(20, y))
        await until(app, lambda: "› beta-effect 0 of 12" in page(app))
        await press(app, *["up"] * 5)
        assert "digits · bce · 16 · seed 0" in page(app)
        folders = ["--runs", str(runs), "--data", str(runs.parent / "data")]
        said = page(app).replace(" \\", "").replace(" ", "")
        assert "".join(["$vaetuireport--out", FAMILY, *folders]) in said
        await press(app, "enter")
        assert written == [["report", "--out", str(here / FAMILY), *folders]]
        assert "report written: /there/report.html" in text(app)


async def test_a_recipe_without_its_runs_is_refused_and_one_with_them_started(
    runs: Path, here: Path, written: list[list[str]]
) -> None:
    recipe = recipes.load("latent-size").quick()
    for path in launch.run_paths(runs, recipe.configs(registry.blank("mnist")), recipe.prefix):
        tiny.make(runs, tiny.config(dataset="mnist", seed=int(path.name[-1])), name=path.name)
    async with exploring(runs) as (app, _):
        await press(app, "X", "up", "up", "enter")
        assert "› latent-size 0 of 15 finished: t trains them" in page(app)
        refusal = "latent-size has 0 of 15 runs finished: t trains them (Reproduce an experiment)"
        assert refusal in page(app)
        assert written == []
        await press(app, "down")
        assert "› latent-size, quick 15 of 15 finished" in page(app)
        assert "Latent size: what z = 5, 10 and 50 keep of a digit." in page(app)
        await press(app, "enter")
        words = ["report", "--recipe", "latent-size", "--quick", "--out"]
        assert written[0][:6] == [*words, str(here / "reports" / "latent-size-quick")]


async def test_the_folder_is_edited_and_then_stays(run: Path, runs: Path, written: list[list[str]]) -> None:
    async with exploring(runs) as (app, _):
        await press(app, "X", "down")
        assert "folder reports/ae-and-vae-tuning" in page(app)
        await press(app, "up", "ctrl+u", *"~/mine")
        await press(app, "down", "up")
        assert "folder ~/mine" in page(app)
        await press(app, "escape")
        assert written == []
        await press(app, "X", "ctrl+u", *"~/mine", "enter")
        assert written[0][:3] == ["report", "--out", str(Path.home() / "mine")]


@SIZES
async def test_it_fits(run: Path, runs: Path, size: tuple[int, int]) -> None:
    async with exploring(runs, size, shown=terminal("none", "ascii")) as (app, _):
        await press(app, "X", "up")
        assert text(app).isascii()
        assert "> latent-size, quick 0 of 15 finished: t trains th" in page(app)
        assert "Enter start Esc close" in page(app)
        assert "has 0 of 15 runs finished" in page(app)
        assert {len(line) for line in text(app).splitlines()} == {size[0]}


async def test_what_cannot_be_read_is_a_sentence(
    runs: Path, monkeypatch: pytest.MonkeyPatch, written: list[list[str]]
) -> None:
    monkeypatch.setattr(recipes, "MAX_BYTES", 10)
    async with exploring(runs) as (app, _):
        await press(app, "X", "down", "a", "enter")
        assert "ae-and-vae-tuning.toml is damaged: it is larger than" in page(app)
        assert written == []


def test_where_the_folder_is_gone_the_report_goes_home(runs: Path, here: Path) -> None:
    here.rmdir()
    form = ReportForm(runs, runs, terminal())
    form.show([ReportSubject("this family", "", "", (), "mine")], "")
    assert form.request is not None
    assert form.request.out == Path.home() / "reports" / "mine"


async def test_a_long_list_follows_the_selection(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "names", lambda: ("classic", "beta-effect") * 5 + ("latent-size",))
    async with exploring(runs) as (app, _):
        await press(app, "X")
        assert "Report › classic 0 of 18 finished" in page(app)
        await press(app, "up")
        assert "› latent-size, quick 0 of 15 finished: t trains them latent-size-quick has 0 of 1" in page(
            app
        )
