"""Walking the grid: with holes, between families, while runs come and go."""

from pathlib import Path

from tests import tiny
from trainer.contract.run_dir import Status, write_status
from vaetui.runs.families import cell_of
from vaetui.runs.run_index import RunIndex
from vaetui.tui.state.run_selection import BETA, LATENT, RunSelection


def cell(browser: RunSelection) -> tuple[int, object] | None:
    return cell_of(browser.run) if browser.run else None


def test_without_runs_nothing_moves(runs: Path) -> None:
    browser = RunSelection(RunIndex(runs))
    assert browser.facts == frozenset()
    assert not any(
        (browser.move(LATENT, 1), browser.move(BETA, -1), browser.step_family(1), browser.select(2, 1.0))
    )


def test_a_hole_is_stepped_around_to_the_nearest(runs: Path) -> None:
    for latent, beta in ((2, 1.0), (2, 4.0), (5, 1.0), (10, 4.0)):
        tiny.make(runs, tiny.config(latent=latent, beta=beta))
    browser = RunSelection(RunIndex(runs), [runs / "digits" / "vae-z2-b4-bce-s0-h16"])
    cells = []
    for axis, by in ((LATENT, 1), (LATENT, 1), (LATENT, 1), (BETA, -1), (BETA, -1)):
        moved = browser.move(axis, by)
        cells.append((cell(browser), moved))
    assert cells == [
        ((5, 1.0), True),
        ((10, 4.0), True),
        ((10, 4.0), False),
        ((5, 1.0), True),
        ((5, 1.0), False),
    ]


def test_a_cell_without_a_run_is_not_selected(runs: Path) -> None:
    tiny.make(runs)
    browser = RunSelection(RunIndex(runs))
    assert not browser.select(5, 1.0)
    assert cell(browser) == (2, 1.0)


def test_what_trains_is_selected_before_what_is_done(runs: Path) -> None:
    tiny.make(runs, updated=2e9)
    with tiny.live(runs, tiny.config(beta=4.0)):
        assert cell(RunSelection(RunIndex(runs))) == (2, 4.0)


def test_it_begins_with_the_run_that_validation_chooses(grid: Path) -> None:
    tiny.make(grid, tiny.config(latent=20, beta=4.0), updated=2e9)  # newer, and worse
    browser = RunSelection(RunIndex(grid))
    assert cell(browser) == (5, 1.0)
    assert browser.is_chosen


def test_the_last_run_of_a_session_comes_before_the_chosen_one(grid: Path) -> None:
    last = grid / "digits" / tiny.config(latent=2, beta=4.0).name
    browser = RunSelection(RunIndex(grid), last=last)
    assert cell(browser) == (2, 4.0)
    assert not browser.is_chosen


def test_validation_chooses_once_all_runs_are_read_unless_one_is_selected_before(grid: Path) -> None:
    for is_selected in (False, True):
        newest = tiny.make(grid, tiny.config(latent=3, beta=9.0 + is_selected), updated=2e9 + is_selected)
        browser = RunSelection(RunIndex(grid, at_once=0.0))
        assert browser.library.unread
        assert browser.run is not None
        assert browser.run.path == newest
        if is_selected:
            browser.select(3, "AE")
        while browser.library.unread:
            browser.poll()
        assert (cell(browser) == (5, 1.0)) == (not is_selected)


def test_the_next_family_keeps_the_cell_where_it_can(grid: Path) -> None:
    tiny.make(grid, tiny.config(latent=5, beta=4.0, hidden=(8,)))
    browser = RunSelection(RunIndex(grid), ())
    browser.select(5, 4.0)
    first = browser.family
    assert browser.place in ("family 1 of 2", "family 2 of 2")
    assert browser.step_family(1)
    assert cell(browser) == (5, 4.0)
    assert browser.step_family(1)
    assert browser.family == first


def test_families_are_stepped_through_both_ways(grid: Path) -> None:
    for size in (32, 64):
        tiny.make(grid, tiny.config(batch_size=size))
    browser = RunSelection(RunIndex(grid), ())

    def places(by: int) -> list[str]:
        return [browser.place for _ in range(3) if browser.step_family(by)]

    onwards = places(1)
    assert sorted(onwards) == ["family 1 of 3", "family 2 of 3", "family 3 of 3"]
    assert places(-1) == [onwards[1], onwards[0], onwards[2]]


def test_the_next_training_is_found_in_any_family_and_outside_of_those_asked_for(runs: Path) -> None:
    finished = tiny.make(runs)
    with tiny.live(runs, tiny.config(lr=0.01)) as one, tiny.live(runs, tiny.config(lr=0.02)) as other:
        browser = RunSelection(RunIndex(runs), [finished])
        assert [run.path for run in browser.in_training] == [one, other]
        assert "elsewhere" in browser.facts
        seen = []
        for _ in range(3):
            assert browser.next_training()
            assert browser.run is not None
            assert browser.family is not None
            assert browser.run in browser.family.runs
            seen.append(browser.run.path)
        assert seen == [one, other, one]
        write_status(other, Status("stopped", 1, 3))
        browser.poll()
        assert not browser.trains_elsewhere
        assert not browser.next_training()


def test_a_run_whose_trainer_only_starts_counts_as_in_training(runs: Path) -> None:
    tiny.make(runs)
    queued = tiny.make(runs, tiny.config(seed=1), state="queued", starting=True)
    browser = RunSelection(RunIndex(runs), [runs / "digits" / tiny.config().name])
    assert [run.path for run in browser.in_training] == [queued]
    assert browser.trains_elsewhere


def test_the_selection_survives_new_runs(runs: Path) -> None:
    tiny.make(runs)
    browser = RunSelection(RunIndex(runs))
    tiny.make(runs, tiny.config(latent=5), updated=2e9)
    tiny.wait_until(browser.poll)
    assert cell(browser) == (2, 1.0)
    assert "latents" in browser.facts


def test_several_runs_asked_for_hide_all_others(grid: Path) -> None:
    other = tiny.make(grid, tiny.config(hidden=(8,)))
    wanted = [grid / "digits" / "vae-z5-b4-bce-s0-h16", other]
    browser = RunSelection(RunIndex(grid), wanted)
    assert cell(browser) == (5, 4.0)
    assert [run.path for family in browser.families for run in family.runs] == [wanted[1], wanted[0]]
    third = grid / "digits" / "vae-z2-b1-bce-s0-h16"
    browser.await_run(third)
    assert browser.run is not None
    assert browser.run.path == third, "a run that is trained or chosen meanwhile is shown too"
    assert len(browser.shown_runs) == 3


def test_one_run_asked_for_is_where_it_begins(grid: Path) -> None:
    other = tiny.make(grid, tiny.config(hidden=(8,)))
    browser = RunSelection(RunIndex(grid), [other])
    assert browser.run is not None
    assert browser.run.path == other
    assert len(browser.families) == 2


def test_runs_asked_for_that_are_gone_hide_none(grid: Path) -> None:
    browser = RunSelection(RunIndex(grid), [grid / "digits" / "gone", grid / "digits" / "lost"])
    assert len(browser.shown_runs) == len(browser.library.runs)


# --- seeds ----------------------------------------------------------------------------------------------


def seed_of(browser: RunSelection) -> int | None:
    return browser.run.config.seed if browser.run else None


def test_seeds_are_one_cell_and_stay_while_walking_the_grid(runs: Path) -> None:
    for seed in (0, 1, 2):
        tiny.grid(runs, seed=seed)
    (runs / "digits" / "vae-z5-b4-bce-s1-h16").rename(runs / "elsewhere")
    browser = RunSelection(RunIndex(runs), [runs / "digits" / "vae-z2-b1-bce-s0-h16"])
    assert len(browser.families) == 1
    assert "seeds" in browser.facts
    seen = [seed_of(browser) for _ in range(3) if browser.step_seed(1)]
    assert seen == [1, 2, 0]
    assert browser.step_seed(1)
    assert browser.select(2, 4.0)
    assert (cell(browser), seed_of(browser)) == ((2, 4.0), 1)
    assert browser.move(LATENT, 1)
    assert (cell(browser), seed_of(browser)) == ((5, 4.0), 0), "the first where that seed is missing"
    assert browser.step_seed(-1)
    assert seed_of(browser) == 2


def test_a_model_of_one_seed_has_none_to_step_to(grid: Path) -> None:
    browser = RunSelection(RunIndex(grid))
    assert "seeds" not in browser.facts
    assert not browser.step_seed(1)
