"""No t-SNE is computed in the tests of this view."""

import pytest

from tests.vaetui.tui.views.latent.codes import fake_tsne
from vaetui.latent import tsne_cache


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsne_cache, "run_tsne", fake_tsne)
