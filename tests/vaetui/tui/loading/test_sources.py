"""What is read of a run: once, again when its file changed; damage and absence in a sentence."""

from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, exploring, press, text, until
from trainer.contract.run_dir import MODEL
from vaetui.models import registry
from vaetui.runs.run_watcher import read_run
from vaetui.tui.loading import sources
from vaetui.tui.loading.cache import Cache
from vaetui.tui.state.view_state import no_model


async def test_a_model_is_read_once_until_its_file_changes(run: Path) -> None:
    async with exploring(run.parents[1]) as (app, _):
        await press(app, "3")
        first = app.view.state.vae
        await press(app, "4", "3")
        assert app.view.state.vae is first
        tiny.write_model(run, tiny.config(), 7)
        await until(app, lambda: app.view.state.vae is not first)
        assert app.view.state.vae is not None
        assert app.view.state.vae.epoch == 7


async def test_what_is_damaged_is_reported_and_not_read_again_and_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run / MODEL).write_bytes(b"not tensors")
    async with exploring(run.parents[1], LARGE) as (app, _):
        await press(app, "3")
        assert "is damaged" in text(app)
        monkeypatch.setattr(registry, "load_model", None)
        await press(app, "4", "3")
        assert "is damaged" in text(app)


def test_many_checkpoints_share_the_cache_of_models(run: Path) -> None:
    cache, seen = Cache(), read_run(run)
    first = sources._cached_model(seen, cache)
    assert first.value is not None
    assert sources._cached_model(seen, cache) is first
    tiny.write_model(run, tiny.config(), 7)
    again = sources._cached_model(seen, cache).value
    assert again is not None
    assert again.epoch == 7
    (run / MODEL).unlink()
    assert sources._cached_model(seen, cache).value is None


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("queued", "comes with its first epoch"),
        ("running", "with the same options continues"),  # nobody holds its lock
        ("stopped", "with the same options continues"),
        ("failed", "failed: too hot"),
    ],
)
def test_no_model_yet_has_its_reason(runs: Path, state: str, words: str) -> None:
    path = tiny.make(runs, state=state, error="too hot", updated=4e9)  # type: ignore[arg-type]
    assert words in no_model(read_run(path))
