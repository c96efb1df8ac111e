"""The grid of models at the side: around the selection, folded away."""

from pathlib import Path

from tests import tiny
from tests.vaetui.tui.driving import (
    exploring,
    press,
    text,
)


async def test_a_large_grid_is_seen_around_the_selection(runs: Path) -> None:
    latents, betas = (1, 2, 3, 4, 5, 8, 10, 20, 50, 100, 1000), (0.0, 0.01, 0.125, 0.25, 0.5, 1.0, 4.0, 1e5)
    for latent in latents:
        tiny.make(runs, tiny.config(latent=latent, beta=4.0))
    for beta in betas:
        if beta != 4.0:
            tiny.make(runs, tiny.config(latent=2, beta=beta))
    async with exploring(runs) as (app, _):
        await press(app, *["minus"] * len(betas))
        for _ in range(3):
            head = text(app).splitlines()[1][:23]
            selected = [line[:23] for line in text(app).splitlines() if "‹" in line]
            assert len(selected) == 1
            assert "‹" in selected[0]
            assert "›" in selected[0]
            assert "…" in head
            await press(app, *["equals_sign"] * 3)
        await press(app, *["minus"] * 1, *["right_square_bracket"] * len(latents))
        assert any("1000" in line and "‹" in line for line in text(app).splitlines())


async def test_the_grid_folds_and_gives_its_room_to_the_view(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        assert "z╲β" in text(app)
        await press(app, "g")
        assert "z╲β" not in text(app)
        assert app.view.size.width == 80
        await press(app, "g")
        assert "z╲β" in text(app)


async def test_seeds_of_a_model_are_one_cell_with_their_spread_and_a_key_steps_through_them(
    runs: Path,
) -> None:
    for seed in (0, 1, 2):
        tiny.grid(runs, seed=seed)
    async with exploring(runs, wanted=[runs / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, _):
        found = tiny.epoch(tiny.config(), 3).held_out
        for seed in (0, 1, 2, 0):
            lines = text(app).splitlines()
            assert f" z 2 β 1 seed {seed} " in lines[0]
            side = [line[:23].split() for line in lines]
            assert ["n", "=", "3", f"{-found.elbo:.1f}", "±", "0.0"] in side
            assert ["seed", str(seed), "of", "0–2"] in side
            assert app.state.runs.run is not None
            assert app.state.runs.run.config.seed == seed
            await press(app, "semicolon")
        await press(app, "colon", "colon", "equals_sign")
        assert " z 2 β 4 seed 2 " in text(app).splitlines()[0], "the seed stays while β changes"


async def test_a_model_of_one_seed_says_none_and_why_there_is_no_other(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        assert "n = " not in text(app)
        await press(app, "semicolon")
        assert "this model has one seed only" in text(app)
