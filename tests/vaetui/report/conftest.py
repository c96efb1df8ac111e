"""Figures in few pixels and t-SNE by a stand-in: what is tested here is the same, and much faster."""

import pytest

from vaetui.latent import tsne_cache
from vaetui.report import plotting


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotting, "DPI", 30)
    monkeypatch.setattr(tsne_cache, "run_tsne", lambda codes, tell: codes[:, :2].copy())
