"""A key that does nothing says why."""

from pathlib import Path

from tests.vaetui.tui.driving import exploring, press, settle, text
from vaetui.tui.state.notice import Notice


async def test_a_key_that_does_nothing_says_why(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, pilot):
        for view, key, sentence in (
            ("1", "c", "c does nothing in Loss, only in Reconstruct, Sample and 2 more views"),
            ("1", "left_square_bracket", "there is no smaller latent size in this grid"),
            ("1", "s", "s: this run is not training"),
            ("2", "D", "D: the images of this dataset are here already"),
            ("2", "end", "End: the current model is shown already"),
            ("3", "less_than_sign", "<: only the mixture has components: p selects the source"),
            ("4", "delete", "Del: the path keeps two stops"),
            ("5", "right_parenthesis", "): there is one pair of axes: with two dimensions, and by t-SNE"),
            ("6", "home", "Home: no dimension has been changed"),
            ("7", "J", ""),
            ("7", "E", "E: the metrics by class are not on the screen: w shows the next pane"),
            ("8", "u", "u: there is nothing to undo"),
            ("8", "V", "V: no checkpoint is marked: v marks one"),
        ):
            app.state.notice = Notice()
            await press(app, view, key)
            assert app.state.notice.sentence == sentence
            assert not sentence or f"› {sentence}" in text(app)
        await press(app, "u")
        assert "u: there is nothing to undo" in text(app)
        await press(app, "right")
        assert "u: there is nothing to undo" not in text(app), "the next key that works takes it away"
        assert not app.state.log.entries
        await pilot.resize_terminal(40, 10)
        await press(app, "c")
        assert "does nothing" not in text(app)


async def test_the_wheel_acts_where_it_has_a_meaning_and_says_so_elsewhere(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "4")
        before = app.state.selection.interpolation.step
        await app.view.on_mouse_scroll_down()
        await settle(app)
        assert app.state.selection.interpolation.step == before + 1
        await press(app, "6")
        await app.view.on_mouse_scroll_up()
        await settle(app)
        assert "wheel↑ does nothing in Traverse, only in Interpolate and Latent" in text(app)
