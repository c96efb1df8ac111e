"""Group runs into families, one latent × β grid each."""

import dataclasses
from pathlib import Path

from tests import tiny
from vaetui.runs.families import AE, families, seed_groups
from vaetui.runs.run_index import RunIndex


def test_a_grid_is_one_family(grid: Path) -> None:
    (family,) = families(RunIndex(grid).runs)
    assert family.title == "digits · bce · 16 · seed 0"
    assert family.latents == (2, 5)
    assert family.columns == (AE, 1.0, 4.0)
    for latent in family.latents:
        for column in family.columns:
            run = family.at(latent, column)
            assert run is not None
            assert run.config.model.latent == latent
            assert (AE if run.config.model.kind == "ae" else run.config.objective.beta) == column
    assert family.at(3, 1.0) is None


def test_holes_stay_holes(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=2, beta=1))
    tiny.make(runs, tiny.config(latent=10, beta=4))
    (family,) = families(RunIndex(runs).runs)
    assert (family.latents, family.columns) == ((2, 10), (1.0, 4.0))
    assert family.at(2, 4.0) is None


def test_epochs_may_differ_within_a_family(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=2, epochs=3))
    tiny.make(runs, tiny.config(latent=5, epochs=4))
    assert len(families(RunIndex(runs).runs)) == 1


def test_runs_that_cannot_be_compared_go_apart(runs: Path) -> None:
    for made in (
        tiny.config(),
        tiny.config(likelihood="gaussian"),
        tiny.config(hidden=(16, 8)),
        tiny.config(seed=1),
        tiny.config(lr=0.01),
        tiny.config(dataset="mnist"),
    ):
        tiny.make(runs, made)
    assert [family.title for family in families(RunIndex(runs).runs)] == [
        "digits · bce · 16 · seeds 0,1 · lr 0.001",
        "digits · bce · 16 · seed 0 · lr 0.01",
        "digits · bce · 16×8 · seed 0",
        "digits · mse · 16 · seed 0",
        "mnist · bce · 16 · seed 0",
    ]


def test_every_setting_that_figures_depend_on_makes_a_family_of_its_own_and_titles_tell_it(
    runs: Path,
) -> None:
    for made in (
        tiny.config(),
        tiny.config(optimiser="adamw"),
        tiny.config(beta_warmup=5),
        tiny.config(beta_cycles=4),
        tiny.config(free_bits=0.5),
        tiny.config(bound="iwae", samples=5),
        tiny.config(patience=3),
        tiny.config(keep="best"),
        tiny.config(keep="best", patience=3),
        tiny.config(binarize="dynamic"),
        tiny.config(batch_size=64),
        tiny.config(lr=0.01, patience=3),
    ):
        tiny.make(runs, made)
    common = "digits · bce · 16 · seed 0"
    usual = f"{common} · lr 0.001 · batch 128"
    assert {family.title for family in families(RunIndex(runs).runs)} == {
        f"{common} · lr 0.01",
        f"{common} · lr 0.001 · batch 64",
        usual,
        f"{usual} · adamw",
        f"{usual} · warm-up 5 epochs",
        f"{usual} · β cycles 4",
        f"{usual} · free bits 0.5",
        f"{usual} · IWAE",
        f"{usual} · dynamic binarization",
        f"{usual} · keep best",
        f"{usual} · patience 3 epochs",
        f"{usual} · patience 3 epochs · keep best",
    }


def test_autoencoders_stand_beside_vaes_that_were_warmed_up(runs: Path) -> None:
    tiny.grid(runs, betas=(1.0,), kinds=("vae", "ae"), beta_warmup=5)
    (family,) = families(RunIndex(runs).runs)
    assert (family.latents, family.columns) == ((2, 5), (AE, 1.0))
    tiny.grid(runs, betas=(1.0,), beta_warmup=2)
    assert [len(family.runs) for family in families(RunIndex(runs).runs)] == [4, 2]
    tiny.grid(runs, betas=(1.0,))
    without, *rest = families(RunIndex(runs).runs)
    assert without.columns == (AE, 1.0)
    assert [family.columns for family in rest] == [(1.0,), (1.0,)]


def test_autoencoders_stand_beside_vaes_of_another_objective(runs: Path) -> None:
    tiny.make(runs, tiny.config("ae"))
    tiny.make(runs, tiny.config(bound="iwae", samples=5))
    assert [family.columns for family in families(RunIndex(runs).runs)] == [(AE, 1.0)]


def test_precision_alone_does_not_part_runs(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=2, precision="fp32"))
    tiny.make(runs, tiny.config(latent=5))
    tiny.make(runs, tiny.config(latent=10, precision="bf16"))
    (family,) = families(RunIndex(runs).runs)
    assert (family.title, family.latents) == ("digits · bce · 16 · seed 0", (2, 5, 10))


def test_precisions_that_meet_in_a_cell_part_into_grids_that_name_them(runs: Path) -> None:
    for latent in (2, 5):
        tiny.make(runs, tiny.config(latent=latent, precision="bf16"))
    other = dataclasses.replace(tiny.config(latent=5), versions={"precision": "tf32"})
    tiny.make(runs, other)
    tiny.make(runs, tiny.config(latent=10, precision="fp32"))
    found = {family.title: family.latents for family in families(RunIndex(runs).runs)}
    assert found == {
        "digits · bce · 16 · seed 0 · bf16/fp32": (2, 5, 10),
        "digits · bce · 16 · seed 0 · tf32": (5,),
    }


def test_other_data_under_the_same_name_is_known_by_its_checksum(runs: Path) -> None:
    made = tiny.config()
    tiny.make(runs, made)
    other = dataclasses.replace(made, data=dataclasses.replace(made.data, checksum="ab" * 32))
    tiny.make(runs, other, name="other")
    titles = [family.title for family in families(RunIndex(runs).runs)]
    assert titles == ["digits · bce · 16 · seed 0 · data 000000", "digits · bce · 16 · seed 0 · data ababab"]


def test_shipped_runs_stand_apart_and_say_so(runs: Path) -> None:
    tiny.ship(runs, tiny.config(latent=2))
    tiny.ship(runs, tiny.config(latent=5))
    tiny.make(runs, tiny.config(latent=5, precision="fp32"))
    tiny.make(runs, tiny.config(latent=10))
    found = [(family.title, family.latents) for family in families(RunIndex(runs).runs)]
    assert found == [
        ("digits · bce · 16 · seed 0", (5, 10)),
        ("digits examples · bce · 16 · seed 0", (2, 5)),
    ]


def test_two_runs_of_one_cell_go_to_two_families(grid: Path) -> None:
    again = tiny.make(grid, tiny.config(latent=2, beta=1.0), name="z-again")
    first, second = families(RunIndex(grid).runs)
    assert [len(family.runs) for family in (first, second)] == [6, 1]
    found = second.at(2, 1.0)
    assert found is not None
    assert found.path == again
    assert (first.title, second.title) == ("digits · bce · 16 · seed 0", "digits · bce · 16 · seed 0 · 2")
    assert (first.heading, second.heading) == (first.title, "repeat 2 · digits · bce · 16 · seed 0")


def headings(runs: Path) -> list[str]:
    return [family.heading for family in families(RunIndex(runs).runs)]


def test_a_heading_begins_with_what_tells_the_family_from_the_others(runs: Path) -> None:
    tiny.make(runs, tiny.config())
    assert headings(runs) == ["digits · bce · 16 · seed 0"]
    tiny.make(runs, tiny.config(lr=0.01))
    assert headings(runs) == ["lr 0.001 · digits · bce · 16 · seed 0", "lr 0.01 · digits · bce · 16 · seed 0"]
    assert [family.distinction for family in families(RunIndex(runs).runs)] == ["lr 0.001", "lr 0.01"]
    tiny.make(runs, tiny.config(lr=0.01, seed=1, keep="best"))
    assert headings(runs) == [
        "lr 0.001 · keep last · digits · bce · 16 · seed 0",
        "lr 0.01 · keep best · digits · bce · 16 · seed 1",
        "lr 0.01 · keep last · digits · bce · 16 · seed 0",
    ]


def test_a_heading_leaves_out_what_follows_from_the_rest(runs: Path) -> None:
    made = tiny.config(dataset="mnist")
    tiny.make(runs, dataclasses.replace(made, data=dataclasses.replace(made.data, checksum="ab" * 32)))
    tiny.ship(runs, tiny.config())
    tiny.make(runs, tiny.config(), name="mine")
    assert headings(runs) == [
        "digits · bce · 16 · seed 0",
        "digits examples · bce · 16 · seed 0",
        "mnist · bce · 16 · seed 0",
    ]


def test_a_heading_names_numbers_and_has_what_all_families_share_at_its_end(runs: Path) -> None:
    tiny.make(runs, tiny.config(hidden=(64, 32), lr=0.01))
    tiny.make(runs, tiny.config())
    assert headings(runs) == ["hidden 16 · digits · bce · seed 0", "hidden 64×32 · digits · bce · seed 0"]


def test_a_heading_names_the_precision_where_that_alone_differs(runs: Path) -> None:
    tiny.make(runs, tiny.config(precision="bf16"))
    tiny.make(runs, tiny.config(precision="fp32"))
    assert headings(runs) == ["bf16 · digits · bce · 16 · seed 0", "fp32 · digits · bce · 16 · seed 0"]


# --- seeds ----------------------------------------------------------------------------------------------


def test_runs_that_differ_in_the_seed_only_are_one_model_in_one_cell(runs: Path) -> None:
    for seed in (2, 0, 1):
        tiny.grid(runs, latents=(2,), seed=seed)
    (family,) = families(RunIndex(runs).runs)
    assert family.title == "digits · bce · 16 · seeds 0–2"
    assert len(family.runs) == 6
    assert [group.seeds for group in family.groups.values()] == [(0, 1, 2), (0, 1, 2)]
    chosen = family.at(2, 4.0, seed=1)
    assert chosen is not None
    assert (chosen.config.seed, chosen.config.objective.beta) == (1, 4.0)
    other = family.at(2, 4.0, seed=9)
    assert other is not None
    assert other.config.seed == 0, "of the first seed, where there is none of that one"


def test_a_family_of_one_seed_has_a_run_a_cell(runs: Path) -> None:
    for seed in (0, 1):
        tiny.grid(runs, latents=(2,), seed=seed)
    tiny.make(runs, tiny.config(latent=5))
    (family,) = families(RunIndex(runs).runs)
    run = family.at(2, 1.0, seed=1)
    assert run is not None
    seen = family.of_seed(run)
    assert [(one.config.model.latent, one.config.seed) for one in seen.runs] == [(2, 1), (2, 1), (5, 0)]
    assert seen.title == family.title


def test_seeds_that_were_trained_for_other_epochs_are_not_averaged(runs: Path) -> None:
    for seed, epochs in ((0, 3), (1, 3), (2, 9)):
        tiny.make(runs, tiny.config(seed=seed, epochs=epochs))
    assert [group.seeds for group in seed_groups(RunIndex(runs).runs)] == [(0, 1), (2,)]


def test_runs_of_another_split_are_another_model_and_older_runs_are_not(runs: Path) -> None:
    tiny.make(runs, tiny.config(split_seed=0))
    tiny.make(runs, tiny.config(seed=1, split_seed=None))
    tiny.make(runs, tiny.config(seed=2, split_seed=5))
    found = {family.title: len(family.runs) for family in families(RunIndex(runs).runs)}
    assert found == {"digits · bce · 16 · seeds 0,1": 2, "digits · bce · 16 · seed 2 · split 5": 1}


def test_models_are_in_the_order_of_the_runs(runs: Path) -> None:
    for seed in (0, 1):
        tiny.grid(runs, latents=(2,), seed=seed)
    every = sorted(RunIndex(runs).runs, key=lambda run: -run.config.objective.beta)
    groups = seed_groups(every)
    assert [group.first.config.objective.beta for group in groups] == [4.0, 1.0]
    assert sorted(run.path for group in groups for run in group.runs) == sorted(run.path for run in every)
