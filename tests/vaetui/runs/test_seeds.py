"""Runs of several seeds as one model: names, and mean and spread of figures."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from trainer.contract.run_dir import Status
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup, Spread, names_by_seed, seeds_text, seeds_words, shared_name


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        ((0,), "0"),
        ((0, 1), "0,1"),
        ((0, 1, 2), "0–2"),
        ((0, 2, 3, 4, 9), "0,2–4,9"),
        ((7, 8), "7,8"),
        ((), ""),
    ],
)
def test_three_seeds_in_a_row_are_a_range(seeds: tuple[int, ...], text: str) -> None:
    assert seeds_text(seeds) == text


def test_one_seed_is_no_plural() -> None:
    assert (seeds_words((3,)), seeds_words((3, 4))) == ("seed 3", "seeds 3,4")


@pytest.mark.parametrize(
    ("names", "seeds", "name"),
    [
        (("vae-z2-b1-bce-s0",), (0,), "vae-z2-b1-bce-s0"),
        (("vae-z2-b1-bce-s0", "vae-z2-b1-bce-s1"), (0, 1), "vae-z2-b1-bce-s0,1"),
        (("vae-z2-s0-h16", "vae-z2-s1-h16", "vae-z2-s2-h16"), (0, 1, 2), "vae-z2-s0–2-h16"),
        (("s1-z2-s1", "s1-z2-s2"), (1, 2), "s1-z2-s1,2"),  # the prefix looks like a seed
        (("this", "that"), (0, 1), "this + 1 more"),
        (("mine-s0", "mine-s1", "other"), (0, 1, 2), "mine-s0 + 2 more"),
    ],
)
def test_runs_of_a_model_share_a_name(names: tuple[str, ...], seeds: tuple[int, ...], name: str) -> None:
    assert shared_name(names, seeds) == name


def test_mean_and_deviation_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(100, 3, 5)
    found = Spread.of(values.tolist())
    assert found.mean == pytest.approx(values.mean())
    assert found.deviation == pytest.approx(values.std(ddof=1))
    assert found.text(1) == f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"
    assert Spread.of([1.25]) == Spread(1.25, None, 1)
    assert Spread.of([1.25]).text() == "1.25"


def run_of(seed: int, elbo: float, state: str = "finished") -> Run:
    config = tiny.config(seed=seed)
    (epoch,) = tiny.course(config, 1, 1)
    assert epoch.val is not None
    epoch = dataclasses.replace(epoch, val=dataclasses.replace(epoch.val, elbo=elbo))
    status = Status(state, 1, 3)  # type: ignore[arg-type]
    return Run(Path(config.name), config, status, state == "running", (epoch,))


def cost(run: Run) -> float | None:
    return -run.latest.held_out.elbo if run.latest else None


def test_figures_are_of_the_trained_seeds_while_others_train() -> None:
    runs = tuple(run_of(seed, -100.0 - seed) for seed in range(3))
    assert SeedGroup(runs).spread(cost) == Spread(101.0, 1.0, 3)
    training = run_of(3, -900.0, "running")
    assert SeedGroup((*runs, training)).spread(cost) == Spread(101.0, 1.0, 3)
    assert SeedGroup((training,)).spread(cost) == Spread(900.0, None, 1), "all while none is trained"
    assert SeedGroup((dataclasses.replace(training, epochs=()),)).spread(cost) is None


def test_seeds_are_stepped_through_in_a_circle() -> None:
    group = SeedGroup(tuple(run_of(seed, -100.0) for seed in (0, 4, 7)))
    assert group.beside(group.runs[0], 1).config.seed == 4
    assert group.beside(group.runs[2], 1).config.seed == 0
    assert group.beside(group.runs[0], -1).config.seed == 7
    assert group.member(4).config.seed == 4
    assert group.member(5) is group.first


@pytest.mark.parametrize("seeds", [(0, 1), (0, 1, 2), (0, 2, 3, 4, 9), (11, 12, 13)])
def test_the_name_of_a_model_is_read_back(seeds: tuple[int, ...]) -> None:
    names = [f"vae-z10-b1-bce-s{seed}-h400x200" for seed in seeds]
    assert names_by_seed(shared_name(names, seeds)) == names


@pytest.mark.parametrize("name", ["vae-z10-b1-bce-s0", "s", "as0,1", "", "x-s0–", "x-s–2", "x-s0–2b"])
def test_other_names_are_of_no_seeds(name: str) -> None:
    assert names_by_seed(name) == []


def test_a_long_range_is_cut_and_one_backwards_is_empty() -> None:
    assert len(names_by_seed("x-s0–4294967295")) == 1000
    assert names_by_seed("x-s5–2") == []
